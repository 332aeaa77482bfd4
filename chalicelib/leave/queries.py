"""All SQL on leave requests, allowances and holidays."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Float,
    cast,
    delete,
    insert,
    select,
    text,
)
from sqlalchemy import update as change
from sqlalchemy.dialects.postgresql import insert as upsert

from chalicelib.core.http import Page
from chalicelib.core.inputs import Clock, Day, ListQuery, PersonFilters, RowId
from chalicelib.core.paging import page
from chalicelib.core.tables import employees, holidays, leave_allowances, leave_requests
from chalicelib.people.queries import SHOWN, person_conditions

Status = Literal["Pending", "Approved", "Rejected", "Cancelled"]


class Leave(msgspec.Struct, frozen=True):
    """A request for leave, of whole nominal dates or of some hours of one."""

    leave_id: int
    employee_id: int
    full_name: str | None
    first_name: str | None
    last_name: str | None
    department: str | None
    supervisor: str | None
    batch: str | None
    leave_type: str
    start_date: date
    end_date: date
    start_time: Clock | None
    end_time: Clock | None
    status: Status
    approved_by: str | None
    approved_at: datetime | None
    reason: str | None
    created_at: datetime


class LeaveFilters(PersonFilters, frozen=True, kw_only=True):
    """Which requests."""

    leave_id: list[RowId] = []
    status: list[Status] = []
    leave_type: list[str] = []
    start_date_min: Day | None = None
    start_date_max: Day | None = None
    end_date_min: Day | None = None
    end_date_max: Day | None = None
    is_approved: bool | None = None


class Allowance(msgspec.Struct, frozen=True):
    """How many days of a type somebody has in a year, and how many approved requests take of them by the plan."""

    allowance_id: int
    employee_id: int
    full_name: str | None
    first_name: str | None
    last_name: str | None
    department: str | None
    supervisor: str | None
    batch: str | None
    leave_type: str
    year: int
    days: float
    used: int


class AllowanceFilters(PersonFilters, frozen=True, kw_only=True):
    """Which allowances."""

    leave_type: list[str] = []
    year: int | None = None


class Holiday(msgspec.Struct, frozen=True):
    """A day that is shown and flagged; it changes no shift. Without a department it is everybody's."""

    holiday_id: int
    date: date
    name: str
    department: str | None


class HolidayFilters(ListQuery, frozen=True, kw_only=True):
    """Which holidays; those of everybody belong to every department."""

    start_date: Day | None = None
    end_date: Day | None = None
    department: list[str] = []


_l, _a, _h = leave_requests.c, leave_allowances.c, holidays.c

_LEAVE = [employees.c[name] if name in SHOWN else _l[name] for name in Leave.__struct_fields__]
_LEAVE_ROWS = leave_requests.join(employees, employees.c.employee_id == _l.employee_id, isouter=True)
_LEAVE_SORTS = {
    "start_date": _l.start_date,
    "end_date": _l.end_date,
    "leave_type": _l.leave_type,
    "status": _l.status,
    "created_at": _l.created_at,
    "approved_at": _l.approved_at,
    **{name: employees.c[name] for name in ("full_name", "department", "supervisor")},
}


def list_leave(conn: Connection, *, query: LeaveFilters) -> Page[Leave]:
    """The requests that match, one page."""
    choices: list[tuple[Any, Any]] = [
        (query.leave_id or None, _l.leave_id.in_),
        (query.status or None, _l.status.in_),
        (query.leave_type or None, _l.leave_type.in_),
        (query.start_date_min, _l.start_date.__ge__),
        (query.start_date_max, _l.start_date.__le__),
        (query.end_date_min, _l.end_date.__ge__),
        (query.end_date_max, _l.end_date.__le__),
        (query.is_approved, lambda wanted: (_l.status == "Approved") == wanted),
    ]
    return page(
        conn,
        query=query,
        source=_LEAVE_ROWS,
        where=[*person_conditions(query), *_chosen(choices)],
        columns=_LEAVE,
        order_by=_LEAVE_SORTS,
        key=_l.leave_id,
        make=Leave,
    )


def find_leave(conn: Connection, *, leave_id: int) -> Leave | None:
    row = conn.execute(select(*_LEAVE).select_from(_LEAVE_ROWS).where(_l.leave_id == leave_id)).one_or_none()
    return Leave(*row) if row else None


def insert_leave(conn: Connection, *, facts: Mapping[str, Any]) -> int:
    """A new request, pending; its id. Absences that overlap are refused by the database."""
    made: int = conn.execute(insert(leave_requests).values(**facts).returning(_l.leave_id)).scalar_one()
    return made


def move_leave(conn: Connection, *, leave_id: int, status: str, by: str, at: datetime, reason: str | None) -> None:
    """Give a request its new status; who decided stays on record when it is cancelled later."""
    facts: dict[str, Any] = {"status": status}
    if status in {"Approved", "Rejected"}:
        facts |= {"approved_by": by, "approved_at": at}
    if reason is not None:
        facts["reason"] = reason
    conn.execute(change(leave_requests).where(_l.leave_id == leave_id).values(**facts))


