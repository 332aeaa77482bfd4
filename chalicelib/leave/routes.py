"""Leave, allowances and holidays over HTTP."""

from datetime import date, time
from typing import Annotated

import msgspec
from msgspec import Meta
from sqlalchemy import Connection

from chalicelib.admin.queries import active_values, classes
from chalicelib.admin.rules import unknown_values
from chalicelib.attendance.following import follow
from chalicelib.core.auth import HR
from chalicelib.core.clock import now
from chalicelib.core.errors import Conflict, Invalid, NotFound
from chalicelib.core.http import Call, Page, Routes
from chalicelib.core.inputs import Clock, Day, EmployeeId, Input, Note, Text
from chalicelib.core.settings import settings
from chalicelib.leave import queries
from chalicelib.leave.queries import (
    Allowance,
    AllowanceFilters,
    Away,
    Holiday,
    HolidayFilters,
    Leave,
    LeaveFilters,
)
from chalicelib.leave.rules import leave_days, range_problems
from chalicelib.people import teams
from chalicelib.people.queries import find_employee
from chalicelib.schedules.calendar_queries import calendars, hold
from chalicelib.schedules.calendars import Layer
from chalicelib.schedules.conflicts import judge_absence
from chalicelib.schedules.states import REQUEST, move_problem

routes = Routes(__name__, tag="leave")

LEADS = HR | teams.LEADS
"""Who writes leave: HR and admins about everybody, leads about their own people."""

LONGEST = 366
"""Days of the longest request."""


class NewLeave(Input, frozen=True, kw_only=True):
    """A request for whole days, both included; with times for some hours of one day."""

    employee_id: EmployeeId
    leave_type: Text
    start_date: Day
    end_date: Day
    start_time: Clock | None = None
    end_time: Clock | None = None
    reason: Note | None = None


class LeaveDecision(Input, frozen=True, kw_only=True):
    """Why; and for whom a machine decides."""

    reason: Note | None = None
    approved_by: Text | None = None


class Withdrawal(Input, frozen=True, kw_only=True):
    """Why a request is withdrawn."""

    reason: Note | None = None


class LeaveAsked(msgspec.Struct, frozen=True):
    """A request with what matters when deciding it: what it costs, what there is, and who else is away.

    `days` are those that the plan has as work; `unknown_days` have no plan yet.
    """

    leave: Leave
    days: int
    unknown_days: int
    allowances: list[Allowance]
    also_away: list[Away]


class NewAllowance(Input, frozen=True, kw_only=True):
    """Days of a type in a year."""

    employee_id: EmployeeId
    leave_type: Text
    year: Annotated[int, Meta(ge=2000, le=2100)]
    days: Annotated[float, Meta(ge=0, le=366)]


class NewHoliday(Input, frozen=True, kw_only=True):
    """A day of everybody's, or of one department's."""

    date: Day
    name: Text
    department: Text | None = None


@routes.get("/leave_requests", query=LeaveFilters, answer=Page[Leave])
def list_leave(call: Call) -> Page[Leave]:
    """Requests for leave, filtered and sorted."""
    with call.reading() as conn:
        return queries.list_leave(conn, query=call.query)


@routes.post("/leave_requests", body=NewLeave, answer=Leave, roles=LEADS, errors=(404, 409))
def request_leave(call: Call) -> Leave:
    """Ask for leave. It waits for a decision, and no other absence may overlap it meanwhile."""
    new: NewLeave = call.body
    _check_range(new.start_date, new.end_date, new.start_time, new.end_time)
    with call.writing() as conn:
        teams.check(conn, caller=call.caller, employee_ids=[new.employee_id], now=now())
        _check_type(conn, new.leave_type)
        hold(conn, employee_ids=[new.employee_id])
        _check_free(conn, new)
        return _found(conn, queries.insert_leave(conn, facts=msgspec.structs.asdict(new)))


@routes.get("/leave_requests/{leave_id}", answer=LeaveAsked)
def get_leave(call: Call, leave_id: int) -> LeaveAsked:
    """A request, and what matters when deciding it."""
    with call.reading() as conn:
        leave = _found(conn, leave_id)
        return _asked(conn, leave)


@routes.post(
    "/leave_requests/{leave_id}/approve", body=LeaveDecision, answer=Leave, status=200, roles=LEADS, errors=(409,)
)
def approve_leave(call: Call, leave_id: int) -> Leave:
    """Approve a request: from now on it lies over the plan, also over one that arrives later."""
    return _decide(call, leave_id, "Approved")


@routes.post(
    "/leave_requests/{leave_id}/reject", body=LeaveDecision, answer=Leave, status=200, roles=LEADS, errors=(409,)
)
def reject_leave(call: Call, leave_id: int) -> Leave:
    """Reject a request."""
    return _decide(call, leave_id, "Rejected")


@routes.delete("/leave_requests/{leave_id}", query=Withdrawal, answer=Leave, roles=LEADS, errors=(409,))
def cancel_leave(call: Call, leave_id: int) -> Leave:
    """Cancel a request, approved or not: the plan shows again as it is by then."""
    with call.writing() as conn:
        person = _found(conn, leave_id).employee_id
        teams.check(conn, caller=call.caller, employee_ids=[person], now=now())
        return _move(conn, person, leave_id, "Cancelled", by=call.caller.name, reason=call.query.reason)


