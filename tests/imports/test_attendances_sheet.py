"""The attendances sheet: whose word stands, what follows from the shifts, and the way back."""

import io
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import openpyxl
import pytest
from sqlalchemy import text

from chalicelib.audit.undo import undo
from chalicelib.audit.undo_queries import Work
from chalicelib.core import auth, db
from chalicelib.imports.arrivals import import_file
from chalicelib.imports.queries import Upload
from tests import make
from tests.api import Api
from tests.imports.test_posted import form, post

MONDAY = date(2026, 10, 5)
TUESDAY = MONDAY + timedelta(1)
HEADERS = ("Employee - ID", "Date", "Check In", "Check Out", "Exception", "Notes")
SAMPLE = Path(__file__).parents[3] / "shared" / "data" / "sample"


@pytest.fixture
def ada(api: Api) -> int:
    """Somebody who works Monday from nine to five, and Tuesday night."""
    with make.written() as conn:
        ada = make.employee(conn, first_name="Ada", last_name="Lovelace", ruex_id="alovelace")
        make.shift(conn, ada, MONDAY, time(9), time(17))
        make.shift(conn, ada, TUESDAY, time(22), time(6))
        return ada


def put(path: Path, *lines: tuple[Any, ...], **options: bool) -> Upload:
    make.sheet(path / "days.xlsx", lines, headers=HEADERS)
    return import_file(path / "days.xlsx", kind="attendances", options=options, uploaded_by="test")


def counts(done: Upload) -> tuple[int, int, int, int, int]:
    """Written, unchanged, duplicate, kept, failed."""
    return (done.success_count, done.unchanged_count, done.duplicate_count, done.kept_count, done.error_count)


def rows(statement: str) -> list[tuple[Any, ...]]:
    with db.reading() as conn:
        return [tuple(row) for row in conn.execute(text(statement))]


def findings(done: Upload) -> list[tuple[Any, ...]]:
    return rows(
        f"""SELECT finding, row_number, column_name, reason FROM upload_errors
        WHERE upload_id = {done.upload_id} ORDER BY row_number, error_id"""
    )


def recorded(*fields: str) -> list[tuple[Any, ...]]:
    return rows(f"SELECT {', '.join(fields)} FROM attendances ORDER BY date")


def at(day: date, clock: str) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock))


def test_minutes_follow_from_the_shifts_and_a_second_time_changes_nothing(ada: int, tmp_path: Path) -> None:
    lines = [
        ("ALOVELACE", MONDAY, time(9, 20), time(16, 30), None, "rain"),
        (ada, TUESDAY, time(22, 5), time(6, 30), None, None),
    ]
    assert counts(put(tmp_path, *lines, dry_run=True)) == (2, 0, 0, 0, 0)
    assert recorded("date") == []
    assert counts(put(tmp_path, *lines)) == (2, 0, 0, 0, 0)
    shown = ("check_in", "check_out", "late_minutes", "early_minutes", "overtime_minutes", "notes")
    assert recorded(*shown) == [
        (at(MONDAY, "09:20"), at(MONDAY, "16:30"), 20, 30, 0, "rain"),
        (at(TUESDAY, "22:05"), at(TUESDAY + timedelta(1), "06:30"), 0, 0, 30, None),
    ]
    assert set(recorded("check_in_source", "late_minutes_source")) == {("sheet", "derived")}
    assert counts(put(tmp_path, *lines)) == (0, 2, 0, 0, 0)
    assert rows("SELECT action, count(*) FROM audit_log WHERE table_name = 'attendances' GROUP BY 1") == [("insert", 1)]


def test_a_check_in_belongs_to_the_instant_nearest_the_shift(ada: int, tmp_path: Path) -> None:
    with make.written() as conn:
        make.shift(conn, ada, MONDAY + timedelta(3), time(0, 10), time(8))
    put(tmp_path, (ada, MONDAY + timedelta(3), time(23, 55), time(8), None, None))
    assert recorded("check_in", "late_minutes") == [(at(MONDAY + timedelta(2), "23:55"), 0)]


def test_another_sheet_s_values_change_on_request_only(ada: int, tmp_path: Path) -> None:
    put(tmp_path, (ada, MONDAY, time(9), None, None, None))
    other = (ada, MONDAY, time(9, 30), time(17), None, None)
    refused = put(tmp_path, other)
    assert counts(refused) == (0, 0, 1, 0, 0)
    assert findings(refused) == [("duplicate", 2, "Check In", "is 09:00 here already: update-existing changes it")]
    told = rows(f"SELECT changes FROM upload_outcomes WHERE upload_id = {refused.upload_id}")[0][0]
    assert {"field": "late_minutes", "old": "0", "new": "30"} in told
    assert counts(put(tmp_path, other, update_existing=True)) == (1, 0, 0, 0, 0)
    assert recorded("late_minutes", "early_minutes") == [(30, 0)]


