"""Floor notes over HTTP: what one shift leaves to the next. They are added and never changed."""

from datetime import date as calendar_date
from typing import Annotated

from msgspec import Meta
from sqlalchemy import Connection

from chalicelib.admin.queries import active_values
from chalicelib.admin.rules import unknown_value
from chalicelib.core import clock
from chalicelib.core.auth import PLANNER, Caller
from chalicelib.core.errors import Invalid
from chalicelib.core.http import Call, Page, Routes
from chalicelib.core.inputs import Day, Input, Text
from chalicelib.floor import note_queries as queries
from chalicelib.floor.note_queries import FloorNote, NoteFilters
from chalicelib.people import teams

routes = Routes(__name__, tag="attendance")

WRITERS = PLANNER | teams.LEADS

Said = Annotated[str, Meta(min_length=1, max_length=2000, pattern=r"^(?!\s*$)[^\x00]*$")]


class NewNote(Input, frozen=True, kw_only=True):
    """What the next shift must know; for everybody unless a department is said. `date` is today at the site unless it
    is said: after midnight a night shift says yesterday, as it is called on the plan."""

    text: Said
    department: Text | None = None
    date: Day | None = None


@routes.get("/floor/notes", query=NoteFilters, answer=Page[FloorNote])
def list_floor_notes(call: Call) -> Page[FloorNote]:
    """Notes of the shifts, the newest first."""
    query = call.query
    if query.start_date and query.end_date and query.end_date < query.start_date:
        raise Invalid(f"end_date: must not be before start_date ({query.start_date}), got {query.end_date}")
    with call.reading() as conn:
        return queries.list_notes(conn, query=query)


@routes.post("/floor/notes", body=NewNote, answer=FloorNote, roles=WRITERS)
def add_floor_note(call: Call) -> FloorNote:
    """Leave a note, under the caller's name."""
    said: NewNote = call.body
    day: calendar_date = said.date or clock.today()
    with call.writing() as conn:
        _check_department(conn, said.department)
        author = _author(conn, call.caller)
        return queries.insert_note(
            conn, day=day, department=said.department, author=author, said=said.text, at=clock.now()
        )


def _check_department(conn: Connection, department: str | None) -> None:
    if department is not None:
        active = active_values(conn, ["department"])["department"]
        if problem := unknown_value("department", department, active):
            raise Invalid(problem)


def _author(conn: Connection, caller: Caller) -> str:
    """Somebody's own name, else that of their key."""
    known = caller.employee_id and queries.name_of(conn, employee_id=caller.employee_id)
    return known or caller.name
