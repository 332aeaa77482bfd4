"""All SQL on marking."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from chalicelib.floor.closing_queries import PersonDay

_LEAVE = """
    INSERT INTO leave_requests
        (employee_id, leave_type, start_date, end_date, status, approved_by, approved_at, reason)
    SELECT employee_id, :leave_type, day, day, 'Approved', :by, :at, :reason
    FROM unnest(CAST(:people AS bigint[]), CAST(:days AS date[])) AS away (employee_id, day)"""


def grant_leave(
    conn: Connection,
    *,
    person_days: Sequence[PersonDay],
    leave_type: str,
    by: str,
    at: datetime,
    reason: str | None,
) -> None:
    """Leave of one day each, approved by whoever marks. Absences that overlap are refused by the database."""
    given = {
        "leave_type": leave_type,
        "by": by,
        "at": at,
        "reason": reason,
        "people": [one.employee_id for one in person_days],
        "days": [one.day for one in person_days],
    }
    conn.execute(text(_LEAVE), given)
