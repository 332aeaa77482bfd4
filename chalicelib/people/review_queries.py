"""SQL on the roster queue: new people who wait for HR."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Connection, select, text
from sqlalchemy import update as change

from chalicelib.core.http import Page
from chalicelib.core.inputs import ListQuery, RowId
from chalicelib.core.paging import page
from chalicelib.core.tables import new_employee_reviews

Status = Literal["Pending", "Verified", "Rejected"]


class Review(msgspec.Struct, frozen=True):
    """A row of a roster sheet. What the sheet lacks is null until somebody fills it in."""

    review_id: int
    employee_id: int | None
    first_name: str | None
    last_name: str | None
    company_email: str | None
    access_card: str | None
    token_serial: str | None
    building_card: str | None
    batch: str | None
    agent_id: str | None
    ruex_id: str | None
    axonify_id: str | None
    supervisor: str | None
    manager: str | None
    tier: int | None
    shift: str | None
    department: str | None
    role: str | None
    hire_date: date | None
    phase_1_date: date | None
    phase_2_date: date | None
    phase_3_date: date | None
    sheet_number: str | None
    schedule: str | None
    notes: str | None
    status: Status
    reviewed_by: str | None
    reviewed_at: datetime | None
    upload_id: int | None
    created_at: datetime


class ReviewFilters(ListQuery, frozen=True, kw_only=True):
    """Which rows."""

    status: list[Status] = []
    batch: list[str] = []
    department: list[str] = []
    upload_id: list[RowId] = []


_r = new_employee_reviews.c
_COLUMNS = [_r[name] for name in Review.__struct_fields__]


def list_reviews(conn: Connection, *, query: ReviewFilters) -> Page[Review]:
    """The rows that match, one page, in the order they came."""
    chosen: dict[ColumnElement[Any], Collection[Any]] = {
        _r.status: query.status,
        _r.batch: query.batch,
        _r.department: query.department,
        _r.upload_id: query.upload_id,
    }
    return page(
        conn,
        query=query,
        source=new_employee_reviews,
        where=[column.in_(values) for column, values in chosen.items() if values],
        columns=_COLUMNS,
        order_by={name: _r[name] for name in ("created_at", "last_name", "batch", "department", "hire_date", "status")},
        key=_r.review_id,
        make=Review,
    )


def find_review(conn: Connection, *, review_id: int) -> Review | None:
    """One row, locked until the transaction ends."""
    row = conn.execute(select(*_COLUMNS).where(_r.review_id == review_id).with_for_update()).one_or_none()
    return Review(*row) if row else None


def update_review(conn: Connection, *, review_id: int, facts: Mapping[str, Any]) -> None:
    """Change these columns."""
    conn.execute(change(new_employee_reviews).where(_r.review_id == review_id).values(**facts))


def namesakes(conn: Connection, *, first_name: str | None, last_name: str | None) -> Collection[tuple[int, str]]:
    """Employees of that name, accents and case aside: their ids and names."""
    found = conn.execute(
        text(
            """SELECT employee_id, full_name FROM employees
            WHERE folded(full_name) = folded(btrim(coalesce(:first, '') || ' ' || coalesce(:last, ''))) ORDER BY 1"""
        ),
        {"first": first_name, "last": last_name},
    )
    return [(employee_id, name) for employee_id, name in found]
