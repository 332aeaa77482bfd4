"""Reading the audit log: by who, what, when and row."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta

import openpyxl
import pytest
from sqlalchemy import text

from chalicelib.core import db
from chalicelib.core.clock import now
from chalicelib.core.tables import metadata
from tests import make
from tests.api import Api
from tests.conftest import Site


@pytest.fixture
def ada(site: Site, api: Api) -> int:
    """Somebody who is hired, planned and changed, by two actors."""
    with make.written("key:hr") as conn:
        employee_id = make.employee(conn)
    with make.written("key:planner") as conn:
        make.shift(conn, employee_id, date(2027, 3, 1))
    answer = api.put(f"/employees/{employee_id}", {"batch": "2026-10"})
    assert answer.status == 200
    return employee_id


def test_a_change_says_who_what_when_before_and_after(api: Api, ada: int) -> None:
    [one] = api.get("/admin/audit", table_name="employees", action="update").data
    assert one["actor"].startswith("key:")
    assert (one["row_id"], one["before"]["batch"], one["after"]["batch"]) == (str(ada), None, "2026-10")
    assert one["request_id"]
    assert now() - datetime.fromisoformat(one["at"]) < timedelta(minutes=5)


@pytest.mark.parametrize(
    ("asked", "tables"),
    [
        ({"actor": "key:planner"}, ["schedules"]),
        ({"actor": ["key:planner", "key:hr"]}, ["assignments", "employees", "employments", "schedules"]),
        ({"table_name": "schedules"}, ["schedules"]),
        ({"action": "delete"}, []),
        ({"at_max": datetime(2020, 1, 1, tzinfo=UTC).isoformat()}, []),
    ],
)
def test_changes_are_found_by(api: Api, ada: int, asked: dict[str, str], tables: list[str]) -> None:
    answer = api.get("/admin/audit", **asked)
    assert answer.status == 200, answer.body
    assert sorted({one["table_name"] for one in answer.data}) == tables


def test_everything_about_a_person_or_a_row_is_found_beside_it(api: Api, ada: int) -> None:
    with make.written() as conn:
        other = make.employee(conn)
    found = api.get("/admin/audit", employee_id=ada).data
    assert {one["table_name"] for one in found} == {"assignments", "employees", "employments", "schedules"}
    assert str(other) not in {one["row_id"] for one in found}
    of_row = api.get("/admin/audit", table_name="employees", row_id=str(ada)).data
    assert [one["action"] for one in of_row] == ["insert", "update"]


def test_secrets_are_in_no_image(api: Api, site: Site) -> None:
    images = [one["after"] for one in api.get("/admin/audit", table_name="api_keys").data]
    assert images
    assert all("secret_hash" not in image for image in images)


def test_no_column_that_is_named_like_a_secret_comes_into_an_image(site: Site) -> None:
    """Of whatever table: a new one has to be left out by audit_image before it can be audited."""
    like = ("hash", "secret", "password", "verifier")
    secret = {
        column.name for table in metadata.tables.values() for column in table.c if any(x in column.name for x in like)
    }
    assert {"secret_hash", "password_hash"} <= secret
    with db.reading() as conn:
        image = conn.execute(
            text("SELECT audit_image(CAST(:image AS jsonb))"),
            {"image": json.dumps(dict.fromkeys(secret, "x") | {"role": "hr"})},
        ).scalar_one()
    assert image == {"role": "hr"}


def test_the_log_is_a_file_too_with_each_row_before_and_after(api: Api, ada: int) -> None:
    asked = {"table_name": "employees", "action": "update", "employee_id": ada, "at_min": "2020-01-01T00:00:00Z"}
    answer = api.get("/admin/audit", format="csv", **asked)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/csv")
    [line] = csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig")))
    [listed] = api.get("/admin/audit", **asked).data
    assert line.keys() == listed.keys()
    assert (line["actor"], line["row_id"], line["request_id"]) == (listed["actor"], str(ada), listed["request_id"])
    assert [json.loads(line[side]) for side in ("before", "after")] == [listed["before"], listed["after"]]
    assert listed["after"]["batch"] == "2026-10"

    sheet = openpyxl.load_workbook(io.BytesIO(api.get("/admin/audit", format="xlsx", **asked).body)).worksheets[0]
    head, row = sheet.iter_rows(values_only=True)
    assert json.loads(dict(zip(head, row, strict=True))["after"]) == listed["after"]
