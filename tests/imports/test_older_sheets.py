"""Sheets as .xls and .ods: imported like any other, and a hostile one is a failed upload with its reason."""

from datetime import date
from pathlib import Path

import pytest

from chalicelib.imports import arrivals
from tests import make
from tests.conftest import Site
from tests.imports.readers import older
from tests.imports.test_run import put, rows

HIRED = date(2027, 1, 1)
MONDAY = 46_447
"""1 March 2027, as spreadsheets count days."""


def as_xls(path: Path, people: list[int]) -> bytes:
    """A day of theirs from 22:00 to midnight, and the last one's code forgotten."""
    records = b"".join(older.label(0, column, title) for column, title in enumerate(make.SCHEDULE_HEADERS))
    for row, person in enumerate(people, start=1):
        records += older.number(row, 0, person) + older.number(row, 1, MONDAY, 1)
        records += older.number(row, 2, MONDAY + 22 / 24, 2) + older.number(row, 3, MONDAY + 1, 2)
        records += older.label(row, 4, "REG") if person != people[-1] else b""
    return older.xls(path, records, formats=(0, 14, 22)).read_bytes()


def as_ods(path: Path, people: list[int]) -> bytes:
    lines = [older.line(*map(older.cell, make.SCHEDULE_HEADERS))]
    for person in people:
        code = "REG" if person != people[-1] else ""
        lines.append(older.line(*map(older.cell, (person, "2027-03-01", "22:00", "24:00", code))))
    return older.ods(path, older.table("".join(lines))).read_bytes()


@pytest.mark.parametrize("written", [as_xls, as_ods])
def test_sheets_of_the_older_kinds_become_rows_and_reasons(
    site: Site, tmp_path: Path, written: "type[as_xls] | type[as_ods]"
) -> None:
    with make.written() as conn:
        people = [make.employee(conn, hire_date=HIRED) for _ in range(5)]
    # The name says nothing: what it is, is told by its content.
    arrivals.on_event(put(site, "schedules", written(tmp_path / "sheet", people), name="plan.xlsx"))
    [upload] = rows("SELECT state, success_count, error_count FROM uploads")
    assert tuple(upload) == ("done_with_errors", 4, 1)
    hours = rows("SELECT start_time, stop_time FROM schedules GROUP BY 1, 2")
    assert [(str(start), str(stop)) for start, stop in hours] == [("22:00:00", "00:00:00")]
    [failed] = rows("SELECT row_number, column_name, reason FROM upload_errors WHERE finding = 'error'")
    assert tuple(failed) == (6, "Work - Code", "must not be empty")


def test_a_hostile_sheet_is_a_failed_upload_and_the_next_one_is_imported(site: Site, tmp_path: Path) -> None:
    with make.written() as conn:
        people = [make.employee(conn, hire_date=HIRED) for _ in range(2)]
    endless = older.table(older.line(older.cell(1, repeated=200), repeated=1_048_576))
    bombs = {
        "far.xls": older.xls(tmp_path / "a", older.number(0, 0, 1) + older.number(65_535, 255, 1)).read_bytes(),
        "endless.ods": older.ods(tmp_path / "b", endless).read_bytes(),
        "locked.xls": older.container(tmp_path / "c", EncryptedPackage=b"x").read_bytes(),
    }
    for name, body in bombs.items():
        arrivals.on_event(put(site, "schedules", body, name=name))
    arrivals.on_event(put(site, "schedules", as_ods(tmp_path / "d", [*people, people[0]])[:], name="good.ods"))
    found = {name: (state, message) for name, state, message in rows("SELECT filename, state, message FROM uploads")}
    assert {name: state for name, (state, _) in found.items()} == {
        **dict.fromkeys(bombs, "failed"),
        "good.ods": "done_with_errors",
    }
    reasons = ("column IV of row 65536", "too much memory", "password-protected")
    assert {name: reason in found[name][1] for name, reason in zip(bombs, reasons, strict=True)} == dict.fromkeys(
        bombs, True
    )
