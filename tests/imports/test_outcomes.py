"""What an import says of each row: new, changed from what to what, unchanged, kept, failed; a dry run the same."""

import io
import json
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import text

from chalicelib.core import auth, db, storage
from chalicelib.core.settings import settings
from chalicelib.imports import arrivals, report
from chalicelib.imports.arrivals import import_file
from chalicelib.imports.queries import Upload
from chalicelib.imports.sheets import KINDS
from tests import make
from tests.api import Api
from tests.conftest import Site
from tests.imports.test_posted import form, post

MONDAY = date(2027, 3, 1)
TUESDAY = MONDAY + timedelta(1)
EXCEPTIONS = ("Employee - ID", "Exception Type", "Start Date", "End Date", "Work Code", "Notes")
REWARDS = ("Employee - ID", "Reason ID", "Points", "Date Awarded", "Notes")
REQUIREMENTS = ("Date", "Interval", "Department", "Required")


@pytest.fixture
def ada(api: Api) -> int:
    with make.written() as conn:
        conn.execute(text("INSERT INTO reward_reasons (reason_id, reason, points) VALUES (1, 'Great week', 50)"))
        make.options(conn, "department", "Support")
        return make.employee(conn, first_name="Ada", last_name="Lovelace")


def put(path: Path, kind: str, headers: tuple[str, ...], *lines: tuple[Any, ...], **options: bool) -> Upload:
    make.sheet(path / "some.xlsx", lines, headers=headers)
    return import_file(path / "some.xlsx", kind=kind, options=options, uploaded_by="test")


def plan(path: Path, *lines: tuple[Any, ...], **options: bool) -> Upload:
    return put(path, "schedules", make.SCHEDULE_HEADERS, *lines, **options)


def told(api: Api, done: Upload, **query: Any) -> list[tuple[Any, ...]]:
    """(row, outcome, key, {field: (old, new)}, reason) of each row."""
    got = api.get(f"/uploads/{done.upload_id}/rows", **query)
    assert got.status == 200, got.body
    return [
        (
            one["row_number"],
            one["outcome"],
            one["key"],
            {change["field"]: (change["old"], change["new"]) for change in one["changes"]},
            one["reason"],
        )
        for one in got.body["data"]
    ]


def test_a_plan_is_told_row_by_row_and_the_dry_run_as_the_real_one(api: Api, ada: int, tmp_path: Path) -> None:
    wednesday = TUESDAY + timedelta(1)
    plan(tmp_path, *((ada, day, time(9), time(17), "REG") for day in (MONDAY, TUESDAY, wednesday)))
    lines = [
        (ada, MONDAY, time(9), time(17), "REG"),
        (ada, TUESDAY, time(10), time(18), "REG"),
        (ada, TUESDAY + timedelta(7), None, None, "OFF"),
        (999, MONDAY, time(9), time(17), "REG"),
    ]
    said = {}
    for dry in (True, False):
        said[dry] = told(api, plan(tmp_path, *lines, dry_run=dry))
    assert said[True] == said[False]
    next_week = TUESDAY + timedelta(7)
    assert said[True] == [
        (2, "unchanged", f"{ada} {MONDAY}", {}, None),
        (
            3,
            "changed",
            f"{ada} {TUESDAY}",
            {"start_time": ("09:00:00", "10:00:00"), "stop_time": ("17:00:00", "18:00:00")},
            None,
        ),
        (
            4,
            "new",
            f"{ada} {next_week}",
            {"start_date": (None, str(next_week)), "stop_date": (None, str(next_week)), "work_code": (None, "OFF")},
            None,
        ),
        (5, "failed", None, {}, "Employee - ID: is no employee's id"),
        (None, "disappeared", f"{ada} {wednesday}", {}, None),
    ]


