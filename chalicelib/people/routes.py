"""Employees over HTTP."""

from datetime import date

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import Connection

from chalicelib.core.auth import HR
from chalicelib.core.clock import now, today
from chalicelib.core.errors import Conflict, Invalid, NotFound
from chalicelib.core.http import Call, Page, Routes
from chalicelib.core.inputs import Day, Email, EmployeeId, Input, Note, Small, Text, given
from chalicelib.people import leaving, queries
from chalicelib.people.joining import check, join, settle
from chalicelib.people.queries import Employee, EmployeeFilters
from chalicelib.people.rules import ASSIGNED, tidied

routes = Routes(__name__, tag="employees")


class NewEmployee(Input, frozen=True, kw_only=True):
    """A person who joins. Without a hire date they join today."""

    employee_id: EmployeeId
    first_name: Text
    last_name: Text
    company_email: Email | None = None
    access_card: Text | None = None
    token_serial: Text | None = None
    building_card: Text | None = None
    batch: Text | None = None
    agent_id: Text | None = None
    ruex_id: Text | None = None
    axonify_id: Text | None = None
    supervisor: Text | None = None
    manager: Text | None = None
    tier: Small | None = None
    shift: Text | None = None
    department: Text | None = None
    role: Text | None = None
    hire_date: Day | None = None
    phase_1_date: Day | None = None
    phase_2_date: Day | None = None
    phase_3_date: Day | None = None


class EmployeeChange(Input, frozen=True, kw_only=True):
    """What changes; a field that is not sent stays. A new assignment holds from `effective_date` (today)."""

    first_name: Text | UnsetType = UNSET
    last_name: Text | UnsetType = UNSET
    company_email: Email | UnsetType | None = UNSET
    access_card: Text | UnsetType | None = UNSET
    token_serial: Text | UnsetType | None = UNSET
    building_card: Text | UnsetType | None = UNSET
    batch: Text | UnsetType | None = UNSET
    agent_id: Text | UnsetType | None = UNSET
    ruex_id: Text | UnsetType | None = UNSET
    axonify_id: Text | UnsetType | None = UNSET
    supervisor: Text | UnsetType | None = UNSET
    manager: Text | UnsetType | None = UNSET
    tier: Small | UnsetType | None = UNSET
    shift: Text | UnsetType | None = UNSET
    department: Text | UnsetType | None = UNSET
    role: Text | UnsetType | None = UNSET
    hire_date: Day | UnsetType = UNSET
    phase_1_date: Day | UnsetType | None = UNSET
    phase_2_date: Day | UnsetType | None = UNSET
    phase_3_date: Day | UnsetType | None = UNSET
    status: Text | UnsetType = UNSET
    attrition_date: Day | UnsetType | None = UNSET
    effective_date: Day | None = None


class Removal(Input, frozen=True, kw_only=True):
    """Why somebody goes to history."""

    reason: Note | None = None


class Removed(msgspec.Struct, frozen=True):
    employee_id: int
    archived_date: date


@routes.get("/employees", query=EmployeeFilters, answer=Page[Employee])
def list_employees(call: Call) -> Page[Employee]:
    """Employees, filtered and sorted."""
    with call.reading() as conn:
        return queries.list_employees(conn, query=call.query, today=today())


@routes.post("/employees", body=NewEmployee, answer=Employee, roles=HR, errors=(409,))
def create_employee(call: Call) -> Employee:
    """Add an employee; their first assignment and employment begin on the day of hire."""
    with call.writing() as conn:
        return join(conn, facts=given(call.body), today=today())


@routes.get("/employees/{employee_id}", answer=Employee)
def get_employee(call: Call, employee_id: int) -> Employee:
    """One employee."""
    with call.reading() as conn:
        return _found(conn, employee_id)


@routes.put("/employees/{employee_id}", body=EmployeeChange, answer=Employee, roles=HR, errors=(409,))
def change_employee(call: Call, employee_id: int) -> Employee:
    """Change some fields of an employee. An attrition_date in the past takes effect at once."""
    facts = tidied(given(call.body))
    effective = facts.pop("effective_date") or today()
    with call.writing() as conn:
        before = _found(conn, employee_id)
        check(conn, facts, {**msgspec.structs.asdict(before), **facts})
        _check_effective(conn, employee_id, facts, effective)
        if facts:
            queries.update_employee(conn, employee_id=employee_id, facts=facts)
        settled = settle(conn, employee_id=employee_id, effective_date=effective)
        day = settled.attrition_date
        if "attrition_date" in facts and day and day < today():
            leaving.leave(conn, employee_id=employee_id, day=day, by=call.actor.name, at=now())
        return _found(conn, employee_id)


@routes.delete("/employees/{employee_id}", query=Removal, answer=Removed, roles=HR)
def remove_employee(call: Call, employee_id: int) -> Removed:
    """Move an employee, with the schedule still to come, to history. Leaving is an attrition_date, not this."""
    with call.writing() as conn:
        if not queries.archive_employee(conn, employee_id=employee_id, today=today(), reason=call.query.reason):
            raise NotFound(f"employee_id: {employee_id} is no employee")
    return Removed(employee_id, today())


@routes.post("/employees/{employee_id}/restore", answer=Employee, status=200, roles=HR, errors=(409,))
def restore_employee(call: Call, employee_id: int) -> Employee:
    """Bring an archived employee back, with the schedule that went along."""
    with call.writing() as conn:
        if queries.find_employee(conn, employee_id=employee_id):
            raise Conflict(f"employee_id: {employee_id} is an employee; there is nothing to restore")
        if not queries.restore_employee(conn, employee_id=employee_id):
            raise NotFound(f"employee_id: {employee_id} is not in history")
        return _found(conn, employee_id)


def _check_effective(conn: Connection, employee_id: int, facts: dict[str, object], effective: date) -> None:
    """A change of assignment cannot reach behind the assignment it changes."""
    since = queries.assigned_since(conn, employee_id=employee_id)
    if since and effective < since and facts.keys() & set(ASSIGNED):
        raise Invalid(f"effective_date: must not be before {since}, when the current assignment began; got {effective}")


def _found(conn: Connection, employee_id: int) -> Employee:
    employee = queries.find_employee(conn, employee_id=employee_id)
    if employee is None:
        raise NotFound(f"employee_id: {employee_id} is no employee")
    return employee
