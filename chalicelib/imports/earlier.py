"""The SQLite file of the earlier opsdb: opened read-only, distrusted, and read a few rows at a time."""

import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from chalicelib.core.errors import Invalid, TooLarge

KIND = "opsdb.db"
"""Of the upload that a move is."""

MAGIC = b"SQLite format 3\0"

READ_BY, JOURNALED = 19, 2
"""Which byte of the file says what it takes to read it, and what it says of a file with a write-ahead log."""

LARGEST = 500_000_000
"""Bytes of a file that is read at all."""

MOST_ROWS = 2_000_000
"""Of one table; a floor of 1,000 people makes a third of a million shifts a year."""

LONGEST_ROW = 100_000
"""Bytes: so a file of any shape is read in bounded memory."""

AT_ONCE = 1_000
"""Rows."""

LONGEST = 120
"""Seconds for so many rows; a file can be made so that a plain SELECT never ends."""

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

Row = Mapping[str, Any]


class Earlier:
    """The opened file. A table that it lacks has no rows.

    `journaled` files have their last rows in another one, `-wal`, while they are open; nothing in them says whether.
    """

    def __init__(self, file: sqlite3.Connection, *, journaled: bool) -> None:
        self.journaled = journaled
        self._file = file
        self._until = 0.0
        self._take_time()
        file.set_progress_handler(lambda: int(time.monotonic() > self._until), 100_000)
        found = file.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise Invalid(f"The file is damaged: {found[:200]}.")
        # Views and virtual tables have no page of their own; what they show is worked out by the file's own text.
        tables = file.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND rootpage > 0")
        self._there = {name for (name,) in tables} & set(TABLES)
        if "employees" not in self._there:
            raise Invalid("The file is no database of the earlier opsdb: it has no table employees.")
        for table in sorted(self._there):
            self._refuse_generated(table)

    def rows(self, table: str) -> Iterator[Row]:
        """The table's rows by column, names in lower case; TooLarge past so many."""
        if table not in self._there:
            return
        asked = self._file.execute(f'SELECT * FROM "{table}" LIMIT {MOST_ROWS + 1}')  # noqa: S608  one of TABLES
        names = [one[0].lower() for one in asked.description]
        read = 0
        while rows := self._some(asked):
            read += len(rows)
            if read > MOST_ROWS:
                raise TooLarge(f"{table} has more than {MOST_ROWS:,} rows.")
            yield from (dict(zip(names, row, strict=True)) for row in rows)

    def count(self, table: str) -> int:
        """How many rows the table has, as far as they are read."""
        if table not in self._there:
            return 0
        self._take_time()
        rows = self._file.execute(f'SELECT count(*) FROM (SELECT 1 FROM "{table}" LIMIT {MOST_ROWS + 1})')  # noqa: S608
        return int(rows.fetchone()[0])

    def _some(self, asked: sqlite3.Cursor) -> list[Any]:
        self._take_time()
        return asked.fetchmany(AT_ONCE)

    def _take_time(self) -> None:
        self._until = time.monotonic() + LONGEST

    def _refuse_generated(self, table: str) -> None:
        """A generated column is an expression of the file's, evaluated where it is read."""
        described = self._file.execute(f'PRAGMA table_xinfo("{table}")').fetchall()
        odd = [str(one[1])[:60] for one in described if one[6]]
        if odd:
            raise Invalid(f"The file is no database of the earlier opsdb: {table}.{odd[0]} is worked out by the file.")


@contextmanager
def opened(path: Path) -> Iterator[Earlier]:
    """The file, while it is read. Raises Invalid for what is no opsdb.db, TooLarge for what is too large a one."""
    size = path.stat().st_size
    if size > LARGEST:
        raise TooLarge(f"The file has {size / 1e6:,.1f} MB; at most {LARGEST / 1e6:,.0f} MB are read.")
    with path.open("rb") as body:
        head = body.read(len(MAGIC) + 4)
    if not head.startswith(MAGIC) or len(head) <= READ_BY:
        raise Invalid("The file is no SQLite database.")
    _refuse_unfinished(path)
    # Immutable, so that nothing is written beside it.
    file = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        file.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        file.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST_ROW)
        file.text_factory = lambda value: value.decode("utf-8", "replace")
        # Extensions are off unless somebody turns them on; a schema may call harmless functions only.
        file.execute("PRAGMA trusted_schema = OFF")
        file.execute("PRAGMA query_only = ON")
        yield Earlier(file, journaled=head[READ_BY] == JOURNALED)
    except sqlite3.Error as error:
        raise Invalid(f"The file cannot be read as a SQLite database: {error}.") from error
    except UnicodeDecodeError as error:
        # Cells are mended; names of columns, and what SQLite says of them, are decoded by its module.
        raise Invalid("The file cannot be read as a SQLite database: a name in it is no text.") from error
    finally:
        file.close()


def _refuse_unfinished(path: Path) -> None:
    """What was written last is in a file beside it as long as the earlier opsdb has not closed it."""
    for left in ("-wal", "-journal"):
        beside = path.with_name(path.name + left)
        if beside.exists() and beside.stat().st_size:
            raise Invalid(
                f"{beside.name} lies beside the file: it was not closed, and its last rows are in there. Stop the"
                f" earlier opsdb and run `sqlite3 {path.name} 'PRAGMA wal_checkpoint(TRUNCATE)'` first."
            )
