"""Every table of an earlier opsdb with rows, odd ones too: what becomes of them, and why the others stay behind."""

import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.core import db
from chalicelib.core.errors import Invalid, OpsdbError, TooLarge
from chalicelib.imports import earlier, earlier_move, earlier_queries
from local.migrating import moved
from tests.conftest import Site
from tests.imports import earlier_files

KEPT = {
    "employees": 2,
    "employees_history": 1,
    "new_employee_reviews": 1,
    "schedules": 3,
    "schedules_history": 1,
    "attendances": 2,
    "attendances_history": 1,
    "leave_requests": 2,
    "exceptions": 2,
    "schedule_changes": 1,
    "reward_reasons": 2,
    "employee_rewards": 2,
    "employee_reward_redemptions": 3,
}
WHOLE = "must be a whole number from 1 to 1000000000000"
LEFT = {
    ("employees", "no id"): "employee_id: 'no id' is not understood",
    ("employees", "1e+20"): "employee_id: '1e+20' is not understood",
    ("employees", "43.5"): "employee_id: '43.5' is not understood",
    ("employees", "44"): "status: must be one of: Active, Inactive, On Leave",
    ("employees", "45"): "hire_date: '0026-01-05' is not understood",
    ("employees_history", "9"): "archived_date: must not be empty",
    ("employees_history", "10"): "employee_id: 'x' is not understood",
    ("new_employee_reviews", "32"): "status: is nothing that is allowed there",
    ("schedules", "9"): "start_date: 'soon' is not understood",
    ("schedules", "10"): "employee_id: 'none' is not understood",
    ("schedules", "1000000000001"): f"schedule_id: {WHOLE}",
    ("schedules_history", "8"): "schedule_id: 8 stands in schedules too",
    ("schedules_history", ""): f"schedule_id: {WHOLE}",
    ("schedules_history", "31"): "archived_date: must not be empty",
    ("attendances", "7"): "date: 'today' is not understood",
    ("attendances", "8"): "employee_id: 'none' is not understood",
    ("attendances", "9"): "check_in: 'nine' is not understood",
    ("attendances_history", "5"): "attendance_id: 5 stands in attendances too",
    ("leave_requests", "4"): "start_date: overlaps another absence of this person",
    ("leave_requests", "5"): "end_date: is nothing that is allowed there",
    ("exceptions", "22"): "start_date: overlaps another absence of this person",
    ("exceptions", "23"): "end_date: is nothing that is allowed there",
    ("schedule_changes", "13"): "schedule_date: this person has no shift on that day",
    ("schedule_changes", "14"): "replacement_id: is nothing that is allowed there",
    ("schedule_changes", "15"): "replacement_id: must not be empty",
    ("reward_reasons", "3"): "points: is nothing that is allowed there",
    ("employee_rewards", "5"): "reason_id: refers to something that is not here",
    ("employee_rewards", "6"): "employee_id: refers to something that is not here",
    ("employee_reward_redemptions", "5"): "points_redeemed: is nothing that is allowed there",
}


def rows(statement: str) -> list[Any]:
    with db.reading() as conn:
        return [tuple(row) for row in conn.execute(text(statement))]


def read(file: Path) -> None:
    """Every row of every table."""
    with earlier.opened(file) as opened:
        for table in earlier.TABLES:
            list(opened.rows(table))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return earlier_files.made(tmp_path / "opsdb.db")


@pytest.fixture
def done(site: Site, file: Path) -> earlier_move.Moved:
    return moved(file, keep=True)


def test_what_stays_behind_is_named_with_its_reason_and_everything_else_moves(done: earlier_move.Moved) -> None:
    assert {(one.table, one.row_id): one.reason for one in done.rejected} == LEFT
    assert done.moved == KEPT
    counted = {table: rows(f"SELECT count(*) FROM {table}")[0][0] for table in KEPT}
    # The ledger below zero was lifted by one entry.
    assert counted == {**KEPT, "employee_rewards": 3}


def test_the_upload_has_the_counts_and_says_what_to_look_at(done: earlier_move.Moved) -> None:
    assert rows("SELECT success_count, error_count, rows_read, state FROM uploads") == [
        (sum(KEPT.values()), len(LEFT), sum(KEPT.values()) + len(LEFT), "done_with_errors")
    ]
    found = rows("SELECT finding, count(*) FROM upload_errors GROUP BY 1 ORDER BY 1")
    assert found == [("error", len(LEFT)), ("warning", 1 + 1 + len(done.options_added) + 3)]


