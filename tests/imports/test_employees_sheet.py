"""The employees sheet, from file to rows."""

from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import text

from chalicelib.core import db
from chalicelib.imports.arrivals import import_file
from chalicelib.imports.queries import Upload
from tests import make
from tests.conftest import Site


def run(path: Path, **options: bool) -> Upload:
    return import_file(path, kind="employees", options=options, uploaded_by="test")


def rows(statement: str, **given: Any) -> list[Any]:
    with db.reading() as conn:
        return list(conn.execute(text(statement), given))


def findings(upload: Upload) -> list[tuple[int | None, str | None, str]]:
    found = rows(
        "SELECT row_number, column_name, reason FROM upload_errors"
        " WHERE upload_id = :id AND finding <> 'option' ORDER BY 1, 2",
        id=upload.upload_id,
    )
    return [tuple(row) for row in found]


def test_new_people_come_with_an_assignment_and_an_employment(site: Site, tmp_path: Path) -> None:
    boss = make.employee_row(41_000_000_777, **{"First Name": "Grace", "Last Name": "Hopper"})
    member = make.employee_row(41_000_000_778, Supervisor="Nobody Here", Manager="grace HOPPER")
    done = run(make.sheet(tmp_path / "people.xlsx", [boss, member]), add_options=True)
    assert (done.state, done.success_count) == ("done", 2)
    found = rows("SELECT employee_id, valid_from, manager_id, supervisor_id FROM assignments ORDER BY 1")
    assert [tuple(row) for row in found] == [
        (41_000_000_777, date(2025, 1, 6), None, None),
        (41_000_000_778, date(2025, 1, 6), 41_000_000_777, None),
    ]
    assert len(rows("SELECT 1 FROM employments WHERE last_day IS NULL")) == 2


def test_new_dropdown_values_are_row_errors_until_an_admin_adds_them(site: Site, tmp_path: Path) -> None:
    path = make.sheet(tmp_path / "people.xlsx", [make.employee_row(Shift="Nite")])
    refused = run(path)
    assert (refused.state, refused.success_count, refused.error_count) == ("done_with_errors", 0, 1)
    assert (2, "Shift", "did you mean Night?") in findings(refused)
    accepted = run(path, add_options=True)
    assert (accepted.state, accepted.success_count) == ("done", 1)
    assert rows("SELECT 1 FROM admin_options WHERE category = 'shift' AND value = 'Nite'")


def test_reupload_of_the_same_file_changes_nothing(site: Site, tmp_path: Path) -> None:
    path = make.sheet(tmp_path / "people.xlsx", [make.employee_row(), make.employee_row()])
    run(path, add_options=True)
    before = rows("SELECT * FROM employees ORDER BY employee_id")
    audited = rows("SELECT count(*) FROM audit_log")
    again = run(path, add_options=True, update_existing=True)
    assert (again.state, again.unchanged_count, again.success_count) == ("done", 2, 0)
    assert rows("SELECT * FROM employees ORDER BY employee_id") == before
    assert rows("SELECT count(*) FROM audit_log") == audited


def test_people_already_here_are_duplicates_unless_an_update_is_asked_for(site: Site, tmp_path: Path) -> None:
    first = make.employee_row(Department="Support")
    run(make.sheet(tmp_path / "one.xlsx", [first]), add_options=True)
    path = make.sheet(tmp_path / "two.xlsx", [first | {"Department": "Sales"}])
    refused = run(path, add_options=True)
    assert (refused.state, refused.duplicate_count, refused.success_count) == ("done", 1, 0)
    assert findings(refused)[0][2] == "is here already, with other facts: update-existing changes them"
    changed = run(path, add_options=True, update_existing=True)
    assert (changed.state, changed.success_count) == ("done", 1)
    assert [row.department for row in rows("SELECT department FROM assignments ORDER BY valid_from")] == [
        "Support",
        "Sales",
    ]


