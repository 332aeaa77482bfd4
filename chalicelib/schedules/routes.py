"""Schedules over HTTP."""

from datetime import date

from chalicelib.admin.queries import active_values, classes
from chalicelib.admin.rules import unknown_values
from chalicelib.core.auth import PLANNER
from chalicelib.core.errors import Invalid, NotFound
from chalicelib.core.http import Call, Page, Routes
from chalicelib.core.inputs import Clock, Day, EmployeeId, Input, Text
from chalicelib.core.settings import settings
from chalicelib.people.queries import find_employee
from chalicelib.schedules import queries
from chalicelib.schedules.queries import Schedule, ScheduleFilters
from chalicelib.schedules.rules import place

routes = Routes(__name__, tag="schedules")


class NewSchedule(Input, frozen=True, kw_only=True):
    """A shift, or a day off when it has no times. A stop at or before the start is on the next day."""

    employee_id: EmployeeId
    nominal_date: Day | None = None
    start_date: Day | None = None
    start_time: Clock | None = None
    stop_time: Clock | None = None
    work_code: Text


@routes.get("/schedules", query=ScheduleFilters, answer=Page[Schedule])
def list_schedules(call: Call) -> Page[Schedule]:
    """Shifts and days off, as they are lived: the plan seen through leave, exceptions and changes."""
    _check_range(call.query)
    with call.reading() as conn:
        return queries.list_schedules(conn, query=call.query)


@routes.post("/schedules", body=NewSchedule, answer=Schedule, roles=PLANNER, errors=(404, 409))
def create_schedule(call: Call) -> Schedule:
    """Add a shift or a day off by hand; a later sheet keeps it."""
    new: NewSchedule = call.body
    nominal_date = _nominal_date(new)
    placed = place(nominal_date=nominal_date, start=new.start_time, stop=new.stop_time, day_start=settings().day_start)
    with call.writing() as conn:
        problems = unknown_values({"work_code": new.work_code}, active_values(conn, ["work_code"]))
        if not problems and new.start_time and classes(conn, "work_code").get(new.work_code) == "off":
            problems.append(f"start_time: a day off ({new.work_code}) has no times")
        if problems:
            raise Invalid(*problems)
        if find_employee(conn, employee_id=new.employee_id) is None:
            raise NotFound(f"employee_id: {new.employee_id} is no employee")
        row = {name: getattr(placed, name) for name in placed.__slots__}
        schedule_id = queries.insert_schedule(
            conn, row={**row, "employee_id": new.employee_id, "work_code": new.work_code, "origin": "manual"}
        )
        made = queries.find_schedule(conn, schedule_id=schedule_id)
    assert made is not None
    return made


def _nominal_date(new: NewSchedule) -> date:
    """The working day of the new shift, once the times make sense."""
    problems = []
    if (new.start_time is None) != (new.stop_time is None):
        problems.append("stop_time: start_time and stop_time come together, or neither for a day off")
    nominal_date = new.nominal_date or new.start_date
    if nominal_date is None:
        problems.append("nominal_date: is required and must be YYYY-MM-DD")
    if problems or nominal_date is None:
        raise Invalid(*problems)
    return nominal_date


def _check_range(query: ScheduleFilters) -> None:
    if query.start_date and query.end_date and query.end_date < query.start_date:
        raise Invalid(f"end_date: must not be before start_date ({query.start_date}), got {query.end_date}")
