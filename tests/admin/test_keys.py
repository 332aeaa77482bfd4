"""API keys over HTTP: said once, rotated with both good for a while, revoked at once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests import make
from tests.api import Answer, Api


def made(api: Api, name: str = "wallboard", **facts: Any) -> Answer:
    answer = api.post("/admin/api_keys", {"name": name, "role": "viewer", **facts})
    assert answer.status == 201, answer.body
    return answer


def in_days(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


def test_a_key_that_is_made_is_said_once_and_works(api: Api) -> None:
    answer = made(api)
    key = answer.body["key"]
    assert Api(key).get("/employees").status == 200
    listed = api.get("/admin/api_keys", name="wallboard").body
    assert key not in str(listed)
    [row] = listed["data"]
    assert row["is_live"] is True
    assert row["last_used_at"] is not None


def test_a_rotated_key_is_good_until_it_ends_and_so_is_the_new_one(api: Api) -> None:
    first = made(api).body
    number = first["api_key"]["key_id"]
    ends = in_days(2)
    rotated = api.put(f"/admin/api_keys/{number}", {"rotate": True, "expires_at": ends}).body
    assert rotated["before"]["key_id"] == number
    assert datetime.fromisoformat(rotated["before"]["expires_at"]) == datetime.fromisoformat(ends)
    assert rotated["api_key"]["name"] == "wallboard"
    assert rotated["api_key"]["expires_at"] is None
    assert {Api(one["key"]).get("/employees").status for one in (first, rotated)} == {200}


def test_a_key_that_is_rotated_without_a_word_ends_in_a_week(api: Api) -> None:
    number = made(api).body["api_key"]["key_id"]
    before = api.put(f"/admin/api_keys/{number}", {"rotate": True}).body["before"]
    left = datetime.fromisoformat(before["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=6) < left <= timedelta(days=7)


def test_of_one_name_two_keys_live_and_never_three(api: Api) -> None:
    number = made(api).body["api_key"]["key_id"]
    second = api.put(f"/admin/api_keys/{number}", {"rotate": True}).body["api_key"]["key_id"]
    third = api.put(f"/admin/api_keys/{second}", {"rotate": True})
    assert (third.status, third.errors) == (
        409,
        ["name: wallboard has 2 live keys already: revoke one of them first"],
    )
    assert api.post("/admin/api_keys", {"name": "wallboard", "role": "viewer"}).status == 409
    assert api.delete(f"/admin/api_keys/{number}").status == 200
    made(api)


def test_many_who_ask_at_once_get_two_keys(api: Api) -> None:
    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(api.post, "/admin/api_keys", {"name": "board", "role": "viewer"}) for _ in range(6)]
    assert sorted(one.result().status for one in asked) == [201, 201, 409, 409, 409, 409]


def test_a_revoked_key_is_no_key_and_stays_one_that_was(api: Api) -> None:
    answer = made(api).body
    number = answer["api_key"]["key_id"]
    revoked = api.delete(f"/admin/api_keys/{number}").body
    assert revoked["is_live"] is False
    assert Api(answer["key"]).get("/employees").status == 401
    assert api.delete(f"/admin/api_keys/{number}").body == revoked
    assert api.put(f"/admin/api_keys/{number}", {"name": "other"}).status == 409
    assert api.get("/admin/api_keys", is_live="false").body["total"] == 1


def test_a_changed_key_is_what_it_was_changed_to_at_once(api: Api) -> None:
    with make.written() as conn:
        make.options(conn, "department", "Support")
        ada = make.employee(conn)
    answer = made(api, role="supervisor", employee_id=ada).body
    number = answer["api_key"]["key_id"]
    change = {"role": "duty_lead", "departments": ["Support"]}
    assert api.put(f"/admin/api_keys/{number}", change).status == 200
    me = Api(answer["key"]).get("/auth/me").body
    assert (me["role"], me["employee_id"], me["departments"]) == ("duty_lead", ada, ["Support"])


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        ({"role": "supervisor"}, "employee_id: is required for a supervisor, whose people are found by it"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at: must be in the future; DELETE ends a key at once"),
    ],
)
def test_a_key_that_cannot_be_is_refused(api: Api, sent: dict[str, Any], problem: str) -> None:
    refused = api.post("/admin/api_keys", {"name": "board", "role": "viewer", **sent})
    assert (refused.status, refused.errors) == (400, [problem])


def test_rotating_changes_nothing_else(api: Api) -> None:
    number = made(api).body["api_key"]["key_id"]
    refused = api.put(f"/admin/api_keys/{number}", {"rotate": True, "role": "admin"})
    assert (refused.status, refused.errors) == (
        400,
        ["role: does not change with rotate; change it before or after"],
    )


def test_a_key_is_made_once_under_an_idempotency_key_and_never_said_again(api: Api) -> None:
    sent = {"name": "board", "role": "viewer"}
    assert api.post("/admin/api_keys", sent, **{"Idempotency-Key": "k"}).status == 201
    assert api.post("/admin/api_keys", sent, **{"Idempotency-Key": "k"}).status == 409
    assert api.get("/admin/api_keys", name="board").body["total"] == 1
