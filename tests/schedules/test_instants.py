"""Local times of two sites as instants, on the nights when their clocks change."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.schedules.instants import (
    MINUTE,
    Interval,
    common,
    day_interval,
    hours_within,
    instant,
    instants_of,
    length,
    merged,
    minutes,
    shift_interval,
    warnings,
    without,
)
from chalicelib.schedules.rules import place

MADRID, NEW_YORK, UTC_SITE = ZoneInfo("Europe/Madrid"), ZoneInfo("America/New_York"), ZoneInfo("UTC")
CHANGES = {MADRID: (date(2026, 3, 29), date(2026, 10, 25)), NEW_YORK: (date(2026, 3, 8), date(2026, 11, 1))}
"""The mornings on which clocks go forward and back."""
NIGHTS = [(zone, forward, back) for zone, (forward, back) in CHANGES.items()]

ONE_DAY = timedelta(days=1)
zones = some.sampled_from([MADRID, NEW_YORK, UTC_SITE])
around_changes = some.sampled_from(
    [day + timedelta(days=shift) for days in CHANGES.values() for day in days for shift in (-1, 0, 1)]
)
clocks = some.builds(time, some.integers(0, 23), some.sampled_from([0, 15, 30, 45]))


def shift(day: date, start: time, stop: time, zone: ZoneInfo) -> Interval:
    found = shift_interval(place(nominal_date=day, start=start, stop=stop, day_start=time()), zone=zone)
    assert found is not None
    return found


def wall(one: datetime, zone: ZoneInfo) -> str:
    return one.astimezone(zone).strftime("%d %H:%M %z")


@pytest.mark.parametrize(("zone", "forward", "back"), NIGHTS, ids=str)
def test_a_night_shift_is_seven_eight_or_nine_hours(zone: ZoneInfo, forward: date, back: date) -> None:
    for morning, hours in ((forward, 7), (date(2026, 6, 10), 8), (back, 9)):
        assert shift(morning - ONE_DAY, time(22), time(6), zone).length == timedelta(hours=hours)


@pytest.mark.parametrize(("zone", "forward", "back"), NIGHTS, ids=str)
@pytest.mark.parametrize(
    ("start", "stop", "elapsed"),
    [
        (time(22), time(1, 30), timedelta(hours=3.5)),
        (time(1, 30), time(10), timedelta(hours=8.5)),
        (time(1, 10), time(1, 45), timedelta(minutes=35)),
        (time(1), time(2), timedelta(hours=1)),
    ],
)
def test_in_the_repeated_hour_the_occurrence_nearest_the_other_edge_is_meant(
    zone: ZoneInfo, forward: date, back: date, start: time, stop: time, elapsed: timedelta
) -> None:
    # New York repeats 01:00 to 02:00, Madrid 02:00 to 03:00.
    later = timedelta(hours=1 if zone is MADRID else 0)
    moved = [(datetime.combine(back, one) + later).time() for one in (start, stop)]
    day = back - ONE_DAY if start > stop else back
    if start > stop:
        moved[0] = start
        elapsed += later
    assert shift(day, *moved, zone).length == elapsed


def test_the_edge_chooses_between_the_two_occurrences_of_a_check_in() -> None:
    twice = datetime(2026, 10, 25, 2, 30)
    first, second = instants_of(twice, zone=MADRID)
    assert second - first == timedelta(hours=1)
    assert instant(twice, zone=MADRID) == first
    assert instant(twice, zone=MADRID, near=second + 20 * MINUTE) == second
    assert instant(twice, zone=MADRID, near=first - 20 * MINUTE) == first


@pytest.mark.parametrize(
    ("zone", "morning", "missing", "taken"),
    [(MADRID, date(2026, 3, 29), time(2, 30), "03:30"), (NEW_YORK, date(2026, 3, 8), time(2, 30), "03:30")],
    ids=str,
)
def test_a_time_in_the_missing_hour_moves_forward_with_a_warning(
    zone: ZoneInfo, morning: date, missing: time, taken: str
) -> None:
    placed = place(nominal_date=morning, start=missing, stop=time(10), day_start=time())
    found = shift_interval(placed, zone=zone)
    assert found is not None
    assert found.start.astimezone(zone).strftime("%H:%M") == taken
    assert warnings(placed, zone=zone) == [
        f"start_time: 02:30 does not exist on {morning} at the site, since the clocks go forward; it is taken as 03:30"
    ]
    assert warnings(place(nominal_date=morning, start=time(1), stop=time(10), day_start=time()), zone=zone) == []


def test_a_day_off_is_no_interval_and_nothing_to_warn_of() -> None:
    off = place(nominal_date=date(2026, 3, 29), start=None, stop=None, day_start=time())
    assert shift_interval(off, zone=MADRID) is None
    assert warnings(off, zone=MADRID) == []


def test_what_ends_before_its_moved_start_is_empty() -> None:
    found = shift(date(2026, 3, 29), time(2, 45), time(3, 15), MADRID)
    assert found.length == timedelta()
    assert not found.meets(day_interval(date(2026, 3, 29), zone=MADRID))


@given(zones, around_changes, clocks, clocks)
def test_a_shift_is_as_long_as_its_times_say_but_for_the_hour_that_changes(
    zone: ZoneInfo, day: date, start: time, stop: time
) -> None:
    placed = place(nominal_date=day, start=start, stop=stop, day_start=time())
    said = datetime.combine(placed.stop_date, stop) - datetime.combine(day, start)
    assert abs(shift(day, start, stop, zone).length - said) in {timedelta(), timedelta(hours=1)} or said < timedelta(
        hours=1
    )


@given(zones, around_changes, some.lists(clocks, min_size=3, max_size=3, unique=True).map(sorted))
def test_shifts_that_follow_each_other_by_the_clock_do_so_as_instants(
    zone: ZoneInfo, day: date, times: list[time]
) -> None:
    first, then = shift(day, times[0], times[1], zone), shift(day, times[1], times[2], zone)
    if all(instants_of(datetime.combine(day, one), zone=zone) for one in times):
        assert first.start < first.stop <= then.start < then.stop


@pytest.mark.parametrize(("zone", "forward", "back"), NIGHTS, ids=str)
def test_days_are_23_24_or_25_hours_and_leave_nothing_out(zone: ZoneInfo, forward: date, back: date) -> None:
    for day, hours in ((forward, 23), (back, 25), (back + ONE_DAY, 24)):
        found = day_interval(day, zone=zone)
        assert found.length == timedelta(hours=hours)
        assert found.stop == day_interval(day + ONE_DAY, zone=zone).start


@pytest.mark.parametrize(
    ("start", "end", "taken"),
    [
        (time(21), time(23), ("05 22:00 +0200", "05 23:00 +0200")),
        (time(1), time(3), ("06 01:00 +0200", "06 03:00 +0200")),
        (time(23), time(1), ("05 23:00 +0200", "06 01:00 +0200")),
        (time(5), time(9), ("06 05:00 +0200", "06 06:00 +0200")),
    ],
)
def test_hours_of_a_night_shift_may_lie_after_midnight(start: time, end: time, taken: tuple[str, str]) -> None:
    day = date(2026, 10, 5)
    night = shift(day, time(22), time(6), MADRID)
    found = hours_within(night, day=day, start=start, end=end, zone=MADRID)
    assert found is not None
    assert (wall(found.start, MADRID), wall(found.stop, MADRID)) == taken
    assert hours_within(night, day=day, start=time(9), end=time(12), zone=MADRID) is None


HOUR_ZERO = datetime(2026, 10, 5, tzinfo=UTC)


def within(numbers: tuple[int, int]) -> Interval:
    first, last = sorted(numbers)
    return Interval(HOUR_ZERO + first * MINUTE, HOUR_ZERO + last * MINUTE)


intervals = some.lists(some.tuples(some.integers(0, 40), some.integers(0, 40)).map(within), max_size=6)


def moments(these: Iterable[Interval]) -> set[int]:
    """The minutes in them, one by one."""
    return {n for n in range(41) for one in these if one.start <= HOUR_ZERO + n * MINUTE < one.stop}


@given(intervals, intervals)
def test_sums_over_intervals_are_sums_over_their_minutes(these: list[Interval], others: list[Interval]) -> None:
    assert moments(merged(these)) == moments(these)
    assert moments(common(these, others)) == moments(these) & moments(others)
    assert moments(without(these, others)) == moments(these) - moments(others)
    assert minutes(these) == len(moments(these))
    assert length(common(these, others)) + length(without(these, others)) == length(these)


@given(intervals, intervals)
def test_what_is_merged_lies_apart_and_in_order(these: list[Interval], others: list[Interval]) -> None:
    for found in (merged(these), common(these, others), without(these, others)):
        assert all(one.start < one.stop for one in found)
        assert all(one.stop < then.start for one, then in pairwise(found))
