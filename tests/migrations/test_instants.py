"""SQL and Python mean the same instants by the times on the site's clocks."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from chalicelib.core import db
from chalicelib.schedules.instants import instant, instants_of, shift_interval
from chalicelib.schedules.rules import Placed
from tests.conftest import Site

NIGHTS = {
    "Europe/Madrid": (date(2026, 3, 29), date(2026, 10, 25)),
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
}
QUARTERS = [time(hour, minute) for hour in (0, 1, 2, 3, 4, 6, 22) for minute in (0, 15, 30, 45)]


def placed(day: date, start: time, stop: time) -> Placed:
    return Placed(day, day, start, day + timedelta(stop <= start), stop)


def shifts(night: date) -> list[Placed]:
    """Every pair of quarters around a night on which the clocks change."""
    days = (night - timedelta(1), night, night + timedelta(1))
    return [placed(day, start, stop) for day in days for start in QUARTERS for stop in QUARTERS]


@pytest.mark.parametrize("zone", NIGHTS)
def test_a_shift_is_the_same_stretch_in_sql(site: Site, zone: str) -> None:
    cases = [one for night in NIGHTS[zone] for one in shifts(night)]
    with db.reading() as conn:
        found = conn.execute(
            text(
                """SELECT shift_start(d, s, e, t, :zone), shift_stop(d, s, e, t, :zone)
                FROM unnest(CAST(:days AS date[]), CAST(:starts AS time[]), CAST(:ends AS date[]),
                            CAST(:stops AS time[])) WITH ORDINALITY AS cases (d, s, e, t, place)
                ORDER BY place"""
            ),
            {
                "zone": zone,
                "days": [one.start_date for one in cases],
                "starts": [one.start_time for one in cases],
                "ends": [one.stop_date for one in cases],
                "stops": [one.stop_time for one in cases],
            },
        ).all()
    expected = [shift_interval(one, zone=ZoneInfo(zone)) for one in cases]
    assert len(found) > 1000
    for case, seen, meant in zip(cases, found, expected, strict=True):
        assert meant is not None
        assert tuple(seen) == (meant.start, meant.stop), case


@pytest.mark.parametrize("zone", NIGHTS)
def test_a_clock_near_an_edge_is_the_same_moment_in_sql(site: Site, zone: str) -> None:
    here = ZoneInfo(zone)
    cases = [
        (datetime.combine(night, clock), datetime.combine(night, time(), UTC) + timedelta(minutes=15 * step))
        for night in NIGHTS[zone]
        for clock in QUARTERS
        for step in range(-48, 48)
    ]
    with db.reading() as conn:
        found = conn.execute(
            text(
                """SELECT instant_near(local, edge, :zone)
                FROM unnest(CAST(:locals AS timestamp[]), CAST(:edges AS timestamptz[]))
                     WITH ORDINALITY AS cases (local, edge, place) ORDER BY place"""
            ),
            {"zone": zone, "locals": [local for local, _ in cases], "edges": [edge for _, edge in cases]},
        )
        assert list(found.scalars()) == [instant(local, zone=here, near=edge) for local, edge in cases]
    assert any(len(instants_of(local, zone=here)) == 2 for local, _ in cases)
