"""Schedules over HTTP."""

from datetime import date, time
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import Connection

from chalicelib.admin.queries import active_values, classes
from chalicelib.admin.rules import unknown_values
from chalicelib.attendance.following import follow
from chalicelib.core.auth import PLANNER
from chalicelib.core.errors import Conflict, Invalid, NotFound
from chalicelib.core.http import Call, Page, Routes
from chalicelib.core.inputs import Clock, Day, EmployeeId, Input, Text, check_range, given
from chalicelib.core.settings import settings
from chalicelib.schedules import queries
from chalicelib.schedules.calendar_queries import calendars, hold
from chalicelib.schedules.calendars import Shift
from chalicelib.schedules.conflicts import judge_edit
from chalicelib.schedules.history_queries import ArchivedSchedule, ArchiveFilters, list_archived
from chalicelib.schedules.instants import warnings
from chalicelib.schedules.limits import limits
from chalicelib.schedules.queries import Schedule, ScheduleFilters
from chalicelib.schedules.rules import Placed, entry_problem, nominal_date_of, place, times_problem

routes = Routes(__name__, tag="schedules")


class NewSchedule(Input, frozen=True, kw_only=True):
    """A shift, or a day off when it has no times. A stop at or before the start is on the next day."""

    employee_id: EmployeeId
    nominal_date: Day | None = None
    start_date: Day | None = None
    start_time: Clock | None = None
    stop_time: Clock | None = None
    work_code: Text


class Correction(Input, frozen=True, kw_only=True):
    """What shall be different; without a field it stays. Both times null make a day off."""

    nominal_date: Day | UnsetType = UNSET
    start_date: Day | UnsetType = UNSET
    start_time: Clock | UnsetType | None = UNSET
    stop_time: Clock | UnsetType | None = UNSET
    work_code: Text | UnsetType = UNSET


class Entered(Schedule, frozen=True):
    """A row as it stands now, with what people should know of it."""

    warnings: list[str]


@routes.get("/schedules", query=ScheduleFilters, answer=Page[Schedule])
def list_schedules(call: Call) -> Page[Schedule]:
    """Shifts and days off, as they are lived: the plan seen through leave, exceptions and changes."""
    check_range(call.query.start_date, call.query.end_date)
    with call.reading() as conn:
        return queries.list_schedules(conn, query=call.query)


@routes.get("/schedules/history", query=ArchiveFilters, answer=Page[ArchivedSchedule])
def list_schedules_history(call: Call) -> Page[ArchivedSchedule]:
    """Shifts and days off past their retention, as they were planned."""
    check_range(call.query.start_date, call.query.end_date)
    with call.reading() as conn:
        return list_archived(conn, query=call.query)


@routes.post("/schedules", body=NewSchedule, answer=Entered, roles=PLANNER, errors=(404, 409))
def create_schedule(call: Call) -> Entered:
    """Add a shift or a day off by hand; a later sheet keeps it. Too much work is told, and no obstacle."""
    new: NewSchedule = call.body
    placed = _placed(new, settings().day_start)
    with call.writing() as conn:
        _check_code(conn, new.work_code)
        shift = _shift(conn, placed, new.work_code)
        hold(conn, employee_ids=[new.employee_id])
        told = _judge(conn, new.employee_id, shift)
        row = {
            **msgspec.structs.asdict(placed),
            "employee_id": new.employee_id,
            "work_code": new.work_code,
            "origin": "manual",
        }
        made = queries.insert_schedule(conn, row=row)
        _follow(conn, new.employee_id, placed.nominal_date)
        return _entered(conn, made, told)


@routes.put("/schedules/{schedule_id}", body=Correction, answer=Entered, roles=PLANNER, errors=(409,))
def change_schedule(call: Call, schedule_id: int) -> Entered:
    """Change a row by hand; from then on a later sheet keeps it."""
    said = given(call.body)
    if not said:
        raise Invalid("body: says nothing to change")
    with call.writing() as conn:
        row = _held(conn, schedule_id)
        placed, work_code = _moved(row, said), said.get("work_code", row.planned_work_code)
        if "work_code" in said:
            _check_code(conn, work_code)
        shift = msgspec.structs.replace(_shift(conn, placed, work_code), schedule_id=schedule_id)
        told = _judge(conn, row.employee_id, shift)
        facts = {**msgspec.structs.asdict(placed), "work_code": work_code, "origin": "manual"}
        queries.update_schedule(conn, schedule_id=schedule_id, facts=facts)
        _follow(conn, row.employee_id, row.nominal_date, placed.nominal_date)
        return _entered(conn, schedule_id, told)


