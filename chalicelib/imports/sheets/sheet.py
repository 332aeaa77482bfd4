"""What a kind of sheet declares, and what its parts exchange."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import msgspec
from sqlalchemy import Connection, text

from chalicelib.core.errors import Invalid
from chalicelib.imports.people import Person
from chalicelib.imports.readers import Cell

Values = dict[str, Any]
"""One row's readable values by field name; blank optional cells are absent."""


LISTED = 1_000
"""So many warnings of an upload are kept; a plan that breaks every rule is told so by their number."""


class Problem(NamedTuple):
    """One thing wrong with one row. `category` is the dropdown that lacks the value, where that is what is wrong."""

    column: str | None
    value: str | None
    reason: str
    category: str | None = None


class Column(msgspec.Struct, frozen=True):
    """A column of a sheet. `read` turns its cell into a value or raises BadCell; `filled` refuses a blank cell.

    `ours` is one that corrected sheets carry and nobody fills in.
    """

    header: str
    field: str
    read: Callable[[Cell], Any]
    required: bool = True
    filled: bool = True
    ours: bool = False


def option(name: str, meaning: str) -> Any:
    return field(default=False, metadata={"name": name, "meaning": meaning})


@dataclass(frozen=True)
class Options:
    """What whoever uploads may ask for; the same names travel as object metadata and as query parameters."""

    dry_run: bool = option("dry-run", "say what would happen, write nothing")
    update_existing: bool = option("update-existing", "change people who are already here")
    all_or_nothing: bool = option("all-or-nothing", "write nothing if any row fails")
    add_options: bool = option("add-options", "make new dropdown values choosable")
    override_local: bool = option("override-local", "replace what was entered by hand here")
    replace_period: bool = option("replace-period", "remove planned days that the file lacks")
    correct_past: bool = option("correct-past", "change days that have started")
    confirm: bool = option("confirm", "yes, even if many days disappear")

    @classmethod
    def read(cls, metadata: Mapping[str, str]) -> "Options":
        """The options in an object's metadata; Invalid names each value that is neither true nor false."""
        chosen, problems = {}, []
        for one in fields(cls):
            said = metadata.get(one.metadata["name"], "false").strip().lower()
            if said not in {"true", "false"}:
                problems.append(f"{one.metadata['name']}: must be true or false, got {said[:40]!r}")
            chosen[one.name] = said == "true"
        if problems:
            raise Invalid(*problems)
        return cls(**chosen)


class Job(msgspec.Struct, frozen=True):
    """One upload being run, as its sheet needs to know it. `local_now` is the site's wall clock,
    `beside` are the people of the employee file that came with it.

    `brought_by` is the employee id of whoever brought it, where that is a person of the floor; `role` is theirs.
    """

    upload_id: int
    options: Options
    local_now: datetime
    object_modified: datetime | None
    beside: Sequence[Person] = ()
    brought_by: int | None = None
    role: str = "admin"


class Counts(msgspec.Struct):
    """What became of the rows. `warned` counts warnings, of which a row may have several."""

    success: int = 0
    unchanged: int = 0
    duplicate: int = 0
    kept: int = 0
    disappeared: int = 0
    warned: int = 0


class Checker(Protocol):
    """Checks rows against what is known when reading begins; made once per run."""

    def __call__(self, values: Values, problems: list[Problem]) -> Sequence[str | None] | None:
        """The row as the texts of `staged`; adds to `problems` what is wrong. None when there is nothing to stage."""
        ...


class Kind(Protocol):
    """A kind of sheet. `staged` names the checked values and their SQL types, in the order of the staged texts."""

    @property
    def name(self) -> str: ...

    @property
    def columns(self) -> Sequence[Column]: ...

    @property
    def staged(self) -> Sequence[tuple[str, str]]: ...

    def checker(self, conn: Connection, job: Job) -> Checker: ...

    def decide(self, conn: Connection, job: Job) -> Counts:
        """Compare the staged rows with what stands: findings are recorded, and what will become of each row is told
        (`differences.tell`); nothing else is written."""
        ...

    def write(self, conn: Connection, job: Job) -> None:
        """Carry out what was decided, set by set, in the caller's transaction."""
        ...


def stage_as(conn: Connection, name: str, *, kind: Kind, job: Job, extra: str = "") -> None:
    """The staged rows as a temporary table with typed columns; gone when the transaction ends."""
    typed = ", ".join(f"cells[{place}]::{kind_} AS {field_}" for place, (field_, kind_) in enumerate(kind.staged, 1))
    conn.execute(
        text(
            f"CREATE TEMPORARY TABLE {name} ON COMMIT DROP AS"
            f" SELECT *{extra} FROM (SELECT row_number, {typed} FROM upload_rows WHERE upload_id = :id) staged"
        ),
        {"id": job.upload_id},
    )
    conn.execute(text(f"ANALYZE {name}"))


def record(conn: Connection, job: Job, *, finding: str, rows: str) -> int:
    """Note a finding for every row of the query `rows` (row_number, column_name, value, reason); how many."""
    noted = conn.execute(
        text(
            f"INSERT INTO upload_errors (upload_id, finding, row_number, column_name, value, reason)"
            f" SELECT :upload_id, :finding, found.* FROM ({rows}) found"
        ),
        {"upload_id": job.upload_id, "finding": finding, "local_now": job.local_now},
    )
    return noted.rowcount


def missing_columns(headers: Iterable[str], columns: Sequence[Column]) -> list[str]:
    """The required headers that are not among these normalised ones."""
    there = set(headers)
    return [column.header for column in columns if column.required and normalised(column.header) not in there]


def normalised(header: str) -> str:
    """Headers match whatever their case and spaces."""
    return "".join(header.split()).casefold()
