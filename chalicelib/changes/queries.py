"""All SQL on swaps and covers, and what approving one does to the schedule."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Connection, func, insert, select, text
from sqlalchemy import update as change
from sqlalchemy.dialects.postgresql import JSONB

from chalicelib.core.http import Page
from chalicelib.core.inputs import Clock, Day, EmployeeId, PersonFilters, RowId
from chalicelib.core.paging import page
from chalicelib.core.tables import employees, schedule_changes, schedules
from chalicelib.people.queries import SHOWN, person_conditions

Kind = Literal["Swap", "Cover"]
Status = Literal["Pending", "Approved", "Rejected", "Cancelled"]


class Stretch(msgspec.Struct, frozen=True):
    """A shift as it was when the change was asked for."""

    schedule_id: int
    nominal_date: date
    start_date: date
    start_time: Clock
    stop_date: date
    stop_time: Clock
    work_code: str


class Change(msgspec.Struct, frozen=True):
    """A shift that somebody else is to work; in a swap, another one in return.

    Both shifts stay on record here, unless it is older than that record.
    """

    change_id: int
    employee_id: int
    full_name: str | None
    first_name: str | None
    last_name: str | None
    department: str | None
    supervisor: str | None
    batch: str | None
    schedule_id: int
    schedule_date: date
    shift: Stretch | None
    replacement_id: int
    replacement_name: str | None
    replacement_schedule_id: int | None
    replacement_shift: Stretch | None
    change_type: Kind
    status: Status
    overrides: list[str]
    override_reason: str | None
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    created_at: datetime


class ChangeFilters(PersonFilters, frozen=True, kw_only=True):
    """Which changes; dates are those of the shift that is given."""

    change_id: list[RowId] = []
    replacement_id: list[EmployeeId] = []
    status: list[Status] = []
    change_type: list[Kind] = []
    start_date: Day | None = None
    end_date: Day | None = None


_c, _p = schedule_changes.c, employees.alias("replacement")
_ROWS = schedule_changes.join(employees, employees.c.employee_id == _c.employee_id, isouter=True).join(
    _p, _p.c.employee_id == _c.replacement_id, isouter=True
)
_SPECIAL: dict[str, ColumnElement[Any]] = {
    "shift": _c.snapshot["shift"],
    "replacement_shift": _c.snapshot["replacement_shift"],
    "replacement_name": _p.c.full_name,
    "overrides": func.coalesce(_c.overrides, text("'[]'::jsonb"), type_=JSONB),
}
_COLUMNS = [
    employees.c[name] if name in SHOWN else _SPECIAL[name] if name in _SPECIAL else _c[name]
    for name in Change.__struct_fields__
]


def _made(*row: Any) -> Change:
    values = dict(zip(Change.__struct_fields__, row, strict=True))
    values["shift"] = msgspec.convert(values["shift"], Stretch | None)
    values["replacement_shift"] = msgspec.convert(values["replacement_shift"], Stretch | None)
    return Change(**values)


def list_changes(conn: Connection, *, query: ChangeFilters) -> Page[Change]:
    """The changes that match, one page, by date."""
    choices: list[tuple[Any, Any]] = [
        (query.change_id or None, _c.change_id.in_),
        (query.replacement_id or None, _c.replacement_id.in_),
        (query.status or None, _c.status.in_),
        (query.change_type or None, _c.change_type.in_),
        (query.start_date, _c.schedule_date.__ge__),
        (query.end_date, _c.schedule_date.__le__),
    ]
    return page(
        conn,
        query=query,
        source=_ROWS,
        where=[*person_conditions(query), *(compare(value) for value, compare in choices if value is not None)],
        columns=_COLUMNS,
        order_by={
            "schedule_date": _c.schedule_date,
            "status": _c.status,
            "change_type": _c.change_type,
            "created_at": _c.created_at,
            "decided_at": _c.decided_at,
            "full_name": employees.c.full_name,
        },
        key=_c.change_id,
        make=_made,
    )


def find_change(conn: Connection, *, change_id: int) -> Change | None:
    row = conn.execute(select(*_COLUMNS).select_from(_ROWS).where(_c.change_id == change_id)).one_or_none()
    return _made(*row) if row else None


def insert_change(conn: Connection, *, facts: Mapping[str, Any]) -> int:
    """A new change, pending; its id."""
    made: int = conn.execute(insert(schedule_changes).values(**facts).returning(_c.change_id)).scalar_one()
    return made


def decide_change(
    conn: Connection,
    *,
    change_id: int,
    status: str,
    by: str,
    at: datetime,
    reason: str | None,
    overrides: Sequence[str] = (),
    override_reason: str | None = None,
) -> None:
    """Give a change its new status, and the reason where one is said; what was passed in spite of warnings stays on
    record with a reason of its own."""
    facts: dict[str, Any] = {"status": status, "decided_by": by, "decided_at": at}
    if reason is not None:
        facts["reason"] = reason
    if overrides:
        facts |= {"overrides": list(overrides), "override_reason": override_reason}
    conn.execute(change(schedule_changes).where(_c.change_id == change_id).values(**facts))


def give(conn: Connection, *, change_id: int, schedule_ids: Collection[int]) -> None:
    """Give these rows away: they leave the calendar of whoever had them, and stay on record."""
    conn.execute(
        change(schedules).where(schedules.c.schedule_id.in_(schedule_ids)).values(given_away=True, change_id=change_id)
    )


def take(conn: Connection, *, change_id: int, schedule_id: int, employee_id: int) -> None:
    """A row of `employee_id`'s own for the shift of that id."""
    conn.execute(
        text(
            """INSERT INTO schedules (employee_id, nominal_date, start_date, start_time, stop_date, stop_time,
                                      work_code, origin, change_id, covers_schedule_id)
            SELECT :employee_id, nominal_date, start_date, start_time, stop_date, stop_time, work_code,
                   'change', :change_id, schedule_id
            FROM schedules WHERE schedule_id = :schedule_id"""
        ),
        {"employee_id": employee_id, "change_id": change_id, "schedule_id": schedule_id},
    )