def test_rows_that_go_are_told_of_days_that_get_shorter_and_of_days_that_are_removed(
    api: Api, ada: int, tmp_path: Path
) -> None:
    plan(tmp_path, *((ada, MONDAY, time(start), time(start + 3), "REG") for start in (8, 13)))
    plan(tmp_path, (ada, TUESDAY, time(9), time(17), "REG"))
    plan(tmp_path, (ada, TUESDAY + timedelta(1), time(9), time(17), "REG"))
    shorter = plan(
        tmp_path,
        (ada, MONDAY, time(8), time(11), "REG"),
        (ada, TUESDAY + timedelta(1), time(9), time(17), "REG"),
        replace_period=True,
        confirm=True,
        dry_run=True,
    )
    gone = [(row, key) for row, _, key, changes, _ in told(api, shorter, outcome="removed") if changes]
    assert gone == [(None, f"{ada} {MONDAY}"), (None, f"{ada} {TUESDAY}")]
    removed = told(api, shorter, outcome="removed")[0][3]
    assert removed["start_time"] == ("13:00:00", None)
    assert [row[:2] for row in told(api, shorter, outcome="unchanged")] == [(2, "unchanged"), (3, "unchanged")]


def test_a_day_that_is_kept_shows_the_new_plan_beside_it(api: Api, ada: int, tmp_path: Path) -> None:
    with make.written() as conn:
        make.shift(conn, ada, MONDAY, time(12), time(20), origin="manual")
    [(row, outcome, _, changes, reason)] = told(api, plan(tmp_path, (ada, MONDAY, time(9), time(17), "REG")))
    assert (row, outcome) == (2, "kept")
    assert changes == {"start_time": ("12:00:00", "09:00:00"), "stop_time": ("20:00:00", "17:00:00")}
    assert "entered by hand" in reason


def test_people_are_told_with_what_changes_about_them(api: Api, site: Site, tmp_path: Path) -> None:
    row = make.employee_row()
    headers = (*make.EMPLOYEE_HEADERS, "Tier")
    make.sheet(tmp_path / "one.xlsx", [row | {"Tier": 1}])
    import_file(tmp_path / "one.xlsx", kind="employees", options={"add_options": True}, uploaded_by="test")
    changed = row | {"Shift": "Day", "Tier": 2, "Last Name": row["Last Name"]}
    make.sheet(tmp_path / "two.xlsx", [changed], headers=headers)
    options = {"add_options": True, "dry_run": True}
    refused = import_file(tmp_path / "two.xlsx", kind="employees", options=options, uploaded_by="test")
    done = import_file(
        tmp_path / "two.xlsx", kind="employees", options=options | {"update_existing": True}, uploaded_by="test"
    )
    differences = {"shift": ("Night", "Day"), "tier": ("1", "2")}
    [(_, outcome, key, changes, reason)] = told(api, refused)
    assert (outcome, key, changes) == ("duplicate", str(row["Odoo ID"]), differences)
    assert "update-existing" in reason
    assert told(api, done) == [(2, "changed", str(row["Odoo ID"]), differences, None)]


def test_exceptions_awards_and_requirements_are_told_too(api: Api, ada: int, tmp_path: Path) -> None:
    put(tmp_path, "exceptions", EXCEPTIONS, (ada, "Vacation", MONDAY, TUESDAY, None, "sea"))
    longer = (ada, "Vacation", MONDAY, TUESDAY + timedelta(2), None, None)
    done = put(tmp_path, "exceptions", EXCEPTIONS, longer, update_existing=True)
    changes = {"end_date": (str(TUESDAY), str(TUESDAY + timedelta(2)))}
    assert told(api, done) == [(2, "changed", f"{ada} Vacation {MONDAY}", changes, None)]
    put(tmp_path, "rewards", REWARDS, (ada, 1, 50, MONDAY, None))
    done = put(tmp_path, "rewards", REWARDS, (ada, 1, 60, MONDAY, None), (ada, 1, 10, MONDAY, "again"))
    assert [(row, outcome, changes) for row, outcome, _, changes, _ in told(api, done)] == [
        (2, "duplicate", {"points": ("50", "60")}),
        (3, "new", {"points": (None, "10"), "notes": (None, "again")}),
    ]
    put(tmp_path, "requirement", REQUIREMENTS, (MONDAY, time(9), "Support", 4))
    done = put(tmp_path, "requirement", REQUIREMENTS, (MONDAY, time(9), "Support", 5))
    assert told(api, done) == [(2, "changed", f"{MONDAY} 09:00:00 Support", {"required": ("4", "5")}, None)]


