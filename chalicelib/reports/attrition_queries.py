"""SQL on who belonged here when, and whose employment ended."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import Connection, text

from chalicelib.reports.attrition import Employment, Service
from chalicelib.reports.filters import Asked
from chalicelib.reports.grouped_queries import Grouped, key_columns, summed
from chalicelib.reports.person_days import Keys
from chalicelib.reports.source_queries import BELONGING, given, wanted
from chalicelib.reports.spans import Span
from chalicelib.reports.totals import PERIODS, Grouping


class Who(msgspec.Struct, frozen=True):
    """A person as rows about them show them."""

    full_name: str | None
    first_name: str | None
    last_name: str | None
    department: str | None
    supervisor: str | None
    batch: str | None


# Between two assignments, and before the first, somebody belongs where they do today, as in the figures of a day.
_PLACES = """
    SELECT employee_id, valid_from, valid_to, department, supervisor, manager, shift, role FROM assignments
    UNION ALL
    SELECT employee_id, CAST('-infinity' AS date), min(valid_from), NULL, NULL, NULL, NULL, NULL
    FROM assignments GROUP BY employee_id
    UNION ALL
    SELECT employee_id, valid_to, next, NULL, NULL, NULL, NULL, NULL
    FROM (SELECT *, lead(valid_from) OVER (PARTITION BY employee_id ORDER BY valid_from) AS next FROM assignments) a
    WHERE valid_to < next OR (valid_to IS NOT NULL AND next IS NULL)"""

_PLACES_TODAY = """
    SELECT employee_id, CAST('-infinity' AS date) AS valid_from, CAST(NULL AS date) AS valid_to,
           department, supervisor, manager, shift, role
    FROM assignments WHERE valid_from <= :today AND (valid_to IS NULL OR valid_to > :today)"""

# Who was deleted counts until that day, and who is Inactive without a last day until today.
_STAYS = """
    SELECT m.employee_id, m.hire_date, m.last_day, m.batch,
           least(m.last_day, gone.day - 1, CASE WHEN e.status = 'Inactive' AND m.last_day IS NULL THEN :today - 1 END)
               AS until
    FROM employments m
    LEFT JOIN employees e ON e.employee_id = m.employee_id
    LEFT JOIN (
        SELECT employee_id, max(archived_date) AS day FROM employees_history
        WHERE restored_at IS NULL GROUP BY employee_id
    ) gone ON gone.employee_id = m.employee_id AND e.employee_id IS NULL
    WHERE (e.employee_id IS NOT NULL OR gone.day IS NOT NULL) AND m.hire_date <= :last
      AND (m.last_day IS NULL OR m.last_day >= :first)"""

_SERVICES = """
    WITH places AS ({places}), stays AS ({stays})
    SELECT {keys}, greatest(m.hire_date, a.valid_from), least(m.until, a.valid_to - 1),
           m.last_day IS NOT NULL AND m.last_day = least(m.until, a.valid_to - 1)
    FROM stays m
    CROSS JOIN LATERAL (SELECT m.employee_id) d
    LEFT JOIN employees e ON e.employee_id = m.employee_id
    LEFT JOIN places a ON a.employee_id = m.employee_id
        AND (m.until IS NULL OR a.valid_from <= m.until) AND (a.valid_to IS NULL OR a.valid_to > m.hire_date)
    WHERE (m.until IS NULL OR m.until >= m.hire_date){chosen}"""

# A service day by day, or all of it at once where no period is asked for.
_HEADS = """
    SELECT {keys}, d.days, d.day = m.hire_date AS joins, d.day + d.days - 1 = m.last_day AS leaves
    FROM stays m
    LEFT JOIN employees e ON e.employee_id = m.employee_id
    LEFT JOIN places a ON a.employee_id = m.employee_id
        AND (m.until IS NULL OR a.valid_from <= m.until) AND (a.valid_to IS NULL OR a.valid_to > m.hire_date)
    CROSS JOIN LATERAL (
        SELECT greatest(m.hire_date, a.valid_from, :first) AS starts, least(m.until, a.valid_to - 1, :until) AS ends
    ) s
    CROSS JOIN LATERAL (SELECT m.employee_id, {days}) d
    WHERE s.starts <= s.ends{chosen}"""

_DAILY = "s.starts + generate_series(0, s.ends - s.starts) AS day, 1 AS days"
_AT_ONCE = "s.starts AS day, s.ends - s.starts + 1 AS days"

_HEAD_SUMS = {
    "person_days": "sum(days)",
    "joined": "count(*) FILTER (WHERE joins)",
    "left": "count(*) FILTER (WHERE leaves)",
}

_EMPLOYMENTS = """
    SELECT m.hire_date, m.last_day, coalesce(m.batch, e.batch)
    FROM employments m
    JOIN employees e ON e.employee_id = m.employee_id
    CROSS JOIN LATERAL (SELECT m.employee_id) d
    LEFT JOIN assignments a ON a.employee_id = m.employee_id
        AND a.valid_from <= :day AND (a.valid_to IS NULL OR a.valid_to > :day)
    WHERE m.hire_date <= :last{chosen}"""

_WHO = """
    SELECT w.employee_id, e.full_name, e.first_name, e.last_name, coalesce(a.department, e.department),
           coalesce(a.supervisor, e.supervisor), e.batch
    FROM unnest(CAST(:ids AS bigint[])) w (employee_id)
    LEFT JOIN employees e ON e.employee_id = w.employee_id
    LEFT JOIN assignments a ON a.employee_id = w.employee_id
        AND a.valid_from <= :day AND (a.valid_to IS NULL OR a.valid_to > :day)"""


def services(conn: Connection, *, span: Span, asked: Asked) -> list[Service]:
    """Everybody's service that touches the span, by where they belonged at each time, or do today."""
    places = _PLACES_TODAY if asked.as_of == "today" else _PLACES
    keys = ", ".join(BELONGING[name] for name in ("department", "supervisor", "batch", "shift"))
    statement = _SERVICES.format(places=places, stays=_STAYS, keys=keys, chosen=_chosen(asked))
    rows = conn.execute(text(statement), given(asked, span))
    return [Service(Keys(*row[:4]), row[4], row[5], ended=row[6]) for row in rows]


