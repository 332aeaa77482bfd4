"""All SQL on exceptions, and on what processing one makes."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, delete, insert, select, text
from sqlalchemy import update as change

from chalicelib.core.http import Page
from chalicelib.core.inputs import Day, PersonFilters, RowId
from chalicelib.core.paging import page
from chalicelib.core.tables import employees, exceptions, schedules
from chalicelib.people.queries import SHOWN, person_conditions
from chalicelib.schedules.rules import Placed

Status = Literal["Pending", "Completed", "Rejected"]


class ScheduleException(msgspec.Struct, frozen=True):
    """Days on which somebody does not work the normal schedule. Without a work code of its own it lays its type's."""

    exception_id: int
    employee_id: int
    full_name: str | None
    first_name: str | None
    last_name: str | None
    department: str | None
    supervisor: str | None
    batch: str | None
    exception_type: str
    start_date: date
    end_date: date
    work_code: str | None
    status: Status
    notes: str | None
    supervisor_override: str | None
    processed_by: str | None
    processed_at: datetime | None
    upload_id: int | None
    created_at: datetime


class ExceptionFilters(PersonFilters, frozen=True, kw_only=True):
    """Which exceptions; processed ones are completed or rejected."""

    exception_id: list[RowId] = []
    status: list[Status] = []
    exception_type: list[str] = []
    work_code: list[str] = []
    processed: bool | None = None
    start_date_min: Day | None = None
    start_date_max: Day | None = None
    end_date_min: Day | None = None
    end_date_max: Day | None = None


class Made(msgspec.Struct, frozen=True):
    """What processing one did: schedules it made and put aside, by id, and the days on which it put a mark."""

    schedules: list[int] = []
    aside: list[int] = []
    marks: list[date] = []


_x = exceptions.c
_COLUMNS = [employees.c[name] if name in SHOWN else _x[name] for name in ScheduleException.__struct_fields__]
_ROWS = exceptions.join(employees, employees.c.employee_id == _x.employee_id, isouter=True)


def list_exceptions(conn: Connection, *, query: ExceptionFilters) -> Page[ScheduleException]:
    """The exceptions that match, one page, by date."""
    choices: list[tuple[Any, Any]] = [
        (query.exception_id or None, _x.exception_id.in_),
        (query.status or None, _x.status.in_),
        (query.exception_type or None, _x.exception_type.in_),
        (query.work_code or None, _x.work_code.in_),
        (query.processed, lambda wanted: (_x.status != "Pending") == wanted),
        (query.start_date_min, _x.start_date.__ge__),
        (query.start_date_max, _x.start_date.__le__),
        (query.end_date_min, _x.end_date.__ge__),
        (query.end_date_max, _x.end_date.__le__),
    ]
    return page(
        conn,
        query=query,
        source=_ROWS,
        where=[*person_conditions(query), *(compare(value) for value, compare in choices if value is not None)],
        columns=_COLUMNS,
        order_by={
            **{name: _x[name] for name in ("start_date", "end_date", "exception_type", "status", "work_code")},
            **{name: _x[name] for name in ("created_at", "processed_at")},
            **{name: employees.c[name] for name in ("full_name", "department", "supervisor")},
        },
        key=_x.exception_id,
        make=ScheduleException,
    )


def find_exceptions(conn: Connection, *, exception_ids: Collection[int]) -> dict[int, ScheduleException]:
    """Those of these that exist, by id."""
    rows = conn.execute(select(*_COLUMNS).select_from(_ROWS).where(_x.exception_id.in_(exception_ids)))
    return {one.exception_id: one for one in (ScheduleException(*row) for row in rows)}


def insert_exception(conn: Connection, *, facts: Mapping[str, Any]) -> int:
    """A new exception, pending; its id. Absences that overlap are refused by the database."""
    made: int = conn.execute(insert(exceptions).values(**facts).returning(_x.exception_id)).scalar_one()
    return made


def move_exception(
    conn: Connection, *, exception_id: int, status: str, by: str | None, at: datetime | None, made: Made | None = None
) -> None:
    """Give an exception its new status; who processed it goes again when that is taken back."""
    facts = {"status": status, "processed_by": by, "processed_at": at, "made": made and msgspec.to_builtins(made)}
    conn.execute(change(exceptions).where(_x.exception_id == exception_id).values(**facts))


def made_by(conn: Connection, *, exception_id: int) -> Made:
    """What processing it made."""
    found = conn.execute(select(_x.made).where(_x.exception_id == exception_id)).scalar_one()
    return msgspec.convert(found or {}, Made)


def add_shifts(conn: Connection, *, employee_id: int, work_code: str, placed: Sequence[Placed]) -> list[int]:
    """Shifts by hand, which a later sheet keeps; their ids."""
    if not placed:
        return []
    rows = [
        {**msgspec.structs.asdict(one), "employee_id": employee_id, "work_code": work_code, "origin": "manual"}
        for one in placed
    ]
    return list(conn.execute(insert(schedules).returning(schedules.c.schedule_id), rows).scalars())


def put_aside(conn: Connection, *, employee_id: int, days: Collection[date]) -> list[int]:
    """The days off on these dates make room for shifts, as they do for a cover; their ids."""
    aside = (
        change(schedules)
        .where(
            schedules.c.employee_id == employee_id,
            schedules.c.nominal_date.in_(days),
            schedules.c.start_time.is_(None),
            ~schedules.c.given_away,
        )
        .values(given_away=True)
    )
    return list(conn.execute(aside.returning(schedules.c.schedule_id)).scalars())


def take_shifts_back(conn: Connection, *, made: Made) -> None:
    """The shifts that processing made go, and the days off that made room are back; one that somebody else has taken
    since stays theirs."""
    gone = delete(schedules).where(schedules.c.schedule_id.in_(made.schedules), ~schedules.c.given_away)
    conn.execute(gone)
    conn.execute(change(schedules).where(schedules.c.schedule_id.in_(made.aside)).values(given_away=False))


def add_marks(conn: Connection, *, employee_id: int, mark: str, days: Collection[date]) -> list[date]:
    """Attendance on these days with that main mark, where nobody else has marked them; the days that were marked."""
    found = conn.execute(
        text(
            """INSERT INTO attendances (employee_id, date, exception_type, exception_type_source)
            SELECT :id, day, :mark, 'lead' FROM unnest(CAST(:days AS date[])) day
            ON CONFLICT (employee_id, date) DO UPDATE
                SET exception_type = excluded.exception_type, exception_type_source = 'lead'
                WHERE attendances.exception_type IS NULL OR attendances.exception_type_source = 'derived'
            RETURNING date"""
        ),
        {"id": employee_id, "mark": mark, "days": sorted(days)},
    )
    return sorted(found.scalars())


def take_marks_back(conn: Connection, *, employee_id: int, mark: str, days: Collection[date]) -> None:
    """Take that mark off these days, unless somebody marked them otherwise since; a day without anything else goes."""
    given = {"id": employee_id, "mark": mark, "days": sorted(days)}
    same = "employee_id = :id AND date = ANY(:days) AND exception_type = :mark AND exception_type_source = 'lead'"
    conn.execute(
        text(f"DELETE FROM attendances WHERE {same} AND check_in IS NULL AND check_out IS NULL AND notes IS NULL"),
        given,
    )
    conn.execute(
        text(f"UPDATE attendances SET exception_type = NULL, exception_type_source = NULL WHERE {same}"), given
    )
