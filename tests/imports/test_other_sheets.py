"""The sheets of exceptions, rewards, forecasts and requirements, from file to rows and back."""

from contextlib import suppress
from datetime import date, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from chalicelib.audit.undo import undo
from chalicelib.audit.undo_queries import Work
from chalicelib.core import db
from chalicelib.imports.arrivals import import_file
from chalicelib.imports.queries import Upload
from chalicelib.imports.readers.cells import BadCell
from chalicelib.imports.sheets.forecasts import amount
from tests import make
from tests.conftest import Site

MONDAY = date(2027, 3, 1)
FRIDAY = MONDAY + timedelta(4)
HEADERS = {
    "exceptions": ("Employee - ID", "Exception Type", "Start Date", "End Date", "Work Code", "Notes"),
    "rewards": ("Employee - ID", "Reason ID", "Points", "Date Awarded", "Notes"),
    "forecast": ("Date", "Interval", "Department", "Calls", "AHT"),
    "requirement": ("Date", "Interval", "Department", "Required"),
}
SAMPLE = Path(__file__).parents[3] / "shared" / "data" / "sample"


@pytest.fixture
def ada(site: Site) -> int:
    with make.written() as conn:
        conn.execute(text("INSERT INTO reward_reasons (reason_id, reason, points) VALUES (1, 'Great week', 50)"))
        make.options(conn, "department", "Support")
        return make.employee(conn, first_name="Ada", last_name="Lovelace", ruex_id="alovelace")


def put(path: Path, kind: str, *lines: tuple[Any, ...], **options: bool) -> Upload:
    make.sheet(path / "some.xlsx", lines, headers=HEADERS[kind])
    return import_file(path / "some.xlsx", kind=kind, options=options, uploaded_by="test")


def counts(done: Upload) -> tuple[int, int, int, int]:
    return (done.success_count, done.unchanged_count, done.duplicate_count, done.error_count)


def rows(statement: str) -> list[tuple[Any, ...]]:
    with db.reading() as conn:
        return [tuple(row) for row in conn.execute(text(statement))]


def reasons(done: Upload) -> list[tuple[Any, ...]]:
    return rows(
        f"""SELECT row_number, column_name, reason FROM upload_errors
        WHERE upload_id = {done.upload_id} AND finding <> 'option' ORDER BY 1, 2"""
    )


def taken_back(done: Upload) -> None:
    with make.written() as conn:
        undo(conn, work=Work(upload_id=done.upload_id), dry_run=False, by="test", today=MONDAY)


def test_exceptions_come_pending_and_a_second_time_change_nothing(ada: int, tmp_path: Path) -> None:
    lines = [("ALOVELACE", "Vacation", MONDAY, FRIDAY, "VACATION", "sea"), (ada, "Nesting", MONDAY, MONDAY, None, None)]
    assert counts(put(tmp_path, "exceptions", *lines, dry_run=True)) == (2, 0, 0, 0)
    assert rows("SELECT count(*) FROM exceptions") == [(0,)]
    assert counts(put(tmp_path, "exceptions", *lines)) == (2, 0, 0, 0)
    assert counts(put(tmp_path, "exceptions", *lines)) == (0, 2, 0, 0)
    assert rows("SELECT exception_type, status, notes FROM exceptions ORDER BY 1") == [
        ("Nesting", "Pending", None),
        ("Vacation", "Pending", "sea"),
    ]


def test_an_exception_is_changed_on_request_and_only_while_it_is_pending(ada: int, tmp_path: Path) -> None:
    put(tmp_path, "exceptions", (ada, "Vacation", MONDAY, FRIDAY, None, "sea"))
    longer = (ada, "Vacation", MONDAY, FRIDAY + timedelta(2), None, None)
    assert counts(put(tmp_path, "exceptions", longer)) == (0, 0, 1, 0)
    assert counts(put(tmp_path, "exceptions", longer, update_existing=True)) == (1, 0, 0, 0)
    assert rows("SELECT end_date, notes FROM exceptions") == [(FRIDAY + timedelta(2), "sea")]
    with make.written() as conn:
        conn.execute(text("UPDATE exceptions SET status = 'Completed'"))
    refused = put(tmp_path, "exceptions", (ada, "Vacation", MONDAY, FRIDAY, None, None), update_existing=True)
    assert reasons(refused) == [(2, "Start Date", "has been processed with other facts: revert it first")]


