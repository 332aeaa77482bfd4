"""When the clocks change."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from chalicelib.schedules.turns import Turn, turns


@pytest.mark.parametrize(
    ("zone", "since", "until"),
    [
        ("Europe/Madrid", "2027-03-28 02:00", "2027-03-28 03:00"),
        ("Europe/Madrid", "2026-10-25 03:00", "2026-10-25 02:00"),
        ("America/New_York", "2026-11-01 02:00", "2026-11-01 01:00"),
        ("Australia/Lord_Howe", "2026-10-04 02:00", "2026-10-04 02:30"),
        ("Pacific/Apia", "2011-12-30 00:00", "2011-12-31 00:00"),
    ],
)
def test_the_clocks_are_set_from_one_time_to_another(zone: str, since: str, until: str) -> None:
    turn = Turn(datetime.fromisoformat(since), datetime.fromisoformat(until))
    around = turn.since.date() - timedelta(2), turn.since.date() + timedelta(2)
    assert turns(*around, zone=ZoneInfo(zone)) == [turn]


def test_where_clocks_never_change_there_is_nothing() -> None:
    assert turns(date(2026, 1, 1), date(2028, 1, 1), zone=ZoneInfo("UTC")) == []