def test_what_is_not_carried_over_is_named_with_what_to_do(done: earlier_move.Moved) -> None:
    keys = "if these are keys, make new ones with `opsdb keys create` and revoke the old"
    assert done.left_behind == {
        "1 users with password hashes (admin)": "make each of the users anew",
        "1 database users with password hashes (tool)": "make each of the database users anew",
        "1 admin_options of the category api_key": keys,
    }


def test_archives_keep_their_dates_and_what_was_missing_is_made_up_from_the_names(done: earlier_move.Moved) -> None:
    assert rows("SELECT employee_id, full_name, archived_date::text, reason FROM employees_history") == [
        (7, "Eve Fox", "2025-01-31", "archived in the earlier opsdb")
    ]
    assert rows("SELECT schedule_id, nominal_date::text, stop_date::text FROM schedules_history") == [
        (30, "2024-03-02", "2024-03-03")
    ]
    assert rows("SELECT check_in::text, check_out::text, exception_type FROM attendances_history") == [
        ("2024-03-02 22:05:00", "2024-03-03 06:00:00", "Late")
    ]


def test_a_night_counts_from_the_evening_before_and_a_mark_needs_no_time(done: earlier_move.Moved) -> None:
    assert rows("SELECT check_in::text, late_minutes, check_in_source, exception_type_source FROM attendances") == [
        ("2026-03-03 00:10:00", 130, "sheet", None),
        (None, None, None, "sheet"),
    ]


def test_leave_and_exceptions_are_absences(done: earlier_move.Moved) -> None:
    assert rows("SELECT employee_id, start_date::text, leave_id, exception_id FROM absences ORDER BY 1") == [
        (41, "2026-05-04", None, 21),
        (42, "2026-03-16", 3, None),
    ]
    assert rows("SELECT approved_by FROM leave_requests WHERE leave_id = 3") == [("earlier:1",)]
    assert rows("SELECT processed_by FROM exceptions WHERE exception_id = 21") == [("earlier:1",)]


def test_a_change_names_the_shift_of_its_day(done: earlier_move.Moved) -> None:
    assert rows("SELECT change_id, schedule_id, status FROM schedule_changes") == [(12, 7, "Approved")]


def test_points_count_also_where_nobody_knows_who_gave_them(done: earlier_move.Moved) -> None:
    assert rows("SELECT reward_id, awarded_by FROM employee_rewards ORDER BY 1") == [
        (3, "earlier:1"),
        (4, "earlier"),
        (5, "opening adjustment"),
    ]
    assert rows("SELECT reason_id, is_active FROM reward_reasons ORDER BY 1") == [(1, True), (2, False)]
    assert rows("SELECT redemption_id, status FROM employee_reward_redemptions ORDER BY 1") == [
        (2, "Approved"),
        (3, "Pending"),
        (4, "Rejected"),
    ]
    assert rows("SELECT * FROM point_balances ORDER BY 1") == [(41, 40), (42, 0)]


def test_new_ids_follow_live_ones_and_archived_ones(done: earlier_move.Moved) -> None:
    with db.writing(db.Actor("test", role="admin")) as conn:
        shift = (
            "INSERT INTO schedules (employee_id, nominal_date, start_date, stop_date, work_code)"
            " VALUES (41, '2026-07-01', '2026-07-01', '2026-07-01', 'OFF') RETURNING schedule_id"
        )
        mark = "INSERT INTO attendances (employee_id, date) VALUES (41, '2026-07-01') RETURNING attendance_id"
        assert [conn.execute(text(one)).scalar_one() for one in (shift, mark)] == [31, 21]


def test_sequences_only_go_forward_whoever_asks(done: earlier_move.Moved) -> None:
    with db.writing(db.Actor("test", role="admin")) as conn:
        for _ in range(2):
            made = conn.execute(text("INSERT INTO reward_reasons (reason, points) VALUES (now()::text || random(), 1)"))
            earlier_queries.follow_kept_ids(conn)
        assert made.rowcount == 1
    assert rows("SELECT max(reason_id) FROM reward_reasons") == [(4,)]


