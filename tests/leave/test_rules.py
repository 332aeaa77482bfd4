"""What is decided about leave and exceptions without a database."""

from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.leave.rules import LeaveDays, class_problem, excused, leave_days, range_problems
from chalicelib.schedules.calendars import Shift
from chalicelib.schedules.instants import minutes
from tests.schedules.plans import (
    CLASSES,
    FRIDAY,
    MADRID,
    MONDAY,
    NEW_YORK,
    SATURDAY,
    SUNDAY,
    THURSDAY,
    TUESDAY,
    UTC_SITE,
    WEDNESDAY,
    shift,
)

DAY = "09:00-17:00"


def test_leave_costs_the_days_that_the_plan_has_as_work() -> None:
    planned = [
        shift(MONDAY, DAY),
        shift(TUESDAY, "09:00-12:00"),
        shift(TUESDAY, "13:00-17:00", "NEST"),
        shift(WEDNESDAY, DAY, "TRAIN"),
        shift(THURSDAY, None, "OFF"),
        shift(FRIDAY, None, "VACATION"),
        shift(SATURDAY, DAY, given_away=True),
        shift(SUNDAY + timedelta(days=1), DAY),
    ]
    assert leave_days(MONDAY, SUNDAY, planned=planned) == LeaveDays(days=3, unknown=1)
    assert leave_days(THURSDAY, FRIDAY, planned=planned) == LeaveDays(days=0, unknown=0)


def test_where_no_plan_has_arrived_the_days_are_unknown() -> None:
    assert leave_days(MONDAY, SUNDAY, planned=[]) == LeaveDays(days=0, unknown=7)


@given(
    some.lists(some.tuples(some.integers(0, 9), some.sampled_from(sorted(CLASSES))), max_size=12), some.integers(0, 8)
)
def test_leave_of_two_parts_costs_what_its_parts_cost(rows: list[tuple[int, str]], split: int) -> None:
    planned = [shift(MONDAY + timedelta(days=day), DAY, code) for day, code in rows]
    end, middle = MONDAY + timedelta(days=9), MONDAY + timedelta(days=split)
    whole = leave_days(MONDAY, end, planned=planned)
    first, second = (
        leave_days(MONDAY, middle, planned=planned),
        leave_days(middle + timedelta(days=1), end, planned=planned),
    )
    assert (whole.days, whole.unknown) == (first.days + second.days, first.unknown + second.unknown)
    assert whole.days + whole.unknown <= 10


def excused_minutes(row: Shift, start: time, end: time, zone: ZoneInfo) -> int:
    found = excused(row, start=start, end=end, zone=zone)
    return minutes([found]) if found else 0


@pytest.mark.parametrize(
    ("times", "start", "end", "expected"),
    [
        (DAY, time(9), time(13), 240),
        (DAY, time(8), time(10), 60),
        (DAY, time(17), time(18), 0),
        (DAY, time(0), time(23, 59), 480),
        ("22:00-06:00", time(22), time(2), 240),
        ("22:00-06:00", time(2), time(8), 240),
        (None, time(9), time(13), 0),
    ],
)
def test_hours_of_leave_excuse_what_they_share_with_the_shift(
    times: str | None, start: time, end: time, expected: int
) -> None:
    row = shift(MONDAY, times, "REG" if times else "OFF")
    assert excused_minutes(row, start, end, UTC_SITE) == expected


@pytest.mark.parametrize(
    ("zone", "evening", "expected"),
    [
        (MADRID, date(2026, 3, 28), 3 * 60),
        (MADRID, date(2026, 10, 24), 5 * 60),
        (NEW_YORK, date(2026, 3, 7), 3 * 60),
        (NEW_YORK, date(2026, 10, 31), 5 * 60),
    ],
    ids=str,
)
def test_excused_minutes_are_elapsed_ones(zone: ZoneInfo, evening: date, expected: int) -> None:
    row = shift(evening, "22:00-06:00", zone=zone)
    assert excused_minutes(row, time(0, 30), time(4, 30), zone) == expected


@pytest.mark.parametrize(
    ("end", "hours", "field"),
    [
        (MONDAY, (None, None), None),
        (MONDAY, (time(9), time(12)), None),
        (MONDAY, (time(22), time(2)), None),
        (FRIDAY, (None, None), None),
        (MONDAY - timedelta(days=1), (None, None), "end_date"),
        (MONDAY, (time(9), None), "end_time"),
        (TUESDAY, (time(9), time(12)), "start_time"),
        (MONDAY, (time(9), time(9)), "end_time"),
    ],
)
def test_hours_are_for_one_day_and_dates_in_order(
    end: date, hours: tuple[time | None, time | None], field: str | None
) -> None:
    problems = range_problems(MONDAY, end, start_time=hours[0], end_time=hours[1])
    assert [one.partition(":")[0] for one in problems] == ([field] if field else [])


@pytest.mark.parametrize(
    ("kind", "type_class", "code", "code_class", "fits"),
    [
        ("Vacation", "away_planned", "TRAIN", "training", False),
        ("Vacation", "away_planned", "REG", "work", False),
        ("Vacation", "away_planned", "OFF", "off", False),
        ("Cover Up", "work", "NIGHT", "work", True),
        ("Leave", "away_planned", "SICK", "away_unplanned", True),
        ("Nesting", "nesting", "REG", "work", False),
        ("Nesting", "nesting", "NEST", "nesting", True),
        ("Nesting", "nesting", "TRAIN", "training", True),
        ("Training", "training", "REG", "work", False),
    ],
)
def test_a_work_code_must_not_contradict_the_type(
    kind: str, type_class: str, code: str, code_class: str, fits: bool
) -> None:
    problem = class_problem(kind, type_class, work_code=code, code_class=code_class)
    assert (problem is None) is fits
    assert fits or problem == f"work_code: {code} is of class {code_class}, which contradicts {kind} ({type_class})"
