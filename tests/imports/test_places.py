"""Awards that come back corrected are numbered by the sheet that they failed in: none doubles, and none is lost."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import text

from chalicelib.audit.undo import undo
from chalicelib.audit.undo_queries import Work
from chalicelib.core import db, storage
from chalicelib.core.settings import settings
from chalicelib.imports.arrivals import import_file
from chalicelib.imports.queries import Upload
from tests import make
from tests.conftest import Site

MONDAY = date(2027, 3, 1)
HEADERS = ("Employee - ID", "Reason ID", "Points", "Date Awarded", "Notes")
GIVEN_BACK = (*HEADERS, "Reason", "Upload", "Row")


@pytest.fixture
def ada(site: Site) -> int:
    with make.written() as conn:
        conn.execute(text("INSERT INTO reward_reasons (reason_id, reason, points) VALUES (1, 'Great week', 50)"))
        return make.employee(conn, first_name="Ada", last_name="Lovelace")


def put(path: Path, *lines: tuple[Any, ...], headers: tuple[str, ...] = HEADERS, **options: bool) -> Upload:
    make.sheet(path / "some.xlsx", lines, headers=headers)
    return import_file(path / "some.xlsx", kind="rewards", options=options, uploaded_by="test")


def counts(done: Upload) -> tuple[int, int, int, int]:
    return (done.success_count, done.unchanged_count, done.duplicate_count, done.error_count)


def awards() -> list[tuple[Any, ...]]:
    """(points, notes) of all, in their order of notes."""
    with db.reading() as conn:
        found = conn.execute(text("SELECT points, notes FROM employee_rewards ORDER BY notes"))
        return [tuple(row) for row in found]


def reasons(done: Upload) -> list[str]:
    with db.reading() as conn:
        found = text(
            "SELECT reason FROM upload_errors WHERE upload_id = :id AND finding <> 'option' ORDER BY row_number"
        )
        return list(conn.execute(found, {"id": done.upload_id}).scalars())


def given_back(done: Upload, path: Path) -> Path:
    """The failed rows as they lie beside the file."""
    key = storage.corrected_key(done.key, done.upload_id)
    file = path / "errors.xlsx"
    storage.s3().download_file(settings().require("uploads_bucket"), key, str(file))
    return file


def corrected(file: Path, **cells: Any) -> None:
    """Write these values into the first row below the header."""
    book = openpyxl.load_workbook(file)
    assert book.active is not None
    titles = [cell.value for cell in book.active[1]]
    for name, value in cells.items():
        book.active.cell(2, titles.index(name.replace("_", " ")) + 1, value)
    book.save(file)


def again(file: Path) -> Upload:
    return import_file(file, kind="rewards", options={}, uploaded_by="test")


def test_the_second_of_two_like_awards_is_awarded_when_it_comes_back_and_only_once(ada: int, tmp_path: Path) -> None:
    first = put(tmp_path, (ada, 1, 50, MONDAY, "a"), (ada, 1, -5, MONDAY, "b"))
    assert counts(first) == (1, 0, 0, 1)
    file = given_back(first, tmp_path)
    corrected(file, Points=50)
    assert counts(again(file)) == (1, 0, 0, 0), "without its place it would pass for the first one"
    assert counts(again(file)) == (0, 1, 0, 0)
    assert counts(put(tmp_path, (ada, 1, 50, MONDAY, "a"), (ada, 1, 50, MONDAY, "b"))) == (0, 2, 0, 0)
    assert awards() == [(50, "a"), (50, "b")]


def test_an_award_to_nobody_follows_those_of_its_like_once_it_is_known_whose_it_is(ada: int, tmp_path: Path) -> None:
    lines = [(999, 1, 50, MONDAY, "a"), (ada, 1, 50, MONDAY, "b"), (998, 1, 50, MONDAY, "c")]
    first = put(tmp_path, *lines)
    assert counts(first) == (1, 0, 0, 2)

    def row(number: int, notes: str) -> tuple[Any, ...]:
        return ada, 1, 50, MONDAY, notes, None, first.upload_id, number

    assert counts(put(tmp_path, row(4, "c"), headers=GIVEN_BACK)) == (1, 0, 0, 0)
    assert counts(put(tmp_path, row(2, "a"), headers=GIVEN_BACK)) == (1, 0, 0, 0)
    assert counts(put(tmp_path, row(2, "a"), row(4, "c"), headers=GIVEN_BACK)) == (0, 2, 0, 0)
    whole = put(tmp_path, *((ada, *line[1:]) for line in lines))
    assert counts(whole) == (0, 3, 0, 0), "the whole sheet corrected says nothing new"
    assert awards() == [(50, "a"), (50, "b"), (50, "c")]


def test_what_fails_again_is_still_numbered_by_the_first_sheet(ada: int, tmp_path: Path) -> None:
    first = put(tmp_path, (ada, 1, 50, MONDAY, "a"), (999, 1, 50, MONDAY, "b"))
    file = given_back(first, tmp_path)
    corrected(file, **{"Employee_-_ID": 998})
    second = again(file)
    assert counts(second) == (0, 0, 0, 1)
    file = given_back(second, tmp_path)
    book = openpyxl.load_workbook(file)
    assert book.active is not None
    head, row = book.active.iter_rows(values_only=True)
    assert head == GIVEN_BACK
    assert row[-2:] == (first.upload_id, 3)
    corrected(file, **{"Employee_-_ID": ada})
    assert counts(again(file)) == (1, 0, 0, 0)
    assert awards() == [(50, "a"), (50, "b")]


def test_a_row_that_was_never_given_back_or_comes_twice_is_an_error(ada: int, tmp_path: Path) -> None:
    first = put(tmp_path, (ada, 1, 50, MONDAY, "a"), (ada, 1, -5, MONDAY, "b"))
    plain = (ada, 1, 50, MONDAY, None, None)
    done = put(
        tmp_path,
        (*plain, 999, 2),
        (*plain, first.upload_id, 7),
        (*plain, first.upload_id, 3),
        (*plain, first.upload_id, 3),
        (*plain, first.upload_id, None),
        (*plain, "seven", 2),
        headers=GIVEN_BACK,
    )
    assert counts(done) == (0, 0, 0, 6)
    assert reasons(done) == [
        "gave no row 2 back: leave Upload and Row empty if this is another award",
        "gave no row 7 back: leave Upload and Row empty if this is another award",
        f"of upload {first.upload_id} is also in row 5",
        f"of upload {first.upload_id} is also in row 4",
        "must be the row's number, as it was given back",
        "must be a whole number, got 'seven'",
    ]
    assert len(awards()) == 1


def test_a_number_of_ones_own_in_a_column_called_row_means_nothing(ada: int, tmp_path: Path) -> None:
    lines = [(ada, 1, 50, MONDAY, "a", 1), (ada, 1, 50, MONDAY, "b", 2)]
    assert counts(put(tmp_path, *lines, headers=(*HEADERS, "Row"))) == (2, 0, 0, 0)


def test_rows_of_a_dry_run_come_back_as_rows_of_the_real_one(ada: int, tmp_path: Path) -> None:
    lines = [(ada, 1, 50, MONDAY, "a"), (ada, 1, -5, MONDAY, "b")]
    tried = put(tmp_path, *lines, dry_run=True)
    assert counts(put(tmp_path, *lines)) == (1, 0, 0, 1)
    file = given_back(tried, tmp_path)
    corrected(file, Points=50)
    assert counts(again(file)) == (1, 0, 0, 0)
    assert awards() == [(50, "a"), (50, "b")]


def test_the_same_award_from_two_sheets_is_one(ada: int, tmp_path: Path) -> None:
    lines = [(ada, 1, 50, MONDAY, "a"), (ada, 1, -5, MONDAY, "b")]
    one, other = put(tmp_path, *lines), put(tmp_path, *lines)
    assert (counts(one), counts(other)) == ((1, 0, 0, 1), (0, 1, 0, 1))
    both = [(ada, 1, 50, MONDAY, "b", None, done.upload_id, 3) for done in (one, other)]
    assert counts(put(tmp_path, *both, headers=GIVEN_BACK)) == (1, 0, 1, 0)
    assert awards() == [(50, "a"), (50, "b")]


def test_what_an_undo_took_back_may_come_again_in_its_place(ada: int, tmp_path: Path) -> None:
    first = put(tmp_path, (ada, 1, 50, MONDAY, "a"), (ada, 1, -5, MONDAY, "b"))
    file = given_back(first, tmp_path)
    corrected(file, Points=50)
    second = again(file)
    with make.written() as conn:
        undo(conn, work=Work(upload_id=second.upload_id), dry_run=False, by="test", today=MONDAY + timedelta(1))
    assert counts(again(file)) == (1, 0, 0, 0)
    with db.reading() as conn:
        assert conn.execute(text("SELECT sum(points) FROM employee_rewards")).scalar() == 100
