"""All SQL on one person as a whole: everything that names them, and what is erased of it."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, select, text

from chalicelib.core.tables import employees, employees_history, metadata, people

ABOUT = ("employee_id", "lead_id", "replacement_id")
NAMING = (*ABOUT, "supervisor_id", "manager_id", "cover_up_for_employee_id", "brought_by")
"""Columns that hold somebody's number, in whatever table; by the first ones the row is about them."""

BESIDE = {
    "audit_log": """before ->> 'employee_id' = CAST(:id AS text) OR after ->> 'employee_id' = CAST(:id AS text)
                    OR table_name = 'sign_ins' AND lower(after ->> 'username') IN (
                        SELECT lower(username) FROM users WHERE employee_id = :id)""",
    "floor_notes": "lower(author) = ANY (:names) OR text ~* :called",
    "sessions": "user_id IN (SELECT user_id FROM users WHERE employee_id = :id)",
    "upload_errors": "concat_ws(E'\\n', value, reason, array_to_string(cells, E'\\n')) ~* :marked",
    "upload_outcomes": "concat_ws(E'\\n', key, reason, CAST(changes AS text)) ~* :marked",
    "upload_rows": "array_to_string(cells, E'\\n') ~* :marked",
}
"""What tells of people without such a column, and which rows of it: by their number, names, logins and cards."""

SECRET = ["secret_hash", "password_hash"]


class Sheet(msgspec.Struct, frozen=True):
    """An object in the uploads bucket that has, or may have, somebody in it."""

    upload_id: int
    bucket: str
    key: str


def tables() -> dict[Table, list[str]]:
    """Every table that names people, and by which columns."""
    found = {table: [name for name in NAMING if name in table.c] for table in metadata.sorted_tables}
    return {table: names for table, names in found.items() if names}


def is_known(conn: Connection, *, employee_id: int) -> bool:
    return bool(conn.execute(select(people.c.employee_id).where(people.c.employee_id == employee_id)).first())


def names(conn: Connection, *, employee_id: int) -> set[str]:
    """Every full name that they have, or had in the history."""
    both = (select(one.c.full_name).where(one.c.employee_id == employee_id) for one in (employees, employees_history))
    return {name for query in both for name in conn.execute(query).scalars()}


def rows_of(conn: Connection, *, employee_id: int) -> dict[str, list[dict[str, Any]]]:
    """Every row about them, by table, but for what proves who somebody is. What is about somebody else and names them
    is its key, and where it does."""
    given = _known(conn, employee_id)
    found = {}
    for table, names in tables().items():
        rows = _rows(conn, table.name, " OR ".join(f"{name} = :id" for name in names), given)
        found[table.name] = [_theirs(row, table, employee_id) for row in rows]
    found |= {name: _rows(conn, name, which, given) for name, which in BESIDE.items()}
    return {name: rows for name, rows in found.items() if rows}


def _theirs(row: dict[str, Any], table: Table, employee_id: int) -> dict[str, Any]:
    if any(row.get(name) == employee_id for name in ABOUT):
        return row
    key = {column.name for column in table.primary_key}
    return {name: value for name, value in row.items() if name in key or (name in NAMING and value == employee_id)}


def _rows(conn: Connection, table: str, which: str, given: Mapping[str, Any]) -> list[dict[str, Any]]:
    query = text(f"SELECT to_jsonb(t) - CAST(:secret AS text[]) FROM {table} t WHERE {which} ORDER BY t")
    return list(conn.execute(query, {**given, "secret": SECRET}).scalars())


def _known(conn: Connection, employee_id: int) -> dict[str, Any]:
    """By what they are found: see known_as, in migration 0014."""
    known = conn.execute(text("SELECT names, called, marked FROM known_as(:id)"), {"id": employee_id}).one()
    return {"id": employee_id, **known._mapping}


def sheets_of(conn: Connection, *, employee_id: int) -> list[Sheet]:
    """The sheets that something of them came with, or that were wrong about them."""
    about = {table.name: "employee_id = :id" for table in tables() if "employee_id" in table.c} | BESIDE
    saying = (
        f"SELECT upload_id FROM {name} WHERE {which}"
        for name, which in about.items()
        if "upload_id" in metadata.tables[name].c
    )
    found = text(
        f"""SELECT upload_id, bucket, key FROM uploads
        WHERE upload_id IN ({" UNION ALL ".join(saying)}) ORDER BY upload_id"""
    )
    return [Sheet(*row) for row in conn.execute(found, _known(conn, employee_id))]


def erase(conn: Connection, *, employee_id: int, reason: str) -> None:
    """Leave of them what is counted, under their number; the database refuses whoever still works here."""
    conn.execute(text("SELECT erase_person(:employee_id, :reason)"), {"employee_id": employee_id, "reason": reason})