def test_contradictions_and_unknown_values_of_exceptions_are_row_errors(ada: int, tmp_path: Path) -> None:
    done = put(
        tmp_path,
        "exceptions",
        (ada, "Vacation", MONDAY, FRIDAY, "TRAIN", None),
        (ada, "Vacaton", MONDAY, FRIDAY, None, None),
        (ada, "Training", FRIDAY, MONDAY, None, None),
    )
    assert (done.success_count, done.error_count) == (0, 3)
    assert reasons(done) == [
        (2, "Work Code", "TRAIN is of class training, which contradicts Vacation (away_planned)"),
        (3, "Exception Type", "did you mean Vacation?"),
        (4, "End Date", f"must not be before start_date ({FRIDAY}), got {MONDAY}"),
    ]


def test_absences_that_overlap_are_row_errors_that_name_what_they_meet(ada: int, tmp_path: Path) -> None:
    put(tmp_path, "exceptions", (ada, "Leave", MONDAY, FRIDAY, None, None))
    week = timedelta(7)
    done = put(
        tmp_path,
        "exceptions",
        (ada, "Vacation", FRIDAY, FRIDAY, None, None),
        (ada, "Vacation", MONDAY + week, FRIDAY + week, None, None),
        (ada, "Leave", FRIDAY + week, FRIDAY + week, None, None),
        (ada, "Training", FRIDAY + week, FRIDAY + week, None, None),
    )
    assert counts(done) == (1, 0, 0, 3)
    assert [(row, why) for row, _, why in reasons(done)] == [
        (2, f"overlaps Leave from {MONDAY} to {FRIDAY}"),
        (3, "overlaps row 4"),
        (4, "overlaps row 3"),
    ]


def test_awards_have_keys_so_that_equal_rows_count_and_a_second_upload_does_not(ada: int, tmp_path: Path) -> None:
    lines = [(ada, 1, 50, MONDAY, "well done"), (ada, 1, 50, MONDAY, "and again")]
    assert counts(put(tmp_path, "rewards", *lines)) == (2, 0, 0, 0)
    assert counts(put(tmp_path, "rewards", *lines)) == (0, 2, 0, 0)
    other = put(tmp_path, "rewards", (ada, 1, 70, MONDAY, None))
    assert counts(other) == (0, 0, 1, 0)
    assert rows("SELECT sum(points), max(awarded_by) FROM employee_rewards") == [(100, "test")]


def test_a_bad_award_keeps_its_place_among_its_like(ada: int, tmp_path: Path) -> None:
    assert counts(put(tmp_path, "rewards", (ada, 1, 0, MONDAY, None), (ada, 1, 20, MONDAY, None))) == (1, 0, 0, 1)
    assert counts(put(tmp_path, "rewards", (ada, 1, 10, MONDAY, None), (ada, 1, 20, MONDAY, None))) == (1, 1, 0, 0)
    assert rows("SELECT points FROM employee_rewards ORDER BY sheet_key") == [(10,), (20,)]


def test_awards_need_a_reason_that_is_awarded(ada: int, tmp_path: Path) -> None:
    with make.written() as conn:
        conn.execute(
            text("INSERT INTO reward_reasons (reason_id, reason, points, is_active) VALUES (2, 'x', 5, false)")
        )
    done = put(tmp_path, "rewards", (ada, 3, 50, MONDAY, None), (ada, 2, 50, MONDAY, None))
    assert reasons(done) == [
        (2, "Reason ID", "is unknown: rewards need reason 3 first"),
        (3, "Reason ID", "is no longer awarded"),
    ]


def test_an_upload_of_awards_that_was_undone_may_come_again(ada: int, tmp_path: Path) -> None:
    line = (ada, 1, 50, MONDAY, None)
    for _ in range(3):
        done = put(tmp_path, "rewards", line)
        assert counts(done) == (1, 0, 0, 0)
        taken_back(done)
        assert rows("SELECT sum(points) FROM employee_rewards") == [(0,)]


def test_an_award_that_was_reversed_by_hand_stays_reversed(ada: int, tmp_path: Path) -> None:
    line = (ada, 1, 50, MONDAY, None)
    put(tmp_path, "rewards", line)
    with make.written() as conn:
        conn.execute(
            text(
                """INSERT INTO employee_rewards (employee_id, reason_id, points, date_awarded, awarded_by, reverses)
                SELECT employee_id, reason_id, -points, date_awarded, 'test', reward_id FROM employee_rewards"""
            )
        )
    assert counts(put(tmp_path, "rewards", line)) == (0, 1, 0, 0)
    assert rows("SELECT sum(points) FROM employee_rewards") == [(0,)]


