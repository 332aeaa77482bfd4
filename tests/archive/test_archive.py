"""The archive: what is past its retention moves, once, whatever kills the run; and its audit."""

import os
import random
import signal
import subprocess
import sys
import time as clock
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from chalicelib.archive import run
from chalicelib.archive.queries import LOCK
from chalicelib.archive.rules import audited_from, first_kept
from chalicelib.core import db
from chalicelib.core.db import make_engine
from chalicelib.core.settings import Settings, SettingsError, settings
from tests import make
from tests.api import Api
from tests.conftest import Site

TODAY = date(2026, 10, 5)
KEPT = date(2025, 9, 1)
OLD = KEPT - timedelta(days=1)
BOTH = """SELECT to_jsonb(s) AS image FROM {table} s UNION ALL
          SELECT to_jsonb(h) - 'archived_date' FROM {table}_history h ORDER BY 1"""


def rows(statement: str, **given: Any) -> list[tuple[Any, ...]]:
    with db.reading() as conn:
        return [tuple(row) for row in conn.execute(text(statement), given)]


def write(statement: str, **given: Any) -> None:
    with make.written() as conn:
        conn.execute(text(statement), given)


def present(employee_id: int, day: date) -> None:
    write("INSERT INTO attendances (employee_id, date, notes) VALUES (:id, :day, 'here')", id=employee_id, day=day)


@pytest.fixture
def ada(site: Site) -> int:
    with make.written() as conn:
        return make.employee(conn)


@pytest.mark.parametrize(
    ("today", "months", "first"),
    [
        (date(2026, 10, 5), 13, date(2025, 9, 1)),
        (date(2026, 10, 31), 13, date(2025, 9, 1)),
        (date(2026, 11, 1), 13, date(2025, 10, 1)),
        (date(2026, 1, 31), 13, date(2024, 12, 1)),
        (date(2026, 1, 1), 1, date(2025, 12, 1)),
        (date(2026, 12, 31), 12, date(2025, 12, 1)),
        (date(2026, 3, 31), 0, date(2026, 3, 1)),
    ],
)
def test_whole_months_are_kept(today: date, months: int, first: date) -> None:
    assert first_kept(today, months) == first


def test_what_is_past_its_retention_moves_as_it_was_and_the_rest_stays(ada: int) -> None:
    with make.written() as conn:
        gone, stays = (make.shift(conn, ada, day) for day in (OLD, KEPT))
    for day in (OLD, KEPT):
        present(ada, day)
    before = rows(BOTH.format(table="schedules")), rows(BOTH.format(table="attendances"))
    assert run.archive(today=TODAY) == run.Archived(schedules=1, attendances=1, left=0)
    assert (rows(BOTH.format(table="schedules")), rows(BOTH.format(table="attendances"))) == before
    assert rows("SELECT schedule_id FROM schedules") == [(stays,)]
    assert rows("SELECT schedule_id, archived_date FROM schedules_history") == [(gone, TODAY)]
    assert rows("SELECT date, archived_date, notes FROM attendances_history") == [(OLD, TODAY, "here")]
    assert run.archive(today=TODAY) == run.Archived()


def test_a_day_in_the_archive_takes_no_new_shift_and_a_shift_there_is_still_read(api: Api, ada: int) -> None:
    with make.written() as conn:
        make.shift(conn, ada, OLD)
    run.archive(today=TODAY)
    day = OLD.isoformat()
    listed = api.get("/schedules/history", start_date=day, end_date=day).data
    assert [one["employee_id"] for one in listed] == [ada]
    with pytest.raises(Exception, match="is in the archive"), make.written() as conn:
        make.shift(conn, ada, OLD)


def test_a_move_is_audited_by_its_counts_and_anything_else_row_by_row(ada: int) -> None:
    with make.written() as conn:
        for days in range(3):
            make.shift(conn, ada, OLD - timedelta(days))
        stays = make.shift(conn, ada, KEPT)
    run.archive(today=TODAY)
    audited = "SELECT action, table_name, row_id, row_count, before, after FROM audit_log WHERE actor = :who ORDER BY 1"
    assert rows(audited, who="schedule:archive") == [
        ("delete", "schedules", None, 3, None, None),
        ("insert", "schedules_history", None, 3, None, None),
    ]
    with make.written("key:7") as conn:
        conn.execute(text("DELETE FROM schedules WHERE schedule_id = :id"), {"id": stays})
        conn.execute(text("DELETE FROM schedules_history WHERE nominal_date < :day"), {"day": OLD})
    audit = rows(audited, who="key:7")
    assert [(action, table, before["employee_id"]) for action, table, _, _, before, _ in audit] == [
        ("delete", "schedules", ada)
    ] + [("delete", "schedules_history", ada)] * 2


def test_nobody_hides_a_deletion_behind_a_row_of_history_that_differs(ada: int) -> None:
    with make.written() as conn:
        kept = make.shift(conn, ada, KEPT)
    columns = """schedule_id, employee_id, nominal_date, start_date, start_time, stop_date, stop_time, origin,
        created_at"""
    with make.written("key:7") as conn:
        conn.execute(
            text(
                f"""INSERT INTO schedules_history ({columns}, work_code, archived_date)
                SELECT {columns}, 'SICK', now() FROM schedules WHERE schedule_id = :id"""
            ),
            {"id": kept},
        )
        conn.execute(text("DELETE FROM schedules WHERE schedule_id = :id"), {"id": kept})
    audit = rows("SELECT table_name, row_id, before, after FROM audit_log WHERE actor = 'key:7' ORDER BY audit_id")
    assert [(table, row_id) for table, row_id, _, _ in audit] == [
        ("schedules_history", str(kept)),
        ("schedules", str(kept)),
    ]
    assert (audit[0][3]["work_code"], audit[1][2]["work_code"]) == ("SICK", "REG")