@routes.get("/leave_allowances", query=AllowanceFilters, answer=Page[Allowance])
def list_allowances(call: Call) -> Page[Allowance]:
    """Allowances, with the days that approved leave has used."""
    with call.reading() as conn:
        return queries.list_allowances(conn, query=call.query)


@routes.post("/leave_allowances", body=NewAllowance, answer=Allowance, roles=HR, errors=(404,))
def put_allowance(call: Call) -> Allowance:
    """State an allowance; it takes the place of the one before."""
    with call.writing() as conn:
        _check_type(conn, call.body.leave_type)
        _check_employee(conn, call.body.employee_id)
        return queries.put_allowance(conn, facts=msgspec.structs.asdict(call.body))


@routes.get("/holidays", query=HolidayFilters, answer=Page[Holiday])
def list_holidays(call: Call) -> Page[Holiday]:
    """Holidays, by date."""
    with call.reading() as conn:
        return queries.list_holidays(conn, query=call.query)


@routes.post("/holidays", body=NewHoliday, answer=Holiday, roles=HR)
def put_holiday(call: Call) -> Holiday:
    """State a holiday; it changes no shift."""
    with call.writing() as conn:
        chosen = {"department": call.body.department}
        if problems := unknown_values(chosen, active_values(conn, chosen)):
            raise Invalid(*problems)
        return queries.put_holiday(conn, facts=msgspec.structs.asdict(call.body))


@routes.delete("/holidays/{holiday_id}", answer=Holiday, roles=HR)
def delete_holiday(call: Call, holiday_id: int) -> Holiday:
    """Take a holiday away."""
    with call.writing() as conn:
        gone = queries.delete_holiday(conn, holiday_id=holiday_id)
    if gone is None:
        raise NotFound(f"holiday_id: {holiday_id} is no holiday")
    return gone


def _decide(call: Call, leave_id: int, status: str) -> Leave:
    with call.writing() as conn:
        person = _found(conn, leave_id).employee_id
        teams.decide(conn, caller=call.caller, employee_ids=[person], now=now())
        by = teams.decided_by(call.caller, call.body.approved_by, field="approved_by")
        return _move(conn, person, leave_id, status, by=by, reason=call.body.reason)


def _move(conn: Connection, person: int, leave_id: int, status: str, *, by: str, reason: str | None) -> Leave:
    """The request with its new status, its person held so that of two decisions the second sees the first."""
    hold(conn, employee_ids=[person])
    before = _found(conn, leave_id)
    if problem := move_problem(REQUEST, status=before.status, wanted=status):
        raise Conflict(problem)
    queries.move_leave(conn, leave_id=leave_id, status=status, by=by, at=now(), reason=reason)
    if "Approved" in {before.status, status}:
        follow(conn, employee_ids=[person], first=before.start_date, last=before.end_date)
    return _found(conn, leave_id)


def _asked(conn: Connection, leave: Leave) -> LeaveAsked:
    first, last, person = leave.start_date, leave.end_date, leave.employee_id
    found = calendars(conn, employee_ids=[person], first=first, last=last, zone=settings().timezone)
    cost = leave_days(first, last, planned=found[person].shifts if person in found else ())
    years = list(range(first.year, last.year + 1))
    allowed = queries.allowances_of(conn, employee_id=person, leave_type=leave.leave_type, years=years)
    others = queries.also_away(conn, employee_id=person, first=first, last=last)
    return LeaveAsked(leave, cost.days, cost.unknown, allowed, others)


def _check_range(first: date, last: date, start: time | None, end: time | None) -> None:
    problems = range_problems(first, last, start_time=start, end_time=end)
    if not problems and (last - first).days >= LONGEST:
        problems = [f"end_date: must be within {LONGEST} days of start_date ({first}), got {last}"]
    if problems:
        raise Invalid(*problems)


def _check_type(conn: Connection, leave_type: str) -> None:
    chosen = {"leave_type": leave_type}
    if problems := unknown_values(chosen, active_values(conn, chosen)):
        raise Invalid(*problems)


def _check_employee(conn: Connection, employee_id: int) -> None:
    if find_employee(conn, employee_id=employee_id) is None:
        raise NotFound(f"employee_id: {employee_id} is no employee")


def _check_free(conn: Connection, new: NewLeave) -> None:
    """Nobody asks for days on which they are away, or have left by then."""
    found = calendars(
        conn, employee_ids=[new.employee_id], first=new.start_date, last=new.end_date, zone=settings().timezone
    )
    if new.employee_id not in found:
        raise NotFound(f"employee_id: {new.employee_id} is no employee")
    calendar = found[new.employee_id]
    if calendar.person.last_day and new.end_date > calendar.person.last_day:
        raise Conflict(f"end_date: {calendar.person.name} has {calendar.person.last_day} as last day")
    kind = classes(conn, "leave_type").get(new.leave_type)
    wanted = Layer("leave", None, new.leave_type, kind, new.start_date, new.end_date, in_force=False)
    if findings := judge_absence(calendar, wanted):
        raise Conflict(*(f"start_date: {one.text}" for one in findings))


def _found(conn: Connection, leave_id: int) -> Leave:
    leave = queries.find_leave(conn, leave_id=leave_id)
    if leave is None:
        raise NotFound(f"leave_id: {leave_id} is no request for leave")
    return leave
