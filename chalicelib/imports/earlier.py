"""The SQLite file of the earlier opsdb: opened read-only, distrusted, and read table by table."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chalicelib.core.errors import Invalid, TooLarge

LARGEST = 500_000_000
"""Bytes of a file that is read at all."""

MOST_ROWS = 2_000_000
"""Of one table; a floor of 1,000 people makes a third of a million shifts a year."""

LONGEST = 120
"""Seconds for one statement; a file can be made so that a plain SELECT never ends."""

TABLES = (
    "employees",
    "employees_history",
    "schedules",
    "schedules_history",
    "attendances",
    "attendances_history",
    "leave_requests",
    "schedule_changes",
    "reward_reasons",
    "employee_rewards",
    "employee_reward_redemptions",
    "exceptions",
    "admin_options",
    "users",
    "db_users",
    "new_employee_reviews",
)

Rows = dict[str, list[dict[str, Any]]]


def read(path: Path) -> Rows:
    """Every table's rows; a table that the file lacks has none. Raises Invalid for what is no opsdb.db."""
    size = path.stat().st_size
    if size > LARGEST:
        raise TooLarge(f"The file has {size / 1e6:,.1f} MB; at most {LARGEST / 1e6:,.0f} MB are read.")
    try:
        with _opened(path) as file:
            there = {name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "employees" not in there:
                raise Invalid("The file is no database of the earlier opsdb: it has no table employees.")
            return {name: _rows(file, name) if name in there else [] for name in TABLES}
    except sqlite3.Error as error:
        raise Invalid(f"The file cannot be read as a SQLite database: {error}.") from error


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Immutable, so that nothing is written beside it; without ATTACH and functions of its schema's own."""
    file = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        file.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        file.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 10_000_000)
        file.text_factory = lambda value: value.decode("utf-8", "replace")
        until = time.monotonic() + LONGEST
        file.set_progress_handler(lambda: int(time.monotonic() > until), 100_000)
        file.execute("PRAGMA trusted_schema = OFF")
        file.execute("PRAGMA query_only = ON")
        found = file.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise Invalid(f"The file is damaged: {found}.")
        yield file
    finally:
        file.close()


def _rows(file: sqlite3.Connection, table: str) -> list[dict[str, Any]]:
    asked = file.execute(f'SELECT * FROM "{table}" LIMIT {MOST_ROWS + 1}')  # noqa: S608  one of TABLES
    names = [one[0] for one in asked.description]
    rows = [dict(zip(names, row, strict=True)) for row in asked]
    if len(rows) > MOST_ROWS:
        raise TooLarge(f"{table} has more than {MOST_ROWS:,} rows.")
    return rows
