"""What each mark makes of a day: overnight, split, with overtime, half on leave, covered, whatever was said before."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as some

from chalicelib.attendance.entries import SOURCED
from chalicelib.attendance.rules import Limits
from chalicelib.core.errors import Conflict, Invalid, OpsdbError
from chalicelib.floor.marks import ABSENCES, FOR_ANYBODY, MAIN, TAKES, Mark, Said, day_meant, field_problems, marked
from chalicelib.schedules.calendars import Calendar, Layer, Person, Shift
from chalicelib.schedules.rules import place

SITE = ZoneInfo("UTC")
MONDAY = date(2026, 10, 5)
ADA = Person(1, "Ada Lovelace", hire_date=date(2025, 1, 6))
LIMITS = Limits(grace=5, overtime=15)
AFTER = datetime(2026, 10, 6, 10, tzinfo=UTC)
MARKS = get_args(Mark)


def shift(start: time, stop: time, day: date = MONDAY, code: str = "REG", number: int = 1) -> Shift:
    placed = place(nominal_date=day, start=start, stop=stop, day_start=time(0))
    made = Shift.at(placed, zone=SITE, work_code=code, work_class="work")
    return Shift(number, made.placed, made.interval, code, "work")


def leave(kind: str, work_class: str, hours: tuple[time, time] | None = None) -> Layer:
    return Layer("leave", 7, kind, work_class, MONDAY, MONDAY, in_force=True, hours=hours)


def exception(kind: str, work_class: str) -> Layer:
    return Layer("exception", 8, kind, work_class, MONDAY, MONDAY, in_force=True)


NINE = Calendar(ADA, (shift(time(9), time(17)),))
NIGHT = Calendar(ADA, (shift(time(22), time(6)),))
SPLIT = Calendar(ADA, (shift(time(9), time(13)), shift(time(15), time(19), number=2)))
WITH_OT = Calendar(ADA, (shift(time(9), time(17)), shift(time(17), time(19), code="OT", number=2)))
HALF = Calendar(ADA, NINE.shifts, (leave("Personal", "away_planned", (time(9), time(12))),))
COVERED = Calendar(
    ADA, (shift(time(14), time(22)), Shift(2, NINE.shifts[0].placed, None, "OFF", "off", given_away=True))
)
PLANS = {"nine": NINE, "night": NIGHT, "split": SPLIT, "overtime": WITH_OT, "half": HALF, "cover": COVERED}
OFF = Calendar(ADA)


def said(mark: Mark, **more: Any) -> Said:
    leave_of = {"sick": ("Sick", "away_unplanned"), "on_leave": ("Vacation", "away_planned")}
    kind, its_class = leave_of.get(mark, (None, None))
    needed: dict[str, Any] = {
        "expected": {"clock": time(11)},
        "overtime": {"minutes": 30},
        "cover_up": {"cover_up_for_employee_id": 2},
    }.get(mark, {})
    return Said(**{"mark": mark, "leave_type": kind, "leave_class": its_class, **needed, **more})


def after(one: Said, plan: Calendar = NINE, before: Mapping[str, Any] | None = None, now: datetime = AFTER) -> Any:
    known = {"employee_id": 1, "date": MONDAY} | dict(before or {})
    return marked(one, known, calendar=plan, day=MONDAY, now=now, limits=LIMITS, zone=SITE)


def on(hours: float, day: date = MONDAY) -> datetime:
    return datetime.combine(day, time()) + timedelta(hours=hours)


# By plan: the start and the end of the shift, a time to come late at, how late that is, and how early leaving then is.
DAYS = {
    "nine": (9, 17, time(10), 60, 420),
    "night": (22, 30, time(1), 180, 300),
    "split": (9, 19, time(15, 30), 270, 210),
    "overtime": (9, 19, time(17, 30), 510, 90),
    "half": (12, 17, time(13), 60, 240),
    "cover": (14, 22, time(15), 60, 420),
}


@pytest.mark.parametrize("plan", PLANS)
def test_present_comes_with_the_shift_and_leaves_with_it_once_it_is_over(plan: str) -> None:
    start, stop, *_ = DAYS[plan]
    row = after(said("present"), PLANS[plan])
    assert (row["check_in"], row["check_out"]) == (on(start), on(stop))
    assert (row["check_in_source"], row["check_out_source"]) == ("derived", "derived")
    assert [row[name] for name in ("late_minutes", "early_minutes", "overtime_minutes")] == [0, 0, 0]
    still = after(said("present"), PLANS[plan], now=on(stop - 0.1).replace(tzinfo=UTC))
    assert (still["check_in"], still.get("check_out"), still.get("check_out_source")) == (on(start), None, None)


@pytest.mark.parametrize("plan", PLANS)
def test_late_by_a_time_and_leaving_early_are_counted_against_every_shift_of_the_day(plan: str) -> None:
    *_, clock, late, early = DAYS[plan]
    come = after(said("late", clock=clock), PLANS[plan])
    assert (come["late_minutes"], come["late_minutes_source"], come["exception_type"]) == (late, "derived", "Late")
    assert (come["check_in"].time(), come["check_in_source"]) == (clock, "lead")
    gone = after(said("early_leave", clock=clock), PLANS[plan])
    assert (gone["early_minutes"], gone["exception_type"], gone["early_leave"]) == (early, "Early Leave", clock)
    assert (gone["check_out"].time(), gone["check_out_source"]) == (clock, "lead")


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("mark", [one for one in MARKS if one not in {"present", "late", "early_leave"}])
def test_every_other_mark_says_the_same_of_every_kind_of_day(plan: str, mark: Mark) -> None:
    row = after(said(mark), PLANS[plan]) if (mark, plan) not in HELD_BACK else None
    if row is None:
        with pytest.raises(Conflict):
            after(said(mark), PLANS[plan])
        return
    expected = {"exception_type": MAIN.get(mark), "exception_type_source": MAIN.get(mark) and "lead"}
    expected |= {
        "expected": {"expected_at": on(11)},
        "overtime": {"overtime_minutes": 30, "overtime_minutes_source": "lead", "overtime_approved": True},
        "cover_up": {"cover_up_for_employee_id": 2},
    }.get(mark, {})
    given = {name: value for name, value in row.items() if value is not None and name not in {"employee_id", "date"}}
    assert given == {name: value for name, value in expected.items() if value is not None}


HELD_BACK = {("sick", "half"), ("on_leave", "half")}
"""Whoever has some hours of leave has no day of it as well, as `absences` has it."""


def test_late_by_minutes_leaves_the_time_open() -> None:
    row = after(said("late", minutes=20), before=after(said("present")))
    assert (row["late_minutes"], row["late_minutes_source"]) == (20, "lead")
    assert (row["check_in"], row["check_in_source"], row["check_out"]) == (None, None, on(17))


@pytest.mark.parametrize("mark", ["late", "early_leave"])
def test_somebody_in_time_is_neither_late_nor_early(mark: Mark) -> None:
    clock = time(9, 4) if mark == "late" else time(16, 57)
    with pytest.raises(Invalid, match=f"time: 1: Ada Lovelace is not (late|early) at {clock:%H:%M}"):
        after(said(mark, clock=clock))
    training = Calendar(ADA, layers=(exception("Training", "training"),))
    with pytest.raises(Invalid, match=r"has no shift on 2026-10-05 to be (late|early) for"):
        after(said(mark, clock=clock), training)


def test_present_takes_back_what_was_marked_and_keeps_what_was_recorded() -> None:
    marks = {
        "exception_type": "Early Leave",
        "exception_type_source": "lead",
        "check_in": on(9.5),
        "check_in_source": "clock",
        "check_out": on(12),
        "check_out_source": "lead",
        "early_leave": time(12),
        "late_minutes": 3,
        "late_minutes_source": "lead",
        "overtime_minutes": 20,
        "overtime_minutes_source": "sheet",
        "overtime_approved": True,
        "expected_at": on(9.5),
        "cover_up_for_employee_id": 2,
        "notes": "called",
    }
    row = after(said("present"), before=marks)
    assert {name: row[name] for name in marks} == {
        "exception_type": None,
        "exception_type_source": None,
        "check_in": on(9.5),
        "check_in_source": "clock",
        "check_out": on(17),
        "check_out_source": "derived",
        "early_leave": None,
        "late_minutes": 30,
        "late_minutes_source": "derived",
        "overtime_minutes": 20,
        "overtime_minutes_source": "sheet",
        "overtime_approved": True,
        "expected_at": None,
        "cover_up_for_employee_id": None,
        "notes": "called",
    }


@pytest.mark.parametrize("mark", ["absent", "no_show", "sick", "on_leave"])
def test_who_was_not_there_neither_came_nor_went_but_by_a_clock(mark: Mark) -> None:
    seen = {"check_in": on(9.5), "check_out": on(16), "early_leave": time(16)}
    by_lead = {**seen, **{f"{name}_source": "lead" for name in ("check_in", "check_out", "late_minutes")}}
    row = after(said(mark), before={**by_lead, "late_minutes": 30})
    assert [row[name] for name in ("check_in", "check_out", "late_minutes", "early_leave")] == [None] * 4
    by_clock = {**seen, **{f"{name}_source": "clock" for name in ("check_in", "check_out")}}
    row = after(said(mark), before=by_clock)
    assert (row["check_in"], row["check_out"]) == (on(9.5), on(16))
    assert row.get("late_minutes") == (None if mark in ABSENCES else 30)


def test_somebody_is_expected_near_the_shift() -> None:
    assert after(said("expected", clock=time(1)), NIGHT)["expected_at"] == on(25)


def test_expected_is_not_there_yet() -> None:
    row = after(said("expected", clock=time(11)), before=after(said("present")))
    assert (row["expected_at"], row["check_in"], row["check_out"], row["exception_type"]) == (on(11), None, None, None)


@pytest.mark.parametrize("mark", MARKS)
def test_somebody_who_need_not_be_there_covers_stays_longer_or_is_on_leave(mark: Mark) -> None:
    clock = {"clock": time(11)} if mark in {"late", "early_leave"} else {}
    if mark in FOR_ANYBODY:
        assert after(said(mark), OFF)["exception_type"] == MAIN[mark]
        return
    with pytest.raises(Conflict, match="1: Ada Lovelace is neither scheduled on 2026-10-05 nor under an exception"):
        after(said(mark, **clock), OFF)


def test_under_an_exception_the_time_is_said() -> None:
    training = Calendar(ADA, layers=(exception("Training", "training"),))
    with pytest.raises(Invalid, match="has no shift on 2026-10-05 whose start could be taken"):
        after(said("present"), training)
    assert after(said("present", clock=time(10)), training)["check_in"] == on(10)
    assert after(said("absent"), training)["exception_type"] == "Absent"


@pytest.mark.parametrize("mark", [one for one in MARKS if one not in FOR_ANYBODY | ABSENCES])
def test_no_mark_ends_leave(mark: Mark) -> None:
    clock = {"clock": time(11)} if mark in {"late", "early_leave"} else {}
    for layer in (leave("Vacation", "away_planned"), exception("Vacation", "away_planned")):
        away = Calendar(ADA, NINE.shifts, (layer,))
        with pytest.raises(Conflict, match="Ada Lovelace has Vacation on 2026-10-05, which"):
            after(said(mark, **clock), away)


def test_leave_is_marked_once_and_over_no_other_absence() -> None:
    away = Calendar(ADA, NINE.shifts, (leave("Sick", "away_unplanned"),))
    with pytest.raises(Conflict, match="is on that leave already: Sick on 2026-10-05"):
        after(said("sick"), away)
    with pytest.raises(Conflict, match="has Sick on 2026-10-05 already, which Vacation on 2026-10-05 would overlap"):
        after(said("on_leave"), away)


@pytest.mark.parametrize(
    ("person", "why"),
    [
        (Person(1, "Ada", hire_date=date(2026, 10, 6)), "starts on 2026-10-06"),
        (Person(1, "Ada", last_day=date(2026, 10, 4)), "has 2026-10-04 as last day"),
        (Person(1, "Ada", status="Inactive"), "is inactive"),
    ],
)
def test_who_is_not_employed_then_is_not_marked(person: Person, why: str) -> None:
    with pytest.raises(Conflict, match=f"1: Ada {why}"):
        after(said("overtime"), Calendar(person, NINE.shifts))


def test_nobody_comes_after_they_left() -> None:
    out = {"check_out": on(12), "check_out_source": "clock"}
    with pytest.raises(Conflict, match="left at 2026-10-05 12:00 and cannot have come at 13:00"):
        after(said("late", clock=time(13)), before=out)
    with pytest.raises(Conflict, match="left at 2026-10-05 12:00, before the shift"):
        after(said("present"), COVERED, before=out)
    row = after(said("present", clock=time(18)), before=after(said("present")))
    assert (row["check_in"], row["check_out"], row["late_minutes"]) == (on(18), None, 480)


def test_nobody_covers_for_themselves() -> None:
    with pytest.raises(Invalid, match="cannot cover for themselves"):
        after(said("cover_up", cover_up_for_employee_id=1))


@pytest.mark.parametrize(
    ("mark", "fields", "problems"),
    [
        ("present", {"time"}, []),
        ("present", {"minutes"}, ["minutes: present does not take it; late and overtime do"]),
        ("absent", {"time"}, ["time: absent does not take it; present, late, expected, early_leave and cover_up do"]),
        ("sick", {"leave_type"}, []),
        ("sick", set(), []),
        ("on_leave", set(), ["leave_type: is required for on_leave"]),
        ("late", set(), ["time: is required for late, or minutes"]),
        ("late", {"time", "minutes"}, ["minutes: late takes a time or minutes, not both"]),
        ("overtime", {"time"}, [
            "time: overtime does not take it; present, late, expected, early_leave and cover_up do",
            "minutes: is required for overtime",
        ]),
        ("expected", {"cover_up_for_employee_id", "time"}, [
            "cover_up_for_employee_id: expected does not take it; cover_up does"
        ]),
    ],
)  # fmt: skip
def test_each_mark_says_which_fields_it_takes(mark: Mark, fields: set[str], problems: list[str]) -> None:
    assert field_problems(mark, fields) == problems


def test_every_mark_is_documented_with_what_it_takes() -> None:
    marks = (Path(__file__).parents[2] / "docs" / "api.md").read_text().partition("## Marks")[2].partition("\n## ")[0]
    lines = [line.split("|")[1:3] for line in marks.splitlines() if line.startswith("| ")][1:]
    written = {mark: set(re.findall(r"`(\w+)`", takes)) for names, takes in lines for mark in names.strip().split(", ")}
    assert written == {mark: TAKES.get(mark, set()) for mark in MARKS}


SUNDAY, TUESDAY = MONDAY - timedelta(1), MONDAY + timedelta(1)
LAST_NIGHT = shift(time(22), time(6), SUNDAY)


@pytest.mark.parametrize(
    ("plan", "now", "day"),
    [
        (Calendar(ADA, (LAST_NIGHT,)), on(5 + 5 / 6), SUNDAY),
        (Calendar(ADA, (LAST_NIGHT,)), on(6), MONDAY),
        (Calendar(ADA, (LAST_NIGHT, shift(time(7), time(15), number=2))), on(5 + 5 / 6), SUNDAY),
        (Calendar(ADA, (LAST_NIGHT, shift(time(7), time(15), number=2))), on(6), MONDAY),
        (Calendar(ADA, (shift(time(0, 30), time(8), TUESDAY),)), on(22.5), TUESDAY),
        (Calendar(ADA, (shift(time(0, 30), time(8), TUESDAY),)), on(22.4), MONDAY),
        (OFF, on(5), MONDAY),
    ],
)
def test_the_day_that_is_meant_is_that_of_the_shift_in_progress(plan: Calendar, now: datetime, day: date) -> None:
    assert day_meant(plan, now=now.replace(tzinfo=UTC), zone=SITE) == day


def test_a_shift_under_leave_is_meant_where_no_other_is() -> None:
    nights = Layer("leave", 7, "Vacation", "away_planned", SUNDAY, SUNDAY, in_force=True)
    early = on(5.5).replace(tzinfo=UTC)
    assert day_meant(Calendar(ADA, (LAST_NIGHT,), (nights,)), now=early, zone=SITE) == SUNDAY
    both = Calendar(ADA, (LAST_NIGHT, shift(time(7), time(15), number=2)), (nights,))
    assert day_meant(both, now=early, zone=SITE) == MONDAY


clocks = some.times().map(lambda one: one.replace(second=0, microsecond=0))
sayings = some.one_of(
    some.builds(lambda clock: said("present", clock=clock), some.none() | clocks),
    some.builds(lambda clock: said("late", clock=clock), clocks),
    some.builds(lambda number: said("late", minutes=number), some.integers(1, 600)),
    some.builds(lambda clock: said("expected", clock=clock), clocks),
    some.builds(lambda clock: said("early_leave", clock=clock), clocks),
    some.builds(lambda number: said("overtime", minutes=number), some.integers(1, 600)),
    some.builds(lambda clock: said("cover_up", clock=clock), some.none() | clocks),
    some.sampled_from([said("absent"), said("no_show")]),
)
moments = some.integers(0, 48).map(lambda hours: on(hours).replace(tzinfo=UTC))
plans = some.sampled_from([*PLANS.values(), Calendar(ADA, layers=(exception("Training", "training"),))])


def told(plan: Calendar, sayings: list[Said], now: datetime) -> dict[str, Any]:
    """The day after all that was said of it; what could not be said was not."""
    row: dict[str, Any] = {"employee_id": 1, "date": MONDAY}
    for one in sayings:
        try:
            row = after(one, plan, row, now)
        except OpsdbError:
            continue
    return row


@given(plans, some.lists(sayings, max_size=5), moments)
def test_present_after_anything_leaves_no_mark(plan: Calendar, before: list[Said], now: datetime) -> None:
    row = told(plan, before, now)
    try:
        row = after(said("present"), plan, row, now)
    except OpsdbError:
        assume(False)
    assert row["check_in"] is not None
    for name in ("exception_type", "expected_at", "cover_up_for_employee_id", "early_leave"):
        assert row.get(name) is None
    assert "lead" not in {row.get(f"{name}_source") for name in ("exception_type", "late_minutes", "overtime_minutes")}


@given(plans, some.lists(sayings, min_size=1, max_size=5), moments)
def test_the_same_mark_twice_changes_nothing(plan: Calendar, before: list[Said], now: datetime) -> None:
    row = told(plan, before[:-1], now)
    try:
        once = after(before[-1], plan, row, now)
    except OpsdbError:
        assume(False)
    assert after(before[-1], plan, once, now) == once


@given(plans, some.lists(sayings, max_size=5), moments)
def test_whatever_is_said_the_row_is_one_that_the_database_takes(
    plan: Calendar, before: list[Said], now: datetime
) -> None:
    row = told(plan, before, now)
    came, went = row.get("check_in"), row.get("check_out")
    assert came is None or went is None or came < went
    assert came is None or abs(came.date() - MONDAY) <= timedelta(1)
    for name in SOURCED:
        assert (row.get(name) is None) == (row.get(f"{name}_source") is None)
