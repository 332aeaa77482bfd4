"""Attendance over HTTP."""

from datetime import date as calendar_date
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import Connection

from chalicelib.admin.queries import active_values
from chalicelib.admin.rules import unknown_value
from chalicelib.attendance import queries
from chalicelib.attendance.entries import entered
from chalicelib.attendance.limits import limits
from chalicelib.attendance.queries import ArchivedAttendance, Attendance, AttendanceFilters
from chalicelib.attendance.rules import day_of
from chalicelib.core.auth import ADMIN
from chalicelib.core.clock import now
from chalicelib.core.errors import Conflict, Invalid, NotFound
from chalicelib.core.http import Call, Page, Routes
from chalicelib.core.inputs import (
    FIRST_DAY,
    LAST_DAY,
    Clock,
    Day,
    EmployeeId,
    Input,
    Note,
    Small,
    Text,
    check_range,
    given,
)
from chalicelib.core.settings import settings
from chalicelib.people import teams
from chalicelib.schedules.calendar_queries import calendars, hold

routes = Routes(__name__, tag="attendance")

WRITERS = ADMIN | teams.LEADS
"""Who writes attendance: admins about everybody else, leads about their own people."""


class AttendanceCorrection(Input, frozen=True, kw_only=True):
    """What shall be different; without a field it stays. A null takes a value back, and minutes are worked out again.

    Times are of the working day: a check-in of whichever date is nearest the shift, a check-out after it.
    """

    check_in: Clock | UnsetType | None = UNSET
    check_out: Clock | UnsetType | None = UNSET
    exception_type: Text | UnsetType | None = UNSET
    late_minutes: Small | UnsetType | None = UNSET
    early_minutes: Small | UnsetType | None = UNSET
    overtime_minutes: Small | UnsetType | None = UNSET
    overtime_approved: bool | UnsetType | None = UNSET
    cover_up_for_employee_id: EmployeeId | UnsetType | None = UNSET
    notes: Note | UnsetType | None = UNSET


class NewAttendance(AttendanceCorrection, frozen=True, kw_only=True):
    """A working day; minutes that are not given are worked out from the shifts."""

    employee_id: EmployeeId
    date: Day


@routes.get("/attendances", query=AttendanceFilters, answer=Page[Attendance])
def list_attendances(call: Call) -> Page[Attendance]:
    """Working days, filtered and sorted."""
    check_range(call.query.start_date, call.query.end_date)
    with call.reading() as conn:
        return queries.list_attendances(conn, query=call.query)


@routes.get("/attendances/history", query=AttendanceFilters, answer=Page[ArchivedAttendance])
def list_attendances_history(call: Call) -> Page[ArchivedAttendance]:
    """Working days past their retention."""
    check_range(call.query.start_date, call.query.end_date)
    with call.reading() as conn:
        return queries.list_archived(conn, query=call.query)


@routes.post("/attendances", body=NewAttendance, answer=Attendance, roles=WRITERS, errors=(404, 409))
def create_attendance(call: Call) -> Attendance:
    """Record a working day: late, early and overtime minutes follow from the shifts unless they are given."""
    said = given(call.body)
    person, day = said["employee_id"], said["date"]
    with call.writing() as conn:
        _held(conn, call, person)
        if queries.find_attendance(conn, employee_id=person, day=day):
            raise Conflict("date: this person already has an attendance on that day")
        queries.insert_attendance(conn, facts=_facts(conn, person, day, said, {}))
        return _found(conn, person, day)


@routes.put(
    "/attendances/{employee_id}/{date}", body=AttendanceCorrection, answer=Attendance, roles=WRITERS, errors=(409,)
)
def change_attendance(call: Call, employee_id: int, date: str) -> Attendance:
    """Change the fields that are sent; what follows from them follows."""
    day = _day(date)
    with call.writing() as conn:
        _held(conn, call, employee_id)
        before = _found(conn, employee_id, day)
        facts = _facts(conn, employee_id, day, given(call.body), msgspec.structs.asdict(before))
        queries.update_attendance(conn, attendance_id=before.attendance_id, facts=facts)
        return _found(conn, employee_id, day)


@routes.delete("/attendances/{employee_id}/{date}", answer=Attendance, roles=WRITERS)
def delete_attendance(call: Call, employee_id: int, date: str) -> Attendance:
    """Take a working day's record away."""
    day = _day(date)
    with call.writing() as conn:
        _held(conn, call, employee_id)
        gone = _found(conn, employee_id, day)
        queries.delete_attendance(conn, attendance_id=gone.attendance_id)
        return gone


def _held(conn: Connection, call: Call, employee_id: int) -> None:
    """The person, held, once the caller may write about them."""
    teams.decide(conn, caller=call.caller, employee_ids=[employee_id], now=now())
    hold(conn, employee_ids=[employee_id])


def _facts(
    conn: Connection, employee_id: int, day: calendar_date, said: dict[str, Any], before: dict[str, Any]
) -> dict[str, Any]:
    _check_said(conn, employee_id, said)
    zone = settings().timezone
    found = calendars(conn, employee_ids=[employee_id], first=day, last=day, zone=zone)
    if employee_id not in found:
        raise NotFound(f"employee_id: {employee_id} is no employee")
    shifts = day_of(found[employee_id], day, zone=zone)
    return entered(said, before, day=day, shifts=shifts, limits=limits(), zone=zone)


def _check_said(conn: Connection, employee_id: int, said: dict[str, Any]) -> None:
    problems = []
    if (mark := said.get("exception_type")) is not None:
        active = active_values(conn, {"attendance_type": mark})["attendance_type"]
        problems.append(unknown_value("exception_type", mark, active))
    if said.get("cover_up_for_employee_id") == employee_id:
        problems.append("cover_up_for_employee_id: nobody covers for themselves")
    if found := [one for one in problems if one]:
        raise Invalid(*found)


def _day(said: str) -> calendar_date:
    try:
        day = calendar_date.fromisoformat(said)
    except ValueError:
        raise NotFound(f"date: must be YYYY-MM-DD, got {said[:40]!r}") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise NotFound(f"date: must be from {FIRST_DAY} to {LAST_DAY}, got {said[:40]!r}")
    return day


def _found(conn: Connection, employee_id: int, day: calendar_date) -> Attendance:
    found = queries.find_attendance(conn, employee_id=employee_id, day=day)
    if found is None:
        raise NotFound(f"date: employee {employee_id} has no attendance on {day}")
    return found
