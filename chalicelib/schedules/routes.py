"""Schedules over HTTP."""

from datetime import time

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
from chalicelib.schedules.rules import Placed, nominal_date_of, place, times_problem

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
    placed = _placed(new, settings().day_start)
    with call.writing() as conn:
        problems = unknown_values({"work_code": new.work_code}, active_values(conn, ["work_code"]))
        work_class = classes(conn, "work_code").get(new.work_code)
        wrong_times = times_problem(work_code=new.work_code, work_class=work_class, timed=new.start_time is not None)
        if problems or wrong_times:
            raise Invalid(*(problems or [wrong_times or ""]))
        if find_employee(conn, employee_id=new.employee_id) is None:
            raise NotFound(f"employee_id: {new.employee_id} is no employee")
        row = {name: getattr(placed, name) for name in placed.__slots__}
        schedule_id = queries.insert_schedule(
            conn, row={**row, "employee_id": new.employee_id, "work_code": new.work_code, "origin": "manual"}
        )
        made = queries.find_schedule(conn, schedule_id=schedule_id)
    assert made is not None
    return made


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


def _check_range(query: ScheduleFilters) -> None:
    if query.start_date and query.end_date and query.end_date < query.start_date:
        raise Invalid(f"end_date: must not be before start_date ({query.start_date}), got {query.end_date}")