def test_the_rows_are_a_list_like_every_other(api: Api, ada: int, tmp_path: Path) -> None:
    days = [MONDAY + timedelta(number) for number in range(5)]
    done = plan(tmp_path, *((ada, day, time(9), time(17), "REG") for day in days), (1, MONDAY, None, None, "OFF"))
    got = api.get(f"/uploads/{done.upload_id}/rows", limit=2, offset=1)
    assert (got.body["total"], [one["row_number"] for one in got.body["data"]]) == (6, [3, 4])
    assert [row[0] for row in told(api, done, order="desc")] == [7, 6, 5, 4, 3, 2]
    assert api.get(f"/uploads/{done.upload_id}/rows", outcome="failed").body["total"] == 1
    table = api.get(f"/uploads/{done.upload_id}/rows", format="csv")
    assert table.status == 200
    assert len(table.body.decode("utf-8-sig").splitlines()) == 7
    book = openpyxl.load_workbook(io.BytesIO(api.get(f"/uploads/{done.upload_id}/rows", format="xlsx").body))
    assert book.active is not None
    assert book.active.max_row == 7
    assert api.get("/uploads/999/rows").status == 404
    assert api.get(f"/uploads/{done.upload_id}/rows", outcome="good").status == 400


def test_a_dry_run_lists_new_dropdown_values_first(api: Api, site: Site, tmp_path: Path) -> None:
    rows = [make.employee_row(Department=name) for name in ("Returns", "Returns", "Sales")]
    make.sheet(tmp_path / "people.xlsx", rows)
    done = import_file(tmp_path / "people.xlsx", kind="employees", options={"dry_run": True}, uploaded_by="test")
    assert (done.message or "").startswith("New dropdown values are Department: Returns, Sales; Role: Agent")
    found = api.get(f"/uploads/{done.upload_id}/errors").body["data"]
    first = [(one["finding"], one["column_name"], one["value"]) for one in found[:4]]
    assert first[:3] == [
        ("option", "Department", "Returns"),
        ("option", "Department", "Sales"),
        ("option", "Role", "Agent"),
    ]
    assert found[0]["reason"].startswith("is no choice yet, and 2 rows have it: ")
    assert {one["finding"] for one in found[4:]} == {"error"}
    adding = {"dry_run": True, "add_options": True}
    done = import_file(tmp_path / "people.xlsx", kind="employees", options=adding, uploaded_by="test")
    found = api.get(f"/uploads/{done.upload_id}/errors", finding="option").body["data"]
    assert found[0]["reason"] == "becomes choosable, since 2 rows have it"
    assert (done.success_count, done.error_count) == (3, 0)


def test_what_is_only_a_broken_cell_is_no_new_dropdown_value(api: Api, ada: int, tmp_path: Path) -> None:
    done = put(tmp_path, "requirement", REQUIREMENTS, (MONDAY, time(9), "#N/A", 4))
    assert done.error_count == 1
    assert api.get(f"/uploads/{done.upload_id}/errors", finding="option").body["total"] == 0


def test_warnings_are_counted_and_listed(api: Api, ada: int, tmp_path: Path) -> None:
    done = plan(tmp_path, (ada, MONDAY, time(14), time(22), "REG"), (ada, TUESDAY, time(5), time(13), "REG"))
    assert (done.state, done.warning_count) == ("done", 1)
    assert api.get(f"/uploads/{done.upload_id}").body["warning_count"] == 1
    assert api.get(f"/uploads/{done.upload_id}/errors", finding="warning").body["total"] == 1


def test_failed_rows_come_back_as_csv_too_and_the_list_of_findings_stays(api: Api, ada: int, tmp_path: Path) -> None:
    done = plan(tmp_path, (999, MONDAY, time(9), time(17), "REG"))
    path = f"/uploads/{done.upload_id}/errors"
    assert "Employee - ID,is no employee's id" in api.get(path, format="csv").body.decode("utf-8-sig").replace(
        ",999", ""
    )
    assert api.get(path, format="csv", layout="sheet").status == 303
    assert api.get(path, format="xlsx").status == 303
    assert api.get(path, format="xlsx", layout="list").status == 200
    assert api.get(path, layout="sheet").status == 400
    key = storage.corrected_key(done.key, done.upload_id, "csv")
    lines = content(key).decode("utf-8-sig").splitlines()
    assert lines == [
        ",".join((*make.SCHEDULE_HEADERS, "Reason", "Upload", "Row")),
        f"999,{MONDAY},09:00:00,17:00:00,REG,Employee - ID: is no employee's id,{done.upload_id},2",
    ]


