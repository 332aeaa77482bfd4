"""SQL on what stands around the figures: holidays, what waits, the newest backup, and months that are closed."""

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, text

from chalicelib.leave.queries import Holiday
from chalicelib.reports.filters import Asked
from chalicelib.reports.source_queries import BELONGING, given
from chalicelib.reports.spans import Span


class Waiting(msgspec.Struct, frozen=True):
    """How much waits for a decision, and uploads that failed in the last day. Reviews and uploads are the whole
    floor's, the others those of the people who are asked for, as they belong today."""

    leave_requests: int
    schedule_changes: int
    exceptions: int
    redemptions: int
    reviews: int
    failed_uploads: int


class Around(msgspec.Struct, frozen=True):
    """What a dashboard shows beside its figures."""

    holidays: list[Holiday]
    waiting: Waiting
    newest_backup_at: datetime | None


class Closing(msgspec.Struct, frozen=True):
    """Whether a month is closed, since when, and how often it was corrected after that."""

    closed_at: datetime | None
    adjustments: int


_HOLIDAYS = """(
    SELECT coalesce(json_agg(h ORDER BY h.date, h.department NULLS FIRST), '[]')
    FROM holidays h WHERE h.date BETWEEN :first AND :last{departments})"""

_PENDING = "(SELECT count(*) FROM {table} WHERE status = 'Pending'{ours})"

_DASHBOARD = """
    SELECT {holidays}, {pending}, (SELECT count(*) FROM new_employee_reviews WHERE status = 'Pending'),
           (SELECT count(*) FROM uploads
            WHERE state = 'failed' AND finished_at > CAST(:now AS timestamptz) - interval '1 day'),
           (SELECT max(finished_at) FROM backups WHERE state = 'good')"""

_PERIOD = """
    SELECT {holidays}, (SELECT closed_at FROM periods WHERE month = :first),
           (SELECT count(*) FROM adjustments WHERE month = :first)"""


def around(conn: Connection, *, span: Span, asked: Asked) -> Around:
    """Beside a dashboard, in one question."""
    tables = ("leave_requests", "schedule_changes", "exceptions", "employee_reward_redemptions")
    ours = _ours(asked)
    pending = ", ".join(_PENDING.format(table=table, ours=ours) for table in tables)
    statement = _DASHBOARD.format(holidays=_holidays(asked), pending=pending)
    holidays, *counts, newest = conn.execute(text(statement), {**given(asked, span), "now": span.now}).one()
    return Around(msgspec.convert(holidays, list[Holiday]), Waiting(*counts), newest)


def calendar(conn: Connection, *, span: Span, asked: Asked) -> tuple[list[Holiday], Closing]:
    """The holidays of a period, and what became of the month that it begins."""
    statement = _PERIOD.format(holidays=_holidays(asked))
    holidays, closed_at, adjustments = conn.execute(text(statement), given(asked, span)).one()
    return msgspec.convert(holidays, list[Holiday]), Closing(closed_at, adjustments)


def _holidays(asked: Asked) -> str:
    wanted = " AND (h.department IS NULL OR h.department = ANY(:department))" if asked.department else ""
    return _HOLIDAYS.format(departments=wanted)


def _ours(asked: Asked) -> str:
    """That a row is of somebody who is asked for, as they belong today."""
    columns: dict[str, Any] = {name: f"e.{'status' if name == 'employee_status' else name}" for name in BELONGING}
    wanted = [f"{column} = ANY(:{name})" for name, column in columns.items() if getattr(asked, name)]
    return f" AND employee_id IN (SELECT e.employee_id FROM employees e WHERE {' AND '.join(wanted)})" if wanted else ""