def test_another_run_at_the_same_time_does_nothing(ada: int) -> None:
    present(ada, OLD)
    with db.engine().begin() as conn:
        conn.execute(text("SELECT pg_advisory_xact_lock(hashtext(:lock))"), {"lock": LOCK})
        assert run.archive(today=TODAY) == run.Archived(left=1)
    assert run.archive(today=TODAY) == run.Archived(attendances=1)


def test_a_run_that_has_no_time_left_says_how_many_rows_are(ada: int, monkeypatch: pytest.MonkeyPatch) -> None:
    present(ada, OLD)
    monkeypatch.setattr(run, "LONGEST", timedelta(0))
    assert run.archive(today=TODAY) == run.Archived(left=1)


def told(*days: str) -> None:
    """An entry of the audit on each of these days, as the owner could write it."""
    owner = make_engine(settings().require("owner_database_url"))
    with owner.begin() as conn:
        for day in days:
            conn.execute(
                text("INSERT INTO audit_log (at, actor, action, table_name) VALUES (:day, 'old', 'insert', 'x')"),
                {"day": f"{day}T12:00Z"},
            )
    owner.dispose()


def test_the_audit_is_kept_for_its_own_months(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    assert audited_from(TODAY, 84) == datetime(2019, 9, 30, tzinfo=UTC)
    told("2019-09-29", "2019-09-30")
    monkeypatch.setattr(run, "BATCH", 1)
    assert run.archive(today=TODAY) == run.Archived(audit_log=1)
    left = "SELECT at::date FROM audit_log WHERE actor = 'old'"
    assert rows(left) == [(date(2019, 9, 30),)]
    gone = "SELECT actor, action, row_count FROM audit_log WHERE table_name = 'audit_log'"
    assert rows(gone) == [("schedule:archive", "delete", 1)]


def test_no_setting_and_no_call_shortens_the_audit_of_the_last_thirteen_months(site: Site) -> None:
    with pytest.raises(SettingsError, match=r"OPSDB_AUDIT_MONTHS='12' .* must be at least 13"):
        Settings.read({"OPSDB_AUDIT_MONTHS": "12"})
    told("2019-09-29")
    with pytest.raises(IntegrityError, match="the last 13 months stays"):
        write("SELECT forget_audit(now() - interval '13 months' + interval '1 minute', 10)")
    for until in ("'infinity'", "now()"):
        with pytest.raises(IntegrityError):
            write(f"SELECT forget_audit({until}, 10)")
    write("SELECT forget_audit(NULL, 10)")
    assert rows("SELECT count(*) FROM audit_log WHERE actor = 'old'") == [(1,)]
    write("SELECT forget_audit(now() - interval '13 months', 10)")
    assert rows("SELECT count(*) FROM audit_log WHERE actor = 'old'") == [(0,)]


def test_however_often_it_is_killed_nothing_is_lost_or_doubled(site: Site, ada: int) -> None:
    write(
        """INSERT INTO schedules (employee_id, nominal_date, start_date, stop_date, work_code)
        SELECT :id, day, day, day, 'OFF' FROM generate_series(date '2022-01-01', date '2025-12-31', '1 day') day""",
        id=ada,
    )
    write(
        """INSERT INTO attendances (employee_id, date)
        SELECT :id, day FROM generate_series(date '2022-01-01', date '2025-12-31', '1 day') day""",
        id=ada,
    )
    tables = ("schedules", "attendances")
    before = {table: rows(BOTH.format(table=table)) for table in tables}
    old = {table: rows(f"SELECT count(*) FROM {table} WHERE to_jsonb({table}) ->> :day < '2025-09-01'", day=day)
           for table, day in zip(tables, ("nominal_date", "date"), strict=True)}  # fmt: skip
    chance = random.Random(8)
    for _ in range(4):
        killed_at(moved() + chance.randint(1, 300))
        assert {table: rows(BOTH.format(table=table)) for table in tables} == before
    assert moved() > 0
    assert run.archive(today=TODAY).left == 0
    assert {table: rows(BOTH.format(table=table)) for table in tables} == before
    assert {table: rows(f"SELECT count(*) FROM {table}_history") for table in tables} == old
    counted = rows("SELECT table_name, sum(row_count) FROM audit_log WHERE actor = 'schedule:archive' GROUP BY 1")
    assert {table: [(int(count),)] for table, count in counted if table in tables} == old


def moved() -> int:
    return int(
        rows("SELECT (SELECT count(*) FROM schedules_history) + (SELECT count(*) FROM attendances_history)")[0][0]
    )


def killed_at(count: int) -> None:
    """A run in batches of seven that is killed, wherever it then is, once so many rows are in history."""
    script = (
        f"from datetime import date; from chalicelib.archive import run; run.BATCH = 7; run.archive(today={TODAY!r})"
    )
    script = script.replace("datetime.date(", "date(")
    going = subprocess.Popen([sys.executable, "-c", script], env=dict(os.environ), stdout=subprocess.DEVNULL)
    while going.poll() is None and moved() < count:
        clock.sleep(0.002)
    going.send_signal(signal.SIGKILL)
    assert going.wait() == -signal.SIGKILL
    gone = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    while rows(f"{gone} AND state <> 'idle'") != [(0,)]:
        clock.sleep(0.01)
