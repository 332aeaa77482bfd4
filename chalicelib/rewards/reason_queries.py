"""All SQL on what points are given for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from sqlalchemy import Connection, func, insert, select
from sqlalchemy import update as change

from chalicelib.core.http import Page
from chalicelib.core.inputs import ListQuery
from chalicelib.core.paging import page
from chalicelib.core.tables import reward_reasons


class Reason(msgspec.Struct, frozen=True):
    """What points are given for, and how many unless somebody says otherwise."""

    reason_id: int
    reason: str
    points: int
    is_active: bool
    created_at: datetime


class ReasonFilters(ListQuery, frozen=True, kw_only=True):
    """Which reasons; retired ones too unless `is_active` says."""

    is_active: bool | None = None
    points_min: int | None = None
    points_max: int | None = None
    search: Annotated[str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00]*$")] | None = None


_c = reward_reasons.c
_COLUMNS = [_c[name] for name in Reason.__struct_fields__]


def list_reasons(conn: Connection, *, query: ReasonFilters) -> Page[Reason]:
    """The reasons that match, one page, by name unless sorted.

    Every word of `search` occurs, accents and case aside.
    """
    choices: list[tuple[Any, Any]] = [
        (query.is_active, lambda wanted: _c.is_active == wanted),
        (query.points_min, _c.points.__ge__),
        (query.points_max, _c.points.__le__),
        *((word, _mentions) for word in (query.search or "").split()),
    ]
    return page(
        conn,
        query=query,
        source=reward_reasons,
        where=[compare(value) for value, compare in choices if value is not None],
        columns=_COLUMNS,
        order_by={name: _c[name] for name in ("reason", "points", "is_active", "created_at")},
        key=_c.reason_id,
        make=Reason,
    )


def _mentions(word: str) -> Any:
    return func.strpos(func.folded(_c.reason), func.folded(word)) > 0


def find_reason(conn: Connection, *, reason_id: int) -> Reason | None:
    """A reason that stays as it is until the transaction ends; who only awards it keeps nobody else from doing so."""
    row = conn.execute(select(*_COLUMNS).where(_c.reason_id == reason_id).with_for_update(read=True)).one_or_none()
    return Reason(*row) if row else None


def insert_reason(conn: Connection, *, facts: Mapping[str, Any]) -> int:
    """A new reason; its id."""
    made: int = conn.execute(insert(reward_reasons).values(**facts).returning(_c.reason_id)).scalar_one()
    return made


def update_reason(conn: Connection, *, reason_id: int, facts: Mapping[str, Any]) -> None:
    """Change these columns; what was awarded keeps its points."""
    conn.execute(change(reward_reasons).where(_c.reason_id == reason_id).values(**facts))
