"""Database users: real roles that sign in, read and do nothing else; and what the doorkeeper lets nobody do."""

import secrets
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import psycopg2
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chalicelib.core import db
from tests import make
from tests.api import Answer, Api
from tests.conftest import Site, administer


@pytest.fixture
def name(site: Site) -> Iterator[str]:
    """One that no other test has, since roles are the server's; its role is gone afterwards."""
    found = f"t{secrets.token_hex(4)}"
    yield found
    administer(site.server, f"DROP ROLE IF EXISTS opsdb_ro_{found}")


def made(api: Api, name: str, **facts: Any) -> Answer:
    answer = api.post("/admin/db_users", {"username": name, **facts})
    assert answer.status == 201, answer.body
    return answer


def connected(site: Site, answer: Answer) -> Any:
    username = answer.body["db_user"]["username"]
    return psycopg2.connect(site.server.url(username, answer.body["password"], site.database))


def test_a_reader_signs_in_and_reads_the_floor(site: Site, api: Api, name: str) -> None:
    answer = made(api, name)
    assert answer.body["db_user"]["username"] == f"opsdb_ro_{name}"
    with connected(site, answer) as conn, conn.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM employees")
        assert cursor.fetchone() == (0,)
    conn.close()
    listed = api.get("/admin/db_users").body
    assert answer.body["password"] not in str(listed)
    assert [(one["is_active"], one["is_missing"]) for one in listed["data"]] == [(True, False)]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO holidays (date, name) VALUES ('2026-01-01', 'x')",
        "SET default_transaction_read_only = off; DELETE FROM employees",
        "SELECT * FROM users",
        "SELECT * FROM api_keys",
        "SELECT * FROM sessions",
        "SELECT * FROM audit_log",
        "CREATE TABLE mine (x int)",
        "CREATE TEMPORARY TABLE mine (x int)",
        "CREATE ROLE another",
        "SELECT opsdb_roles.drop_login('opsdb_ro_x')",
    ],
)
def test_a_reader_does_nothing_else(site: Site, api: Api, name: str, statement: str) -> None:
    conn = connected(site, made(api, name))
    try:
        with conn.cursor() as cursor, pytest.raises(psycopg2.Error, match=r"permission denied|read-only"):
            cursor.execute(statement)
    finally:
        conn.close()


def test_a_rotated_password_is_the_only_one(site: Site, api: Api, name: str) -> None:
    first = made(api, name)
    number = first.body["db_user"]["db_user_id"]
    second = api.put(f"/admin/db_users/{number}", {"rotate": True})
    connected(site, second).close()
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        connected(site, first)
    assert api.put(f"/admin/db_users/{number}", {"notes": "the wallboard"}).body["password"] is None
    connected(site, second).close()


def test_a_limit_and_a_last_day_are_the_roles(site: Site, api: Api, name: str) -> None:
    until = date.today() + timedelta(days=3)
    answer = made(api, name, connection_limit=1, valid_until=until.isoformat())
    with make.written() as conn:
        found = conn.execute(
            text("SELECT rolconnlimit, (rolvaliduntil AT TIME ZONE 'UTC')::date FROM pg_roles WHERE rolname = :name"),
            {"name": f"opsdb_ro_{name}"},
        ).one()
    assert tuple(found) == (1, until + timedelta(days=1))
    one = connected(site, answer)
    with pytest.raises(psycopg2.OperationalError, match="too many connections"):
        connected(site, answer)
    one.close()
    number = answer.body["db_user"]["db_user_id"]
    assert api.put(f"/admin/db_users/{number}", {"connection_limit": 2, "valid_until": None}).status == 200


def test_dropping_ends_connections_and_keeps_the_record(site: Site, api: Api, name: str) -> None:
    answer = made(api, name)
    conn = connected(site, answer)
    number = answer.body["db_user"]["db_user_id"]
    for _ in range(2):
        dropped = api.delete(f"/admin/db_users/{number}")
        assert (dropped.status, dropped.body["is_active"]) == (200, False)
    with pytest.raises(psycopg2.Error), conn.cursor() as cursor:
        cursor.execute("SELECT 1")
    conn.close()
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        connected(site, answer)
    assert api.put(f"/admin/db_users/{number}", {"rotate": True}).status == 409
    assert api.post("/admin/db_users", {"username": name}).status == 409


def test_a_role_that_a_restore_left_behind_is_made_again_by_rotating(site: Site, api: Api, name: str) -> None:
    number = made(api, name).body["db_user"]["db_user_id"]
    administer(site.server, f"DROP ROLE opsdb_ro_{name}")
    assert api.get("/admin/db_users").data[0]["is_missing"] is True
    assert api.put(f"/admin/db_users/{number}", {"connection_limit": 2}).status == 409
    connected(site, api.put(f"/admin/db_users/{number}", {"rotate": True})).close()


def test_a_name_that_another_database_uses_is_taken(site: Site, api: Api, name: str) -> None:
    administer(site.server, f"CREATE ROLE opsdb_ro_{name}")
    answer = api.post("/admin/db_users", {"username": name})
    assert (answer.status, answer.errors) == (409, [f"username: this server has a role opsdb_ro_{name} already"])
    assert api.get("/admin/db_users").data == []


def test_whoever_leaves_reads_no_more(site: Site, api: Api, name: str) -> None:
    with make.written() as conn:
        ada = make.employee(conn)
    answer = made(api, name, employee_id=ada)
    yesterday = (date.today() - timedelta(days=1)).isoformat()
    assert api.put(f"/employees/{ada}", {"attrition_date": yesterday}).status == 200
    assert api.get(f"/employees/{ada}").body["status"] == "Inactive"
    assert api.get("/admin/db_users").data[0]["is_active"] is False
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        connected(site, answer)


@pytest.mark.parametrize("wrong", ["Ann", "a-b", "", "x" * 41, 'a"; DROP ROLE opsdb_owner; --', "pg_x\n"])
def test_no_other_name_is_taken(site: Site, api: Api, wrong: str) -> None:
    assert api.post("/admin/db_users", {"username": wrong}).status == 400


@pytest.mark.parametrize(
    "call",
    [
        "drop_login('opsdb_owner')",
        "drop_login('postgres')",
        "change_login('opsdb_app', NULL, NULL, 3)",
        "make_login('opsdb_ro_x', NULL, NULL, 3)",
        "make_login('opsdb_ro_x', 'plain text', NULL, 3)",
        "make_login('opsdb_ro_x''; DROP ROLE opsdb_backup; --', 'SCRAM-SHA-256$4096:a=$a=:a=', NULL, 3)",
        "make_login('opsdb_ro_x', 'SCRAM-SHA-256$4096:a=$a=:a=', NULL, 100)",
        "checked('opsdb_ro_x', NULL, 3)",
    ],
)
def test_the_doorkeeper_does_nothing_but_its_own(site: Site, call: str) -> None:
    with pytest.raises(DBAPIError, match=r"no name of a reader|no verifier|no number|permission denied"):  # noqa: SIM117
        with db.writing(db.Actor("test")) as conn:
            conn.exec_driver_sql(f"SELECT opsdb_roles.{call}")
