"""All SQL on schedules past their retention."""

from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, func, or_

from chalicelib.core.http import Page
from chalicelib.core.inputs import Clock, Day, PersonFilters, RowId
from chalicelib.core.paging import page
from chalicelib.core.tables import assignments, employees, schedules_history


class ArchivedSchedule(msgspec.Struct, frozen=True):
    """A row of the plan as it was archived; department and supervisor are those of its day."""

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
    origin: str
    given_away: bool
    change_id: int | None
    covers_schedule_id: int | None
    upload_id: int | None
    created_at: datetime
    archived_date: date


class ArchiveFilters(PersonFilters, frozen=True, kw_only=True):
    """Which archived shifts; dates are nominal ones, and people are where they belonged then."""

    schedule_id: list[RowId] = []
    start_date: Day | None = None
    end_date: Day | None = None
    work_code: list[str] = []


_h, _e, _a = schedules_history.c, employees.c, assignments.c
_ROWS = schedules_history.join(employees, _e.employee_id == _h.employee_id, isouter=True).join(
    assignments,
    and_(
        _a.employee_id == _h.employee_id,
        _a.valid_from <= _h.nominal_date,
        or_(_a.valid_to.is_(None), _a.valid_to > _h.nominal_date),
    ),
    isouter=True,
)
_THEN = {name: func.coalesce(_a[name], _e[name]) for name in ("department", "supervisor", "manager", "shift", "role")}
_PERSON = {name: _e[name] for name in ("full_name", "first_name", "last_name", "batch")}
_BY_NAME: dict[str, Any] = {**_PERSON, **_THEN}
_COLUMNS = [_BY_NAME[name] if name in _BY_NAME else _h[name] for name in ArchivedSchedule.__struct_fields__]


def list_archived(conn: Connection, *, query: ArchiveFilters) -> Page[ArchivedSchedule]:
    """The archived shifts that match, one page, by date."""
    choices: list[tuple[Any, Any]] = [
        (query.schedule_id, _h.schedule_id),
        (query.employee_id, _h.employee_id),
        (query.work_code, _h.work_code),
        (query.batch, _e.batch),
        (query.employee_status, _e.status),
        *((getattr(query, name), column) for name, column in _THEN.items()),
    ]
    where: list[ColumnElement[bool]] = [column.in_(values) for values, column in choices if values]
    if query.start_date:
        where.append(_h.nominal_date >= query.start_date)
    if query.end_date:
        where.append(_h.nominal_date <= query.end_date)
    return page(
        conn,
        query=query,
        source=_ROWS,
        where=where,
        columns=_COLUMNS,
        order_by={
            "nominal_date": _h.nominal_date,
            "start_time": _h.start_time,
            "work_code": _h.work_code,
            "archived_date": _h.archived_date,
            "employee_id": _h.employee_id,
            "full_name": _e.full_name,
            "department": _THEN["department"],
            "supervisor": _THEN["supervisor"],
        },
        key=_h.schedule_id,
        make=ArchivedSchedule,
    )
