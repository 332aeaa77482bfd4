"""Sheets that were mutated at random, through the whole import: no crash, nothing of a failed row, a reason each."""

import csv
import io
import random
import re
from collections.abc import Callable
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.core import db
from chalicelib.imports.arrivals import import_file
from chalicelib.imports.sheets import KINDS
from tests import make
from tests.conftest import Site
from tests.imports.readers.test_mutated import NASTY, bent, repacked

WORDS = (
    "",
    " ",
    "x",
    "0",
    "-1",
    "1e9",
    "12/13/2026",
    "25:00",
    "24:00",
    "2026-02-30",
    "9999-12-31",
    "1899-12-31",
    "=1+1",
)
PEOPLE = (101, 102, 103)

TABLES = ("employees", "schedules", "exceptions", "employee_rewards", "attendances", "forecasts", "requirements")
WRITTEN = " UNION ALL ".join(f"SELECT '{one}', count(*) FROM {one} WHERE upload_id = :id" for one in TABLES)

SHEETS: dict[str, list[list[Any]]] = {
    "employees": [
        list(make.EMPLOYEE_HEADERS),
        *(
            [
                4000 + n,
                f"First{n}",
                f"Last{n}",
                "2026-01",
                "",
                "",
                "",
                "Support",
                "Agent",
                "2026-01-05",
                f"p{n}@example.test",
            ]
            for n in range(6)
        ),
    ],
    "schedules": [
        list(make.SCHEDULE_HEADERS),
        *([one, f"2027-03-0{day}", "09:00", "17:00", "REG"] for one in PEOPLE for day in (1, 2, 3)),
    ],
    "attendances": [
        ["Employee - ID", "Date", "Check In", "Check Out", "Exception", "Notes"],
        *([one, f"2026-10-0{day}", "09:00", "17:00", "", "on time"] for one in PEOPLE for day in (5, 6)),
    ],
    "exceptions": [
        ["Employee - ID", "Exception Type", "Start Date", "End Date", "Work Code", "Supervisor Override", "Notes"],
        *([one, "Training", f"2027-04-0{day}", f"2027-04-0{day}", "TRAIN", "", ""] for one in PEOPLE for day in (1, 2)),
    ],
    "rewards": [
        ["Employee - ID", "Reason ID", "Points", "Date Awarded", "Notes"],
        *([one, 1, 10, "2026-10-05", "well done"] for one in PEOPLE for _ in (1, 2)),
    ],
    "forecast": [
        ["Date", "Interval", "Department", "Calls", "AHT"],
        *(["2027-03-01", f"{hour:02}:00", "Support", 100, 180] for hour in range(8, 14)),
    ],
    "requirement": [
        ["Date", "Interval", "Department", "Required"],
        *(["2027-03-01", f"{hour:02}:00", "Support", 4] for hour in range(8, 14)),
    ],
}


@pytest.fixture
def floor(site: Site) -> Site:
    with make.written() as conn:
        make.options(conn, "department", "Support")
        make.options(conn, "role", "Agent")
        for one in PEOPLE:
            make.employee(conn, employee_id=one)
        conn.execute(text("INSERT INTO reward_reasons (reason, points) VALUES ('Cover', 10)"))
    return site


def as_csv(rng: random.Random, kind: str) -> bytes:
    """The sheet as text, some of its cells or headers something else, rows doubled or lost."""
    rows = [list(row) for row in SHEETS[kind]]
    for _ in range(rng.choice((1, 2, 5))):
        row = rng.choice(rows)
        at = rng.randrange(len(row))
        row[at] = rng.choice(
            (*WORDS, rng.choice(NASTY).decode("latin-1"), str(row[at])[::-1], rng.choice(rng.choice(rows)))
        )
    if rng.random() < 0.3:
        rows.insert(rng.randrange(len(rows)), list(rng.choice(rows)))
    if rng.random() < 0.2:
        rows.pop(rng.randrange(len(rows)))
    out = io.StringIO()
    csv.writer(out, delimiter=rng.choice(",;\t")).writerows(rows)
    return out.getvalue().encode(rng.choice(("utf-8", "utf-8-sig", "utf-16")))


def as_workbook(rng: random.Random, kind: str) -> bytes:
    head, *rows = SHEETS[kind]
    sound = make.workbook([tuple(_typed(cell) for cell in row) for row in rows], headers=head)
    return rng.choice((bent, repacked))(rng, sound)


def _typed(cell: Any) -> Any:
    """Days and times as a workbook has them."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", str(cell)):
        return date.fromisoformat(cell)
    return time.fromisoformat(cell) if re.fullmatch(r"\d\d:\d\d", str(cell)) else cell


def tried(path: Path, rng: random.Random, kind: str) -> tuple[str, int, int]:
    """What became of one mutated sheet, once it was seen that nothing of a failed row is anywhere."""
    make_bytes: Callable[[random.Random, str], bytes] = rng.choice((as_csv, as_csv, as_workbook))
    path.write_bytes(make_bytes(rng, kind))
    options = {name: rng.random() < 0.3 for name in ("update_existing", "all_or_nothing", "add_options", "dry_run")}
    upload = import_file(path, kind=kind, options=options, uploaded_by="test")
    assert upload.state in {"done", "done_with_errors", "failed"}, upload
    with db.reading() as conn:
        reasons = conn.execute(
            text(
                """SELECT count(DISTINCT row_number), bool_and(length(reason) > 0) FROM upload_errors
                WHERE upload_id = :id AND finding = 'error'"""
            ),
            {"id": upload.upload_id},
        ).one()
        written = sum(row[1] for row in conn.execute(text(WRITTEN), {"id": upload.upload_id}))
    assert reasons[0] == upload.error_count
    assert reasons[1] is not False
    assert upload.message, upload
    if upload.state == "failed" or options["dry_run"] or (options["all_or_nothing"] and upload.error_count):
        assert written == 0, upload
    # Employees bring an assignment and an employment each, which are not counted here.
    assert written <= upload.success_count or kind == "employees", upload
    return upload.state, upload.success_count, upload.error_count


@pytest.mark.parametrize("count", [300, pytest.param(3_000, marks=pytest.mark.proof)])
def test_a_mutated_sheet_writes_its_good_rows_and_gives_a_reason_for_every_other(
    count: int, floor: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert SHEETS.keys() == KINDS.keys() - {"roster"}
    rng = random.Random(count)
    states: dict[str, int] = {}
    good = bad = 0
    for _ in range(count):
        state, wrote, failed = tried(tmp_path / "sheet", rng, rng.choice(list(SHEETS)))
        states[state] = states.get(state, 0) + 1
        good, bad = good + wrote, bad + failed
    assert min(states.values()) > count // 50
    assert good > 0 < bad
    if count > 300:
        with capsys.disabled():
            print(f"\n{count} mutated sheets: {states}; {good} rows written, {bad} failed")  # noqa: T201
