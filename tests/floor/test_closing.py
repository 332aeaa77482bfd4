"""Working days that close: who is absent without a word, and who is not."""

import threading
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.attendance.rules import last_closed
from chalicelib.core import db
from chalicelib.core.settings import settings
from chalicelib.floor import closing
from tests import make
from tests.conftest import Site

DAY = date(2026, 10, 5)
NOON = datetime(2026, 10, 6, 12, tzinfo=UTC)


def rows(statement: str, **given: Any) -> list[tuple[Any, ...]]:
    with db.reading() as conn:
        return [tuple(row) for row in conn.execute(text(statement), given)]


def write(statement: str, **given: Any) -> None:
    with make.written() as conn:
        conn.execute(text(statement), given)


def planned(day: date = DAY, *times: Any, **facts: Any) -> int:
    """Somebody with one shift."""
    with make.written() as conn:
        employee_id = make.employee(conn)
        make.shift(conn, employee_id, day, *times, **facts)
    return employee_id


def marks() -> list[tuple[Any, ...]]:
    return rows("SELECT employee_id, date, exception_type, exception_type_source FROM attendances ORDER BY 1, 2")


def run(now: datetime = NOON) -> int:
    return closing.close_day(now=now)


def test_who_worked_a_day_of_which_nothing_is_recorded_was_absent(site: Site) -> None:
    ada = planned()
    assert run(NOON - timedelta(minutes=1)) == 0
    assert marks() == []
    assert run() == 1
    assert marks() == [(ada, DAY, "Absent", "derived")]


def test_a_day_closes_by_the_clocks_of_the_site(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSDB_TIMEZONE", "America/New_York")
    monkeypatch.setenv("OPSDB_DAY_CLOSE", "10:00")
    settings.cache_clear()
    planned()
    assert run(datetime(2026, 10, 6, 13, 59, tzinfo=UTC)) == 0
    assert run(datetime(2026, 10, 6, 14, tzinfo=UTC)) == 1


def test_the_newest_closed_day_is_yesterday_from_the_closing_hour_on() -> None:
    zone = settings().timezone
    assert last_closed(NOON, zone=zone, day_close=time(12)) == DAY
    assert last_closed(NOON - timedelta(seconds=1), zone=zone, day_close=time(12)) == DAY - timedelta(1)


@pytest.mark.parametrize(
    "said",
    [
        "check_in = timestamp '2026-10-05 09:02'",
        "exception_type = 'Overtime', exception_type_source = 'lead'",
        "exception_type = 'Sick', exception_type_source = 'sheet'",
    ],
)
def test_who_is_recorded_is_left_alone(site: Site, said: str) -> None:
    ada = planned()
    write("INSERT INTO attendances (employee_id, date) VALUES (:id, :day)", id=ada, day=DAY)
    write(f"UPDATE attendances SET {said}")
    before = marks()
    assert run() == 0
    assert marks() == before


def test_a_note_alone_is_no_word_of_having_been_there(site: Site) -> None:
    ada = planned()
    write("INSERT INTO attendances (employee_id, date, notes) VALUES (:id, :day, 'rang at five')", id=ada, day=DAY)
    assert run() == 1
    assert rows("SELECT exception_type, notes FROM attendances") == [("Absent", "rang at five")]


@pytest.mark.parametrize("work_code", ["TRAIN", "VACATION", "OFF"])
def test_only_who_is_net_scheduled_can_be_absent(site: Site, work_code: str) -> None:
    planned(DAY, *([None, None] if work_code == "OFF" else []), work_code=work_code)
    assert run() == 0


def test_leave_of_the_whole_shift_excuses_and_leave_of_half_of_it_does_not(site: Site) -> None:
    all_of_it, half, all_day = planned(), planned(), planned()
    for person, hours in ((all_of_it, ("09:00", "17:00")), (half, ("09:00", "13:00")), (all_day, (None, None))):
        write(
            """INSERT INTO leave_requests (employee_id, leave_type, start_date, end_date, start_time, end_time, status)
            VALUES (:id, 'Personal', :day, :day, :start, :stop, 'Approved')""",
            id=person,
            day=DAY,
            start=hours[0],
            stop=hours[1],
        )
    assert run() == 1
    assert [row[0] for row in marks()] == [half]


def test_who_has_left_or_gave_the_shift_away_is_not_missed(site: Site) -> None:
    left = planned()
    planned(given_away=True)
    write("UPDATE employees SET status = 'Inactive', attrition_date = :day WHERE employee_id = :id", id=left, day=DAY)
    assert run() == 1
    write("DELETE FROM attendances")
    write("UPDATE employees SET attrition_date = :day WHERE employee_id = :id", id=left, day=DAY - timedelta(1))
    assert run() == 0


def test_a_run_that_is_repeated_changes_nothing_and_one_that_was_missed_is_made_up_for(site: Site) -> None:
    planned(DAY)
    planned(DAY - timedelta(3))
    planned(DAY - timedelta(60))
    assert run() == 2
    assert run() == 0
    assert run(NOON + timedelta(days=1)) == 0


def test_the_mark_is_in_the_audit_as_the_schedule_s(site: Site) -> None:
    planned()
    run()
    assert rows("SELECT actor, action FROM audit_log WHERE table_name = 'attendances'") == [
        ("schedule:close_day", "insert")
    ]


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(closing, "BATCH", 3)


def test_a_run_that_is_cut_off_is_finished_by_the_next(
    site: Site, small_batches: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = sorted(planned() for _ in range(8))
    whole, batches = closing.queries.mark_absent, []

    def dies_at_the_second(*args: Any, **given: Any) -> int:
        batches.append(given)
        if len(batches) == 2:
            raise KeyboardInterrupt
        return whole(*args, **given)

    with monkeypatch.context() as cut:
        cut.setattr(closing.queries, "mark_absent", dies_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            run()
    assert [row[0] for row in marks()] == people[:3]
    assert run() == 5
    assert [row[0] for row in marks()] == people


def test_two_runs_at_once_mark_everybody_once(site: Site, small_batches: None) -> None:
    people = sorted(planned() for _ in range(20))
    counts: list[int] = []
    runs = [threading.Thread(target=lambda: counts.append(run())) for _ in range(4)]
    for one in runs:
        one.start()
    for one in runs:
        one.join()
    assert [row[0] for row in marks()] == people
    assert sum(counts) == len(people)
