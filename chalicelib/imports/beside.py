"""The employee file beside a schedule file: whose login is whose. Nothing is written from it."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

from sqlalchemy import Connection

from chalicelib.core.errors import Invalid, OpsdbError, TooLarge
from chalicelib.imports import header, queries
from chalicelib.imports.people import Person
from chalicelib.imports.readers import Limits, Row, open_rows
from chalicelib.imports.readers.cells import employee_id, text
from chalicelib.imports.sheets.sheet import Column

KIND = "employees"
OF = "schedules"
METADATA = "employees-upload"
"""By this an object names the upload of its employee file."""

READ = "Read for the logins of a schedule file; nothing is written from it."
MOST_PEOPLE = 100_000
"""Each is in memory while the schedule file is read."""

GONE = frozenset({"404", "405", "NoSuchKey", "NoSuchVersion", "InvalidObjectState"})
"""What S3 says of a file that was removed, or put into Glacier."""

SHOWN = 10
COLUMNS = (
    Column("Odoo ID", "employee_id", employee_id),
    Column("First Name", "first_name", text),
    Column("Last Name", "last_name", text),
    Column("BO User", "ruex_id", text, required=False),
)


def named(conn: Connection, said: str, *, kind: str, by: str = METADATA) -> int:
    """The upload of the employee file that a sheet of a kind names; Invalid, by that name, where it cannot be one."""
    check_kind(kind, by=by)
    number = said.strip()
    known = number.isascii() and number.isdigit() and len(number) <= 16
    upload = queries.find_upload(conn, upload_id=int(number)) if known else None
    if upload is None or upload.kind != KIND:
        raise Invalid(f"{by}: must be the upload_id of a sheet of the kind {KIND}, got {said[:40]!r}")
    return upload.upload_id


def check_kind(kind: str, *, by: str) -> None:
    """Invalid where a sheet of that kind has no logins to match."""
    if kind != OF:
        raise Invalid(f"{by}: an employee file goes with sheets of the kind {OF}, not {kind[:40]}")


def read(path: Path, limits: Limits, *, upload_id: int, filename: str) -> tuple[Person, ...]:
    """The people of the file. Invalid names its first bad rows: one that is not understood may be the one meant."""
    try:
        with open_rows(path, limits, filename=filename) as sheet:
            return _people(iter(sheet))
    except TooLarge as error:
        raise TooLarge(_about(upload_id, error)) from None
    except OpsdbError as error:
        raise Invalid(_about(upload_id, error)) from None


def _people(rows: Iterator[Row]) -> tuple[Person, ...]:
    head = list(islice(rows, header.LOOK_AT))
    found = header.find(head, COLUMNS)
    people: list[Person] = []
    bad: list[str] = []
    for row in chain(head, rows):
        if row.number <= found.number:
            continue
        values, problems = found.values(row)
        if problems and found.repeats(row):
            continue
        bad += [f"Row {row.number}: {one.column}: {one.reason}." for one in problems[:1]]
        if not problems:
            people.append(Person(**{"ruex_id": None, **values}))
        if len(people) > MOST_PEOPLE:
            raise TooLarge(f"It has more than {MOST_PEOPLE:,} people.")
        if len(bad) > SHOWN:
            break
    _refuse(bad)
    return tuple(people)


def _refuse(bad: Sequence[str]) -> None:
    if bad:
        raise Invalid(*bad[:SHOWN], *(["There are more."] if len(bad) > SHOWN else []))


def _about(upload_id: int, error: OpsdbError) -> str:
    return f"The employee file (upload {upload_id}): {' '.join(error.problems) or error.summary}"