_MADE = """s.origin = 'change' AND s.covers_schedule_id IN (c.schedule_id, c.replacement_schedule_id)
            AND s.employee_id IN (c.employee_id, c.replacement_id)"""
"""`s` is a row that approving `c` made; another change may have given it away since, and then bears that one's id."""


def taken_further(conn: Connection, *, change_id: int) -> list[int]:
    """The changes by which rows of this one went on to somebody else."""
    found = conn.execute(
        text(
            f"""SELECT DISTINCT s.change_id FROM schedule_changes c JOIN schedules s ON {_MADE}
            WHERE c.change_id = :id AND s.given_away ORDER BY 1"""
        ),
        {"id": change_id},
    )
    return list(found.scalars())


def take_back(conn: Connection, *, change_id: int) -> None:
    """Undo what approving did: the rows it made go, those it gave away are their owners' again."""
    given = {"id": change_id}
    conn.execute(
        text(f"DELETE FROM schedules s USING schedule_changes c WHERE c.change_id = :id AND {_MADE}"),
        given,
    )
    conn.execute(
        text(
            f"""UPDATE schedules s SET given_away = false, change_id = (
                SELECT c.change_id FROM schedule_changes c
                WHERE c.status = 'Approved' AND c.change_id <> :id AND {_MADE})
            WHERE s.change_id = :id AND s.given_away"""
        ),
        given,
    )


def days_of(conn: Connection, *, schedule_ids: Collection[int]) -> list[date]:
    """The nominal dates of these shifts."""
    found = select(schedules.c.nominal_date).where(schedules.c.schedule_id.in_(schedule_ids))
    return list(conn.execute(found).scalars())
