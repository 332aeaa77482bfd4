"""Exceptions over HTTP."""

from typing import Annotated

import msgspec
from msgspec import Meta
from sqlalchemy import Connection

from chalicelib.admin.queries import active_values, classes
from chalicelib.admin.rules import unknown_values
from chalicelib.attendance.following import follow
from chalicelib.core.auth import PLANNER
from chalicelib.core.clock import now, today
from chalicelib.core.constraints import translated
from chalicelib.core.errors import Conflict, Invalid, NotFound, OpsdbError
from chalicelib.core.http import Call, Page, Routes
from chalicelib.core.inputs import Day, EmployeeId, Input, Note, RowId, Text
from chalicelib.core.settings import settings
from chalicelib.exceptions import queries
from chalicelib.exceptions.queries import ExceptionFilters, Made, ScheduleException
from chalicelib.exceptions.rules import code_problem, effect, range_problems
from chalicelib.people import teams
from chalicelib.schedules.calendar_queries import calendars, hold
from chalicelib.schedules.calendars import Layer
from chalicelib.schedules.conflicts import judge_absence
from chalicelib.schedules.states import EXCEPTION, move_problem

routes = Routes(__name__, tag="exceptions")

WRITERS = PLANNER | teams.LEADS
"""Who writes exceptions: planners and admins about everybody, leads about their own people."""

LONGEST = 366
"""Days of the longest exception."""


class NewException(Input, frozen=True, kw_only=True):
    """Days, both included. A work code of its own must be of the type's class."""

    employee_id: EmployeeId
    exception_type: Text
    start_date: Day
    end_date: Day
    work_code: Text | None = None
    notes: Note | None = None
    supervisor_override: Text | None = None


class ExceptionDecision(Input, frozen=True, kw_only=True):
    """For whom a machine decides."""

    processed_by: Text | None = None


class Many(Input, frozen=True, kw_only=True):
    """Exceptions to process; with `dry_run` nothing is written."""

    exception_ids: Annotated[list[RowId], Meta(min_length=1, max_length=1000)]
    dry_run: bool = True
    processed_by: Text | None = None


class Outcome(msgspec.Struct, frozen=True):
    """What became, or would become, of one exception; without problems it is processed."""

    exception_id: int
    problems: list[str]


class Outcomes(msgspec.Struct, frozen=True):
    """What became of many."""

    dry_run: bool
    processed: int
    refused: int
    data: list[Outcome]


@routes.get("/exceptions", query=ExceptionFilters, answer=Page[ScheduleException])
def list_exceptions(call: Call) -> Page[ScheduleException]:
    """Exceptions, filtered and sorted."""
    with call.reading() as conn:
        return queries.list_exceptions(conn, query=call.query)


@routes.post("/exceptions", body=NewException, answer=ScheduleException, roles=WRITERS, errors=(404, 409))
def create_exception(call: Call) -> ScheduleException:
    """Add an exception. It waits to be processed; one that is an absence keeps others away meanwhile."""
    new: NewException = call.body
    if problems := range_problems(new.start_date, new.end_date, LONGEST):
        raise Invalid(*problems)
    with call.writing() as conn:
        teams.check(conn, caller=call.caller, employee_ids=[new.employee_id], now=now())
        type_classes = _checked(conn, new)
        hold(conn, employee_ids=[new.employee_id])
        _check_free(conn, new, type_classes[new.exception_type])
        return _found(conn, queries.insert_exception(conn, facts=msgspec.structs.asdict(new)))


@routes.post("/exceptions/process", body=Many, answer=Outcomes, status=200, roles=WRITERS)
def process_exceptions(call: Call) -> Outcomes:
    """Process many at once: each that can be is, the others are named with their reasons."""
    many: Many = call.body
    with call.writing() as conn:
        by = teams.decided_by(call.caller, many.processed_by, field="processed_by")
        with conn.begin_nested() as tried:
            each = [_tried(conn, call, one, by) for one in dict.fromkeys(many.exception_ids)]
            if many.dry_run:
                # No more than what was tried: the transaction may be a keyed request's, which keeps its answer.
                tried.rollback()
    refused = sum(bool(one.problems) for one in each)
    return Outcomes(many.dry_run, len(each) - refused, refused, each)


@routes.post(
    "/exceptions/{exception_id}/process",
    body=ExceptionDecision,
    answer=ScheduleException,
    status=200,
    roles=WRITERS,
    errors=(409,),
)
def process_exception(call: Call, exception_id: int) -> ScheduleException:
    """Lay its work code over the days it covers, also over a plan that arrives later."""
    with call.writing() as conn:
        by = teams.decided_by(call.caller, call.body.processed_by, field="processed_by")
        return _process(conn, call, exception_id, by)