_USED = text(
    """(SELECT count(DISTINCT s.nominal_date) FROM leave_requests l
        JOIN schedules s ON s.employee_id = l.employee_id AND s.nominal_date BETWEEN l.start_date AND l.end_date
        JOIN admin_options codes ON codes.category = 'work_code' AND codes.value = s.work_code
        WHERE l.employee_id = leave_allowances.employee_id AND l.leave_type = leave_allowances.leave_type
          AND l.status = 'Approved' AND NOT s.given_away AND codes.class IN ('work', 'nesting', 'training')
          AND extract(year FROM s.nominal_date) = leave_allowances.year)"""
)
_ALLOWANCE_ROWS = leave_allowances.join(employees, employees.c.employee_id == _a.employee_id, isouter=True)


def _allowance_columns() -> list[Any]:
    special: dict[str, Any] = {"days": cast(_a.days, Float), "used": _USED}
    return [
        employees.c[name] if name in SHOWN else special.get(name, _a.get(name)) for name in Allowance.__struct_fields__
    ]


def list_allowances(conn: Connection, *, query: AllowanceFilters) -> Page[Allowance]:
    """The allowances that match, one page."""
    choices = [(query.leave_type or None, _a.leave_type.in_), (query.year, _a.year.__eq__)]
    return page(
        conn,
        query=query,
        source=_ALLOWANCE_ROWS,
        where=[*person_conditions(query), *_chosen(choices)],
        columns=_allowance_columns(),
        order_by={"year": _a.year, "leave_type": _a.leave_type, "days": _a.days, "full_name": employees.c.full_name},
        key=_a.allowance_id,
        make=Allowance,
    )


def put_allowance(conn: Connection, *, facts: Mapping[str, Any]) -> Allowance:
    """State an allowance; it takes the place of the one before."""
    new = upsert(leave_allowances).values(**facts)
    stated = new.on_conflict_do_update(
        index_elements=["employee_id", "leave_type", "year"], set_={"days": new.excluded.days}
    )
    allowance_id = conn.execute(stated.returning(_a.allowance_id)).scalar_one()
    rows = select(*_allowance_columns()).select_from(_ALLOWANCE_ROWS)
    return Allowance(*conn.execute(rows.where(_a.allowance_id == allowance_id)).one())


def list_holidays(conn: Connection, *, query: HolidayFilters) -> Page[Holiday]:
    """The holidays that match, one page, by date."""
    choices = [
        (query.start_date, _h.date.__ge__),
        (query.end_date, _h.date.__le__),
        (query.department or None, lambda chosen: _h.department.is_(None) | _h.department.in_(chosen)),
    ]
    return page(
        conn,
        query=query,
        source=holidays,
        where=_chosen(choices),
        columns=[_h[name] for name in Holiday.__struct_fields__],
        order_by={"date": _h.date, "name": _h.name, "department": _h.department},
        key=_h.holiday_id,
        make=Holiday,
    )


def put_holiday(conn: Connection, *, facts: Mapping[str, Any]) -> Holiday:
    """State a holiday; one of the same date and department gets the new name."""
    new = upsert(holidays).values(**facts)
    stated = new.on_conflict_do_update(constraint="holidays_date_department_key", set_={"name": new.excluded.name})
    return Holiday(*conn.execute(stated.returning(*(_h[name] for name in Holiday.__struct_fields__))).one())


def delete_holiday(conn: Connection, *, holiday_id: int) -> Holiday | None:
    """Take a holiday away; None when there is no such."""
    gone = delete(holidays).where(_h.holiday_id == holiday_id)
    row = conn.execute(gone.returning(*(_h[name] for name in Holiday.__struct_fields__))).one_or_none()
    return Holiday(*row) if row else None


class Away(msgspec.Struct, frozen=True):
    """Somebody of the same department who is away on some of the same days."""

    employee_id: int
    full_name: str | None
    start_date: date
    end_date: date
    kind: str
    status: str


_AWAY = text(
    """SELECT b.employee_id, o.full_name, b.start_date, b.end_date,
              coalesce(l.leave_type, x.exception_type), coalesce(l.status, x.status)
    FROM absences b
    JOIN employees o ON o.employee_id = b.employee_id
    JOIN employees me ON me.employee_id = :id AND me.department IS NOT DISTINCT FROM o.department
    LEFT JOIN leave_requests l USING (leave_id)
    LEFT JOIN exceptions x ON x.exception_id = b.exception_id
    WHERE b.employee_id <> :id AND b.start_date <= :last AND b.end_date >= :first
    ORDER BY b.start_date, o.full_name LIMIT 100"""
)


def also_away(conn: Connection, *, employee_id: int, first: date, last: date) -> list[Away]:
    """Who else of the department is away, or asks to be, on these days; at most 100."""
    return [Away(*row) for row in conn.execute(_AWAY, {"id": employee_id, "first": first, "last": last})]


def allowances_of(conn: Connection, *, employee_id: int, leave_type: str, years: list[int]) -> list[Allowance]:
    """What somebody has of a type in these years."""
    rows = select(*_allowance_columns()).select_from(_ALLOWANCE_ROWS)
    wanted = rows.where(_a.employee_id == employee_id, _a.leave_type == leave_type, _a.year.in_(years))
    return [Allowance(*row) for row in conn.execute(wanted.order_by(_a.year))]


def _chosen(choices: Any) -> list[ColumnElement[bool]]:
    return [compare(value) for value, compare in choices if value is not None]
