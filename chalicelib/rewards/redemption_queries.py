"""All SQL on what people take for their points."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, insert, select
from sqlalchemy import update as change

from chalicelib.core.http import Page
from chalicelib.core.inputs import Day, PersonFilters, RowId
from chalicelib.core.paging import page
from chalicelib.core.tables import employee_reward_redemptions, employees
from chalicelib.people.queries import SHOWN, person_conditions

Status = Literal["Pending", "Approved", "Rejected", "Reversed"]


class Redemption(msgspec.Struct, frozen=True):
    """Points that somebody takes something for."""

    redemption_id: int
    employee_id: int
    full_name: str | None
    first_name: str | None
    last_name: str | None
    department: str | None
    supervisor: str | None
    batch: str | None
    points_redeemed: int
    redemption_date: date
    redemption_type: str
    redemption_details: str | None
    notes: str | None
    status: Status
    approved_by: str | None
    approved_at: datetime | None
    is_approved: bool
    created_at: datetime


class RedemptionFilters(PersonFilters, frozen=True, kw_only=True):
    """Which redemptions."""

    redemption_id: list[RowId] = []
    status: list[Status] = []
    redemption_type: list[str] = []
    points_min: int | None = None
    points_max: int | None = None
    date_min: Day | None = None
    date_max: Day | None = None
    is_approved: bool | None = None


_d = employee_reward_redemptions.c
_ROWS = employee_reward_redemptions.join(employees, employees.c.employee_id == _d.employee_id, isouter=True)
_COLUMNS = [employees.c[name] if name in SHOWN else _d[name] for name in Redemption.__struct_fields__]
_SORTS = {
    **{name: _d[name] for name in ("redemption_date", "points_redeemed", "redemption_type", "status", "created_at")},
    "approved_at": _d.approved_at,
    **{name: employees.c[name] for name in ("full_name", "department", "supervisor")},
}


def list_redemptions(conn: Connection, *, query: RedemptionFilters) -> Page[Redemption]:
    """The redemptions that match, one page."""
    choices: list[tuple[Any, Any]] = [
        (query.redemption_id or None, _d.redemption_id.in_),
        (query.status or None, _d.status.in_),
        (query.redemption_type or None, _d.redemption_type.in_),
        (query.points_min, _d.points_redeemed.__ge__),
        (query.points_max, _d.points_redeemed.__le__),
        (query.date_min, _d.redemption_date.__ge__),
        (query.date_max, _d.redemption_date.__le__),
        (query.is_approved, lambda wanted: _d.is_approved == wanted),
    ]
    return page(
        conn,
        query=query,
        source=_ROWS,
        where=[*person_conditions(query), *(compare(value) for value, compare in choices if value is not None)],
        columns=_COLUMNS,
        order_by=_SORTS,
        key=_d.redemption_id,
        make=Redemption,
    )


def find_redemption(conn: Connection, *, redemption_id: int) -> Redemption | None:
    row = conn.execute(select(*_COLUMNS).select_from(_ROWS).where(_d.redemption_id == redemption_id)).one_or_none()
    return Redemption(*row) if row else None


def hold(conn: Connection, *, redemption_id: int) -> None:
    """Hold a redemption until the transaction ends: of two decisions about it the second sees the first."""
    conn.execute(select(_d.redemption_id).where(_d.redemption_id == redemption_id).with_for_update(key_share=True))


def insert_redemption(conn: Connection, *, facts: Mapping[str, Any]) -> int:
    """A new redemption, pending; its id. One that the balance does not cover is refused by the database."""
    made: int = conn.execute(
        insert(employee_reward_redemptions).values(**facts).returning(_d.redemption_id)
    ).scalar_one()
    return made


def move_redemption(conn: Connection, *, redemption_id: int, facts: Mapping[str, Any]) -> None:
    """Give a redemption its new status, and whatever is recorded with it."""
    conn.execute(change(employee_reward_redemptions).where(_d.redemption_id == redemption_id).values(**facts))
