"""SQL on the dropdown values and the schema's state."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from chalicelib.core.tables import admin_options


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
