"""All SQL on awards, their reversals, and what both come to with the redemptions."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import (
    BigInteger,
    Connection,
    Text,
    case,
    cast,
    func,
    insert,
    literal_column,
    null,
    select,
    text,
    union_all,
)

from chalicelib.core.http import Page
from chalicelib.core.inputs import Day, ListQuery, PersonFilters, RowId
from chalicelib.core.paging import page
from chalicelib.core.tables import employee_reward_redemptions, employee_rewards, employees, reward_reasons
from chalicelib.people.queries import SHOWN, person_conditions
from chalicelib.rewards.redemption_queries import Status

Kind = Literal["award", "reversal", "redemption"]


class Award(msgspec.Struct, frozen=True):
    """Points given, or taken back by an entry that `reverses` another."""

    reward_id: int
    employee_id: int
    full_name: str | None
    first_name: str | None
    last_name: str | None
    department: str | None
    supervisor: str | None
    batch: str | None
    reason_id: int | None
    reason: str | None
    points: int
    date_awarded: date
    notes: str | None
    awarded_by: str
    reverses: int | None
    reversed_by: int | None
    created_at: datetime


class AwardFilters(PersonFilters, frozen=True, kw_only=True):
    """Which awards and reversals."""

    reason_id: list[RowId] = []
    points_min: int | None = None
    points_max: int | None = None
    date_min: Day | None = None
    date_max: Day | None = None


class LedgerEntry(msgspec.Struct, frozen=True):
    """One line of somebody's ledger. `points` are what it adds to the balance: nothing, of a redemption that was
    rejected or reversed. `said_by` awarded it or decided it, `reason` is what it was for."""

    kind: Kind
    reward_id: int | None
    redemption_id: int | None
    employee_id: int
    full_name: str | None
    first_name: str | None
    last_name: str | None
    department: str | None
    supervisor: str | None
    batch: str | None
    date: date
    points: int
    reason: str | None
    points_redeemed: int | None
    status: Status | None
    reverses: int | None
    notes: str | None
    said_by: str | None
    created_at: datetime


class LedgerFilters(ListQuery, frozen=True, kw_only=True):
    """Which lines of a ledger; the newest first unless sorted."""

    kind: list[Kind] = []
    date_min: Day | None = None
    date_max: Day | None = None
    order: Literal["asc", "desc"] = "desc"


class Balance(msgspec.Struct, frozen=True):
    """Somebody's points: what was awarded, less what was reversed, redeemed, or is asked for and pending."""

    employee_id: int
    full_name: str | None
    awarded: int
    reversed: int
    redeemed: int
    pending: int
    point_balance: int


_r, _d = employee_rewards.c, employee_reward_redemptions.c
_again = employee_rewards.alias("again")
_AWARD_ROWS = employee_rewards.join(reward_reasons, reward_reasons.c.reason_id == _r.reason_id, isouter=True).join(
    employees, employees.c.employee_id == _r.employee_id, isouter=True
)
_AWARD_DETAILS = _AWARD_ROWS.join(_again, _again.c.reverses == _r.reward_id, isouter=True)
_AWARD_SHOWN: dict[str, Any] = {
    **{name: employees.c[name] for name in SHOWN},
    "reason": reward_reasons.c.reason,
    "reversed_by": _again.c.reward_id,
}
_AWARD = [_AWARD_SHOWN[name] if name in _AWARD_SHOWN else _r[name] for name in Award.__struct_fields__]
_AWARD_SORTS = {
    "date_awarded": _r.date_awarded,
    "points": _r.points,
    "reason": reward_reasons.c.reason,
    "created_at": _r.created_at,
    **{name: employees.c[name] for name in ("full_name", "department", "supervisor")},
}


def list_awards(conn: Connection, *, query: AwardFilters) -> Page[Award]:
    """The awards and reversals that match, one page."""
    choices: list[tuple[Any, Any]] = [
        (query.reason_id or None, _r.reason_id.in_),
        (query.points_min, _r.points.__ge__),
        (query.points_max, _r.points.__le__),
        (query.date_min, _r.date_awarded.__ge__),
        (query.date_max, _r.date_awarded.__le__),
    ]
    return page(
        conn,
        query=query,
        source=_AWARD_ROWS,
        where=[*person_conditions(query), *(compare(value) for value, compare in choices if value is not None)],
        columns=_AWARD,
        order_by=_AWARD_SORTS,
        key=_r.reward_id,
        make=Award,
        # Most sorts and filters ask nothing of the other tables, which the planner leaves out then.
        details=lambda found: _AWARD_DETAILS.join(found, found.c.key == _r.reward_id),
    )


