"""The weekly and the monthly report over HTTP: per day and per person."""

from calendar import monthrange
from dataclasses import astuple
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Generic

import msgspec
from msgspec import Meta

from chalicelib.core.clock import now, today
from chalicelib.core.errors import Invalid
from chalicelib.core.http import Call, Page, Routes, Row
from chalicelib.core.inputs import Day
from chalicelib.core.settings import settings
from chalicelib.reports import attrition_queries as queries
from chalicelib.reports.around_queries import Closing, calendar
from chalicelib.reports.attrition import Turnover, annualised, attrition, cohorts, early_attrition, turnover
from chalicelib.reports.attrition_queries import Who
from chalicelib.reports.filters import NAMING, PagedFilters
from chalicelib.reports.orders import ordered
from chalicelib.reports.shown import DayFigures, Figures, PersonFigures, day_figures, figures
from chalicelib.reports.spans import Span
from chalicelib.reports.totals import Key, Totals
from chalicelib.reports.totals_queries import totals

routes = Routes(__name__, tag="reports")

SIX_DAYS = timedelta(days=6)


class WeekFilters(PagedFilters, frozen=True, kw_only=True):
    """Which week (ISO, Monday to Sunday): the one of this date, or this one."""

    date: Day | None = None


class MonthFilters(PagedFilters, frozen=True, kw_only=True):
    """Which month, this one unless said."""

    month: Annotated[str, Meta(pattern=r"^(19|2\d)\d\d-(0[1-9]|1[0-2])$(?!\n)", description="YYYY-MM")] | None = None


class Periodic(Page[Row], Generic[Row], frozen=True, kw_only=True):
    """A page of people with their figures; beside it those of everybody together, and of each day."""

    start_date: date
    end_date: date
    whole: Figures
    days: list[DayFigures]


class Turnaround(msgspec.Struct, frozen=True):
    """Employments that ended, of how many people: the mean headcount (Active and On Leave) of the days until today."""

    department: str | None
    leavers: int
    headcount: float | None
    attrition: float | None
    annualised: float | None


class BatchAttrition(msgspec.Struct, frozen=True):
    """How many of a batch left within 90 days of hire, so far."""

    batch: str | None
    hired: int
    left_early: int
    early_attrition: float | None


class Monthly(Periodic[Row], Generic[Row], frozen=True, kw_only=True):
    """A month with its attrition, whole and by department (of the last day), and early attrition by batch; once it is
    closed with `closed_at` and how many corrections were made since."""

    attrition: Turnaround
    attrition_by_department: list[Turnaround]
    early_attrition: list[BatchAttrition]
    closed_at: datetime | None
    adjustments: int


@routes.get("/reports/weekly", query=WeekFilters, answer=Periodic[PersonFigures])
def get_weekly(call: Call) -> Periodic[PersonFigures]:
    """The figures of a week, per day and per person."""
    day = call.query.date or today()
    monday = day - timedelta(days=day.weekday())
    report, _ = _report(call, _span(monday, monday + SIX_DAYS))
    return Periodic(**report)


@routes.get("/reports/monthly", query=MonthFilters, answer=Monthly[PersonFigures])
def get_monthly(call: Call) -> Monthly[PersonFigures]:
    """The figures of a month, per day and per person, with its attrition."""
    first = _month(call.query.month)
    span = _span(first, first.replace(day=monthrange(first.year, first.month)[1]))
    report, closing = _report(call, span)
    with call.reading() as conn:
        services = queries.services(conn, span=span, asked=call.query)
        hired = queries.employments(conn, span=span, asked=call.query)
    last = min(span.last, span.today)
    [whole] = _turnarounds(turnover(services, by=(), first=first, last=last) or {(): Turnover()}, first, last)
    batches = sorted(cohorts(hired, today=last).items(), key=lambda one: (one[0] is None, one[0] or ""))
    return Monthly(
        **report,
        attrition=whole,
        attrition_by_department=_turnarounds(
            turnover(services, by=("department",), first=first, last=last), first, last
        ),
        early_attrition=[
            BatchAttrition(batch, one.hired, one.left_early, early_attrition(one)) for batch, one in batches
        ],
        closed_at=closing.closed_at,
        adjustments=closing.adjustments,
    )


def _report(call: Call, span: Span) -> tuple[dict[str, Any], Closing]:
    """The fields of `Periodic`, and whether the month is closed."""
    query: PagedFilters = call.query
    sort = _sort(query)
    with call.reading() as conn:
        by_day, by_person = totals(conn, span=span, asked=query, by=[("day",), ("person",)])
        days, closing = calendar(conn, span=span, asked=query)
        day = span.today if query.as_of == "today" else span.last
        people = queries.who(conn, employee_ids=[_id(key) for key in by_person], day=day)
    ordered = _ordered(by_person, people, sort, query)
    wanted = ordered[query.offset : query.offset + query.limit]
    report = {
        "total": len(ordered),
        "limit": query.limit,
        "offset": query.offset,
        "data": [_shown(one, by_person[(one,)], people[one], anonymous=query.anonymous) for one in wanted],
        "start_date": span.first,
        "end_date": span.last,
        "whole": Figures(**figures(sum(by_day.values(), Totals()))),
        "days": day_figures(span, by_day, days),
    }
    return report, closing


def _sort(query: PagedFilters) -> str:
    fields = [name for name in PersonFigures.__struct_fields__ if not (query.anonymous and name in NAMING)]
    if query.sort and query.sort not in fields:
        raise Invalid(f"sort: must be one of: {', '.join(fields)}; got {query.sort[:80]!r}")
    return query.sort or ("department" if query.anonymous else "full_name")


def _ordered(by_person: dict[Key, Totals], people: dict[int, Who], sort: str, query: PagedFilters) -> list[int]:
    """The people as they are sorted, those without a value last. Among equals ids decide; to clients only figures do,
    so that the same place in two reports is not the same person."""

    def value(one: int) -> Any:
        if sort == "employee_id":
            return one
        return getattr(people[one], sort) if sort in Who.__struct_fields__ else figures(by_person[(one,)])[sort]

    def among_equals(one: int) -> Any:
        return astuple(by_person[(one,)]) if query.anonymous else one

    return ordered(map(_id, by_person), value=value, among_equals=among_equals, order=query.order)


def _id(key: Key) -> int:
    [employee_id] = key
    assert isinstance(employee_id, int)
    return employee_id


def _shown(employee_id: int, part: Totals, person: Who, *, anonymous: bool) -> PersonFigures:
    told = {"employee_id": employee_id, **msgspec.structs.asdict(person), **figures(part)}
    return PersonFigures(**(told | dict.fromkeys(NAMING) if anonymous else told))


def _turnarounds(parts: dict[tuple[str | None, ...], Turnover], first: date, last: date) -> list[Turnaround]:
    days = max((last - first).days + 1, 0)
    named = {key[0] if key else None: one for key, one in parts.items()}
    return [
        Turnaround(
            name,
            one.leavers,
            one.person_days / days if days else None,
            attrition(one, first=first, last=last),
            annualised(one, first=first, last=last),
        )
        for name, one in sorted(named.items(), key=lambda one: (one[0] is None, one[0] or ""))
    ]


def _month(said: str | None) -> date:
    return date.fromisoformat(f"{said}-01") if said else today().replace(day=1)


def _span(first: date, last: date) -> Span:
    return Span(first, last, now(), settings().timezone, settings().day_close)
