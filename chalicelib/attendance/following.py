"""Attendance follows the plan: what was worked out from somebody's shifts is worked out again when they change."""

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection

from chalicelib.attendance.entries import SOURCED, followed
from chalicelib.attendance.limits import limits
from chalicelib.attendance.queries import Attendance, delete_attendances, recorded, write_attendances
from chalicelib.attendance.rules import day_of, net_scheduled
from chalicelib.core.clock import now
from chalicelib.core.settings import settings
from chalicelib.schedules.calendar_queries import calendars
from chalicelib.schedules.calendars import Calendar

HELD = (*SOURCED, "expected_at", "early_leave", "overtime_approved", "cover_up_for_employee_id", "notes", "upload_id")
"""A row without any of these says nothing."""


def follow(conn: Connection, *, employee_ids: Collection[int], first: date, last: date) -> None:
    """After a change of the plan of these people, whom the caller holds, or of what lies over it: their recorded days
    from `first` to `last` say what follows from the shifts as they are now. As many statements for a hundred people
    as for one, and a single one where nothing is recorded; what is as it was is not written."""
    days = recorded(conn, employee_ids=employee_ids, first=first, last=last)
    if not days:
        return
    people, dates = {person for person, _ in days}, [day for _, day in days]
    zone = settings().timezone
    plans = calendars(conn, employee_ids=people, first=min(dates), last=max(dates), zone=zone, around=timedelta())
    # Who is no employee any more has no plan, and their days stay as they were.
    rows = [(one, _as_planned(one, plans[one.employee_id])) for one in days.values() if one.employee_id in plans]
    changed = [(one, row) for one, row in rows if row != msgspec.structs.asdict(one)]
    write_attendances(conn, rows=[row for _, row in changed if _says_something(row)])
    delete_attendances(conn, attendance_ids=[one.attendance_id for one, row in changed if not _says_something(row)])


def _as_planned(recorded_day: Attendance, plan: Calendar) -> dict[str, Any]:
    """The row as it is by this plan. Who had to be there and was absent by the close of the day only (rule 11) was not,
    once they need not have been."""
    zone = settings().timezone
    row, day = msgspec.structs.asdict(recorded_day), recorded_day.date
    row |= followed(row, shifts=day_of(plan, day, zone=zone), now=now(), limits=limits(), zone=zone)
    if row["exception_type_source"] == "derived" and not net_scheduled(plan, day, zone=zone):
        row |= {"exception_type": None, "exception_type_source": None}
    return row


def _says_something(row: Mapping[str, Any]) -> bool:
    return any(row[name] is not None for name in HELD)