def test_a_blank_cell_never_erases_what_is_known(site: Site, tmp_path: Path) -> None:
    full = make.employee_row(Supervisor="Somebody") | {"Tier": 3}
    run(make.sheet(tmp_path / "one.xlsx", [full]), add_options=True)
    blank = full | {"Supervisor": None, "Tier": None, "Batch": "2026-02"}
    run(make.sheet(tmp_path / "two.xlsx", [blank]), add_options=True, update_existing=True)
    assert tuple(rows("SELECT supervisor, tier, batch FROM employees")[0]) == ("Somebody", 3, "2026-02")


def test_every_problem_of_a_bad_row_is_reported_and_good_rows_go_in(site: Site, tmp_path: Path) -> None:
    bad = make.employee_row() | {"Hire Date": "31/31/2026", "Company Email": "nobody", "Last Name": None}
    done = run(make.sheet(tmp_path / "people.xlsx", [make.employee_row(), bad]), add_options=True)
    assert (done.state, done.success_count, done.error_count) == ("done_with_errors", 1, 1)
    assert {(row, column) for row, column, _ in findings(done)} == {
        (3, "Company Email"),
        (3, "Hire Date"),
        (3, "Last Name"),
    }


def test_all_or_nothing_writes_nothing_if_a_row_fails(site: Site, tmp_path: Path) -> None:
    path = make.sheet(tmp_path / "people.xlsx", [make.employee_row(), make.employee_row(**{"Last Name": None})])
    done = run(path, add_options=True, all_or_nothing=True)
    assert (done.state, done.success_count, done.error_count) == ("failed", 0, 1)
    assert not rows("SELECT 1 FROM employees")
    assert not rows("SELECT 1 FROM admin_options WHERE category = 'department'")


def test_a_dry_run_says_what_would_happen_and_writes_nothing(site: Site, tmp_path: Path) -> None:
    done = run(make.sheet(tmp_path / "people.xlsx", [make.employee_row()]), add_options=True, dry_run=True)
    assert (done.state, done.dry_run, done.success_count) == ("done", True, 1)
    assert done.message == "New dropdown values are Department: Support; Role: Agent. 1 row would be written."
    assert not rows("SELECT 1 FROM employees")


def test_rows_that_share_an_id_or_an_address_name_each_other(site: Site, tmp_path: Path) -> None:
    one, two = make.employee_row(), make.employee_row()
    twins = [one, one | {"First Name": "Other", "Company Email": "other@opsdb.example"}, two, make.employee_row()]
    twins[3]["Company Email"] = two["Company Email"].upper()
    done = run(make.sheet(tmp_path / "people.xlsx", twins), add_options=True)
    assert (done.success_count, done.error_count) == (0, 4)
    assert findings(done) == [
        (2, "Odoo ID", "this person is also in row 3"),
        (3, "Odoo ID", "this person is also in row 2"),
        (4, "Company Email", "this address is also in row 5"),
        (5, "Company Email", "this address is also in row 4"),
    ]


def test_an_address_of_somebody_else_is_refused_by_name(site: Site, tmp_path: Path) -> None:
    with make.written() as conn:
        owner = make.employee(conn, first_name="Grace", last_name="Hopper", company_email="g@opsdb.example")
    row = make.employee_row(**{"Company Email": "G@opsdb.example"})
    done = run(make.sheet(tmp_path / "people.xlsx", [row]), add_options=True)
    assert findings(done) == [(2, "Company Email", f"belongs to Grace Hopper ({owner})")]


def test_a_sheet_without_its_columns_fails_and_names_them(site: Site, tmp_path: Path) -> None:
    done = run(make.sheet(tmp_path / "people.xlsx", [(1, 2)], headers=["Odoo ID", "First Name"]))
    assert done.state == "failed"
    assert done.message is not None
    assert done.message.startswith("These columns are missing: Last Name, Batch,")


def test_inserted_rows_have_one_audit_row_with_their_count(site: Site, tmp_path: Path) -> None:
    done = run(make.sheet(tmp_path / "people.xlsx", [make.employee_row() for _ in range(5)]), add_options=True)
    found = rows(
        "SELECT actor, action, row_count FROM audit_log WHERE upload_id = :id AND table_name = 'employees'",
        id=done.upload_id,
    )
    assert [tuple(row) for row in found] == [("test", "insert", 5)]