def headcounts(conn: Connection, *, span: Span, asked: Asked, by: Sequence[Grouping]) -> Grouped:
    """The days until today on which people were here (Active or On Leave), and the employments that began or ended on
    one of them, as `services` and `turnover` have them."""
    rows = _HEADS.format(
        keys=key_columns(by), days=_DAILY if set(by) & set(PERIODS) else _AT_ONCE, chosen=_chosen(asked)
    )
    places = _PLACES_TODAY if asked.as_of == "today" else _PLACES
    values = {**given(asked, span), "until": min(span.last, span.today)}
    return summed(
        conn, sources=f"places AS ({places}), stays AS ({_STAYS})", rows=rows, sums=_HEAD_SUMS, by=by, given=values
    )


def employments(conn: Connection, *, span: Span, asked: Asked) -> list[Employment]:
    """Every employment that had begun by the end of the span, of people who belong there then, or do today."""
    day = span.today if asked.as_of == "today" else span.last
    rows = conn.execute(text(_EMPLOYMENTS.format(chosen=_chosen(asked))), {**given(asked, span), "day": day})
    return [Employment(*row) for row in rows]


def who(conn: Connection, *, employee_ids: Iterable[int], day: date) -> dict[int, Who]:
    """These people, as they belong on that day."""
    rows: Any = conn.execute(text(_WHO), {"ids": list(employee_ids), "day": day})
    return {employee_id: Who(*shown) for employee_id, *shown in rows}


def _chosen(asked: Asked) -> str:
    return "".join(f" AND {one}" for one in wanted(asked))