def find_award(conn: Connection, *, reward_id: int) -> Award | None:
    row = conn.execute(select(*_AWARD).select_from(_AWARD_DETAILS).where(_r.reward_id == reward_id)).one_or_none()
    return Award(*row) if row else None


def insert_award(conn: Connection, *, facts: Mapping[str, Any]) -> int:
    """A new entry; its id. A second reversal of an award, and one below zero, are refused by the database."""
    made: int = conn.execute(insert(employee_rewards).values(**facts).returning(_r.reward_id)).scalar_one()
    return made


def allow_debt(conn: Connection) -> None:
    """Let a balance fall below zero until the transaction ends."""
    conn.execute(text("SELECT set_config('opsdb.allow_debt', 'on', true)"))


_GIVEN = select(
    case((_r.reverses.is_(None), literal_column("'award'", Text)), else_=literal_column("'reversal'", Text)).label(
        "kind"
    ),
    _r.reward_id,
    cast(null(), BigInteger).label("redemption_id"),
    _r.employee_id,
    _r.date_awarded.label("date"),
    _r.points,
    reward_reasons.c.reason,
    cast(null(), BigInteger).label("points_redeemed"),
    cast(null(), Text).label("status"),
    _r.reverses,
    _r.notes,
    _r.awarded_by.label("said_by"),
    _r.created_at,
    # Both kinds of rows are numbered on their own; doubled, the numbers tell them apart.
    (_r.reward_id * 2).label("place"),
).select_from(employee_rewards.join(reward_reasons, reward_reasons.c.reason_id == _r.reason_id, isouter=True))
_TAKEN = select(
    literal_column("'redemption'", Text),
    cast(null(), BigInteger),
    _d.redemption_id,
    _d.employee_id,
    _d.redemption_date,
    case((_d.status.in_(("Pending", "Approved")), -_d.points_redeemed), else_=0),
    _d.redemption_type,
    _d.points_redeemed,
    _d.status,
    cast(null(), BigInteger),
    _d.notes,
    _d.approved_by,
    _d.created_at,
    _d.redemption_id * 2 + 1,
)
_ledger = union_all(_GIVEN, _TAKEN).subquery("ledger")
_l = _ledger.c


def list_ledger(conn: Connection, *, employee_id: int, query: LedgerFilters) -> Page[LedgerEntry]:
    """Somebody's awards, reversals and redemptions that match, one page; those of one day as they were recorded."""
    choices: list[tuple[Any, Any]] = [
        (query.kind or None, _l.kind.in_),
        (query.date_min, _l.date.__ge__),
        (query.date_max, _l.date.__le__),
    ]
    return page(
        conn,
        query=query,
        source=_ledger.join(employees, employees.c.employee_id == _l.employee_id, isouter=True),
        where=[
            _l.employee_id == employee_id,
            *(compare(value) for value, compare in choices if value is not None),
        ],
        columns=[employees.c[name] if name in SHOWN else _l[name] for name in LedgerEntry.__struct_fields__],
        order_by={
            "date": func.row(_l.date, _l.created_at),
            **{name: _l[name] for name in ("created_at", "points", "kind", "reason")},
        },
        key=_l.place,
        make=LedgerEntry,
    )


_BALANCE = text(
    """SELECT p.employee_id, e.full_name, r.awarded, r.reversed, d.redeemed, d.pending, coalesce(b.point_balance, 0)
    FROM people p
    LEFT JOIN employees e USING (employee_id)
    LEFT JOIN point_balances b USING (employee_id)
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(points) FILTER (WHERE reverses IS NULL), 0) AS awarded,
               coalesce(-sum(points) FILTER (WHERE reverses IS NOT NULL), 0) AS reversed
        FROM employee_rewards WHERE employee_id = p.employee_id) r
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(points_redeemed) FILTER (WHERE status = 'Approved'), 0) AS redeemed,
               coalesce(sum(points_redeemed) FILTER (WHERE status = 'Pending'), 0) AS pending
        FROM employee_reward_redemptions WHERE employee_id = p.employee_id) d
    WHERE p.employee_id = :id"""
)


def find_balance(conn: Connection, *, employee_id: int) -> Balance | None:
    """What somebody has, and how it came about, all of one moment; None for somebody who was never here."""
    row = conn.execute(_BALANCE, {"id": employee_id}).one_or_none()
    return Balance(*row) if row else None
