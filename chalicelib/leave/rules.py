"""What can be decided about leave and exceptions without asking the database."""

from collections.abc import Iterable
from datetime import date, time
from zoneinfo import ZoneInfo

import msgspec

from chalicelib.schedules.calendars import AWAY, BUSY, Shift
from chalicelib.schedules.instants import Interval, hours_within
from chalicelib.schedules.rules import ONE_DAY

ONBOARDING = frozenset({"training", "nesting"})


class LeaveDays(msgspec.Struct, frozen=True):
    """What leave costs: `days` that the plan has as work; `unknown` is how many days have no plan yet."""

    days: int
    unknown: int


def leave_days(start: date, end: date, *, planned: Iterable[Shift]) -> LeaveDays:
    """The days from `start` to `end`, both included, by the plan without its layers (else approved leave would cost
    nothing). Part of a day is still that day; its minutes are `excused`."""
    classes_by_day: dict[date, set[str | None]] = {}
    for shift in planned:
        if start <= shift.nominal_date <= end:
            planned_class = "off" if shift.given_away else shift.work_class
            classes_by_day.setdefault(shift.nominal_date, set()).add(planned_class)
    worked = sum(1 for classes in classes_by_day.values() if classes & BUSY)
    return LeaveDays(worked, (end - start) // ONE_DAY + 1 - len(classes_by_day))


def excused(shift: Shift, *, start: time, end: time, zone: ZoneInfo) -> Interval | None:
    """What leave of some hours takes from a shift of its nominal date, which late and early leave out of account."""
    if shift.interval is None:
        return None
    return hours_within(shift.interval, day=shift.nominal_date, start=start, end=end, zone=zone)


def range_problems(start: date, end: date, *, start_time: time | None, end_time: time | None) -> list[str]:
    """What is impossible about the dates and hours of a request."""
    problems = []
    if end < start:
        problems.append(f"end_date: must not be before start_date ({start}), got {end}")
    if (start_time is None) != (end_time is None):
        problems.append("end_time: start_time and end_time come together, or neither for whole days")
    elif start_time is not None and start != end:
        problems.append("start_time: only a request for one day may have hours")
    elif start_time is not None and start_time == end_time:
        problems.append(f"end_time: must differ from start_time, got {end_time:%H:%M}")
    return problems


def class_problem(exception_type: str, type_class: str, *, work_code: str, code_class: str) -> str | None:
    """Why an exception of this type cannot lay that work code over the plan; None when it can.

    The classes must be the same. But leave may turn out to be sickness, and people are nesting on days that planning
    tools call training, so these go together.
    """
    if type_class == code_class or any({type_class, code_class} <= kin for kin in (AWAY, ONBOARDING)):
        return None
    return f"work_code: {work_code} is of class {code_class}, which contradicts {exception_type} ({type_class})"