@routes.delete("/schedules/{schedule_id}", answer=Schedule, roles=PLANNER, errors=(409,))
def remove_schedule(call: Call, schedule_id: int) -> Schedule:
    """Take a row off the plan. A later sheet that has it brings it back; a day off in its place would be kept."""
    with call.writing() as conn:
        row = _held(conn, schedule_id)
        queries.delete_schedule(conn, schedule_id=schedule_id)
        _follow(conn, row.employee_id, row.nominal_date)
        return row


def _placed(new: NewSchedule, day_start: time) -> Placed:
    """Where the new shift lies, once its dates and times make sense together."""
    problems = []
    if (new.start_time is None) != (new.stop_time is None):
        problems.append("stop_time: start_time and stop_time come together, or neither for a day off")
    if new.nominal_date is None and new.start_date is None:
        problems.append("nominal_date: is required and must be YYYY-MM-DD")
    first = new.nominal_date or new.start_date
    if problems or first is None:
        raise Invalid(*problems)
    if new.nominal_date is None:
        first = nominal_date_of(start_date=first, start=new.start_time, day_start=day_start)
    placed = place(nominal_date=first, start=new.start_time, stop=new.stop_time, day_start=day_start)
    if new.start_date not in (None, placed.start_date):
        raise Invalid(f"start_date: must be {placed.start_date} for that nominal_date, got {new.start_date}")
    return placed


def _moved(row: Schedule, said: dict[str, Any]) -> Placed:
    """Where the row lies once it is changed. A date of the start alone takes the nominal date along."""
    dates_and_times = {name: value for name, value in said.items() if name != "work_code"}
    if not dates_and_times:
        return Placed(row.nominal_date, row.start_date, row.start_time, row.stop_date, row.stop_time)
    before = {
        "nominal_date": None if "start_date" in said else row.nominal_date,
        "start_time": row.start_time,
        "stop_time": row.stop_time,
    }
    new = NewSchedule(employee_id=row.employee_id, work_code=row.work_code, **{**before, **dates_and_times})
    return _placed(new, settings().day_start)


def _check_code(conn: Connection, work_code: str) -> None:
    """Invalid unless the code is one that may be chosen; a retired one stays only where it is."""
    if problems := unknown_values({"work_code": work_code}, active_values(conn, ["work_code"])):
        raise Invalid(*problems)


def _shift(conn: Connection, placed: Placed, work_code: str) -> Shift:
    """The shift that is proposed; Invalid where its code wants times and it has none, or the other way round."""
    work_class = classes(conn, "work_code").get(work_code)
    if problem := times_problem(work_code=work_code, work_class=work_class, timed=placed.start_time is not None):
        raise Invalid(problem)
    return Shift.at(placed, zone=settings().timezone, work_code=work_code, work_class=work_class)


def _judge(conn: Connection, employee_id: int, shift: Shift) -> list[str]:
    """What people should know of the person's plan with this shift; Conflict where it cannot be."""
    day, zone = shift.nominal_date, settings().timezone
    found = calendars(conn, employee_ids=[employee_id], first=day, last=day, zone=zone).get(employee_id)
    if found is None:
        raise NotFound(f"employee_id: {employee_id} is no employee")
    if shift.schedule_id is not None:
        found = found.without_shift(shift.schedule_id)
    findings = judge_edit(found.with_shift(shift), shift, limits=limits())
    if wrong := [one.text for one in findings if one.refused]:
        raise Conflict(*wrong)
    return [*warnings(shift.placed, zone=zone), *(one.text for one in findings)]


def _follow(conn: Connection, employee_id: int, *days: date) -> None:
    for day in set(days):
        follow(conn, employee_ids=[employee_id], first=day, last=day)


def _held(conn: Connection, schedule_id: int) -> Schedule:
    """The row with its person held; Conflict where it is not to be edited by hand."""
    hold(conn, employee_ids=[_found(conn, schedule_id).employee_id])
    row = _found(conn, schedule_id)
    if problem := entry_problem(origin=row.origin, given_away=row.given_away, change_id=row.change_id):
        raise Conflict(problem)
    return row


def _found(conn: Connection, schedule_id: int) -> Schedule:
    row = queries.find_schedule(conn, schedule_id=schedule_id)
    if row is None:
        archived = queries.archived_on(conn, schedule_id=schedule_id)
        raise NotFound(
            f"schedule_id: {schedule_id} is in history since {archived}, which is not written to"
            if archived
            else f"schedule_id: {schedule_id} is no shift"
        )
    return row


def _entered(conn: Connection, schedule_id: int, told: list[str]) -> Entered:
    return Entered(**msgspec.structs.asdict(_found(conn, schedule_id)), warnings=told)
