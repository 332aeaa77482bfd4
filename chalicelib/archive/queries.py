"""All SQL that moves rows to history, and forgets an audit that is old enough."""

from datetime import date, datetime

from sqlalchemy import Column, Connection, Table, delete, func, insert, literal, select

from chalicelib.core.tables import attendances, attendances_history, schedules, schedules_history

LOCK = "archive"
"""Hashed, the advisory lock that a batch holds."""

HISTORIES: dict[str, tuple[Table, Table, Column[date]]] = {
    "schedules": (schedules, schedules_history, schedules.c.nominal_date),
    "attendances": (attendances, attendances_history, attendances.c.date),
}
"""Table -> itself, its history, and the day by which a row is old."""


def alone(conn: Connection) -> bool:
    """Whether no other run is at work; holds until the transaction ends."""
    return bool(conn.execute(select(func.pg_try_advisory_xact_lock(func.hashtext(LOCK)))).scalar_one())


def move(conn: Connection, *, table: str, before: date, most: int, archived_date: date) -> int:
    """Move at most so many rows of days before `before`, oldest first; how many they were.

    They are locked first: what a statement of somebody else's wrote meanwhile moves along.
    """
    live, history, day = HISTORIES[table]
    [key] = live.primary_key
    chosen = select(key).where(day < before).order_by(day, key).limit(most).with_for_update()
    ids = list(conn.execute(chosen).scalars())
    if not ids:
        return 0
    columns = [column.name for column in live.c]
    rows = select(*live.c, literal(archived_date)).where(key.in_(ids))
    conn.execute(insert(history).from_select([*columns, "archived_date"], rows))
    conn.execute(delete(live).where(key.in_(ids)))
    return len(ids)


def forget_audit(conn: Connection, *, until: datetime, most: int) -> int:
    """Delete at most so many entries of before `until`, oldest first; how many they were. The database refuses to
    forget what is younger than 13 months."""
    return int(conn.execute(select(func.forget_audit(until, most))).scalar_one())


def left(conn: Connection, *, before: date) -> int:
    """How many rows of days before `before` have not moved."""
    counts = [select(func.count()).where(day < before).scalar_subquery() for _, _, day in HISTORIES.values()]
    return sum(conn.execute(select(*counts)).one())
