"""Coming and going against the day's shifts, also on the nights when clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.attendance.rules import Day, Limits, Minutes, came, gives_way, left, worked_out
from chalicelib.schedules.instants import MINUTE, Interval, shift_interval
from chalicelib.schedules.rules import place

SITE, MADRID, NEW_YORK = (ZoneInfo(name) for name in ("UTC", "Europe/Madrid", "America/New_York"))
MONDAY = date(2026, 10, 5)
MIDNIGHT = datetime.combine(MONDAY, time())
LIMITS = Limits(grace=5, overtime=15)
ONE_DAY = timedelta(days=1)


def shift(start: time, stop: time, day: date = MONDAY, zone: ZoneInfo = SITE) -> Interval:
    found = shift_interval(place(nominal_date=day, start=start, stop=stop, day_start=time(0)), zone=zone)
    assert found is not None
    return found


def judged(day: Day, came_at: datetime | None, left_at: datetime | None, zone: ZoneInfo = SITE) -> Minutes:
    return worked_out(day, check_in=came_at, check_out=left_at, limits=LIMITS, zone=zone)


def at(minute: int) -> datetime:
    return MIDNIGHT + minute * MINUTE


NINE = Day((shift(time(9), time(17)),))
SPLIT = Day((shift(time(9), time(13)), shift(time(15), time(19))))
HALF = Day((shift(time(9), time(17)),), (shift(time(9), time(12)),))
NIGHT = Day((shift(time(22), time(6)),))


@pytest.mark.parametrize(
    ("day", "came_at", "left_at", "expected"),
    [
        (NINE, 9 * 60 + 5, 17 * 60 - 5, Minutes(0, 0, 0)),
        (NINE, 9 * 60 + 6, 17 * 60 - 6, Minutes(6, 6, 0)),
        (NINE, 9 * 60 + 20, 17 * 60 + 15, Minutes(20, 0, 15)),
        (NINE, 7 * 60, 17 * 60 + 14, Minutes(0, 0, 0)),
        (SPLIT, 15 * 60 + 10, 19 * 60, Minutes(250, 0, 0)),
        (SPLIT, 9 * 60, 14 * 60, Minutes(0, 240, 0)),
        (HALF, 12 * 60, 17 * 60, Minutes(0, 0, 0)),
        (HALF, 12 * 60 + 30, 17 * 60, Minutes(30, 0, 0)),
        (NIGHT, 22 * 60 + 10, 30 * 60 + 20, Minutes(10, 0, 20)),
        (Day(), 9 * 60, 17 * 60, Minutes()),
    ],
)
def test_grace_split_shifts_half_days_nights_and_days_off(
    day: Day, came_at: int, left_at: int, expected: Minutes
) -> None:
    assert judged(day, at(came_at), at(left_at)) == expected


def test_what_is_not_known_is_not_said() -> None:
    assert judged(NINE, at(570), None) == Minutes(30, None, None)
    assert judged(NINE, None, at(990)) == Minutes(None, 30, 0)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        (MADRID, date(2026, 3, 28), 7),
        (MADRID, date(2026, 10, 24), 9),
        (NEW_YORK, date(2026, 3, 7), 7),
        (NEW_YORK, date(2026, 10, 31), 9),
    ],
)
def test_nights_when_clocks_change_count_elapsed_minutes(zone: ZoneInfo, day: date, hours: int) -> None:
    night = Day((shift(time(22), time(6), day, zone),))
    evening, morning = datetime.combine(day, time(22)), datetime.combine(day + ONE_DAY, time(6))
    assert judged(night, evening, morning, zone) == Minutes(0, 0, 0)
    # At four all clocks have changed: two hours are left, and all the others were missed.
    at_four = morning - timedelta(hours=2)
    assert judged(night, at_four, morning, zone) == Minutes((hours - 2) * 60, 0, 0)
    assert judged(night, evening, at_four, zone) == Minutes(0, 120, 0)


@pytest.mark.parametrize(
    ("clock", "start", "stop", "days"),
    [
        (time(23, 50), time(0, 0), time(8), -1),
        (time(0, 10), time(22), time(6), 1),
        (time(21, 50), time(22), time(6), 0),
        (time(9, 30), time(9), time(17), 0),
        (time(21), time(9), time(17), 0),
    ],
)
def test_a_check_in_is_the_one_nearest_the_start(clock: time, start: time, stop: time, days: int) -> None:
    found = came(clock, day=MONDAY, span=shift(start, stop), zone=SITE)
    assert found == datetime.combine(MONDAY + timedelta(days), clock)


def test_without_a_shift_times_are_of_the_nominal_date_and_leaving_follows_coming() -> None:
    assert came(time(23), day=MONDAY, span=None, zone=SITE) == at(23 * 60)
    assert left(time(7), day=MONDAY, since=at(23 * 60), span=None, zone=SITE) == at(31 * 60)
    assert left(time(7), day=MONDAY, since=at(7 * 60), span=None, zone=SITE) == at(31 * 60)
    assert left(time(7), day=MONDAY, since=None, span=None, zone=SITE) == at(7 * 60)
    assert left(time(6), day=MONDAY, since=None, span=NIGHT.span, zone=SITE) == at(30 * 60)


def test_a_lead_beats_a_sheet_which_beats_a_clock_and_what_is_worked_out() -> None:
    assert [gives_way("lead", one) for one in ("clock", "sheet", "lead", "derived")] == [False, False, True, False]
    assert [gives_way("sheet", one) for one in ("clock", "sheet", "lead", "derived")] == [False, True, True, False]
    assert all(gives_way(old, "derived") for old in (None, "clock", "derived"))


spans = some.lists(some.tuples(some.integers(0, 2000), some.integers(1, 600)), min_size=1, max_size=3)
days = some.builds(
    lambda shifts, excused: Day(tuple(map(_stretch, shifts)), tuple(map(_stretch, excused))),
    spans,
    some.lists(some.tuples(some.integers(0, 2000), some.integers(1, 300)), max_size=2),
)
moments = some.integers(-300, 3000)


def _stretch(one: tuple[int, int]) -> Interval:
    start = at(one[0]).replace(tzinfo=UTC)
    return Interval(start, start + one[1] * MINUTE)


def _counted(intervals: tuple[Interval, ...]) -> set[int]:
    zero = MIDNIGHT.replace(tzinfo=UTC)
    return {minute for one in intervals for minute in range((one.start - zero) // MINUTE, (one.stop - zero) // MINUTE)}


@given(days, moments, some.integers(1, 2000))
def test_minutes_agree_with_counting_them_one_by_one(day: Day, first: int, stay: int) -> None:
    last, shifts = first + stay, _counted(day.shifts)
    due = shifts - _counted(day.excused)
    late, early = sum(one < first for one in due), sum(one >= last for one in due)
    stayed = sum(one > max(shifts) for one in range(first, last))
    expected = Minutes(late if late > 5 else 0, early if early > 5 else 0, stayed if stayed >= 15 else 0)
    assert judged(day, at(first), at(last)) == expected


@given(days, moments, some.integers(1, 2000), some.integers(-400, 400))
def test_the_date_does_not_matter(day: Day, first: int, stay: int, shifted: int) -> None:
    by = timedelta(days=shifted)
    moved = Day(*(tuple(Interval(one.start + by, one.stop + by) for one in each) for each in (day.shifts, day.excused)))
    assert judged(moved, at(first) + by, at(first + stay) + by) == judged(day, at(first), at(first + stay))


@given(days, moments, some.integers(1, 60))
def test_coming_later_is_never_less_late_and_leaving_later_never_earlier(day: Day, first: int, more: int) -> None:
    assert (judged(day, at(first), None).late_minutes or 0) <= (judged(day, at(first + more), None).late_minutes or 0)
    sooner, later = judged(day, None, at(first)), judged(day, None, at(first + more))
    assert (sooner.early_minutes or 0) >= (later.early_minutes or 0) >= 0
    assert 0 <= (sooner.overtime_minutes or 0) <= (later.overtime_minutes or 0)
