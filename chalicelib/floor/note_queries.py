"""All SQL on what one shift leaves to the next."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from sqlalchemy import ColumnElement, Connection, insert, or_, text

from chalicelib.core.http import Page
from chalicelib.core.inputs import Day, ListQuery
from chalicelib.core.paging import page
from chalicelib.core.tables import floor_notes


class FloorNote(msgspec.Struct, frozen=True):
    """A note of a shift; without a department it is for everybody."""

    note_id: int
    date: date
    department: str | None
    author: str
    text: str
    created_at: datetime


class NoteFilters(ListQuery, frozen=True, kw_only=True):
    """Which notes, the newest first unless said; of a department are its own and those for everybody."""

    order: Annotated[Literal["asc", "desc"], Meta(description="newest first unless said")] = "desc"
    start_date: Day | None = None
    end_date: Day | None = None
    department: list[str] = []
    author: list[str] = []


_n = floor_notes.c
_COLUMNS = [_n[name] for name in FloorNote.__struct_fields__]


def list_notes(
    conn: Connection, *, query: NoteFilters, after: datetime | None = None, until: datetime | None = None
) -> Page[FloorNote]:
    """The notes that match, one page, by when they were written, which is `after` one moment and `until` another."""
    return page(
        conn,
        query=query,
        source=floor_notes,
        where=_conditions(query, after, until),
        columns=_COLUMNS,
        order_by={name: _n[name] for name in ("created_at", "date", "department", "author")},
        key=_n.note_id,
        make=FloorNote,
    )


def _conditions(query: NoteFilters, after: datetime | None, until: datetime | None) -> list[ColumnElement[bool]]:
    choices = [
        (query.start_date, _n.date.__ge__),
        (query.end_date, _n.date.__le__),
        (query.department or None, lambda wanted: or_(_n.department.in_(wanted), _n.department.is_(None))),
        (query.author or None, _n.author.in_),
        (after, _n.created_at.__gt__),
        (until, _n.created_at.__le__),
    ]
    return [compare(value) for value, compare in choices if value is not None]


def insert_note(
    conn: Connection, *, day: date, department: str | None, author: str, said: str, at: datetime
) -> FloorNote:
    made = insert(floor_notes).values(date=day, department=department, author=author, text=said, created_at=at)
    return FloorNote(*conn.execute(made.returning(*_COLUMNS)).one())


def name_of(conn: Connection, *, employee_id: int) -> str | None:
    """The name of an employee."""
    return conn.execute(text("SELECT full_name FROM employees WHERE employee_id = :id"), {"id": employee_id}).scalar()
