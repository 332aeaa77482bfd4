"""Reports whose rows are groups: what they are asked for, and how their rows are put in order."""

from calendar import monthrange
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta

from chalicelib.core.errors import Invalid
from chalicelib.core.exports import Counts
from chalicelib.core.http import Page, Row
from chalicelib.core.inputs import Day
from chalicelib.core.settings import settings
from chalicelib.leave.queries import Holiday
from chalicelib.reports.filters import NAMING, PagedFilters
from chalicelib.reports.orders import ordered
from chalicelib.reports.spans import Span
from chalicelib.reports.totals import PERIODS, Key

MOST_DAYS = 366

By = Literal["department", "supervisor", "batch", "shift", "day", "week", "month"]


class GroupFilters(PagedFilters, frozen=True, kw_only=True):
    """Which dates and people, in which groups; this month unless said, or the rest of the month of the date that is."""

    group_by: Annotated[
        list[By],
        Meta(
            description="one of these, or two; department unless said",
            extra_json_schema={"minItems": 1, "maxItems": 2, "uniqueItems": True},
        ),
    ] = msgspec.field(default_factory=lambda: ["department"])
    start_date: Day | None = None
    end_date: Day | None = None


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """What a row is of: null is what it is not grouped by, or who has none. Weeks are their Mondays, months their first
    days; a day has the names of its holidays."""

    department: str | None = None
    supervisor: str | None = None
    batch: str | None = None
    shift: str | None = None
    day: date | None = None
    week: date | None = None
    month: date | None = None
    holiday: str | None = None


class Breakdown(Page[Row], Generic[Row], frozen=True, kw_only=True):
    """A page of groups, of those that have anything; `totals` are of all of them together."""

    start_date: date
    end_date: date
    group_by: list[str]
    totals: Row


Made = TypeVar("Made", bound=Group)


def check(query: GroupFilters, *, shape: type[Group], span: Span) -> None:
    """Invalid, with all that cannot be answered."""
    problems = [*_grouping_problems(query), *_span_problems(span)]
    sorts = [name for name in _sortable(shape) if not (query.anonymous and name in NAMING)]
    if query.sort and query.sort not in sorts:
        problems.append(f"sort: must be one of: {', '.join(sorts)}; got {query.sort[:80]!r}")
    if problems:
        raise Invalid(*problems)


def _grouping_problems(query: GroupFilters) -> list[str]:
    by = query.group_by
    problems = []
    if not 1 <= len(by) <= 2 or len(set(by)) < len(by):
        problems.append(f"group_by: must be one or two different ones, got {', '.join(by)}")
    if query.anonymous and "supervisor" in by:
        problems.append("group_by: supervisor is not for clients, as anonymous=true has it")
    return problems


def _span_problems(span: Span) -> list[str]:
    if span.last < span.first:
        return [f"end_date: must not be before start_date ({span.first}), got {span.last}"]
    days = (span.last - span.first).days + 1
    return [f"end_date: must be within {MOST_DAYS} days from start_date, got {days}"] if days > MOST_DAYS else []


def _sortable(shape: type[Group]) -> list[str]:
    return [one.name for one in msgspec.structs.fields(shape) if one.type != Counts]


def span_of(query: GroupFilters, *, now: datetime, today: date) -> Span:
    """The dates that are asked for, which need not be in order."""
    first = query.start_date or (query.end_date or today).replace(day=1)
    last = query.end_date or first.replace(day=monthrange(first.year, first.month)[1])
    return Span(first, last, now, settings().timezone, settings().day_close)


def lengths(span: Span, by: Sequence[By]) -> Counter[Key]:
    """How many days of the span until today are in each period; without periods all of them are under ()."""
    periods = [PERIODS[name] for name in by if name in PERIODS]
    past = (day for day in span.days() if day <= span.today)
    return Counter(tuple(period(day) for period in periods) for day in past)


def named(key: Key, query: GroupFilters, holidays: Mapping[date, list[Holiday]]) -> dict[str, Any]:
    """The fields of `Group`, with the holidays by date; one of a department is not another's, and is told with its name
    where none is asked for."""
    values: dict[str, Any] = dict(zip(query.group_by, key, strict=True))
    if "day" not in values:
        return values
    own = (
        one
        for one in holidays.get(values["day"], ())
        if one.department is None or values.get("department", one.department) == one.department
    )
    told = [one.name if one.department is None else f"{one.name} ({one.department})" for one in own]
    return {**values, "holiday": ", ".join(told) or None}


def paged(rows: Sequence[Made], whole: Made, query: GroupFilters, span: Span) -> Breakdown[Made]:
    """The page that is asked for, in the order of the groups unless sorted."""
    found = ordered(
        rows,
        value=lambda row: getattr(row, query.sort) if query.sort else 0,
        among_equals=lambda row: [(one is None, one or 0) for one in (getattr(row, name) for name in query.group_by)],
        order=query.order,
    )
    return Breakdown(
        total=len(found),
        limit=query.limit,
        offset=query.offset,
        data=found[query.offset : query.offset + query.limit],
        start_date=span.first,
        end_date=span.last,
        group_by=list(query.group_by),
        totals=whole,
    )
