"""All SQL on who stands in for a lead."""

from collections.abc import Collection
from datetime import date, datetime

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, insert, select

from chalicelib.core.http import Page
from chalicelib.core.inputs import Day, EmployeeId, ListQuery
from chalicelib.core.paging import page
from chalicelib.core.tables import deputies, employees

_d = deputies.c
_lead, _deputy = employees.alias("lead"), employees.alias("deputy")
_SOURCE = deputies.join(_lead, _lead.c.employee_id == _d.lead_id, isouter=True).join(
    _deputy, _deputy.c.employee_id == _d.employee_id, isouter=True
)
_COLUMNS = [
    _d.deputy_id,
    _d.lead_id,
    _lead.c.full_name.label("lead"),
    _d.employee_id,
    _deputy.c.full_name,
    _d.start_date,
    _d.end_date,
    _d.created_at,
]


class Deputy(msgspec.Struct, frozen=True):
    """Somebody who stands in for a lead, on these days, both included."""

    deputy_id: int
    lead_id: int
    lead: str | None
    employee_id: int
    full_name: str | None
    start_date: date
    end_date: date
    created_at: datetime


class DeputyFilters(ListQuery, frozen=True, kw_only=True):
    """Which; `date` finds who stands in on that day."""

    lead_id: list[EmployeeId] = []
    employee_id: list[EmployeeId] = []
    date: Day | None = None


def list_deputies(conn: Connection, *, query: DeputyFilters) -> Page[Deputy]:
    """Those that match, one page, by their first day."""
    return page(
        conn,
        query=query,
        source=_SOURCE,
        where=_conditions(query),
        columns=_COLUMNS,
        order_by={name: _d[name] for name in ("start_date", "end_date", "lead_id", "employee_id")},
        key=_d.deputy_id,
        make=Deputy,
    )


def _conditions(query: DeputyFilters) -> list[ColumnElement[bool]]:
    choices = [
        (query.lead_id, _d.lead_id.in_),
        (query.employee_id, _d.employee_id.in_),
        (query.date, _d.start_date.__le__),
        (query.date, _d.end_date.__ge__),
    ]
    return [compare(value) for value, compare in choices if value]


def find_deputy(conn: Connection, *, deputy_id: int) -> Deputy | None:
    found = conn.execute(select(*_COLUMNS).select_from(_SOURCE).where(_d.deputy_id == deputy_id)).one_or_none()
    return Deputy(*found) if found else None


def not_employed(conn: Connection, *, employee_ids: Collection[int]) -> list[int]:
    """Those of these ids that are no employees."""
    found = conn.execute(select(employees.c.employee_id).where(employees.c.employee_id.in_(employee_ids))).scalars()
    return sorted(set(employee_ids) - set(found))


def insert_deputy(conn: Connection, *, lead_id: int, employee_id: int, start_date: date, end_date: date) -> Deputy:
    facts = {"lead_id": lead_id, "employee_id": employee_id, "start_date": start_date, "end_date": end_date}
    made = conn.execute(insert(deputies).values(facts).returning(_d.deputy_id)).scalar_one()
    found = find_deputy(conn, deputy_id=made)
    assert found is not None
    return found


def delete_deputy(conn: Connection, *, deputy_id: int) -> None:
    conn.execute(delete(deputies).where(_d.deputy_id == deputy_id))
