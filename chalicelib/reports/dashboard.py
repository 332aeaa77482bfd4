"""The dashboard over HTTP: a day's figures, the week before it, and what waits."""

from datetime import date, timedelta

import msgspec

from chalicelib.core.clock import now, today
from chalicelib.core.http import Call, Routes
from chalicelib.core.inputs import Day
from chalicelib.core.settings import settings
from chalicelib.reports.around_queries import Waiting, around
from chalicelib.reports.filters import Filters
from chalicelib.reports.shown import DayFigures, DepartmentFigures, day_figures, figures
from chalicelib.reports.spans import Span
from chalicelib.reports.totals import Key, Totals
from chalicelib.reports.totals_queries import totals
from chalicelib.schedules.instants import MINUTE

routes = Routes(__name__, tag="reports")

BEFORE = timedelta(days=7)


class DashboardFilters(Filters, frozen=True, kw_only=True):
    """Which working day, today unless said."""

    date: Day | None = None


class Dashboard(msgspec.Struct, frozen=True):
    """A working day, the seven before it from the oldest on, and the day by department.

    Of the backup that is newest it says how old it is; null when there is none.
    """

    date: date
    day: DayFigures
    before: list[DayFigures]
    departments: list[DepartmentFigures]
    waiting: Waiting
    backup_age_minutes: int | None


@routes.get("/reports/dashboard", query=DashboardFilters, answer=Dashboard)
def get_dashboard(call: Call) -> Dashboard:
    """The figures of a day with the seven days before it, by department too, and how much waits."""
    query: DashboardFilters = call.query
    day, ours = query.date or today(), settings()
    span = Span(day - BEFORE, day, now(), ours.timezone, ours.day_close)
    with call.reading() as conn:
        by_day, groups = totals(conn, span=span, asked=query, by=[("day",), ("day", "department")])
        beside = around(conn, span=span, asked=query)
    *before, asked_for = day_figures(span, by_day, beside.calendar)
    age = (span.now - beside.newest_backup_at) // MINUTE if beside.newest_backup_at else None
    return Dashboard(day, asked_for, before, _departments(groups, day), beside.waiting, age)


def _departments(groups: dict[Key, Totals], day: date) -> list[DepartmentFigures]:
    """Of that day, by name; people without a department last."""
    own = [(key[1], part) for key, part in groups.items() if key[0] == day]
    ordered = sorted(own, key=lambda one: (one[0] is None, one[0] or ""))
    return [DepartmentFigures(department=name, **figures(part)) for name, part in ordered]  # type: ignore[arg-type]
