"""Who is needed and who is there, also on the nights when clocks change."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.schedules.coverage import (
    Cell,
    Forecast,
    Key,
    Requirement,
    Stretch,
    coverage,
    intervals_of,
    presence,
    required_on,
)
from chalicelib.schedules.erlang import Target
from chalicelib.schedules.instants import MINUTE, Interval, day_interval, length
from chalicelib.schedules.workload import interval_of
from tests.schedules.plans import MADRID, MONDAY, NEW_YORK, UTC_SITE, shift

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)
FORWARD, BACK = date(2026, 3, 29), date(2026, 10, 25)


def stretch(day: date, times: str, department: str | None = "Support", zone: ZoneInfo = UTC_SITE) -> Stretch:
    return Stretch(department, interval_of(shift(day, times, zone=zone)))


def cells(
    scheduled: Iterable[Stretch] = (),
    present: Iterable[Stretch] = (),
    *,
    day: date = MONDAY,
    zone: ZoneInfo = UTC_SITE,
    minutes: int = 30,
    required: dict[Key, int] | None = None,
    now: datetime = NOON,
) -> list[Cell]:
    return coverage(
        day, zone=zone, minutes=minutes, scheduled=scheduled, present=present, required=required or {}, now=now
    )


def at(found: list[Cell], clock: str, zone: ZoneInfo = UTC_SITE) -> list[Cell]:
    """The cells whose interval starts when the site's clocks show that time."""
    return [one for one in found if f"{one.interval.start.astimezone(zone):%H:%M}" == clock]


def required(
    *rows: Requirement | Forecast, day: date = MONDAY, zone: ZoneInfo = UTC_SITE, minutes: int = 30, **target: Any
) -> dict[Key, int]:
    return required_on(
        day,
        zone=zone,
        minutes=minutes,
        requirements=[one for one in rows if isinstance(one, Requirement)],
        forecasts=[one for one in rows if isinstance(one, Forecast)],
        target=Target(**target),
    )


