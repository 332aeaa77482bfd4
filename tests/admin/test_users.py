"""Who may sign in: made, changed, shut out; and never nobody who could let others in."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.core import db
from chalicelib.people import leaving_queries
from tests import make
from tests.admin.console import KEY, PASSWORD, Browser, user
from tests.api import Api
from tests.conftest import Site, forget

LAST = "role: this is the last admin who may sign in; make another one first"


@pytest.fixture(autouse=True)
def keyed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", KEY)
    forget()
    with make.written() as conn:
        make.options(conn, "department", "Support", "Sales")


def test_a_password_that_is_made_up_is_said_once_and_signs_in(api: Api) -> None:
    made = api.post("/admin/users", {"username": "rui"})
    assert made.status == 201
    assert made.body["user"].items() >= {"username": "rui", "role": "viewer", "has_password": True}.items()
    assert Browser().sign_in("rui", made.body["password"]).status == 200
    [listed] = api.get("/admin/users").data
    assert listed["last_used_at"] is None
    assert made.body["password"] not in str(listed)
    reset = api.put("/admin/users/1", {"reset_password": True}).body["password"]
    assert Browser().sign_in("rui", reset).status == 200


def test_a_password_that_is_given_is_not_said(api: Api) -> None:
    made = api.post("/admin/users", {"username": "rui", "password": PASSWORD})
    assert (made.status, made.body["password"]) == (201, None)
    assert Browser().sign_in("rui").status == 200
    token = api.post("/admin/users", {"username": "token", "password": None}).body
    assert (token["user"]["has_password"], token["password"]) == (False, None)


@pytest.mark.parametrize(
    ("sent", "problems"),
    [
        ({"role": "supervisor"}, ["employee_id: is required for a supervisor, whose people are found by it"]),
        ({"role": "duty_lead"}, ["departments: are required for a duty_lead, who acts for them"]),
        ({"departments": ["Sales"]}, ["departments: only a duty_lead is named for some, and this is a viewer"]),
        ({"role": "duty_lead", "departments": ["Sale"]}, ["departments: Sale: did you mean Sales?"]),
        ({"employee_id": 9}, ["employee_id: 9 is no employee"]),
        (
            {"employee_id": 9, "password": "x"},
            ["employee_id: 9 is no employee", "password: must be text of 12 to 200 characters"],
        ),
        ({"password": "aaaaaaaaaaaaaa"}, ["password: is among the first that anybody tries"]),
        ({"username": "two words"}, ["username: must be up to 100 letters"]),
    ],
)
def test_a_user_that_cannot_be_is_refused_with_every_problem(api: Api, sent: Any, problems: list[str]) -> None:
    refused = api.post("/admin/users", {"username": "rui", **sent})
    assert refused.status == 400
    for said, problem in zip(refused.errors, problems, strict=True):
        assert said.startswith(problem)


def test_names_and_addresses_are_somebodys_however_they_are_written(api: Api) -> None:
    assert api.post("/admin/users", {"username": "rui", "email": "rui@opsdb.example"}).status == 201
    assert api.post("/admin/users", {"username": "RUI"}).errors == ["username: belongs to another user"]
    again = api.post("/admin/users", {"username": "ana", "email": "RUI@opsdb.example"})
    assert (again.status, again.errors) == (409, ["email: belongs to another user"])


@pytest.mark.parametrize("change", [{"role": "hr"}, {"is_active": False}, {"password": "seven lamps and a ferry"}])
def test_what_changes_about_a_user_ends_their_sessions(api: Api, change: dict[str, Any]) -> None:
    number = user("rui", role="viewer")
    browser = Browser()
    browser.sign_in("rui")
    assert api.put(f"/admin/users/{number}", {"email": "rui@opsdb.example"}).status == 200
    assert browser.get("/auth/me").status == 200
    assert api.put(f"/admin/users/{number}", change).status == 200
    assert browser.get("/auth/me").status == 401


def test_who_is_no_duty_lead_any_more_has_no_departments(api: Api) -> None:
    made = api.post("/admin/users", {"username": "rui", "role": "duty_lead", "departments": ["Support", "Sales"]})
    assert made.body["user"]["departments"] == ["Sales", "Support"]
    changed = api.put("/admin/users/1", {"role": "viewer"})
    assert changed.body["user"]["departments"] == []


def test_who_is_shut_out_stays_on_record_and_comes_back(api: Api) -> None:
    user("rui", role="viewer")
    assert api.delete("/admin/users/1").body["is_active"] is False
    assert Browser().sign_in("rui").status == 401
    assert api.get("/admin/users", is_active="false").body["total"] == 1
    assert api.put("/admin/users/1", {"is_active": True}).status == 200
    assert api.delete("/admin/users/9").status == 404


def test_the_last_admin_is_neither_shut_out_nor_made_less(api: Api) -> None:
    user("ann")
    for refused in (api.delete("/admin/users/1"), api.put("/admin/users/1", {"role": "hr"})):
        assert (refused.status, refused.errors) == (409, [LAST])
    user("bob")
    assert api.put("/admin/users/1", {"role": "hr"}).status == 200
    assert api.delete("/admin/users/2").status == 409


def test_of_the_last_two_admins_only_one_goes_whoever_asks_at_once(api: Api) -> None:
    for name in ("ann", "bob", "cyd", "dee"):
        user(name)
    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(pool.map(lambda one: api.delete(f"/admin/users/{one}").status, (1, 2, 3, 4)))
    assert statuses == [200, 200, 200, 409]


def test_hashes_are_in_no_answer_and_no_audit(api: Api) -> None:
    user("rui", role="viewer")
    api.put("/admin/users/1", {"password": "seven lamps and a ferry"})
    with db.reading() as conn:
        audited = conn.execute(text("SELECT string_agg(concat(before, after), '') FROM audit_log")).scalar_one()
    assert "argon2" not in audited + str(api.get("/admin/users").body)
    assert "rui" in audited


def test_only_admins_see_and_change_users(site: Site) -> None:
    user("rui", role="hr")
    browser = Browser()
    browser.sign_in("rui")
    assert browser.get("/admin/users").status == 403
    assert browser.post("/admin/users", {"username": "ana"}).status == 403
    assert browser.get("/admin/api_keys").status == 403


def test_the_last_admin_who_leaves_can_sign_in_until_there_is_another(site: Site) -> None:
    with make.written() as conn:
        ada, bea = make.employee(conn), make.employee(conn)
        new = text("INSERT INTO users (username, role, employee_id) VALUES (:name, :role, :id)")
        for name, role, number in (("ada", "admin", ada), ("ada.hr", "hr", ada), ("bea", "admin", bea)):
            conn.execute(new, {"name": name, "role": role, "id": number})
        leaving_queries.shut_out(conn, employee_id=ada)
        leaving_queries.shut_out(conn, employee_id=bea)
        active = conn.execute(text("SELECT username FROM users WHERE is_active")).scalars()
        assert list(active) == ["bea"]
