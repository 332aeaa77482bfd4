"""SQL on the dropdown values and the schema's state."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Connection, insert, select, text
from sqlalchemy import update as change
from sqlalchemy.dialects.postgresql import insert as upsert

from chalicelib.core.http import Page
from chalicelib.core.inputs import ListQuery
from chalicelib.core.paging import page
from chalicelib.core.tables import admin_options

Category = Literal[
    "leave_type",
    "work_code",
    "attendance_type",
    "exception_type",
    "status",
    "shift",
    "department",
    "role",
    "redemption_type",
]
Class = Literal["work", "nesting", "training", "away_planned", "away_unplanned", "off"]


class Option(msgspec.Struct, frozen=True, rename={"work_class": "class"}):
    """A value to choose from a dropdown. A retired one stays where it was chosen, and cannot be chosen again."""

    option_id: int
    category: Category
    value: str
    work_class: Class | None
    work_code: str | None
    is_active: bool
    created_at: datetime


class OptionFilters(ListQuery, frozen=True, kw_only=True, rename={"work_class": "class"}):
    """Which values; retired ones too unless `is_active` says."""

    category: list[Category] = []
    work_class: list[Class] = []
    is_active: bool | None = None


_o = admin_options.c
_COLUMNS = [_o["class"] if name == "work_class" else _o[name] for name in Option.__struct_fields__]
_SORTS = {
    "category": _o.category.concat(" ").concat(_o.value),
    "value": _o.value,
    "is_active": _o.is_active,
    "created_at": _o.created_at,
}


def list_options(conn: Connection, *, query: OptionFilters) -> Page[Option]:
    """The dropdown values that match, one page, by category and value unless sorted."""
    where: list[ColumnElement[bool]] = []
    if query.category:
        where.append(_o.category.in_(query.category))
    if query.work_class:
        where.append(_o["class"].in_(query.work_class))
    if query.is_active is not None:
        where.append(_o.is_active == query.is_active)
    return page(
        conn,
        query=query,
        source=admin_options,
        where=where,
        columns=_COLUMNS,
        order_by=_SORTS,
        key=_o.option_id,
        make=Option,
    )


def find_option(conn: Connection, *, option_id: int) -> Option | None:
    """One value, locked until the transaction ends."""
    row = conn.execute(select(*_COLUMNS).where(_o.option_id == option_id).with_for_update()).one_or_none()
    return Option(*row) if row else None


def insert_option(conn: Connection, *, facts: Mapping[str, Any]) -> int:
    """A new value; its id."""
    option_id: int = conn.execute(insert(admin_options).values(**facts).returning(_o.option_id)).scalar_one()
    return option_id


def update_option(conn: Connection, *, option_id: int, facts: Mapping[str, Any]) -> None:
    """Change these columns."""
    conn.execute(change(admin_options).where(_o.option_id == option_id).values(**facts))


def types_of_code(conn: Connection, *, work_code: str) -> list[str]:
    """The active leave and exception types that lay this work code over the plan."""
    return list(
        conn.execute(
            select(_o.value)
            .where(_o.work_code == work_code, _o.is_active, _o.category.in_(("leave_type", "exception_type")))
            .order_by(_o.value)
        ).scalars()
    )


def active_classes(conn: Connection, category: str) -> dict[str, str]:
    """Value -> class of one category, active ones only."""
    rows = conn.execute(select(_o.value, _o["class"]).where(_o.category == category, _o.is_active))
    return {row.value: row[1] for row in rows}


def active_values(conn: Connection, categories: Iterable[str]) -> dict[str, list[str]]:
    """The values one may choose, by category, sorted."""
    listed: dict[str, list[str]] = {category: [] for category in categories}
    rows = conn.execute(
        select(admin_options.c.category, admin_options.c.value)
        .where(admin_options.c.category.in_(listed), admin_options.c.is_active)
        .order_by(admin_options.c.value)
    )
    for category, value in rows:
        listed[category].append(value)
    return listed


def classes(conn: Connection, category: str) -> dict[str, str]:
    """Value -> class of one category, inactive ones too."""
    rows = conn.execute(
        select(admin_options.c.value, admin_options.c["class"]).where(admin_options.c.category == category)
    )
    return {row.value: row[1] for row in rows}


def add_values(conn: Connection, values_by_category: Mapping[str, Iterable[str]]) -> None:
    """Make these values choosable; what is there already is made active again."""
    rows = [
        {"category": category, "value": value} for category, values in values_by_category.items() for value in values
    ]
    if rows:
        new = upsert(admin_options).values(rows)
        conn.execute(new.on_conflict_do_update(index_elements=["category", "value"], set_={"is_active": True}))


def revision(conn: Connection) -> str | None:
    """The schema revision, as the application role may read it; None before the first migration."""
    if conn.execute(text("SELECT to_regclass('alembic_version')")).scalar() is None:
        return None
    return conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