@pytest.mark.parametrize(
    ("zone", "day", "half_hours"),
    [
        (MADRID, FORWARD, 46),
        (MADRID, MONDAY, 48),
        (MADRID, BACK, 50),
        (NEW_YORK, date(2026, 3, 8), 46),
        (NEW_YORK, MONDAY, 48),
        (NEW_YORK, date(2026, 11, 1), 50),
    ],
    ids=str,
)
def test_a_day_has_46_48_or_50_half_hours(zone: ZoneInfo, day: date, half_hours: int) -> None:
    for minutes, count in ((30, half_hours), (15, half_hours * 2), (60, half_hours // 2)):
        found = intervals_of(day, zone=zone, minutes=minutes)
        assert len(found) == count
        assert all(one.length == minutes * MINUTE for one in found)
        whole = day_interval(day, zone=zone)
        assert (found[0].start, found[-1].stop) == (whole.start, whole.stop)


def test_people_count_by_their_share_of_an_interval() -> None:
    found = cells([stretch(MONDAY, "09:15-17:00"), stretch(MONDAY, "09:00-17:00")])
    assert [one.scheduled for clock in ("08:30", "09:00", "09:30", "16:30", "17:00") for one in at(found, clock)] == [
        0,
        1.5,
        2,
        2,
        0,
    ]
    assert at(cells([stretch(MONDAY, "09:15-17:00")], minutes=60), "09:00")[0].scheduled == 0.75


def test_a_night_counts_on_both_of_its_days() -> None:
    night = [stretch(MONDAY, "22:00-06:00")]
    today, tomorrow = cells(night), cells(night, day=MONDAY + timedelta(days=1))
    assert [sum(one.scheduled for one in found) / 2 for found in (today, tomorrow)] == [2, 6]


def test_departments_stand_apart_and_those_without_come_last() -> None:
    found = cells(
        [stretch(MONDAY, "09:00-10:00", None), stretch(MONDAY, "09:00-10:00", "Sales")], required={("Art", 0): 1}
    )
    assert [(one.department, one.scheduled) for one in at(found, "09:00")] == [("Art", 0), ("Sales", 1), (None, 1)]
    assert cells() == []


def test_a_gap_is_who_is_missing_and_nobody_knows_it_without_a_requirement() -> None:
    found = cells([stretch(MONDAY, "09:00-10:00")], required={("Support", 18): 3, ("Support", 20): 0})
    assert [(at(found, clock)[0].required, at(found, clock)[0].gap) for clock in ("09:00", "09:30", "10:00")] == [
        (3, 2),
        (None, None),
        (0, 0),
    ]


@pytest.mark.parametrize(("zone", "day", "hours"), [(MADRID, FORWARD, 7), (MADRID, BACK, 9)], ids=str)
def test_the_night_of_a_change_is_staffed_for_as_long_as_it_lasts(zone: ZoneInfo, day: date, hours: int) -> None:
    night = [stretch(day - timedelta(days=1), "22:00-06:00", zone=zone)]
    assert sum(one.scheduled for one in cells(night, day=day, zone=zone)) / 2 == hours - 2
    expected = {"01:30": [1], "02:00": [1, 1] if day == BACK else [], "03:00": [1], "06:00": [0]}
    found = cells(night, day=day, zone=zone)
    assert {clock: [one.scheduled for one in at(found, clock, zone)] for clock in expected} == expected


def test_requirements_win_over_forecasts_interval_by_interval() -> None:
    found = required(
        Requirement("Support", time(9), 20),
        Forecast("Support", time(9), Fraction(100), Fraction(180)),
        Forecast("Support", time(9, 30), Fraction(100), Fraction(180)),
        Forecast("Sales", time(9), Fraction(0), Fraction(180)),
    )
    assert found == {("Support", 18): 20, ("Support", 19): 14, ("Sales", 18): 0}


def test_shrinkage_is_for_forecasts_only() -> None:
    rows = Requirement("Sales", time(9), 14), Forecast("Support", time(9), Fraction(100), Fraction(180))
    assert required(*rows, shrinkage=Fraction(30, 100)) == {("Sales", 18): 14, ("Support", 18): 20}


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [(15, {36: 4, 37: 4, 38: 6, 39: 6}), (30, {18: 4, 19: 6}), (60, {9: 6})],
)
def test_a_longer_interval_takes_the_highest_row_and_a_shorter_one_its_own(
    minutes: int, expected: dict[int, int]
) -> None:
    rows = Requirement("Support", time(9), 4), Requirement("Support", time(9, 30), 6)
    assert required(*rows, minutes=minutes) == {("Support", number): people for number, people in expected.items()}


def test_rows_last_as_long_as_they_are_apart_and_at_most_an_hour() -> None:
    hourly = Requirement("Support", time(9), 4), Requirement("Support", time(10), 6)
    assert required(*hourly) == {("Support", number): people for number, people in enumerate((4, 4, 6, 6), 18)}
    quarters = (
        Forecast("Sales", time(9), Fraction(50), Fraction(180)),
        Forecast("Sales", time(9, 15), Fraction(0), Fraction(0)),
    )
    assert required(*quarters) == {("Sales", 18): 14}
    distant = Requirement("Support", time(9), 4), Requirement("Support", time(15), 6)
    assert required(*distant).keys() == {("Support", number) for number in (18, 19, 30, 31)}


@pytest.mark.parametrize(("day", "numbers"), [(FORWARD, set()), (MONDAY, {4}), (BACK, {4, 6})], ids=str)
def test_the_repeated_hour_is_required_twice_and_the_missing_one_never(day: date, numbers: set[int]) -> None:
    found = required(Requirement("Support", time(2), 5), day=day, zone=MADRID)
    assert found == {("Support", number): 5 for number in numbers}


def test_present_is_of_what_is_over_and_unknown_before() -> None:
    scheduled = [stretch(MONDAY, "09:00-17:00")]
    found = cells(scheduled, [stretch(MONDAY, "09:20-12:10")], now=NOON + 10 * MINUTE)
    assert [at(found, clock)[0].present for clock in ("08:30", "09:00", "11:30", "12:00", "12:30")] == [
        0,
        0.33,
        1,
        1,
        None,
    ]


def moment(clock: str) -> datetime:
    return datetime.combine(MONDAY, time.fromisoformat(clock), UTC)


@pytest.mark.parametrize(
    ("check_in", "check_out", "marked", "there"),
    [
        (None, None, False, None),
        ("09:20", None, False, ("09:20", "12:00")),
        ("08:45", "11:00", False, ("09:00", "11:00")),
        (None, None, True, ("09:00", "12:00")),
        ("09:20", "18:00", True, ("09:20", "12:00")),
        ("12:30", None, False, None),
        ("07:00", "08:00", False, None),
    ],
)
def test_somebody_is_there_from_check_in_until_check_out_or_now(
    check_in: str | None, check_out: str | None, marked: bool, there: tuple[str, str] | None
) -> None:
    found = presence(
        interval_of(shift(MONDAY, "09:00-17:00")),
        check_in=moment(check_in) if check_in else None,
        check_out=moment(check_out) if check_out else None,
        marked=marked,
        now=NOON,
    )
    assert found == (Interval(moment(there[0]), moment(there[1])) if there else None)


stretches = some.lists(
    some.builds(
        lambda day, start, quarters: Stretch(
            "Support",
            Interval(
                datetime(2026, 10, 24, tzinfo=UTC) + timedelta(days=day) + start * 15 * MINUTE,
                datetime(2026, 10, 24, tzinfo=UTC) + timedelta(days=day) + (start + quarters) * 15 * MINUTE,
            ),
        ),
        some.integers(0, 2),
        some.integers(0, 95),
        some.integers(0, 60),
    ),
    min_size=1,
    max_size=5,
)


@given(
    stretches, some.sampled_from([15, 30, 60]), some.sampled_from([(MADRID, BACK), (UTC_SITE, BACK), (NEW_YORK, BACK)])
)
def test_the_sums_of_a_day_are_the_scheduled_hours_whatever_the_interval(
    scheduled: list[Stretch], minutes: int, where: tuple[ZoneInfo, date]
) -> None:
    zone, day = where
    whole = day_interval(day, zone=zone)
    expected = sum(
        (
            length([Interval(max(one.start, whole.start), min(one.stop, whole.stop))])
            for one in (each.interval for each in scheduled)
        ),
        timedelta(),
    )
    found = sum(one.scheduled for one in cells(scheduled, day=day, zone=zone, minutes=minutes))
    assert found * minutes * MINUTE == expected
