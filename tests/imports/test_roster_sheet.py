"""The roster sheet: it is told by its header, goes to HR's queue, and doubles nobody."""

from datetime import date
from pathlib import Path
from typing import Any

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
HEADERS = (
    *("#", "Name", "Last Name", "First Name", "Batch", "Supervisor", "Manager", "Shift", "Department", "Role"),
    *("Hire Date", "BO User", "Tier", "Schedule"),
)


@pytest.fixture(autouse=True)
def _choices(api: Api) -> None:
    with make.written() as conn:
        make.options(conn, "department", "Support")
        make.options(conn, "role", "Agent")


def person(number: object = 1, first: str = "Ada", last: str = "Lovelace", **cells: Any) -> dict[str, Any]:
    names = {"#": number, "Name": f"{last}, {first}", "First Name": first, "Last Name": last}
    where = {"Batch": "2026-10", "Shift": "Morning", "Department": "Support", "Role": "Agent", "Hire Date": MONDAY}
    return {**dict.fromkeys(HEADERS), **names, **where, "Schedule": "Mon-Fri", **cells}


def put(path: Path, *lines: dict[str, Any], kind: str = "roster", **options: bool) -> Upload:
    make.sheet(path / "roster.xlsx", lines, headers=HEADERS)
    return import_file(path / "roster.xlsx", kind=kind, options=options, uploaded_by="test")


def counts(done: Upload) -> tuple[int, int, int, int]:
    """Written, unchanged, duplicate, failed."""
    return (done.success_count, done.unchanged_count, done.duplicate_count, done.error_count)


def rows(statement: str) -> list[tuple[Any, ...]]:
    with db.reading() as conn:
        return [tuple(row) for row in conn.execute(text(statement))]


def findings(done: Upload, kind: str = "error") -> list[tuple[Any, ...]]:
    return rows(
        f"""SELECT row_number, column_name, reason FROM upload_errors
        WHERE upload_id = {done.upload_id} AND finding = '{kind}' ORDER BY row_number, error_id"""
    )


def test_a_roster_waits_for_hr_and_a_second_time_doubles_nobody(tmp_path: Path) -> None:
    lines = [person(41031748911), person(2, "Zoë", "Núñez")]
    assert counts(put(tmp_path, *lines, dry_run=True)) == (2, 0, 0, 0)
    assert rows("SELECT 1 FROM new_employee_reviews") == []
    done = put(tmp_path, *lines)
    assert counts(done) == (2, 0, 0, 0)
    shown = "sheet_number, first_name, last_name, hire_date, schedule, status, upload_id, employee_id"
    assert rows(f"SELECT {shown} FROM new_employee_reviews ORDER BY review_id") == [
        ("41031748911", "Ada", "Lovelace", MONDAY, "Mon-Fri", "Pending", done.upload_id, None),
        ("2", "Zoë", "Núñez", MONDAY, "Mon-Fri", "Pending", done.upload_id, None),
    ]
    assert counts(put(tmp_path, person(7), person(8, "zoe", "nunez"))) == (0, 2, 0, 0)
    assert rows("SELECT 1 FROM employees") == []


def test_names_may_be_in_one_column(tmp_path: Path) -> None:
    blank = {"First Name": None, "Last Name": None}
    one = person(**blank)
    other = person(2, **{**blank, "Name": "Grace Hopper"})
    lacking = person(3, **{**blank, "Name": "Madonna"})
    nobody = person(4, **{**blank, "Name": None})
    done = put(tmp_path, one, other, lacking, nobody)
    assert counts(done) == (2, 0, 0, 2)
    assert rows("SELECT first_name, last_name FROM new_employee_reviews ORDER BY review_id") == [
        ("Ada", "Lovelace"),
        ("Grace", "Hopper"),
    ]
    assert findings(done)[1] == (5, "First Name", "must not be empty where Name is")


def test_who_works_here_already_is_flagged(tmp_path: Path) -> None:
    with make.written() as conn:
        make.employee(conn, employee_id=1042, first_name="Ada", last_name="Lovelace")
        make.employee(conn, employee_id=1043, first_name="Grace", last_name="Hopper")
    done = put(tmp_path, person(1043))
    said = "called like employee 1042, Ada Lovelace; # 1043 is the id of Grace Hopper"
    assert (counts(done), done.warning_count, findings(done, "warning")) == ((1, 0, 0, 0), 1, [(2, "Name", said)])
    assert rows("SELECT notes FROM new_employee_reviews") == [(said,)]


