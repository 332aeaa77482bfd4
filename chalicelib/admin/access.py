"""What whoever may come in can be: a role, somebody of the floor, departments."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection

from chalicelib.admin import access_queries, queries
from chalicelib.admin.rules import unknown_value


def role_problems(*, role: str, employee_id: int | None, departments: Collection[str]) -> list[str]:
    """What contradicts the role: leads are somebody of the floor, and only duty leads have departments (pure)."""
    problems = []
    if role == "supervisor" and employee_id is None:
        problems.append("employee_id: is required for a supervisor, whose people are found by it")
    if role == "duty_lead" and not departments:
        problems.append("departments: are required for a duty_lead, who acts for them")
    if role != "duty_lead" and departments:
        problems.append(f"departments: only a duty_lead is named for some, and this is a {role}")
    return problems


def problems(conn: Connection, *, role: str, employee_id: int | None, departments: Collection[str]) -> list[str]:
    """What is wrong about this access, against the people and departments that there are."""
    found = role_problems(role=role, employee_id=employee_id, departments=departments)
    if employee_id is not None and not access_queries.is_employee(conn, employee_id=employee_id):
        found.append(f"employee_id: {employee_id} is no employee")
    active = queries.active_values(conn, ["department"])["department"]
    found += filter(None, (unknown_value("departments", one, active) for one in sorted(departments)))
    return found


def of(now: Any, facts: dict[str, Any]) -> dict[str, Any]:
    """Role, employee and departments as they are to be. Who is no duty lead any more has no departments either."""
    made = {name: facts.get(name, getattr(now, name)) for name in ("role", "employee_id", "departments")}
    if made["role"] != "duty_lead" and "departments" not in facts:
        made["departments"] = []
    return made
