"""SQL that sums the plan, also what is still ahead: its shifts and their effective classes."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from sqlalchemy import Connection

from chalicelib.reports.filters import Asked
from chalicelib.reports.grouped_queries import Grouped, Sums, key_columns, summed
from chalicelib.reports.person_day_queries import days_with_hours
from chalicelib.reports.person_days import PersonDay, begun
from chalicelib.reports.source_queries import CLASS, CLASSES, chosen, given, people, sources
from chalicelib.reports.spans import Span
from chalicelib.reports.totals import VALUES, Grouping
from chalicelib.reports.totals_queries import AWAY, MINUTES, WORKED, moments
from chalicelib.schedules.instants import minutes

IN_THE_END = datetime.max.replace(tzinfo=UTC)
_BY_CLASS = {
    f"{one}_minutes": f"sum(length) FILTER (WHERE class = '{one}')"
    for one in ("work", "nesting", "training", "away_planned", "away_unplanned")
}
_SUMS = {
    "shifts": "count(*) FILTER (WHERE shift)",
    "net_shifts": f"count(*) FILTER (WHERE shift AND class IN {WORKED})",
    "gross_minutes": "sum(length)",
    "net_minutes": f"sum(length) FILTER (WHERE class IN {WORKED})",
    **_BY_CLASS,
    "days_off": "count(*) FILTER (WHERE class = 'off' AND NOT given_away)",
    "untimed_away_days": f"count(*) FILTER (WHERE start IS NULL AND class IN {AWAY})",
    "given_away": "count(*) FILTER (WHERE given_away)",
}

# Shifts of days with hours on leave are counted here, and their minutes in Python.
_ROWS = f"""
    SELECT *, CASE WHEN shift AND plain THEN {MINUTES.format("stop - start")} END AS length
    FROM (
        SELECT *, start < stop AND class IS DISTINCT FROM 'off' AS shift
        FROM (
            SELECT {{keys}}, u.employee_id IS NULL AS plain, d.given_away, {CLASS} AS class, {{moments}}
            FROM (SELECT *, CAST(NULL AS text) AS exception_type FROM plan) d{CLASSES}{{people}}
            LEFT JOIN unnest(CAST(:ids AS bigint[]), CAST(:days AS date[])) u (employee_id, day)
                ON u.employee_id = d.employee_id AND u.day = d.day
            WHERE {{chosen}}
            OFFSET 0
        ) rows
    ) shifts"""


def shifts(conn: Connection, *, span: Span, asked: Asked, by: Sequence[Grouping]) -> Grouped:
    """The plan of these dates, seen through leave, exceptions and changes; hours on leave are of the leave's class."""
    others = list(days_with_hours(conn, span=span, asked=asked))
    changing = span.changing()
    rows = _ROWS.format(
        keys=key_columns(by),
        moments=moments(("start", "stop"), changing=bool(changing)),
        people=people(asked, by=by),
        chosen=chosen(asked),
    )
    left_out = {"ids": [row.employee_id for row in others], "days": [row.day for row in others]}
    asked_of = {**given(asked, span), "changing": changing, **left_out}
    found = summed(conn, sources=sources(asked), rows=rows, sums=_SUMS, by=by, given=asked_of)
    _add(found, others, by)
    return found


def _add(found: Grouped, others: Iterable[PersonDay], by: Sequence[Grouping]) -> None:
    """The minutes of these days."""
    for row in others:
        spent = Counter[str | None]()
        for work_class, interval in begun(row, now=IN_THE_END):
            spent[work_class] += minutes([interval])
        key = tuple(VALUES[name](row) for name in by)
        own = found.groups.setdefault(key, Sums(dict.fromkeys(_SUMS, 0)))
        for place in (own, found.whole):
            place.by_name["gross_minutes"] += spent.total()
            place.by_name["net_minutes"] += spent["work"] + spent["nesting"]
            for name in _BY_CLASS:
                place.by_name[name] += spent[name.removesuffix("_minutes")]