def test_what_a_sheet_lacked_is_filled_in_without_asking(ada: int, tmp_path: Path) -> None:
    put(tmp_path, (ada, MONDAY, time(9), None, None, "rain"))
    assert counts(put(tmp_path, (ada, MONDAY, time(9), time(16), None, None))) == (1, 0, 0, 0, 0)
    assert recorded("early_minutes", "notes") == [(60, "rain")]


def test_what_a_lead_said_is_kept_and_reported(api: Api, ada: int, tmp_path: Path) -> None:
    said = {"employee_id": ada, "date": MONDAY.isoformat(), "check_in": "09:10", "late_minutes": 7}
    assert api.post("/attendances", said).status == 201
    kept = put(tmp_path, (ada, MONDAY, time(9, 20), None, None, None), update_existing=True)
    assert counts(kept) == (0, 0, 0, 1, 0)
    assert findings(kept) == [("kept", 2, "Check In", "kept: 09:10 is what a lead said")]
    partly = put(tmp_path, (ada, MONDAY, time(9, 20), time(16), None, None))
    assert (counts(partly), partly.warning_count) == ((1, 0, 0, 0, 0), 1)
    assert recorded("check_in", "check_in_source", "late_minutes", "early_minutes") == [
        (at(MONDAY, "09:10"), "lead", 7, 60)
    ]
    assert counts(put(tmp_path, (ada, MONDAY, time(9, 10), time(16), None, None))) == (0, 1, 0, 0, 0)


def test_a_sheet_beats_what_was_derived(ada: int, tmp_path: Path) -> None:
    with make.written() as conn:
        conn.execute(
            text(
                """INSERT INTO attendances (employee_id, date, exception_type, exception_type_source)
                VALUES (:ada, :day, 'Absent', 'derived')"""
            ),
            {"ada": ada, "day": MONDAY},
        )
    assert counts(put(tmp_path, (ada, MONDAY, time(9), None, None, None))) == (1, 0, 0, 0, 0)
    assert recorded("check_in", "exception_type", "exception_type_source") == [(at(MONDAY, "09:00"), None, None)]


def test_who_is_marked_away_did_not_come_at_the_shift_s_own_time(api: Api, ada: int, tmp_path: Path) -> None:
    with make.written() as conn:
        conn.execute(
            text(
                """INSERT INTO attendances (employee_id, date, check_in, check_in_source)
                VALUES (:ada, :day, :at, 'derived')"""
            ),
            {"ada": ada, "day": MONDAY, "at": at(MONDAY, "09:00")},
        )
    assert counts(put(tmp_path, (ada, MONDAY, None, None, "Sick", None))) == (1, 0, 0, 0, 0)
    assert recorded("check_in", "exception_type", "exception_type_source") == [(None, "Sick", "sheet")]


def test_rows_that_cannot_be_are_errors(ada: int, tmp_path: Path) -> None:
    done = put(
        tmp_path,
        (ada, MONDAY, None, time(17), None, None),
        (ada, MONDAY, None, None, "Sik", None),
        (99, MONDAY, time(9), None, None, None),
        (ada, TUESDAY, time(22), None, None, None),
        (ada, TUESDAY, time(22), None, None, None),
        (ada, TUESDAY, time(23), None, None, None),
    )
    assert counts(done) == (0, 0, 1, 0, 5)
    assert [(row, column, why) for _, row, column, why in findings(done) if row in {2, 3, 4}] == [
        (2, "Check In", "must not be empty where Exception is"),
        (3, "Exception", "did you mean Sick?"),
        (4, "Employee - ID", "is no employee's id"),
    ]


def test_a_closed_month_takes_an_admin_s_sheet_only(api: Api, tmp_path: Path) -> None:
    day = date(2020, 1, 15)
    with make.written() as conn:
        grace = make.employee(conn, first_name="Grace")
        ada = make.employee(conn)
        conn.execute(text("UPDATE assignments SET supervisor_id = :g WHERE employee_id = :a"), {"g": grace, "a": ada})
        key = auth.create_key(conn, name="grace", role="supervisor", employee_id=grace)[1]
    assert api.post("/periods/2020-01/close").status < 300
    sheet = form(make.workbook([(ada, day, time(9), None, None, None)], headers=HEADERS))
    answer = post(Api(key), "/attendances/batch", sheet)
    assert answer.status == 200, answer.body
    [error] = answer.body["errors"]
    assert error.startswith("Row 2: Date: is in a month that is closed")
    assert post(api, "/attendances/batch", sheet).body["success_count"] == 1
    assert rows("SELECT count(*) FROM adjustments") == [(1,)]


def test_leads_bring_days_of_their_own_people_and_never_their_own(api: Api) -> None:
    with make.written() as conn:
        grace, ada, other = (make.employee(conn) for _ in range(3))
        conn.execute(text("UPDATE assignments SET supervisor_id = :g WHERE employee_id = :a"), {"g": grace, "a": ada})
        key = auth.create_key(conn, name="grace", role="supervisor", employee_id=grace)[1]
    lines = [(one, MONDAY, time(9), None, None, None) for one in (ada, grace, other)]
    answer = post(Api(key), "/attendances/batch", form(make.workbook(lines, headers=HEADERS)))
    assert (answer.status, answer.body["success_count"]) == (200, 1), answer.body
    assert answer.body["errors"] == [
        "Row 3: Employee - ID: nobody decides about themselves",
        "Row 4: Employee - ID: is not in your team",
    ]


