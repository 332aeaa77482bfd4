"""All SQL on calendar feeds: their secret addresses, and what they show."""

from datetime import date

from sqlalchemy import Connection, text

from chalicelib.schedules.feed import FeedRow
from chalicelib.schedules.rules import Placed

_SUBSCRIBER = """
    SELECT e.employee_id, e.full_name FROM calendar_feeds f JOIN employees e USING (employee_id)
    WHERE f.secret_hash = :secret_hash AND f.revoked_at IS NULL AND e.status <> 'Inactive'
      AND (e.attrition_date IS NULL OR e.attrition_date >= :today)"""

# A row changes with whatever lies over it, also with what lies there no longer: the audit remembers both.
_ROWS = """
    WITH layers AS (
        SELECT l.start_date, l.end_date, g.at FROM leave_requests l
        JOIN audit_log g ON g.table_name = 'leave_requests' AND g.row_id = l.leave_id::text
        WHERE l.employee_id = :id AND l.start_date <= :last AND l.end_date >= :first
        UNION ALL
        SELECT x.start_date, x.end_date, g.at FROM exceptions x
        JOIN audit_log g ON g.table_name = 'exceptions' AND g.row_id = x.exception_id::text
        WHERE x.employee_id = :id AND x.start_date <= :last AND x.end_date >= :first
    )
    SELECT s.schedule_id, s.nominal_date, s.start_date, s.start_time, s.stop_date, s.stop_time,
           s.effective_work_code, s.work_code, s.effective_class, s.created_at,
           greatest(
               s.created_at,
               (SELECT max(g.at) FROM audit_log g WHERE g.table_name = 'schedules' AND g.row_id = s.schedule_id::text),
               (SELECT max(l.at) FROM layers l WHERE s.nominal_date BETWEEN l.start_date AND l.end_date)
           ),
           coalesce(a.department, e.department), s.given_away
    FROM effective_schedules s
    JOIN employees e ON e.employee_id = s.employee_id
    LEFT JOIN assignments a ON a.employee_id = s.employee_id
        AND a.valid_from <= s.nominal_date AND (a.valid_to IS NULL OR a.valid_to > s.nominal_date)
    WHERE s.employee_id = :id AND s.nominal_date BETWEEN :first AND :last"""


def revoke(conn: Connection, *, employee_id: int) -> None:
    """Whatever address the person's feed has, it is none any more."""
    conn.execute(
        text("UPDATE calendar_feeds SET revoked_at = now() WHERE employee_id = :id AND revoked_at IS NULL"),
        {"id": employee_id},
    )


def add(conn: Connection, *, employee_id: int, secret_hash: bytes) -> None:
    """A new address; there must be no other one."""
    conn.execute(
        text("INSERT INTO calendar_feeds (employee_id, secret_hash) VALUES (:id, :secret_hash)"),
        {"id": employee_id, "secret_hash": secret_hash},
    )


def subscriber(conn: Connection, *, secret_hash: bytes, today: date) -> tuple[int, str] | None:
    """Whose feed has that address, and their name; None where nobody's has, or of somebody who has left."""
    row = conn.execute(text(_SUBSCRIBER), {"secret_hash": secret_hash, "today": today}).one_or_none()
    return (row[0], row[1]) if row else None


def feed_rows(conn: Connection, *, employee_id: int, first: date, last: date) -> list[FeedRow]:
    """The effective schedule of these nominal dates."""
    found = conn.execute(text(_ROWS), {"id": employee_id, "first": first, "last": last})
    return [FeedRow(schedule_id, Placed(*row[:5]), *row[5:]) for schedule_id, *row in found]
