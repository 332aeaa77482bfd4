"""How somebody becomes an employee, whoever says so."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection

from chalicelib.admin.queries import active_values
from chalicelib.admin.rules import unknown_values
from chalicelib.core.errors import Invalid
from chalicelib.people import queries
from chalicelib.people.queries import Employee
from chalicelib.people.rules import CHOSEN, date_problems, tidied


def join(conn: Connection, *, facts: Mapping[str, Any], today: date) -> Employee:
    """A new employee with a first assignment and employment, from today (the site's) unless a day of hire is given;
    Invalid names every problem."""
    known = tidied(facts)
    known["hire_date"] = known.get("hire_date") or today
    check(conn, known)
    queries.insert_employee(conn, facts=known)
    return settle(conn, employee_id=known["employee_id"], effective_date=today)


def check(conn: Connection, facts: Mapping[str, Any], merged: Mapping[str, Any] | None = None) -> None:
    """Invalid, with every problem, unless the dropdown values are active and the dates possible."""
    chosen = {name: facts[name] for name in (*CHOSEN, "status") if facts.get(name) is not None}
    problems = date_problems(merged or facts)
    if chosen:
        problems += unknown_values(chosen, active_values(conn, chosen))
    if problems:
        raise Invalid(*problems)


def settle(conn: Connection, *, employee_id: int, effective_date: date) -> Employee:
    """Bring assignments and employments in step with the row, which is there."""
    queries.record_assignments(conn, employee_ids=[employee_id], effective_date=effective_date)
    queries.record_employments(conn, employee_ids=[employee_id])
    employee = queries.find_employee(conn, employee_id=employee_id)
    assert employee is not None
    return employee