@pytest.mark.parametrize("role", ["viewer", "planner"])
def test_others_bring_no_attendances(api: Api, role: str) -> None:
    with make.written() as conn:
        key = auth.create_key(conn, name=role, role=role)[1]
    assert post(Api(key), "/attendances/batch", form(b"a,b\n")).status == 403


def test_a_sheet_is_taken_back_but_for_what_was_said_since(api: Api, ada: int, tmp_path: Path) -> None:
    put(tmp_path, (ada, MONDAY, time(9), None, None, None))
    newer = put(
        tmp_path,
        (ada, MONDAY, time(9, 30), None, None, None),
        (ada, TUESDAY, time(22), None, None, None),
        (ada, TUESDAY + timedelta(1), None, None, "Vacation", None),
        update_existing=True,
    )
    assert counts(newer) == (3, 0, 0, 0, 0)
    assert api.put(f"/attendances/{ada}/{TUESDAY}", {"check_out": "06:00"}).status == 200
    with make.written() as conn:
        undone = undo(conn, work=Work(upload_id=newer.upload_id), dry_run=False, by="test", today=MONDAY)
    assert [one.table_name for one in undone.kept] == ["attendances"]
    assert recorded("date", "check_in", "late_minutes") == [
        (MONDAY, at(MONDAY, "09:00"), 0),
        (TUESDAY, at(TUESDAY, "22:00"), 0),
    ]


@pytest.mark.proof
@pytest.mark.skipif(not SAMPLE.exists(), reason="the sample sheets are not here")
def test_the_sample_goes_in_whole_and_once(api: Api) -> None:
    for kind in ("employees", "schedules"):
        options = {"add_options": kind == "employees"}
        import_file(SAMPLE / f"{kind}.xlsx", kind=kind, options=options, uploaded_by="test")
    found = [
        counts(import_file(SAMPLE / "attendances.xlsx", kind="attendances", options={}, uploaded_by="test"))
        for _ in range(2)
    ]
    assert found == [(4853, 0, 0, 0, 0), (0, 4853, 0, 0, 0)]
    answer = post(api, "/attendances/batch", form((SAMPLE / "attendances.xlsx").read_bytes()), update_existing="true")
    assert (answer.status, answer.body["success_count"], answer.body["error_count"]) == (200, 0, 0)


def test_a_sheet_that_was_put_there_later_stays(ada: int, tmp_path: Path) -> None:
    put(tmp_path, (ada, MONDAY, time(9), None, None, None))
    with make.written() as conn:
        conn.execute(text("UPDATE uploads SET object_modified = object_modified + interval '1 day'"))
    overtaken = put(tmp_path, (ada, MONDAY, time(9, 30), None, None, None), update_existing=True)
    assert counts(overtaken) == (0, 0, 0, 1, 0)
    assert findings(overtaken) == [("kept", 2, "Check In", "kept: 09:00 is of a newer sheet")]


def test_an_archived_day_is_an_error_of_its_row(ada: int, tmp_path: Path) -> None:
    with make.written() as conn:
        conn.execute(
            text(
                """INSERT INTO attendances_history (attendance_id, employee_id, date, archived_date)
                VALUES (1, :ada, :day, :day)"""
            ),
            {"ada": ada, "day": MONDAY},
        )
    done = put(tmp_path, (ada, MONDAY, time(9), None, None, None), (ada, TUESDAY, time(22), None, None, None))
    assert counts(done) == (1, 0, 0, 0, 1)
    assert findings(done) == [("error", 2, "Date", "is in the archive")]


def test_what_failed_comes_back_in_the_sheet_s_layout_and_goes_in_corrected(api: Api, ada: int, tmp_path: Path) -> None:
    done = put(tmp_path, (ada, MONDAY, time(9), None, None, None), (ada, TUESDAY, None, None, "Sik", "cold"))
    where = api.get(f"/uploads/{done.upload_id}/errors", format="xlsx").headers["Location"]
    with urlopen(where, timeout=20) as got:
        book = openpyxl.load_workbook(io.BytesIO(got.read()))
    header, failed = book.active.iter_rows(values_only=True)
    assert header[: len(HEADERS)] == HEADERS
    assert failed[4:7] == ("Sik", "cold", "Exception: did you mean Sick?")
    book.active["E2"] = "Sick"
    book.save(tmp_path / "again.xlsx")
    again = import_file(tmp_path / "again.xlsx", kind="attendances", options={}, uploaded_by="test")
    assert counts(again) == (1, 0, 0, 0, 0)


def test_the_template_offers_today_s_marks(api: Api) -> None:
    book = openpyxl.load_workbook(io.BytesIO(api.get("/templates/attendances.xlsx").body))
    assert [cell.value for cell in book["Choices"]["E"]][:2] == ["Absent", "Cover Up"]
