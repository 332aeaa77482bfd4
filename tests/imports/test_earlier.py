"""Moving in from the earlier opsdb."""

import sqlite3
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from openpyxl import load_workbook
from sqlalchemy import text

from chalicelib.audit.undo import undo as take_back
from chalicelib.audit.undo_queries import Work
from chalicelib.core import db
from chalicelib.core.errors import Conflict, Invalid
from chalicelib.imports import arrivals, earlier
from local import migrating
from local.cli import main
from local.migrating import moved
from local.terminal import ROW_ERRORS
from tests.conftest import Site

SCHEMA = """
CREATE TABLE employees(employee_id BIGINT PRIMARY KEY, first_name, last_name, full_name, department, hire_date,
    status, point_balance INTEGER DEFAULT 0);
CREATE TABLE schedules(schedule_id INTEGER PRIMARY KEY, employee_id, start_date, start_time, stop_date, stop_time,
    work_code);
CREATE TABLE attendances(attendance_id INTEGER PRIMARY KEY, employee_id, date, check_in, check_out, exception_type);
CREATE TABLE reward_reasons(reason_id INTEGER PRIMARY KEY, reason, points, is_active);
CREATE TABLE employee_rewards(reward_id INTEGER PRIMARY KEY, employee_id, reason_id, points, date_awarded, awarded_by);
CREATE TABLE employee_reward_redemptions(redemption_id INTEGER PRIMARY KEY, employee_id, points_redeemed,
    redemption_date, redemption_type, is_approved, approved_at);
CREATE TABLE admin_options(option_id INTEGER PRIMARY KEY, category, value, is_active);
CREATE TABLE users(id INTEGER PRIMARY KEY, username, password_hash);
INSERT INTO employees VALUES (41, 'Ana', 'Bo', 'Ana Bo', 'Lifts', '2026-01-05', 'Active', 60),
    (42, 'Cy', 'Do', 'Cy Do', 'Lifts', '2026-01-05', 'Active', -30);
INSERT INTO schedules VALUES (7, 41, '2026-03-02', '22:00:00', '2026-03-02', '06:00:00', 'REG'),
    (9, 41, '2026-03-02', '23:00:00', '2026-03-03', '01:00:00', 'REG'),
    (11, 99, '2026-03-02', '09:00:00', '2026-03-02', '17:00:00', 'REG');
INSERT INTO attendances VALUES (5, 41, '2026-03-02', '00:10:00', '06:00:00', NULL);
INSERT INTO reward_reasons VALUES (1, 'Great week', 50, 1);
INSERT INTO employee_rewards VALUES (3, 41, 1, 50, '2026-03-02', 1);
INSERT INTO employee_reward_redemptions VALUES (2, 42, 30, '2026-03-02 08:00:00', 'Gift Card', 1, NULL);
INSERT INTO admin_options VALUES (1, 'api_key', 'very-secret', 1);
INSERT INTO users VALUES (1, 'admin', 'hash');
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = sqlite3.connect(tmp_path / "opsdb.db")
    made.executescript(SCHEMA)
    made.close()
    return tmp_path / "opsdb.db"


def rows(statement: str) -> list[Any]:
    with db.reading() as conn:
        return [tuple(row) for row in conn.execute(text(statement))]


def test_a_dry_run_says_what_would_happen_and_writes_nothing(site: Site, file: Path) -> None:
    done = moved(file, keep=False)
    assert (done.moved["employees"], done.moved["schedules"], done.moved["attendances"]) == (2, 1, 1)
    assert [(one.table, one.row_id) for one in done.rejected] == [("schedules", "9"), ("schedules", "11")]
    for table in ("people", "employees", "employments", "uploads"):
        assert rows(f"SELECT count(*) FROM {table}") == [(0,)]


def test_ids_are_kept_and_new_ones_follow_them(site: Site, file: Path) -> None:
    moved(file, keep=True)
    assert rows("SELECT schedule_id FROM schedules") == [(7,)]
    with db.writing(db.Actor("test", role="admin")) as conn:
        new = conn.execute(text("INSERT INTO reward_reasons (reason, points) VALUES ('x', 1) RETURNING reason_id"))
        assert new.scalar_one() == 2


def test_a_night_is_dated_by_its_shift(site: Site, file: Path) -> None:
    moved(file, keep=True)
    assert rows("SELECT stop_date::text FROM schedules") == [("2026-03-03",)]
    assert rows("SELECT check_in::text, check_out::text FROM attendances") == [
        ("2026-03-03 00:10:00", "2026-03-03 06:00:00")
    ]


def test_balances_are_reconciled_and_a_ledger_below_zero_is_lifted(site: Site, file: Path) -> None:
    done = moved(file, keep=True)
    assert [(one.employee_id, one.shown, one.ledger) for one in done.disagreeing] == [(41, 60, 50)]
    assert [(one.employee_id, one.ledger) for one in done.adjusted] == [(42, -30)]
    assert rows("SELECT * FROM point_balances ORDER BY 1") == [(41, 50), (42, 0)]


def test_employments_and_assignments_are_made(site: Site, file: Path) -> None:
    moved(file, keep=True)
    assert rows("SELECT employee_id, hire_date::text FROM employments ORDER BY 1") == [
        (41, "2026-01-05"),
        (42, "2026-01-05"),
    ]
    assert rows("SELECT DISTINCT department FROM assignments") == [("Lifts",)]


def test_secrets_are_named_by_count_and_never_carried_over(site: Site, file: Path) -> None:
    done = moved(file, keep=True)
    assert len(done.left_behind) == 2
    assert "very-secret" not in str(done)
    assert rows("SELECT count(*) FROM admin_options WHERE value = 'very-secret'") == [(0,)]


def test_a_sweep_has_nothing_to_say_of_a_file_that_is_in_no_bucket(site: Site, file: Path) -> None:
    moved(file, keep=True)
    before = rows("SELECT state, message FROM uploads")
    arrivals.sweep(now=datetime.now(UTC) + timedelta(hours=1))
    assert rows("SELECT state, message FROM uploads") == before


def test_a_second_move_is_refused_and_changes_nothing(site: Site, file: Path) -> None:
    moved(file, keep=True)
    with pytest.raises(Conflict, match="empty tables"):
        moved(file, keep=True)
    assert rows("SELECT count(*) FROM uploads") == [(1,)]


def test_everything_is_audited_as_one_upload(site: Site, file: Path) -> None:
    done = moved(file, keep=True)
    assert rows("SELECT DISTINCT upload_id FROM audit_log WHERE table_name = 'schedules'") == [(done.upload_id,)]
    assert rows("SELECT kind, state, error_count FROM uploads") == [("opsdb.db", "done_with_errors", 2)]


def test_a_code_without_a_class_is_asked_for(site: Site, file: Path) -> None:
    with sqlite3.connect(file) as made:
        made.execute("UPDATE schedules SET work_code = 'ODD'")
    made.close()
    with pytest.raises(Invalid, match="work_code 'ODD'"):
        moved(file, keep=True)


@pytest.mark.parametrize("body", [b"", b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 4000])
def test_what_is_no_database_is_refused(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "odd.db").write_bytes(body)
    with pytest.raises(Invalid), earlier.opened(tmp_path / "odd.db"):
        pytest.fail("it was opened")


SAMPLE = Path(__file__).parents[3] / "shared/data/sample/opsdb.db"


@pytest.mark.skipif(not SAMPLE.exists(), reason="the sample lies beside the project, not in it")
def test_the_sample_has_four_balances_that_disagree_and_six_ledgers_below_zero(site: Site) -> None:
    done = moved(SAMPLE, keep=True)
    assert not done.rejected
    assert (done.moved["employees"], done.moved["schedules"], done.moved["attendances"]) == (200, 2800, 1000)
    assert len(done.disagreeing) == 4
    assert [one.ledger for one in done.adjusted] == [-30] * 6
    assert rows("SELECT count(*) FROM point_balances WHERE point_balance < 0") == [(0,)]
    assert rows("SELECT count(*) FROM absences") == [(1,)]


def test_an_undo_of_the_move_is_refused_with_the_way_back(site: Site, file: Path) -> None:
    done = moved(file, keep=True)
    work = Work(upload_id=done.upload_id)
    with db.writing(db.Actor("test", role="admin")) as conn, pytest.raises(Conflict, match="backup from before it"):
        take_back(conn, work=work, dry_run=True, by="test", today=date(2026, 4, 1))


def test_a_move_that_breaks_at_its_end_leaves_nothing(site: Site, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(conn: Any) -> None:
        raise RuntimeError("cut off")

    monkeypatch.setattr(migrating, "continue_sequences", broken)
    with pytest.raises(RuntimeError):
        moved(file, keep=True)
    assert rows("SELECT (SELECT count(*) FROM employees) + (SELECT count(*) FROM uploads)") == [(0,)]


def test_the_command_shows_first_and_writes_what_stays_behind_beside_the_file(site: Site, file: Path) -> None:
    shown = CliRunner().invoke(main, ["migrate-from", str(file)])
    assert shown.exit_code == ROW_ERRORS, shown.output
    assert "opsdb.db: 1 balances that disagree with their ledger, 1 ledgers at -30 that get" in shown.output
    assert "Nothing was written" in shown.output
    assert "very-secret" not in shown.output
    book = load_workbook(file.with_name("opsdb.db.rejects.xlsx"))
    assert [row[1] for row in book["schedules"].iter_rows(values_only=True)] == ["schedule_id", "9", "11"]
    assert "Moved as upload" in CliRunner().invoke(main, ["migrate-from", str(file), "--yes"]).output


def test_what_the_command_did_is_no_accident_for_an_undo_by_actor(site: Site, file: Path) -> None:
    moved(file, keep=True)
    work = Work(actor="command:migrate-from", since=datetime.now(UTC) - timedelta(hours=1))
    with db.writing(db.Actor("test", role="admin")) as conn:
        found = take_back(conn, work=work, dry_run=True, by="test", today=date(2026, 4, 1))
    assert found.dry_run
