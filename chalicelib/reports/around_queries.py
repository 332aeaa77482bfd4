"""SQL on what stands around the figures: holidays, what waits, the newest backup, and months that are closed."""

from datetime import date, datetime
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import Connection, text

from chalicelib.leave.queries import Holiday
from chalicelib.reports.filters import Asked
from chalicelib.reports.source_queries import BELONGING, chosen, given, people, sources
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


class LeaveDay(msgspec.Struct, frozen=True):
    """People on approved leave, of some hours too: `days` where the plan has work, `unknown` where no plan has come."""

    date: date
    days: int
    unknown: int


class Calendar(msgspec.Struct, frozen=True):
    """What is to be said of single days: holidays, and leave where there is any."""

    holidays: list[Holiday]
    leave: list[LeaveDay]


class Around(msgspec.Struct, frozen=True):
    """What a dashboard shows beside its figures."""

    calendar: Calendar
    waiting: Waiting
    newest_backup_at: datetime | None


class Closing(msgspec.Struct, frozen=True):
    """Whether a month is closed, since when, and how often it was corrected after that."""

    closed_at: datetime | None
    adjustments: int


_HOLIDAYS = """(
    SELECT coalesce(json_agg(h ORDER BY h.date, h.department NULLS FIRST), '[]')
    FROM holidays h WHERE h.date BETWEEN :first AND :last{departments})"""

# A request is looked up day by day, as `leave_days` judges one: by the plan without its layers.
_LEAVE = """(
    WITH {sources}
    SELECT coalesce(json_agg(found), '[]') FROM (
        SELECT d.day AS date, count(*) FILTER (WHERE s.worked) AS days, count(*) FILTER (WHERE NOT s.planned) AS unknown
        FROM (
            SELECT r.employee_id, greatest(r.start_date, :first) + n AS day
            FROM leave_requests r
            CROSS JOIN LATERAL generate_series(0, least(r.end_date, :last) - greatest(r.start_date, :first)) n
            WHERE r.status = 'Approved' AND r.start_date <= :last AND r.end_date >= :first
        ) d{people}
        CROSS JOIN LATERAL (
            SELECT count(*) > 0 AS planned,
                   bool_or(NOT p.given_away AND codes.class IN ('work', 'nesting', 'training')) IS TRUE AS worked
            FROM plan p
            LEFT JOIN admin_options codes ON codes.category = 'work_code' AND codes.value = p.work_code
            WHERE p.employee_id = d.employee_id AND p.day = d.day
        ) s
        WHERE {chosen} GROUP BY d.day
    ) found)"""

_PENDING = "(SELECT count(*) FROM {table} WHERE status = 'Pending'{ours})"

_DASHBOARD = """
    SELECT {holidays}, {leave}, {pending}, (SELECT count(*) FROM new_employee_reviews WHERE status = 'Pending'),
           (SELECT count(*) FROM uploads
            WHERE state = 'failed' AND finished_at > CAST(:now AS timestamptz) - interval '1 day'),
           (SELECT max(finished_at) FROM backups WHERE state = 'good')"""

_PERIOD = """
    SELECT {holidays}, {leave}, (SELECT closed_at FROM periods WHERE month = :first),
           (SELECT count(*) FROM adjustments WHERE month = :first)"""


def around(conn: Connection, *, span: Span, asked: Asked) -> Around:
    """Beside a dashboard, in one question."""
    tables = ("leave_requests", "schedule_changes", "exceptions", "employee_reward_redemptions")
    ours = _ours(asked)
    pending = ", ".join(_PENDING.format(table=table, ours=ours) for table in tables)
    statement = _DASHBOARD.format(holidays=_holidays(asked), leave=_leave(asked), pending=pending)
    given_now = {**given(asked, span), "now": span.now}
    holidays, leave, *counts, newest = conn.execute(text(statement), given_now).one()
    return Around(_calendar(holidays, leave), Waiting(*counts), newest)


def calendar(conn: Connection, *, span: Span, asked: Asked) -> tuple[Calendar, Closing]:
    """The calendar of a period, and what became of the month that it begins."""
    statement = _PERIOD.format(holidays=_holidays(asked), leave=_leave(asked))
    holidays, leave, closed_at, adjustments = conn.execute(text(statement), given(asked, span)).one()
    return _calendar(holidays, leave), Closing(closed_at, adjustments)


def holidays(conn: Connection, *, span: Span, asked: Asked) -> dict[date, list[Holiday]]:
    """By date, those of everybody, and of the departments that are asked for, of every one unless any is."""
    found = conn.execute(text(f"SELECT {_holidays(asked)}"), given(asked, span)).scalar_one()
    ordered = msgspec.convert(found, list[Holiday])
    return {day: list(own) for day, own in groupby(ordered, key=lambda one: one.date)}


def _calendar(holidays: Any, leave: Any) -> Calendar:
    """Both as the database has written them in JSON."""
    return msgspec.convert({"holidays": holidays, "leave": leave}, Calendar)


def _leave(asked: Asked) -> str:
    return _LEAVE.format(sources=sources(asked), people=people(asked), chosen=chosen(asked))


def _holidays(asked: Asked) -> str:
    wanted = " AND (h.department IS NULL OR h.department = ANY(:department))" if asked.department else ""
    return _HOLIDAYS.format(departments=wanted)


def _ours(asked: Asked) -> str:
    """That a row is of somebody who is asked for, as they belong today."""
    columns: dict[str, Any] = {name: f"e.{'status' if name == 'employee_status' else name}" for name in BELONGING}
    wanted = [f"{column} = ANY(:{name})" for name, column in columns.items() if getattr(asked, name)]
    return f" AND employee_id IN (SELECT e.employee_id FROM employees e WHERE {' AND '.join(wanted)})" if wanted else ""
