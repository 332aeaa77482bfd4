"""The employee file beside a schedule file: its people are who is meant, and nothing is written from it."""

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from chalicelib.core import auth, db, storage
from chalicelib.imports import arrivals, beside
from chalicelib.imports.arrivals import import_file
from chalicelib.imports.queries import Upload
from local.cli import main
from tests import make
from tests.api import Api
from tests.conftest import Site
from tests.deployed import documents
from tests.imports.test_posted import EDGE
from tests.imports.test_presigned import arrived, send

MONDAY = date(2027, 3, 1)
HEADERS = ("Odoo ID", "First Name", "Last Name", "BO User")
IN_TWO_DAYS = timedelta(days=2)


def rows(statement: str) -> list[Any]:
    with db.reading() as conn:
        return [tuple(row) for row in conn.execute(text(statement))]


def day(login: object) -> tuple[Any, ...]:
    return (login, MONDAY, time(9), time(17), "REG")


def people(*given: tuple[Any, ...]) -> bytes:
    return make.workbook(given, headers=HEADERS)


def planned(folder: Path, logins: list[object], employees: bytes) -> Upload:
    make.sheet(folder / "plan.xlsx", [day(one) for one in logins], headers=make.SCHEDULE_HEADERS)
    (folder / "people.xlsx").write_bytes(employees)
    options = {"correct_past": True}
    return import_file(
        folder / "plan.xlsx", kind="schedules", options=options, uploaded_by="test", employees=folder / "people.xlsx"
    )


def reasons(upload: Upload) -> list[str]:
    return [row[0] for row in rows(f"SELECT reason FROM upload_errors WHERE upload_id = {upload.upload_id} ORDER BY 1")]


@pytest.fixture
def floor(site: Site) -> tuple[int, int, int]:
    """John and Jane have one computed login, and Jim's recorded one is that of somebody else."""
    with make.written() as conn:
        john = make.employee(conn, first_name="John", last_name="Smith")
        jane = make.employee(conn, first_name="Jane", last_name="Smith")
        jim = make.employee(conn, first_name="Jim", last_name="Beam", ruex_id="boss1")
    return john, jane, jim


def test_the_file_comes_before_what_is_recorded_and_that_before_what_is_computed(
    floor: tuple[int, int, int], tmp_path: Path
) -> None:
    john, jane, jim = floor
    file = people((john, "John", "Smith", "boss1"), (jane, "Jane", "Smith", None))
    done = planned(tmp_path, ["BOSS1", "jsmith", "jbeam"], file)
    assert (done.state, done.success_count, reasons(done)) == ("done", 3, [])
    assert {one for (one,) in rows("SELECT employee_id FROM schedules")} == {john, jane, jim}


def test_several_people_of_the_file_are_an_error_that_lists_them(floor: tuple[int, int, int], tmp_path: Path) -> None:
    john, jane, _ = floor
    done = planned(tmp_path, ["jsmith"], people((john, "John", "Smith", None), (jane, "Jane", "Smith", None)))
    assert reasons(done) == [
        f"is the RUEX ID of 2 people: {john} (John Smith), {jane} (Jane Smith); use the employee id instead"
    ]


def test_somebody_who_is_in_the_file_only_is_nobody_here_and_nobody_elses_login_is_taken(
    floor: tuple[int, int, int], tmp_path: Path
) -> None:
    done = planned(tmp_path, ["boss1"], people((77, "New", "Comer", "boss1")))
    assert reasons(done) == ["is the RUEX ID of 77 (New Comer) in the employee file, who is no employee here"]


def test_nothing_is_written_from_the_file(floor: tuple[int, int, int], tmp_path: Path) -> None:
    before = rows("SELECT * FROM employees ORDER BY 1")
    planned(tmp_path, ["jsmith"], people((floor[0], "Renamed", "Jsmith", "jsmith"), (78, "New", "Comer", None)))
    assert rows("SELECT * FROM employees ORDER BY 1") == before
    assert rows("SELECT kind, state, dry_run, message FROM uploads ORDER BY upload_id LIMIT 1") == [
        ("employees", "done", True, beside.READ)
    ]
    assert rows("SELECT employees_upload_id FROM uploads WHERE kind = 'schedules'") == [(1,)]


