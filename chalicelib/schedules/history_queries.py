"""All SQL on schedules past their retention."""

from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from chalicelib.core.http import Page
from chalicelib.core.inputs import Clock, Day, PersonFilters, RowId
from chalicelib.core.paging import page
from chalicelib.core.tables import schedules_history
from chalicelib.schedules.belonging_queries import Belonging


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


_archive = Belonging(schedules_history.alias("s"))
_COLUMNS = [_archive.column(name) for name in ArchivedSchedule.__struct_fields__]
_SORTS = (
    "nominal_date",
    "start_time",
    "work_code",
    "archived_date",
    "employee_id",
    "full_name",
    "department",
    "supervisor",
)


def list_archived(conn: Connection, *, query: ArchiveFilters) -> Page[ArchivedSchedule]:
    """The archived shifts that match, one page, by date."""
    h = _archive.rows.c
    choices: list[tuple[Any, Any]] = [
        (query.schedule_id or None, h.schedule_id.in_),
        (query.start_date, h.nominal_date.__ge__),
        (query.end_date, h.nominal_date.__le__),
        (query.work_code or None, h.work_code.in_),
    ]
    return page(
        conn,
        query=query,
        source=_archive.source,
        where=[*_archive.conditions(query), *(compare(value) for value, compare in choices if value is not None)],
        columns=_COLUMNS,
        order_by={name: _archive.column(name) for name in _SORTS},
        key=h.schedule_id,
        make=ArchivedSchedule,
    )