def content(key: str) -> bytes:
    bucket = settings().require("uploads_bucket")
    body: bytes = storage.s3().get_object(Bucket=bucket, Key=key)["Body"].read()
    return body


@pytest.mark.parametrize("dies_at", ["put_corrected", "put_result"])
def test_a_run_that_died_before_it_said_so_is_completed_by_the_sweep(
    api: Api, ada: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dies_at: str
) -> None:
    def killed(*args: Any, **given: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(report, dies_at, killed)
        with pytest.raises(KeyboardInterrupt):
            plan(tmp_path, (ada, MONDAY, time(9), time(17), "REG"), (999, MONDAY, None, None, "OFF"))
    [upload] = api.get("/uploads").body["data"]
    path = f"/uploads/{upload['upload_id']}"
    assert upload["state"] == "done_with_errors"
    assert api.get(f"{path}/errors", format="xlsx").status == 409
    assert api.get(f"{path}/errors", format="csv").status == 200
    arrivals.sweep(now=datetime.now(UTC) + timedelta(minutes=16))
    assert api.get(f"{path}/errors", format="xlsx").status == 303
    for key in (storage.corrected_key(upload["key"], upload["upload_id"]), storage.newest_corrected_key(upload["key"])):
        assert openpyxl.load_workbook(io.BytesIO(content(key))).active.max_row == 2  # type: ignore[union-attr]
    said = json.loads(content(storage.result_key(upload["key"])))
    assert {name: said[name] for name in upload} == upload
    assert said["errors"] == ["Row 3: Employee - ID: is no employee's id"]
    assert (said["duplicates"], said["warnings"]) == ([], [])
    with db.reading() as conn:
        [seen] = conn.execute(text("SELECT reported_at FROM uploads")).scalars()
    arrivals.sweep(now=datetime.now(UTC) + timedelta(minutes=32))
    with db.reading() as conn:
        assert conn.execute(text("SELECT reported_at FROM uploads")).scalar() == seen


def test_what_became_of_rows_is_forgotten_after_some_weeks_and_findings_stay(
    api: Api, ada: int, tmp_path: Path
) -> None:
    done = plan(tmp_path, (ada, MONDAY, time(9), time(17), "REG"), (999, MONDAY, None, None, "OFF"))
    later = datetime.now(UTC) + arrivals.TOLD_FOR
    arrivals.sweep(now=later - timedelta(hours=1))
    assert len(told(api, done)) == 2
    arrivals.sweep(now=later + timedelta(hours=1))
    assert told(api, done) == []
    assert api.get(f"/uploads/{done.upload_id}/errors").body["total"] == 1


def test_trying_again_tells_anew(api: Api, ada: int, tmp_path: Path) -> None:
    refused = plan(
        tmp_path, (ada, MONDAY, time(9), time(17), "REG"), (999, MONDAY, None, None, "OFF"), all_or_nothing=True
    )
    assert refused.state == "failed"
    assert [row[:2] for row in told(api, refused)] == [(2, "new"), (3, "failed")]
    with make.written() as conn:
        make.employee(conn, employee_id=999)
    assert api.post(f"/uploads/{refused.upload_id}/retry", {}).status == 202
    assert told(api, refused) == []
    arrivals.run(refused.upload_id)
    assert [row[:2] for row in told(api, refused)] == [(2, "new"), (3, "new")]


@pytest.mark.parametrize(
    ("path", "role", "headers", "line"),
    [
        ("/rewards/award/batch", "hr", REWARDS, (1, 50, MONDAY, None)),
        ("/exceptions/batch", "planner", EXCEPTIONS, ("Vacation", MONDAY, TUESDAY, None, None)),
    ],
)
def test_nobody_brings_sheets_about_themselves(
    api: Api, ada: int, path: str, role: str, headers: tuple[str, ...], line: tuple[Any, ...]
) -> None:
    with make.written() as conn:
        other = make.employee(conn)
        mine = Api(auth.create_key(conn, name="ada", role=role, employee_id=ada)[1])
    sheet = make.workbook([(ada, *line), (other, *line)], headers=headers)
    done = post(mine, path, form(sheet))
    assert (done.body["success_count"], done.body["errors"]) == (
        1,
        ["Row 2: Employee - ID: nobody decides about themselves"],
    )
    machine = post(api, path, form(sheet))
    assert machine.body["success_count"] == 1, "who is no person of the floor brings them for everybody"


def test_an_amount_is_told_as_it_is_kept(api: Api, ada: int, tmp_path: Path) -> None:
    headers = ("Date", "Interval", "Department", "Calls", "AHT")
    put(tmp_path, "forecast", headers, (MONDAY, time(9), "Support", 100, 180))
    done = put(tmp_path, "forecast", headers, (MONDAY, time(9), "Support", 100.5, 180))
    [(_, _, _, changes, _)] = told(api, done)
    assert {name: [Decimal(one) for one in both] for name, both in changes.items()} == {
        "calls": [Decimal(100), Decimal("100.5")]
    }


@pytest.mark.parametrize("kind", list(KINDS))
def test_a_day_that_no_calendar_here_has_is_a_row_error_of_every_sheet(site: Site, tmp_path: Path, kind: str) -> None:
    dated = [column.header for column in KINDS[kind].columns if column.read.__name__ in {"day", "_day", "date"}]
    assert dated
    headers = [column.header for column in KINDS[kind].columns if not column.ours]
    days = ("1899-12-31", "3000-01-01", "31/12/1899")
    rows = [[day if name in dated else None for name in headers] for day in days]
    make.sheet(tmp_path / "days.xlsx", rows, headers=headers)
    done = import_file(tmp_path / "days.xlsx", kind=kind, options={}, uploaded_by="test")
    with db.reading() as conn:
        asked = text("SELECT row_number, column_name, reason FROM upload_errors WHERE finding = 'error'")
        found = conn.execute(asked).all()
    reasons = {(row.row_number, row.column_name): row.reason for row in found if row.column_name in dated}
    assert done.error_count == len(days)
    assert reasons.keys() == {(number, name) for number in range(2, 2 + len(days)) for name in dated}
    assert all("from 1900 to 2999" in reason for reason in reasons.values()), reasons


def test_a_leads_sheet_is_about_the_leads_own_people(api: Api, ada: int, site: Site) -> None:
    with make.written() as conn:
        lead, deputy, other = (make.employee(conn) for _ in range(3))
        given = {"lead": lead, "deputy": deputy, "ada": ada, "day": TUESDAY}
        conn.execute(text("UPDATE assignments SET supervisor_id = :lead WHERE employee_id = :ada"), given)
        columns = "lead_id, employee_id, start_date, end_date"
        conn.execute(text(f"INSERT INTO deputies ({columns}) VALUES (:lead, :deputy, '2000-01-01', :day)"), given)
    lines = [(one, "Vacation", MONDAY, TUESDAY, None, None) for one in (ada, other, lead, deputy)]
    body = make.workbook(lines, headers=EXCEPTIONS)
    found = {}
    for bringer, reader in ((lead, "lead"), (deputy, "deputy"), (None, "nobody")):
        key = storage.direct_key("exceptions", f"{reader}/some.xlsx")
        stored = storage.s3().put_object(Bucket=site.uploads, Key=key, Body=body, Metadata={"dry-run": "true"})
        upload_id = arrivals.register(
            bucket=site.uploads,
            key=key,
            version_id=stored["VersionId"],
            uploaded_by=reader,
            kind="exceptions",
            role="supervisor",
            brought_by=bringer,
        )
        assert upload_id is not None
        done = arrivals.run(upload_id)
        assert done is not None
        found[reader] = {row: reason and reason.partition(": ")[2] for row, _, _, _, reason in told(api, done)}
    oneself, others = "nobody decides about themselves", "is not in your team"
    assert found == {
        "lead": {2: None, 3: others, 4: oneself, 5: others},
        "deputy": {2: None, 3: others, 4: others, 5: oneself},
        "nobody": dict.fromkeys((2, 3, 4, 5), others),
    }