def test_the_same_person_twice_in_the_file_is_one(floor: tuple[int, int, int], tmp_path: Path) -> None:
    one = (floor[0], "John", "Smith", "jsmith")
    assert planned(tmp_path, ["jsmith"], people(one, one)).success_count == 1


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (people(("x", "John", "Smith", None)), "Row 2: Odoo ID: "),
        (people((41, None, "Smith", None)), "Row 2: First Name: must not be empty"),
        (make.workbook([("a", "b")], headers=("One", "Two")), "columns are missing: Odoo ID, First Name, Last Name"),
        (b"\x89PNG\r\n", "picture"),
        (people(*[("x", "John", "Smith", None)] * 12), "There are more."),
    ],
)
def test_a_file_that_cannot_be_read_fails_the_plan_with_its_reason(
    floor: tuple[int, int, int], tmp_path: Path, file: bytes, said: str
) -> None:
    done = planned(tmp_path, ["jbeam"], file)
    assert (done.state, rows("SELECT count(*) FROM schedules")) == ("failed", [(0,)])
    assert (done.message or "").startswith("The employee file (upload 1): ")
    assert said in (done.message or "")


def test_a_file_of_too_many_people_is_refused(
    floor: tuple[int, int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside, "MOST_PEOPLE", 1)
    done = planned(tmp_path, ["jbeam"], people((41, "A", "B", None), (42, "C", "D", None)))
    assert (done.state, "more than 1 people" in (done.message or "")) == ("failed", True)


def both(sheet: bytes, employees: bytes, *, field: str = "employees") -> bytes:
    parts = [("file", "week.xlsx", sheet), (field, "people.xlsx", employees)]
    body = b"".join(
        f'--{EDGE}\r\nContent-Disposition: form-data; name="{name}"; filename="{called}"\r\n\r\n'.encode()
        + content
        + b"\r\n"
        for name, called, content in parts
    )
    return body + f"--{EDGE}--\r\n".encode()


def post(api: Api, path: str, body: bytes, **headers: str) -> Any:
    headers["Content-Type"] = f"multipart/form-data; boundary={EDGE}"
    return api.call("POST", path, query={"correct_past": "true"}, body=body, headers=headers)


def test_both_files_come_in_one_request_and_again_under_one_key(api: Api, floor: tuple[int, int, int]) -> None:
    sheet = make.workbook([day("jsmith")], headers=make.SCHEDULE_HEADERS)
    body = both(sheet, people((floor[1], "Jane", "Smith", "jsmith")))
    first = post(api, "/schedules/batch", body, **{"Idempotency-Key": "monday"})
    assert (first.status, first.body["success_count"]) == (200, 1)
    assert post(api, "/schedules/batch", body, **{"Idempotency-Key": "monday"}).body == first.body
    assert rows("SELECT employee_id FROM schedules") == [(floor[1],)]
    assert rows("SELECT kind, uploaded_by, role FROM uploads ORDER BY 1") == [
        ("employees", "key:1", "admin"),
        ("schedules", "key:1", "admin"),
    ]
    other = both(sheet, people((floor[0], "John", "Smith", "jsmith")))
    assert post(api, "/schedules/batch", other, **{"Idempotency-Key": "monday"}).status == 409


def test_other_sheets_have_no_employee_file(api: Api) -> None:
    answer = post(api, "/exceptions/batch", both(b"a,b\n", b"c,d\n"))
    assert (answer.status, answer.errors) == (
        400,
        ["employees: unknown field of the form; options are query parameters"],
    )


def test_both_files_together_have_the_limit_of_one(api: Api) -> None:
    answer = post(api, "/schedules/batch", both(b"x" * 2_500_000, b"y" * 1_505_000))
    assert (answer.status, "file and employees: must together" in answer.errors[0]) == (413, True)


def test_the_contract_names_the_second_file(api: Api) -> None:
    paths = api.get("/openapi.json").body["paths"]
    fields = {
        kind: paths[f"/api/{kind}/batch"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
        for kind in ("schedules", "exceptions")
    }
    assert [sorted(one["properties"]) for one in fields.values()] == [["employees", "file"], ["file"]]
    assert fields["schedules"]["required"] == ["file"]


def asked(api: Api, kind: str, file: bytes, **more: Any) -> Any:
    return api.post("/uploads", {"kind": kind, "filename": f"{kind}.xlsx", "size": len(file), **more})


def test_a_planner_brings_both_by_forms(site: Site, floor: tuple[int, int, int]) -> None:
    with db.writing(db.Actor("test")) as conn:
        planner = Api(auth.create_key(conn, name="planner", role="planner")[1])
    file = people((floor[1], "Jane", "Smith", "jsmith"))
    sheet = make.workbook([day("jsmith")], headers=make.SCHEDULE_HEADERS)
    assert asked(planner, "employees", file).status == 403
    first = asked(planner, "employees", file, dry_run=True).body
    assert send(first, file) == 204
    arrivals.on_event(arrived(site, first["fields"]["key"]))
    form = asked(
        planner, "schedules", sheet, employees_upload_id=first["upload_id"], options={"correct_past": True}
    ).body
    assert send(form, sheet) == 204
    arrivals.on_event(arrived(site, form["fields"]["key"]))
    assert rows("SELECT employee_id FROM schedules") == [(floor[1],)]
    assert rows("SELECT count(*) FROM employees") == [(3,)]


def test_a_form_names_an_employee_file_only_where_there_is_one(api: Api, floor: tuple[int, int, int]) -> None:
    sheet = b"x"
    assert asked(api, "schedules", sheet, employees_upload_id=7).errors == [
        "employees_upload_id: must be the upload_id of a sheet of the kind employees, got '7'"
    ]
    assert "schedules, not rewards" in asked(api, "rewards", sheet, employees_upload_id=7).errors[0]
    assert rows("SELECT count(*) FROM uploads") == [(0,)]


def test_a_plan_whose_employee_file_has_not_come_yet_is_tried_again(
    site: Site, api: Api, floor: tuple[int, int, int]
) -> None:
    file = people((floor[1], "Jane", "Smith", "jsmith"))
    sheet = make.workbook([day("jsmith")], headers=make.SCHEDULE_HEADERS)
    first = asked(api, "employees", file, dry_run=True).body
    form = asked(api, "schedules", sheet, employees_upload_id=first["upload_id"], options={"correct_past": True}).body
    assert send(form, sheet) == 204
    event = arrived(site, form["fields"]["key"])
    arrivals.on_event(event)
    [(state, message)] = rows("SELECT state, message FROM uploads WHERE kind = 'schedules'")
    assert (state, "is not in the bucket: try again" in message) == ("failed", True)
    assert send(first, file) == 204
    arrivals.on_event(arrived(site, first["fields"]["key"]))
    assert api.post(f"/uploads/{form['upload_id']}/retry").status == 202
    arrivals.sweep(now=datetime.now(UTC) + IN_TWO_DAYS)
    assert rows("SELECT state FROM uploads WHERE kind = 'schedules'") == [("done",)]


def test_an_object_names_its_employee_file_by_metadata(site: Site, floor: tuple[int, int, int]) -> None:
    file = people((floor[1], "Jane", "Smith", "jsmith"))
    key = storage.incoming_key("employees", "people.xlsx")
    arrivals.on_event(documents.put(site.uploads, key, file, **{"dry-run": "true"}))
    told = json.loads(storage.s3().get_object(Bucket=site.uploads, Key=storage.result_key(key))["Body"].read())
    named = {"employees-upload": str(told["upload_id"]), "correct-past": "true"}
    sheet = make.workbook([day("jsmith")], headers=make.SCHEDULE_HEADERS)
    arrivals.on_event(documents.put(site.uploads, storage.incoming_key("schedules", "a.xlsx"), sheet, **named))
    assert rows("SELECT employee_id FROM schedules") == [(floor[1],)]


@pytest.mark.parametrize("said", ["x", "99", "9" * 40, "-1"])
def test_metadata_that_names_no_employee_file_fails_the_upload(
    site: Site, floor: tuple[int, int, int], said: str
) -> None:
    sheet = make.workbook([day("jbeam")], headers=make.SCHEDULE_HEADERS)
    metadata = {"employees-upload": said}
    arrivals.on_event(documents.put(site.uploads, storage.incoming_key("schedules", "a.xlsx"), sheet, **metadata))
    [(state, message)] = rows("SELECT state, message FROM uploads")
    assert (state, message.startswith("employees-upload: must be the upload_id")) == ("failed", True)
    assert rows("SELECT count(*) FROM schedules") == [(0,)]


def test_the_command_takes_both_files(floor: tuple[int, int, int], tmp_path: Path) -> None:
    make.sheet(tmp_path / "plan.xlsx", [day("jsmith")], headers=make.SCHEDULE_HEADERS)
    (tmp_path / "people.xlsx").write_bytes(people((floor[1], "Jane", "Smith", "jsmith")))
    given = ["import", str(tmp_path / "plan.xlsx"), "--employees", str(tmp_path / "people.xlsx"), "--correct-past"]
    done = CliRunner().invoke(main, [*given, "--kind", "schedules"])
    assert done.exit_code == 0, done.output
    assert rows("SELECT employee_id FROM schedules") == [(floor[1],)]
    refused = CliRunner().invoke(main, [*given, "--kind", "rewards"])
    assert "an employee file goes with sheets of the kind schedules" in refused.output
