"""All SQL on attendances, live and archived."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from sqlalchemy import ColumnElement, Connection, Table, delete, insert, select, text
from sqlalchemy import update as change

from chalicelib.core.http import Page
from chalicelib.core.inputs import Clock, Day, PersonFilters, Small
from chalicelib.core.paging import page
from chalicelib.core.tables import admin_options, attendances, attendances_history, employees
from chalicelib.people.queries import SHOWN, person_conditions

Local = Annotated[datetime, Meta(tz=False, description="YYYY-MM-DDTHH:MM:SS, local to the site")]


class Attendance(msgspec.Struct, frozen=True):
    """One person's working day: first in, last out, what it means, and where each value came from."""

    attendance_id: int
    employee_id: int
    full_name: str | None
    first_name: str | None
    last_name: str | None
    department: str | None
    supervisor: str | None
    batch: str | None
    date: date
    check_in: Local | None
    check_out: Local | None
    exception_type: str | None
    expected_at: Local | None
    late_minutes: int | None
    early_leave: Clock | None
    early_minutes: int | None
    overtime_minutes: int | None
    overtime_approved: bool | None
    cover_up_for_employee_id: int | None
    check_in_source: str | None
    check_out_source: str | None
    exception_type_source: str | None
    late_minutes_source: str | None
    early_minutes_source: str | None
    overtime_minutes_source: str | None
    notes: str | None
    upload_id: int | None
    created_at: datetime


class ArchivedAttendance(Attendance, frozen=True):
    """A working day past its retention."""

    archived_date: date


class AttendanceFilters(PersonFilters, frozen=True, kw_only=True):
    """Which working days; `absent_only` are marks of unplanned absence."""

    start_date: Day | None = None
    end_date: Day | None = None
    exception_type: list[str] = []
    has_check_in: bool | None = None
    has_check_out: bool | None = None
    late_only: bool = False
    absent_only: bool = False
    overtime_only: bool = False
    cover_up_only: bool = False
    late_minutes_min: Small | None = None
    late_minutes_max: Small | None = None
    overtime_minutes_min: Small | None = None
    overtime_minutes_max: Small | None = None


_SORTS = ("date", "check_in", "check_out", "exception_type", "late_minutes", "early_minutes", "overtime_minutes")
_ABSENT = select(admin_options.c.value).where(
    admin_options.c.category == "attendance_type", admin_options.c["class"] == "away_unplanned"
)


def list_attendances(conn: Connection, *, query: AttendanceFilters) -> Page[Attendance]:
    """The working days that match, one page, by date."""
    return _listed(conn, attendances, Attendance, query)


def list_archived(conn: Connection, *, query: AttendanceFilters) -> Page[ArchivedAttendance]:
    """The archived working days that match, one page, by date."""
    return _listed(conn, attendances_history, ArchivedAttendance, query)


def find_attendance(conn: Connection, *, employee_id: int, day: date) -> Attendance | None:
    c = attendances.c
    rows = select(*_columns(attendances, Attendance)).select_from(_with_people(attendances))
    row = conn.execute(rows.where(c.employee_id == employee_id, c.date == day)).one_or_none()
    return Attendance(*row) if row else None


def recorded(
    conn: Connection, *, employee_ids: Collection[int], first: date, last: date
) -> dict[tuple[int, date], Attendance]:
    """What is recorded of these people's days from `first` to `last`, by person and date."""
    c = attendances.c
    rows = select(*_columns(attendances, Attendance)).select_from(_with_people(attendances))
    given = rows.where(c.employee_id.in_(employee_ids), c.date.between(first, last))
    return {(row.employee_id, row.date): Attendance(*row) for row in conn.execute(given)}


def archived_days(conn: Connection, *, employee_ids: Collection[int], first: date, last: date) -> set[tuple[int, date]]:
    """Which of these people's days are in history, as person and date."""
    c = attendances_history.c
    rows = select(c.employee_id, c.date).where(c.employee_id.in_(employee_ids), c.date.between(first, last))
    return {(person, day) for person, day in conn.execute(rows)}


def insert_attendance(conn: Connection, *, facts: Mapping[str, Any]) -> None:
    """A new working day; a second one of a person and date is refused by the database."""
    conn.execute(insert(attendances).values(**facts))


def update_attendance(conn: Connection, *, attendance_id: int, facts: Mapping[str, Any]) -> None:
    conn.execute(change(attendances).where(attendances.c.attendance_id == attendance_id).values(**facts))


def delete_attendance(conn: Connection, *, attendance_id: int) -> None:
    conn.execute(delete(attendances).where(attendances.c.attendance_id == attendance_id))


_SAID = [one.name for one in attendances.c if one.name not in {"attendance_id", "created_at"}]
_WRITE = f"""
    INSERT INTO attendances ({", ".join(_SAID)})
    SELECT {", ".join(_SAID)} FROM jsonb_populate_recordset(NULL::attendances, CAST(:rows AS jsonb))
    ON CONFLICT (employee_id, date) DO UPDATE SET {", ".join(f"{one} = excluded.{one}" for one in _SAID[2:])}"""


def write_attendances(conn: Connection, *, rows: Collection[Mapping[str, Any]]) -> None:
    """Make these working days what the rows say, in one statement; what a row does not say is null by then."""
    if rows:
        conn.execute(text(_WRITE), {"rows": msgspec.json.encode(rows).decode()})


def delete_attendances(conn: Connection, *, attendance_ids: Collection[int]) -> None:
    if attendance_ids:
        conn.execute(delete(attendances).where(attendances.c.attendance_id.in_(attendance_ids)))


def _listed(conn: Connection, table: Table, shape: Any, query: AttendanceFilters) -> Page[Any]:
    return page(
        conn,
        query=query,
        source=_with_people(table),
        where=[*person_conditions(query), *_conditions(table.c, query)],
        columns=_columns(table, shape),
        order_by={
            **{name: table.c[name] for name in (*_SORTS, "created_at")},
            **{name: employees.c[name] for name in ("full_name", "department", "supervisor")},
        },
        key=table.c.attendance_id,
        make=shape,
    )


def _with_people(table: Table) -> Any:
    return table.join(employees, employees.c.employee_id == table.c.employee_id, isouter=True)


def _columns(table: Table, shape: type[msgspec.Struct]) -> list[Any]:
    return [employees.c[name] if name in SHOWN else table.c[name] for name in shape.__struct_fields__]


def _conditions(c: Any, query: AttendanceFilters) -> list[ColumnElement[bool]]:
    choices: list[tuple[Any, Any]] = [
        (query.start_date, c.date.__ge__),
        (query.end_date, c.date.__le__),
        (query.exception_type or None, c.exception_type.in_),
        (query.has_check_in, lambda wanted: c.check_in.is_not(None) == wanted),
        (query.has_check_out, lambda wanted: c.check_out.is_not(None) == wanted),
        (query.late_only or None, lambda _: c.late_minutes > 0),
        (query.absent_only or None, lambda _: c.exception_type.in_(_ABSENT)),
        (query.overtime_only or None, lambda _: c.overtime_minutes > 0),
        (query.cover_up_only or None, lambda _: c.cover_up_for_employee_id.is_not(None)),
        (query.late_minutes_min, c.late_minutes.__ge__),
        (query.late_minutes_max, c.late_minutes.__le__),
        (query.overtime_minutes_min, c.overtime_minutes.__ge__),
        (query.overtime_minutes_max, c.overtime_minutes.__le__),
    ]
    return [compare(value) for value, compare in choices if value is not None]
