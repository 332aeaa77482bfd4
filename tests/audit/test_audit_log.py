"""Reading the audit log: by who, what, when and row."""

from datetime import UTC, date, datetime, timedelta

import pytest

from chalicelib.core.clock import now
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


def test_the_log_is_a_file_too(api: Api, ada: int) -> None:
    answer = api.get("/admin/audit", format="csv", table_name="schedules")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/csv")
