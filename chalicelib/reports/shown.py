"""The figures as answers show them."""

from dataclasses import fields
from datetime import date
from typing import Any, Literal

import msgspec

from chalicelib.core.exports import Share
from chalicelib.leave.queries import Holiday
from chalicelib.reports.around_queries import Calendar
from chalicelib.reports.figures import (
    absenteeism,
    adherence,
    attendance_rate,
    conformance,
    late_rate,
    shrinkage,
)
from chalicelib.reports.spans import Span
from chalicelib.reports.totals import Key, Totals


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Minutes and people as they are summed, and the rates that follow; null where there is nothing to divide by.

    People are counted once a day. Rates are shares: 0.833 is 83.3 %.
    """

    gross_people: int
    net_people: int
    present: int
    unmarked: int
    absent: int
    late: int
    gross_minutes: int
    net_minutes: int
    due_minutes: int
    inside_minutes: int
    worked_minutes: int
    training_minutes: int
    planned_minutes: int
    unplanned_minutes: int
    untimed_minutes: int
    lost_minutes: int
    attendance_rate: Share | None
    late_rate: Share | None
    absenteeism: Share | None
    adherence: Share | None
    conformance: Share | None
    shrinkage: Share | None
    shrinkage_planned: Share | None
    shrinkage_unplanned: Share | None


class DayFigures(Figures, frozen=True):
    """A working day: to come, open, or closed; until it is closed who has no mark is unmarked and not absent.

    `leave_days` are people on approved leave where the plan has work, `unknown_leave_days` those whom no plan has yet.
    """

    date: date
    stage: Literal["ahead", "open", "closed"]
    holidays: list[Holiday]
    leave_days: int
    unknown_leave_days: int


class DepartmentFigures(Figures, frozen=True):
    """Those of one department."""

    department: str | None


class PersonFigures(Figures, frozen=True):
    """Somebody's days. Department and supervisor are those of the last of them; all that names people is null for
    clients."""

    employee_id: int | None
    full_name: str | None
    first_name: str | None
    last_name: str | None
    department: str | None
    supervisor: str | None
    batch: str | None


_SUMS = tuple(one.name for one in fields(Totals))


def figures(totals: Totals) -> dict[str, Any]:
    """The fields of `Figures`."""
    lost = shrinkage(totals)
    both = None if lost.planned is None or lost.unplanned is None else lost.planned + lost.unplanned
    return {
        **{name: getattr(totals, name) for name in _SUMS},
        "attendance_rate": attendance_rate(totals),
        "late_rate": late_rate(totals),
        "absenteeism": absenteeism(totals),
        "adherence": adherence(totals),
        "conformance": conformance(totals),
        "shrinkage": both,
        "shrinkage_planned": lost.planned,
        "shrinkage_unplanned": lost.unplanned,
    }


def day_figures(span: Span, by_day: dict[Key, Totals], calendar: Calendar) -> list[DayFigures]:
    """Every day of the span, also one that has nobody."""
    leave = {one.date: one for one in calendar.leave}
    return [
        DayFigures(
            date=day,
            stage=span.stage(day),
            holidays=[one for one in calendar.holidays if one.date == day],
            leave_days=leave[day].days if day in leave else 0,
            unknown_leave_days=leave[day].unknown if day in leave else 0,
            **figures(by_day.get((day,), Totals())),
        )
        for day in span.days()
    ]