def test_who_waits_is_changed_on_request_and_who_joined_is_not(api: Api, tmp_path: Path) -> None:
    put(tmp_path, person())
    other = person(Tier=2)
    assert counts(put(tmp_path, other)) == (0, 0, 1, 0)
    assert counts(put(tmp_path, other, update_existing=True)) == (1, 0, 0, 0)
    [(review_id, tier)] = rows("SELECT review_id, tier FROM new_employee_reviews")
    assert tier == 2
    assert api.post(f"/employees/reviews/{review_id}/approve", {"employee_id": 1042}).status == 200
    joined = put(tmp_path, person(Tier=3), update_existing=True)
    assert findings(joined, "duplicate") == [(2, "Name", "has joined already, with other facts: change the employee")]
    assert counts(put(tmp_path, other)) == (0, 1, 0, 0)


def test_what_hr_has_made_of_somebody_outlives_the_same_sheet(api: Api, tmp_path: Path) -> None:
    put(tmp_path, person(Supervisor="Grace Hopper"))
    number = rows("SELECT review_id FROM new_employee_reviews")[0][0]
    by_hr = {"last_name": "King", "batch": "2026-11", "supervisor": "Alan Turing"}
    assert api.put(f"/employees/reviews/{number}", by_hr).status == 200
    for options in ({}, {"update_existing": True}):
        assert counts(put(tmp_path, person(Supervisor="Grace Hopper"), **options)) == (0, 1, 0, 0)
    changed = put(tmp_path, person(Supervisor="Grace Hopper", Tier=3), update_existing=True)
    assert counts(changed) == (1, 0, 0, 0)
    assert rows("SELECT last_name, batch, supervisor, tier FROM new_employee_reviews") == [
        ("King", "2026-11", "Alan Turing", 3)
    ]
    told = api.get(f"/uploads/{changed.upload_id}/rows").data[0]["changes"]
    assert [(one["field"], one["old"], one["new"]) for one in told] == [("tier", None, "3")]
    assert counts(put(tmp_path, person(Supervisor="Katherine Johnson"), update_existing=True)) == (1, 0, 0, 0)
    assert rows("SELECT supervisor, tier FROM new_employee_reviews") == [("Katherine Johnson", 3)]


def test_who_was_rejected_stays_so_until_the_sheet_says_something_else(api: Api, tmp_path: Path) -> None:
    put(tmp_path, person())
    [(review_id,)] = rows("SELECT review_id FROM new_employee_reviews")
    assert api.post(f"/employees/reviews/{review_id}/reject").status == 200
    assert counts(put(tmp_path, person())) == (0, 1, 0, 0)
    assert counts(put(tmp_path, person(Tier=2))) == (1, 0, 0, 0)
    assert rows("SELECT status FROM new_employee_reviews ORDER BY review_id") == [("Rejected",), ("Pending",)]


def test_repeated_rows_and_new_values_are_told(tmp_path: Path) -> None:
    done = put(tmp_path, person(), person(2), person(3, "Grace", "Hopper", Department="Returns"))
    assert counts(done) == (1, 0, 1, 1)
    assert findings(done, "option")[0][1] == "Department"
    added = put(tmp_path, person(3, "Grace", "Hopper", Department="Returns"), add_options=True)
    assert counts(added) == (1, 0, 0, 0)
    assert rows("SELECT 1 FROM admin_options WHERE category = 'department' AND value = 'Returns' AND is_active")


def test_a_roster_among_the_employees_sheets_is_told_by_its_header(api: Api, tmp_path: Path) -> None:
    assert put(tmp_path, person(), kind="employees").kind == "roster"
    answer = post(api, "/employees/batch", form(make.workbook([person(2, "Grace", "Hopper")], headers=HEADERS)))
    assert (answer.status, answer.body["success_count"]) == (200, 1)
    assert rows("SELECT DISTINCT kind FROM uploads") == [("roster",)]
    assert rows("SELECT count(*) FROM new_employee_reviews") == [(2,)]
    assert put(tmp_path, kind="employees").state == "done"


def test_hr_brings_rosters_and_a_planner_does_not(api: Api) -> None:
    asked = {"kind": "roster", "filename": "r.xlsx", "size": 100}
    with make.written() as conn:
        keys = [auth.create_key(conn, name=role, role=role)[1] for role in ("hr", "planner")]
    assert [Api(key).post("/uploads", asked).status for key in keys] == [201, 403]


def test_a_roster_is_taken_back_but_for_who_joined_since(api: Api, tmp_path: Path) -> None:
    done = put(tmp_path, person(), person(2, "Grace", "Hopper"))
    [(review_id,)] = rows("SELECT review_id FROM new_employee_reviews WHERE first_name = 'Ada'")
    assert api.post(f"/employees/reviews/{review_id}/approve", {"employee_id": 1042}).status == 200
    with make.written() as conn:
        undone = undo(conn, work=Work(upload_id=done.upload_id), dry_run=False, by="test", today=MONDAY)
    assert [one.table_name for one in undone.kept] == ["new_employee_reviews"]
    assert rows("SELECT first_name, status FROM new_employee_reviews") == [("Ada", "Verified")]
