"""What can be decided about exceptions without asking the database."""

from collections.abc import Sequence
from datetime import date, time

import msgspec

from chalicelib.leave.rules import class_problem
from chalicelib.schedules.calendars import BUSY, Calendar
from chalicelib.schedules.rules import ONE_DAY, Placed, place

OVERTIME = "Overtime"
COVER_UP = "Cover Up"
"""The types that stand for more than a work code over the plan (domain.md, rule 5)."""


class Effect(msgspec.Struct, frozen=True):
    """What processing makes beside its layer: shifts of overtime to come, and days on which somebody was there."""

    shifts: tuple[Placed, ...]
    attended: tuple[date, ...]


def effect(
    exception_type: str, first: date, last: date, *, calendar: Calendar, today: date, day_start: time
) -> tuple[Effect, list[str]]:
    """What this exception makes, and the sentences for what it cannot make.

    Overtime to come, today included, is a shift on each day without one, at the times of the person's nearest shift;
    where there is a shift its code becomes the exception's. Overtime that is over, and covering up, are attendance.
    """
    days = [first + number * ONE_DAY for number in range((last - first).days + 1)]
    if exception_type == COVER_UP:
        return Effect((), tuple(days)), []
    if exception_type != OVERTIME:
        return Effect((), ()), []
    attended = tuple(day for day in days if day < today)
    shifts, problems = [], []
    for day in (one for one in days if one >= today and not _works(calendar, one)):
        usual = _usual(calendar, day)
        if usual is None:
            problems.append(f"start_date: {calendar.person.name} has no shift near {day} to take overtime's times from")
        else:
            shifts.append(place(nominal_date=day, start=usual[0], stop=usual[1], day_start=day_start))
    return Effect(tuple(shifts), attended), problems


def code_problem(
    exception_type: str, work_code: str | None, *, type_classes: dict[str, str], code_classes: dict[str, str]
) -> str | None:
    """Why the type cannot go with the work code; None when it can, or when none is given."""
    if work_code is None:
        return None
    return class_problem(
        exception_type, type_classes[exception_type], work_code=work_code, code_class=code_classes[work_code]
    )


def range_problems(first: date, last: date, longest: int) -> list[str]:
    """What is impossible about the dates."""
    if last < first:
        return [f"end_date: must not be before start_date ({first}), got {last}"]
    if (last - first).days >= longest:
        return [f"end_date: must be within {longest} days of start_date ({first}), got {last}"]
    return []


def _works(calendar: Calendar, day: date) -> bool:
    return any(one.nominal_date == day and one.work_class in BUSY for one in calendar.timed())


def _usual(calendar: Calendar, day: date) -> tuple[time, time] | None:
    """The times of the shift nearest to `day`, the earlier of two as near."""
    found: Sequence[Placed] = [one.placed for one in calendar.timed() if one.work_class in BUSY]
    near = min(found, key=lambda one: (abs(one.nominal_date - day), one.nominal_date, one.start_time), default=None)
    if near is None or near.start_time is None or near.stop_time is None:
        return None
    return near.start_time, near.stop_time
