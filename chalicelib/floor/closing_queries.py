"""All SQL on closing days and months."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select, text

from chalicelib.core.http import Page
from chalicelib.core.inputs import ListQuery
from chalicelib.core.paging import page
from chalicelib.core.tables import adjustments, periods
from chalicelib.schedules.belonging_queries import GONE

ABSENT = "Absent"
"""The mark of a day that closed without a word."""


class PersonDay(msgspec.Struct, frozen=True, order=True):
    """One person's nominal date."""

    day: date
    employee_id: int


class Period(msgspec.Struct, frozen=True):
    """A closed month, by its first day, and how many corrections were made in it since."""

    month: date
    closed_by: str
    closed_at: datetime
    adjustments: int


class Adjustment(msgspec.Struct, frozen=True):
    """A correction in a closed month: the row as it was and as it is, and who made it so."""

    adjustment_id: int
    table_name: str
    row_id: str
    employee_id: int
    date: date
    action: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    actor: str
    request_id: str | None
    upload_id: int | None
    made_at: datetime


_UNMARKED = f"""
    SELECT DISTINCT s.nominal_date, s.employee_id
    FROM effective_schedules s
    JOIN employees e ON e.employee_id = s.employee_id
    LEFT JOIN attendances t ON t.employee_id = s.employee_id AND t.date = s.nominal_date
    WHERE s.nominal_date BETWEEN :day AND :last AND (s.nominal_date, s.employee_id) > (:day, :employee_id)
      AND s.start_time IS NOT NULL AND s.effective_class IN ('work', 'nesting') AND {GONE} IS NOT TRUE
      AND t.check_in IS NULL AND t.exception_type IS NULL
      AND NOT EXISTS (SELECT FROM periods p WHERE p.month = date_trunc('month', s.nominal_date))
    ORDER BY 1, 2 LIMIT :most"""

_MARK = """
    INSERT INTO attendances (employee_id, date, exception_type, exception_type_source)
    SELECT employee_id, day, :mark, 'derived'
    FROM unnest(CAST(:people AS bigint[]), CAST(:days AS date[])) AS due (employee_id, day)
    ON CONFLICT (employee_id, date) DO UPDATE
        SET exception_type = excluded.exception_type, exception_type_source = excluded.exception_type_source
        WHERE attendances.check_in IS NULL AND attendances.exception_type IS NULL"""


def unmarked(conn: Connection, *, after: PersonDay, last: date, most: int) -> list[PersonDay]:
    """The next person-days up to `last`, in order, that the plan has as work and of which nothing is recorded; months
    that are closed are left out."""
    given = {**msgspec.structs.asdict(after), "last": last, "most": most}
    return [PersonDay(*row) for row in conn.execute(text(_UNMARKED), given)]


def mark_absent(conn: Connection, *, person_days: Sequence[PersonDay]) -> int:
    """Mark these as absent, where nothing is recorded by now; how many they were."""
    given = {
        "mark": ABSENT,
        "people": [one.employee_id for one in person_days],
        "days": [one.day for one in person_days],
    }
    return conn.execute(text(_MARK), given).rowcount if person_days else 0


def close_month(conn: Connection, *, month: date, by: str) -> bool:
    """Close a month; False when it is closed already. What is being written about it comes first."""
    conn.execute(text("SELECT pg_advisory_xact_lock(hashtext('periods'))"))
    if find_period(conn, month=month):
        return False
    conn.execute(insert(periods).values(month=month, closed_by=by))
    return True


_COUNT = (
    select(text("count(*)")).select_from(adjustments).where(adjustments.c.month == periods.c.month).scalar_subquery()
)
_PERIOD = [periods.c.month, periods.c.closed_by, periods.c.closed_at, _COUNT]


def find_period(conn: Connection, *, month: date) -> Period | None:
    """The month, if it is closed."""
    row = conn.execute(select(*_PERIOD).where(periods.c.month == month)).one_or_none()
    return Period(*row) if row else None


def list_periods(conn: Connection, *, query: ListQuery) -> Page[Period]:
    """The closed months, by date."""
    c = periods.c
    return page(
        conn,
        query=query,
        source=periods,
        where=[],
        columns=_PERIOD,
        order_by={"month": c.month, "closed_at": c.closed_at},
        key=c.month,
        make=Period,
    )


def list_adjustments(conn: Connection, *, month: date, query: ListQuery) -> Page[Adjustment]:
    """What was corrected in a closed month, in the order in which it was."""
    c = adjustments.c
    return page(
        conn,
        query=query,
        source=adjustments,
        where=[c.month == month],
        columns=[c[name] for name in Adjustment.__struct_fields__],
        order_by={name: c[name] for name in ("made_at", "date", "employee_id", "table_name", "actor")},
        key=c.adjustment_id,
        make=Adjustment,
    )
