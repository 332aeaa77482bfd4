"""All SQL on schedules."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Text,
    and_,
    column,
    delete,
    extract,
    insert,
    literal,
    or_,
    select,
    table,
)
from sqlalchemy import update as change

from chalicelib.core.http import Page
from chalicelib.core.inputs import Clock, Day, PersonFilters, RowId
from chalicelib.core.paging import page
from chalicelib.core.tables import employees, schedules, schedules_history
from chalicelib.people.queries import person_conditions
from chalicelib.schedules.rules import span


class Schedule(msgspec.Struct, frozen=True):
    """One shift or day off. `work_code` is the effective one: the plan seen through leave, exceptions and changes."""

    schedule_id: int
    employee_id: int
    full_name: str | None
    first_name: str | None
    last_name: str | None
    department: str | None
    supervisor: str | None
    batch: str | None
    nominal_date: date
    start_date: date
    start_time: Clock | None
    stop_date: date
    stop_time: Clock | None
    work_code: str
    planned_work_code: str
    work_class: str | None
    why: str
    origin: str
    given_away: bool
    change_id: int | None
    covers_schedule_id: int | None
    upload_id: int | None
    created_at: datetime


class ScheduleFilters(PersonFilters, frozen=True, kw_only=True):
    """Which shifts; dates are nominal ones."""

    schedule_id: list[RowId] = []
    start_date: Day | None = None
    end_date: Day | None = None
    work_code: list[str] = []
    start_time_min: Clock | None = None
    start_time_max: Clock | None = None
    stop_time_min: Clock | None = None
    stop_time_max: Clock | None = None
    has_start_time: bool | None = None
    has_stop_time: bool | None = None
    overnight: bool | None = None
    time_slot: Literal["morning", "afternoon", "evening", "night"] | None = None
    weekend: bool | None = None
    overlaps: (
        Annotated[
            str,
            Meta(
                pattern=r"^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?,\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?)?$",
                description="FROM,TO: local times such as 2026-10-05T22:00,2026-10-06T06:00",
            ),
        ]
        | None
    ) = None


SLOTS = {"morning": (5, 12), "afternoon": (12, 17), "evening": (17, 21), "night": (21, 5)}
"""Hours [from, to) in which a shift of the slot starts."""

_LAYERS = ("effective_work_code", "effective_class", "why")
effective = table(
    "effective_schedules",
    *(column(one.name, one.type) for one in schedules.c),
    *(column(name, Text) for name in _LAYERS),
    column("why_id", BigInteger),
)
"""The view that sees the plan through its layers (migration 0001)."""

ALIASES = {"work_code": "effective_work_code", "planned_work_code": "work_code", "work_class": "effective_class"}
"""What the view calls the columns of an answer."""


def _columns() -> list[ColumnElement[Any]]:
    person = {"full_name", "first_name", "last_name", "department", "supervisor", "batch"}
    return [
        employees.c[name] if name in person else effective.c[ALIASES.get(name, name)]
        for name in Schedule.__struct_fields__
    ]


_COLUMNS = _columns()


def list_schedules(conn: Connection, *, query: ScheduleFilters) -> Page[Schedule]:
    """The shifts that match, one page. The layers are looked up for the page's rows only, unless they are filtered."""
    shifts: FromClause = effective if query.work_code else schedules
    by_name = {name: shifts.c[name] for name in ("nominal_date", "start_date", "start_time", "stop_date", "stop_time")}
    return page(
        conn,
        query=query,
        source=shifts.join(employees, employees.c.employee_id == shifts.c.employee_id, isouter=True),
        where=[*person_conditions(query), *_conditions(query, shifts.c)],
        columns=_COLUMNS,
        order_by={
            **by_name,
            "schedule_id": shifts.c.schedule_id,
            "employee_id": shifts.c.employee_id,
            "full_name": employees.c.full_name,
            "department": employees.c.department,
            "supervisor": employees.c.supervisor,
            "work_code": shifts.c.effective_work_code if query.work_code else shifts.c.work_code,
            "created_at": shifts.c.created_at,
        },
        key=shifts.c.schedule_id,
        make=Schedule,
        details=_details,
    )


def _details(found: FromClause) -> FromClause:
    """The rows of a page with their layers and persons; `found.c.key` holds their ids."""
    return found.join(effective, effective.c.schedule_id == found.c.key).join(
        employees, employees.c.employee_id == effective.c.employee_id, isouter=True
    )


def _conditions(query: ScheduleFilters, c: Any) -> list[ColumnElement[bool]]:
    choices = [
        (query.start_date, c.nominal_date.__ge__),
        (query.end_date, c.nominal_date.__le__),
        (query.start_time_min, c.start_time.__ge__),
        (query.start_time_max, c.start_time.__le__),
        (query.stop_time_min, c.stop_time.__ge__),
        (query.stop_time_max, c.stop_time.__le__),
        (query.has_start_time, lambda wanted: c.start_time.is_not(None) == wanted),
        (query.has_stop_time, lambda wanted: c.stop_time.is_not(None) == wanted),
        (query.overnight, lambda wanted: (c.stop_date > c.start_date) == wanted),
        (query.weekend, lambda wanted: (extract("isodow", c.nominal_date) >= 6) == wanted),
        (query.time_slot, lambda slot: _starts_between(c.start_time, *SLOTS[slot])),
        (query.overlaps, lambda said: _touches(c, *span(said))),
        (query.schedule_id or None, c.schedule_id.in_),
    ]
    found = [compare(value) for value, compare in choices if value is not None]
    if query.work_code:
        found.append(c.effective_work_code.in_(query.work_code))
    return found


def _starts_between(start: ColumnElement[time], first: int, last: int) -> ColumnElement[bool]:
    inside = (start >= time(first), start < time(last))
    return and_(*inside) if first < last else or_(*inside)


def _touches(c: Any, first: datetime, last: datetime) -> ColumnElement[bool]:
    """The half-open interval of the shift meets [first, last)."""
    # A shift starts within a day of its nominal date and stops within a day of its start: said again for the index.
    near = c.nominal_date.between(literal(first.date()) - 2, literal(last.date()) + 1)
    return and_(near, c.start_date + c.start_time < last, c.stop_date + c.stop_time > first)


def insert_schedule(conn: Connection, *, row: Mapping[str, Any]) -> int:
    """A new shift; its id. Overlaps are refused by the database."""
    made: int = conn.execute(insert(schedules).values(**row).returning(schedules.c.schedule_id)).scalar_one()
    return made


def find_schedule(conn: Connection, *, schedule_id: int) -> Schedule | None:
    key = select(literal(schedule_id, BigInteger).label("key")).subquery()
    row = conn.execute(select(*_COLUMNS).select_from(_details(key))).one_or_none()
    return Schedule(*row) if row else None


def update_schedule(conn: Connection, *, schedule_id: int, facts: Mapping[str, Any]) -> None:
    """Change these columns of a row."""
    conn.execute(change(schedules).where(schedules.c.schedule_id == schedule_id).values(**facts))


def delete_schedule(conn: Connection, *, schedule_id: int) -> None:
    conn.execute(delete(schedules).where(schedules.c.schedule_id == schedule_id))


def archived_on(conn: Connection, *, schedule_id: int) -> date | None:
    """The day this row moved to history; None when it is not there."""
    found: date | None = conn.execute(
        select(schedules_history.c.archived_date).where(schedules_history.c.schedule_id == schedule_id)
    ).scalar()
    return found
