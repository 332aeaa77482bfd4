"""Sheets in the body of a request: answered at once, within their limits, and once."""

from datetime import date, time, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

import app
from chalicelib.core import auth, db, posted
from chalicelib.imports import queries
from tests import make
from tests.api import Answer, Api
from tests.conftest import Site
from tests.deployed import documents

MONDAY = date(2027, 3, 1)
EDGE = "a-boundary"


def form(content: bytes, *, field: str = "file", filename: str = "week.xlsx") -> bytes:
    head = f'--{EDGE}\r\nContent-Disposition: form-data; name="{field}"; filename="{filename}"\r\n\r\n'
    return head.encode() + content + f"\r\n--{EDGE}--\r\n".encode()


def post(api: Api, path: str, body: bytes, *, key: str | None = None, **query: Any) -> Answer:
    headers = {"Content-Type": f"multipart/form-data; boundary={EDGE}", **({"Idempotency-Key": key} if key else {})}
    return api.call("POST", path, query=query, body=body, headers=headers)


def rows(statement: str, **given: Any) -> list[Any]:
    with db.reading() as conn:
        return list(conn.execute(text(statement), given))


def caller(role: str) -> Api:
    with db.writing(db.Actor("test")) as conn:
        return Api(auth.create_key(conn, name=role, role=role)[1])


@pytest.fixture
def week(api: Api) -> bytes:
    """Two people's week, and a day of somebody whom nobody knows."""
    with make.written() as conn:
        people = [make.employee(conn) for _ in range(2)]
    days = [(one, MONDAY + timedelta(day), time(9), time(17), "REG") for one in people for day in range(5)]
    return make.workbook([*days, (999_999, MONDAY, time(9), time(17), "REG")], headers=make.SCHEDULE_HEADERS)


def test_a_sheet_is_written_and_answered_at_once(api: Api, week: bytes) -> None:
    answer = post(api, "/schedules/batch", form(week))
    assert answer.status == 200, answer.body
    assert (answer.body["success_count"], answer.body["error_count"]) == (10, 1)
    [error] = answer.body["errors"]
    assert error.startswith("Row 12: Employee - ID: ")
    assert answer.body["duplicates"] == []
    assert rows("SELECT count(*) FROM schedules")[0][0] == 10
    [upload] = rows("SELECT key, uploaded_by, role, filename FROM uploads")
    assert upload.key.startswith("direct/schedules/")
    assert (upload.uploaded_by, upload.role, upload.filename) == ("key:1", "admin", "week.xlsx")


def test_a_dry_run_writes_nothing(api: Api, week: bytes) -> None:
    answer = post(api, "/schedules/batch", form(week), dry_run="true")
    assert (answer.status, answer.body["success_count"]) == (200, 10)
    assert not rows("SELECT 1 FROM schedules")


@pytest.mark.parametrize("kind", ["/schedules/batch", "/employees/batch"])
@pytest.mark.parametrize("role", ["viewer", "supervisor", "duty_lead"])
def test_who_may_not_write_a_kind_may_not_bring_its_sheets(api: Api, kind: str, role: str) -> None:
    assert post(caller(role), kind, form(b"a,b\n")).status == 403


def test_new_dropdown_values_are_an_admins(api: Api) -> None:
    assert post(caller("hr"), "/employees/batch", form(b"a,b\n"), add_options="true").status == 403
    assert not rows("SELECT 1 FROM uploads")


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (form(b"x" * (posted.LARGEST + 1)), 413, "POST /api/uploads"),
        (form(b"x" * (posted.LARGEST + 100_000)), 413, "POST /api/uploads"),
        (form(b"a,b\n" + b"1,2\n" * 5_001), 413, "5000 rows"),
        (form(b"a,b\n", field="sheet"), 400, "sheet: unknown field"),
        (form(b"a", field="file")[:-10], 400, "multipart"),
        (b"", 400, "multipart"),
        (f"--{EDGE}--\r\n".encode(), 400, "file: is required"),
        (form(b""), 400, "empty"),
        (form(b"\x89PNG\r\n"), 400, "picture"),
        (form(b"a,b\n1,2\n"), 400, "columns are missing"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_words(api: Api, body: bytes, status: int, said: str) -> None:
    answer = post(api, "/schedules/batch", body)
    assert answer.status == status
    assert said in " ".join(answer.errors)


def test_what_is_no_form_is_told_the_type_that_is_right(api: Api) -> None:
    answer = api.post("/schedules/batch", {"file": "x"})
    assert (answer.status, answer.errors) == (415, ["Content-Type: must be multipart/form-data, got application/json"])


def test_the_same_sheet_under_one_key_is_one_upload_and_one_answer(api: Api, week: bytes) -> None:
    first = post(api, "/schedules/batch", form(week), key="monday")
    again = post(api, "/schedules/batch", form(week), key="monday")
    assert (first.status, first.body) == (again.status, again.body)
    assert rows("SELECT count(*) FROM uploads")[0][0] == 1
    assert post(api, "/schedules/batch", form(week), key="monday", dry_run="true").status == 409


def test_a_key_whose_answer_was_lost_finds_the_upload_that_was_made(
    api: Api, week: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentences = queries.sentences

    def broken(*args: Any, **given: Any) -> list[str]:
        raise RuntimeError("the function ends here")

    monkeypatch.setattr(queries, "sentences", broken)
    assert post(api, "/schedules/batch", form(week), key="monday").status == 500
    monkeypatch.setattr(queries, "sentences", sentences)
    answer = post(api, "/schedules/batch", form(week), key="monday")
    assert (answer.status, answer.body["success_count"]) == (200, 10)
    assert rows("SELECT count(*) FROM uploads")[0][0] == 1


def test_a_file_arrives_whole_through_a_gateway_that_encodes_it(api: Api, week: bytes) -> None:
    import base64

    from local import events

    event = documents.request("POST", "/api/schedules/batch", key=api.key)
    event["headers"]["content-type"] = f"multipart/form-data; boundary={EDGE}"
    event["multiValueHeaders"] = {name: [value] for name, value in event["headers"].items()}
    event |= {"body": base64.b64encode(form(week)).decode(), "isBase64Encoded": True}
    answer = app.app(event, events.Context("api_handler"))
    assert answer["statusCode"] == 200, answer
    assert rows("SELECT count(*) FROM schedules")[0][0] == 10


def test_a_closed_month_is_corrected_by_an_admins_sheet_and_by_no_planners(api: Api) -> None:
    with make.written() as conn:
        one = make.employee(conn)
    day = date(2020, 1, 15)
    sheet = form(make.workbook([(one, day, time(9), time(17), "REG")], headers=make.SCHEDULE_HEADERS))
    assert api.post("/periods/2020-01/close").status < 300
    refused = post(caller("planner"), "/schedules/batch", sheet, correct_past="true")
    assert refused.status < 500, refused.body
    assert not rows("SELECT 1 FROM schedules")
    assert post(api, "/schedules/batch", sheet, correct_past="true").status == 200
    assert rows("SELECT count(*) FROM schedules")[0][0] == 1


def test_the_contract_says_that_the_body_is_a_file(site: Site, api: Api) -> None:
    described = api.get("/openapi.json").body["paths"]["/api/schedules/batch"]["post"]
    assert list(described["requestBody"]["content"]) == ["multipart/form-data"]
    assert {"400", "409", "413", "415"} <= described["responses"].keys()
    assert "dry_run" in urlencode([(one["name"], "") for one in described["parameters"]])
