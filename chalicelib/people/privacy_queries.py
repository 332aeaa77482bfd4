"""All SQL on one person as a whole: everything that names them, and what is erased of it."""

from typing import Any

from sqlalchemy import Connection, Table, select, text

from chalicelib.core.tables import employees, employees_history, metadata, people

NAMING = (
    "employee_id",
    "supervisor_id",
    "manager_id",
    "replacement_id",
    "cover_up_for_employee_id",
    "lead_id",
    "brought_by",
)
"""Columns that hold somebody's number, in whatever table."""

BESIDE = {
    "audit_log": """before ->> 'employee_id' = CAST(:id AS text) OR after ->> 'employee_id' = CAST(:id AS text)
                    OR table_name = 'employees' AND row_id = CAST(:id AS text)""",
    "sessions": "user_id IN (SELECT user_id FROM users WHERE employee_id = :id)",
    "upload_errors": "cells[1] = CAST(:id AS text)",
    "upload_outcomes": "split_part(key, ' ', 1) = CAST(:id AS text)",
}
"""What tells of people without such a column, and which rows of it."""

SECRET = ["secret_hash", "password_hash"]


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
    """Every row that names them, by table; what proves who somebody is, is left out."""
    wanted = {table.name: " OR ".join(f"{name} = :id" for name in names) for table, names in tables().items()}
    found = {}
    for name, which in {**wanted, **BESIDE}.items():
        query = text(f"SELECT to_jsonb(t) - CAST(:secret AS text[]) FROM {name} t WHERE {which} ORDER BY t")
        found[name] = list(conn.execute(query, {"id": employee_id, "secret": SECRET}).scalars())
    return {name: rows for name, rows in found.items() if rows}


def erase(conn: Connection, *, employee_id: int, reason: str) -> None:
    """Leave of them what is counted, under their number; the database refuses whoever still works here."""
    conn.execute(text("SELECT erase_person(:employee_id, :reason)"), {"employee_id": employee_id, "reason": reason})