@pytest.mark.parametrize(
    ("kind", "table", "before", "after", "shown"),
    [
        ("forecast", "forecasts", (100, "180.5"), (90, 200), "calls, handling_seconds"),
        ("requirement", "requirements", (4,), (5,), "required"),
    ],
)
def test_the_newest_word_on_an_interval_counts_and_can_be_taken_back(
    ada: int, tmp_path: Path, kind: str, table: str, before: tuple[Any, ...], after: tuple[Any, ...], shown: str
) -> None:
    key = (MONDAY, time(9), "Support")
    assert counts(put(tmp_path, kind, (*key, *before))) == (1, 0, 0, 0)
    assert counts(put(tmp_path, kind, (*key, *before))) == (0, 1, 0, 0)
    newer = put(tmp_path, kind, (*key, *after), (*key, *after))
    assert counts(newer) == (1, 0, 1, 0)
    assert rows(f"SELECT {shown} FROM {table}") == [after]
    taken_back(newer)
    assert rows(f"SELECT {shown} FROM {table}") == [tuple(Decimal(one) for one in before)]


def test_an_interval_that_cannot_be_is_a_row_error(ada: int, tmp_path: Path) -> None:
    done = put(
        tmp_path,
        "requirement",
        (MONDAY, time(9, 7), "Support", 1),
        (MONDAY, time(9), "Suport", 1),
        (MONDAY, time(9), "Support", -1),
        (MONDAY, time(10), "Support", 1),
        (MONDAY, time(10), "Support", 2),
    )
    assert counts(done) == (0, 0, 0, 5)
    assert [why for _, _, why in reasons(done)][1:] == [
        "did you mean Support?",
        "must be from 0 to 100,000",
        "is said otherwise in row 6",
        "is said otherwise in row 5",
    ]


def test_new_departments_come_with_intervals_on_request(site: Site, tmp_path: Path) -> None:
    done = put(tmp_path, "requirement", (MONDAY, time(9), "Returns", 1), add_options=True)
    assert counts(done) == (1, 0, 0, 0)
    assert rows("SELECT value FROM admin_options WHERE category = 'department' AND value = 'Returns'") == [("Returns",)]


@given(st.decimals(min_value=0, max_value=999_999, places=3))
def test_an_amount_is_read_as_it_is_written(number: Decimal) -> None:
    assert amount(f"{number:f}") == number


@given(st.text(max_size=20))
def test_an_amount_is_a_number_or_a_bad_cell(words: str) -> None:
    with suppress(BadCell):
        assert amount(words) >= 0


@pytest.mark.skipif(not SAMPLE.exists(), reason="the sample sheets are not here")
def test_the_sample_sheets_go_in_with_their_known_counts(site: Site) -> None:
    with make.written() as conn:
        conn.execute(text("INSERT INTO reward_reasons (reason_id, reason, points) VALUES (1, 'Great week', 50)"))
    # Of the exceptions all have TRAIN: 15 of type Training and 15 of Nesting go with it, 10 of Vacation contradict it.
    found = {}
    for kind in ("employees", "exceptions", "rewards"):
        options = {"add_options": kind == "employees"}
        found[kind] = counts(import_file(SAMPLE / f"{kind}.xlsx", kind=kind, options=options, uploaded_by="test"))
    assert found == {"employees": (1000, 0, 0, 0), "exceptions": (30, 0, 0, 10), "rewards": (40, 0, 0, 0)}


def test_a_sheet_of_exceptions_is_taken_back_but_for_what_was_processed_since(ada: int, tmp_path: Path) -> None:
    put(tmp_path, "exceptions", (ada, "Nesting", MONDAY, MONDAY, None, "old"))
    week = timedelta(7)
    done = put(
        tmp_path,
        "exceptions",
        (ada, "Nesting", MONDAY, FRIDAY, None, "new"),
        (ada, "Vacation", MONDAY + week, FRIDAY + week, None, None),
        (ada, "Vacation", MONDAY + 2 * week, FRIDAY + 2 * week, None, None),
        update_existing=True,
    )
    assert counts(done) == (3, 0, 0, 0)
    with make.written() as conn:
        since = "UPDATE exceptions SET status = 'Completed' WHERE start_date = :day"
        conn.execute(text(since), {"day": MONDAY + 2 * week})
    with make.written() as conn:
        undone = undo(conn, work=Work(upload_id=done.upload_id), dry_run=False, by="test", today=MONDAY)
    assert [one.table_name for one in undone.kept] == ["exceptions"]
    assert rows("SELECT exception_type, start_date, end_date, notes, status FROM exceptions ORDER BY start_date") == [
        ("Nesting", MONDAY, MONDAY, "old", "Pending"),
        ("Vacation", MONDAY + 2 * week, FRIDAY + 2 * week, None, "Completed"),
    ]
    assert rows("SELECT start_date FROM absences") == [(MONDAY + 2 * week,)]
    assert counts(put(tmp_path, "exceptions", (ada, "Vacation", MONDAY + week, FRIDAY + week, None, None)))[0] == 1