@routes.post(
    "/exceptions/{exception_id}/reject",
    body=ExceptionDecision,
    answer=ScheduleException,
    status=200,
    roles=WRITERS,
    errors=(409,),
)
def reject_exception(call: Call, exception_id: int) -> ScheduleException:
    """Reject an exception."""
    with call.writing() as conn:
        by = teams.decided_by(call.caller, call.body.processed_by, field="processed_by")
        _held(conn, call, exception_id, "Rejected")
        queries.move_exception(conn, exception_id=exception_id, status="Rejected", by=by, at=now())
        return _found(conn, exception_id)


@routes.post("/exceptions/{exception_id}/revert", answer=ScheduleException, status=200, roles=WRITERS, errors=(409,))
def revert_exception(call: Call, exception_id: int) -> ScheduleException:
    """Take a processed exception off again, with what it made; it then waits as before."""
    with call.writing() as conn:
        found = _held(conn, call, exception_id, "Pending")
        made = queries.made_by(conn, exception_id=exception_id)
        queries.take_shifts_back(conn, made=made)
        queries.take_marks_back(conn, employee_id=found.employee_id, mark=found.exception_type, days=made.marks)
        queries.move_exception(conn, exception_id=exception_id, status="Pending", by=None, at=None)
        follow(conn, employee_ids=[found.employee_id], first=found.start_date, last=found.end_date)
        return _found(conn, exception_id)


def _tried(conn: Connection, call: Call, exception_id: int, by: str) -> Outcome:
    """One of many: what refuses it takes nothing from the others."""
    try:
        with translated(), conn.begin_nested():
            _process(conn, call, exception_id, by)
    except OpsdbError as error:
        if error.status >= 500:
            raise
        return Outcome(exception_id, list(error.problems) or [error.summary])
    return Outcome(exception_id, [])


def _process(conn: Connection, call: Call, exception_id: int, by: str) -> ScheduleException:
    found = _held(conn, call, exception_id, "Completed")
    person = found.employee_id
    at_the_time = calendars(
        conn, employee_ids=[person], first=found.start_date, last=found.end_date, zone=settings().timezone
    )
    if person not in at_the_time:
        raise Conflict(f"employee_id: {person} is no employee any more")
    does, problems = effect(
        found.exception_type,
        found.start_date,
        found.end_date,
        calendar=at_the_time[person],
        today=today(),
        day_start=settings().day_start,
    )
    if problems:
        raise Conflict(*problems)
    days = [one.nominal_date for one in does.shifts]
    # In this order: a date holds either timed rows or a day off.
    aside = queries.put_aside(conn, employee_id=person, days=days)
    shifts = queries.add_shifts(conn, employee_id=person, work_code=found.work_code or "OT", placed=does.shifts)
    marks = queries.add_marks(conn, employee_id=person, mark=found.exception_type, days=does.attended)
    made = Made(shifts, aside, marks)
    queries.move_exception(conn, exception_id=exception_id, status="Completed", by=by, at=now(), made=made)
    follow(conn, employee_ids=[person], first=found.start_date, last=found.end_date)
    return _found(conn, exception_id)


def _held(conn: Connection, call: Call, exception_id: int, status: str) -> ScheduleException:
    """The exception with its person held, once it may become `status` by this caller."""
    person = _found(conn, exception_id).employee_id
    teams.decide(conn, caller=call.caller, employee_ids=[person], now=now())
    hold(conn, employee_ids=[person])
    found = _found(conn, exception_id)
    if problem := move_problem(EXCEPTION, status=found.status, wanted=status):
        raise Conflict(problem)
    return found


def _checked(conn: Connection, new: NewException) -> dict[str, str]:
    """The classes of the exception types, once type and work code are known and go together."""
    chosen = {"exception_type": new.exception_type, "work_code": new.work_code}
    if problems := unknown_values(chosen, active_values(conn, chosen)):
        raise Invalid(*problems)
    type_classes = classes(conn, "exception_type")
    problem = code_problem(
        new.exception_type, new.work_code, type_classes=type_classes, code_classes=classes(conn, "work_code")
    )
    if problem:
        raise Invalid(problem)
    return type_classes


def _check_free(conn: Connection, new: NewException, type_class: str) -> None:
    found = calendars(
        conn, employee_ids=[new.employee_id], first=new.start_date, last=new.end_date, zone=settings().timezone
    )
    if new.employee_id not in found:
        raise NotFound(f"employee_id: {new.employee_id} is no employee")
    wanted = Layer("exception", None, new.exception_type, type_class, new.start_date, new.end_date, in_force=False)
    if findings := judge_absence(found[new.employee_id], wanted):
        raise Conflict(*(f"start_date: {one.text}" for one in findings))


def _found(conn: Connection, exception_id: int) -> ScheduleException:
    found = queries.find_exceptions(conn, exception_ids=[exception_id])
    if exception_id not in found:
        raise NotFound(f"exception_id: {exception_id} is no exception")
    return found[exception_id]