def test_no_secret_is_in_the_database_afterwards(done: earlier_move.Moved) -> None:
    for table in ("uploads", "upload_errors", "audit_log", "admin_options", "users", "db_users", "api_keys"):
        held = rows(f"SELECT coalesce(string_agg({table}::text, ' '), '') FROM {table}")[0][0]
        assert not [one for one in earlier_files.SECRETS if one in held], table
    assert not [one for one in earlier_files.SECRETS if one in repr(done)]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("CREATE VIEW one AS SELECT 1; DROP TABLE employees; CREATE VIEW employees AS SELECT 1", "no table employees"),
        (
            "DROP TABLE schedules; CREATE TABLE schedules(schedule_id, x AS (hex(zeroblob(90000))))",
            "schedules.x is worked out",
        ),
        ("UPDATE employees SET role = hex(randomblob(60000))", "too big"),
        ("PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql = 'nonsense' WHERE name = 'users'", "malformed"),
    ],
)
def test_a_file_that_was_made_to_harm_is_refused(tmp_path: Path, statement: str, said: str) -> None:
    odd = earlier_files.made(tmp_path / "odd.db", statement)
    with pytest.raises(Invalid, match=said):
        read(odd)


def test_triggers_and_views_of_the_file_do_nothing(site: Site, tmp_path: Path) -> None:
    odd = earlier_files.made(
        tmp_path / "odd.db",
        "CREATE VIEW endless AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
        "CREATE TRIGGER late AFTER INSERT ON employees BEGIN DELETE FROM employees; END",
        "DROP TABLE exceptions",
        "CREATE VIEW exceptions AS SELECT i AS exception_id FROM endless",
    )
    assert moved(odd, keep=False).moved == {**KEPT, "exceptions": 0}


def test_a_table_without_end_is_too_large(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(earlier, "MOST_ROWS", 3)
    with pytest.raises(TooLarge, match="schedules has more than 3 rows"), earlier.opened(file) as opened:
        list(opened.rows("schedules"))


def test_a_statement_without_end_is_ended(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with sqlite3.connect(file) as made:
        made.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 60000)"
            " INSERT INTO schedules (schedule_id) SELECT i FROM n"
        )
    made.close()
    monkeypatch.setattr(earlier, "LONGEST", -1)
    with pytest.raises(Invalid, match="interrupted"):
        read(file)


def test_a_file_with_a_log_says_what_may_be_missing(site: Site, file: Path) -> None:
    made = sqlite3.connect(file)
    made.execute("PRAGMA journal_mode = WAL")
    made.close()
    done = moved(file, keep=False)
    assert done.left_behind["what was in opsdb.db-wal, if that was there"].startswith("close the earlier opsdb")
    assert done.moved == KEPT


def test_a_file_whose_names_are_no_text_is_refused(file: Path) -> None:
    file.write_bytes(file.read_bytes().replace(b"work_code", b"work_\xffode"))
    with pytest.raises(Invalid, match="no text"):
        read(file)


def test_a_file_with_any_bytes_changed_is_read_or_refused_and_nothing_else(file: Path) -> None:
    whole, chance, refused = file.read_bytes(), random.Random(5), 0
    for _ in range(200):
        odd = bytearray(whole)
        for _ in range(chance.choice((1, 8, 50))):
            odd[chance.randrange(chance.choice((100, len(odd))))] = chance.randrange(256)
        file.write_bytes(odd)
        try:
            read(file)
        except OpsdbError:
            refused += 1
    assert 0 < refused < 200


@pytest.mark.parametrize("length", [0, 5, 16, 19, 20, 99])
def test_a_file_that_is_cut_off_is_refused(file: Path, length: int) -> None:
    file.write_bytes(file.read_bytes()[:length])
    with pytest.raises(Invalid):
        read(file)


def test_a_file_that_was_not_closed_is_not_taken_for_the_whole(file: Path) -> None:
    file.with_name("opsdb.db-wal").write_bytes(b"rows that were written last")
    with pytest.raises(Invalid, match=r"opsdb\.db-wal lies beside"), earlier.opened(file):
        pytest.fail("it was opened")


def test_a_file_of_the_wrong_kind_ends_before_it_has_rejected_everything(
    site: Site, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(earlier_move, "MOST_REJECTED", 4)
    with pytest.raises(Invalid, match="More than 4 rows would stay behind, the last ones of employees"):
        moved(file, keep=True)
    assert rows("SELECT count(*) FROM uploads") == [(0,)]


def test_rejects_beyond_the_list_are_counted(site: Site, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(earlier_move, "LISTED", 2)
    done = moved(file, keep=False)
    assert (len(done.rejected), done.counts["error_count"]) == (2, len(LEFT))
