"""What people were, and looking for them, over HTTP."""

from typing import TypeVar

from sqlalchemy import Connection

from chalicelib.core.errors import NotFound
from chalicelib.core.http import Call, Page, Routes
from chalicelib.core.inputs import ListQuery
from chalicelib.people import past_queries as queries
from chalicelib.people.past_queries import (
    Archived,
    Assignment,
    Employment,
    HistoryFilters,
    Matches,
    Search,
)

Rows = TypeVar("Rows")

routes = Routes(__name__, tag="employees")


@routes.get("/employees/search", query=Search, answer=Matches)
def search_employees(call: Call) -> Matches:
    """People by name, e-mail address, id or login, tolerant of accents and typos, best first."""
    with call.reading() as conn:
        return Matches(queries.search(conn, query=call.query))


@routes.get("/employees/history", query=HistoryFilters, answer=Page[Archived])
def list_history(call: Call) -> Page[Archived]:
    """Archived people, as they were."""
    with call.reading() as conn:
        return queries.list_history(conn, query=call.query)


@routes.get("/employees/{employee_id}/assignments", query=ListQuery, answer=Page[Assignment])
def list_assignments(call: Call, employee_id: int) -> Page[Assignment]:
    """Where somebody belonged over time; also of somebody who is in history."""
    with call.reading() as conn:
        found = queries.list_assignments(conn, employee_id=employee_id, query=call.query)
        return found if found.total else _known(conn, employee_id, found)


@routes.get("/employees/{employee_id}/employments", query=ListQuery, answer=Page[Employment])
def list_employments(call: Call, employee_id: int) -> Page[Employment]:
    """Somebody's stays here; also of somebody who is in history."""
    with call.reading() as conn:
        found = queries.list_employments(conn, employee_id=employee_id, query=call.query)
        return found if found.total else _known(conn, employee_id, found)


def _known(conn: Connection, employee_id: int, nothing: Page[Rows]) -> Page[Rows]:
    """Nothing, of somebody who was here; NotFound for anybody else."""
    if not queries.is_known(conn, employee_id=employee_id):
        raise NotFound(f"employee_id: {employee_id} was never here")
    return nothing
