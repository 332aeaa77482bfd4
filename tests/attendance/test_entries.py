"""What follows of a day's row, whatever its shifts become."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.attendance.entries import MINUTES, SOURCED, entered, followed
from chalicelib.attendance.rules import Day, Limits
from chalicelib.schedules.instants import MINUTE, Interval

SITE = ZoneInfo("UTC")
MIDNIGHT = datetime.combine(date(2026, 10, 5), time())
LIMITS = Limits(grace=5, overtime=15)
NINE = Day((Interval(*(MIDNIGHT.replace(tzinfo=UTC) + hour * 60 * MINUTE for hour in (9, 17))),))
LATER = MIDNIGHT.replace(tzinfo=UTC) + timedelta(days=5)


def at(minute: int) -> datetime:
    return MIDNIGHT + minute * MINUTE


def stretch(start: int, length: int) -> Interval:
    return Interval(at(start).replace(tzinfo=UTC), at(start + length).replace(tzinfo=UTC))


stretches = some.builds(stretch, some.integers(0, 2000), some.integers(1, 600))
days = some.builds(
    lambda shifts, excused: Day(tuple(shifts), tuple(excused)),
    some.lists(stretches, max_size=3),
    some.lists(stretches, max_size=2),
)
sources = some.sampled_from(["clock", "sheet", "lead", "derived"])
given_minutes = some.none() | some.tuples(some.integers(0, 90), sources)


@some.composite
def rows(draw: some.DrawFn) -> dict[str, Any]:
    """A row that the database takes: nobody leaves before they came, and every value has a source."""
    first, stay = draw(some.integers(-300, 3000)), draw(some.integers(1, 2000))
    row: dict[str, Any] = {name: None for value in SOURCED for name in (value, f"{value}_source")}
    for name, minute in (("check_in", first), ("check_out", first + stay)):
        if draw(some.booleans()):
            row |= {name: at(minute), f"{name}_source": draw(sources)}
    for name in MINUTES:
        if value := draw(given_minutes):
            row |= dict(zip((name, f"{name}_source"), value, strict=True))
    return row


def following(row: dict[str, Any], day: Day, now: datetime = LATER) -> dict[str, Any]:
    return row | followed(row, shifts=day, now=now, limits=LIMITS, zone=SITE)


@given(rows(), days)
def test_following_twice_is_following_once(row: dict[str, Any], day: Day) -> None:
    once = following(row, day)
    assert following(once, day) == once


@given(rows(), days, days)
def test_following_leaves_a_row_that_the_database_takes(row: dict[str, Any], first: Day, then: Day) -> None:
    found = following(following(row, first), then)
    came, went = found["check_in"], found["check_out"]
    assert came is None or went is None or came < went
    for name in SOURCED:
        assert (found[name] is None) == (found[f"{name}_source"] is None)


@given(rows(), days)
def test_what_somebody_gave_stays_whatever_the_shifts_become(row: dict[str, Any], day: Day) -> None:
    found = following(row, day)
    for name in SOURCED:
        weak = {"derived", None} | ({"clock"} if name in MINUTES else set())
        if row[f"{name}_source"] not in weak:
            assert (found[name], found[f"{name}_source"]) == (row[name], row[f"{name}_source"])


@given(some.lists(days, max_size=3))
def test_a_shift_that_comes_back_finds_the_day_as_it_left_it(between: list[Day]) -> None:
    row = following({"check_in_source": "derived", "check_out_source": "derived"}, NINE)
    assert (row["check_in"], row["check_out"]) == (at(9 * 60), at(17 * 60))
    found = row
    for one in between:
        found = following(found, one)
    assert following(found, NINE) == row


def test_the_end_of_a_shift_is_nobodys_check_out_before_it_is_over() -> None:
    row = following({"check_in_source": "derived", "check_out_source": "derived"}, NINE)
    longer = Day((stretch(9 * 60, 10 * 60),))
    found = following(row, longer, now=at(18 * 60).replace(tzinfo=UTC))
    assert (found["check_out"], found["check_out_source"], found["early_minutes"]) == (None, None, None)


@pytest.mark.parametrize(
    ("source", "said", "stands"),
    [
        ("derived", {"check_in": time(9, 4)}, None),
        ("derived", {"check_in": time(9, 4), "exception_type": "Late"}, "Late"),
        ("derived", {"notes": "rang, is ill"}, "Absent"),
        ("derived", {"check_in": None}, "Absent"),
        ("lead", {"check_in": time(9, 4)}, "Absent"),
    ],
)
def test_an_absent_of_silence_goes_where_somebody_is_said_to_have_come(
    source: str, said: dict[str, Any], stands: str | None
) -> None:
    before = {"exception_type": "Absent", "exception_type_source": source}
    found = entered(said, before, day=date(2026, 10, 5), shifts=NINE, limits=LIMITS, zone=SITE)
    assert {**before, **found}["exception_type"] == stands
