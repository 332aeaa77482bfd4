"""API keys: well formed or refused, known or refused, and kept as a hash."""

import re
import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import text

from chalicelib.core import auth, db
from chalicelib.core.auth import format_key, parse_key
from chalicelib.core.errors import Unauthenticated
from tests import make
from tests.api import Api
from tests.conftest import Site

SECRET = "0123456789abcdefghijABCDEFGHIJ12"
KEY = format_key(7, SECRET)


def created(role: str = "viewer", **facts: datetime) -> tuple[int, str]:
    with make.written() as conn:
        return auth.create_key(conn, name="wallboard", role=role, **facts)


def change(statement: str) -> None:
    with make.written() as conn:
        conn.execute(text(statement))


def test_a_key_says_whose_it_is_and_checks_itself() -> None:
    assert re.fullmatch(r"opsdb_7_[0-9a-zA-Z]{38}", KEY)
    assert parse_key(KEY) == (7, SECRET)
    # Keys that people hold outlive releases: the form may not change.
    assert KEY == "opsdb_7_0123456789abcdefghijABCDEFGHIJ121DGbb3"


@given(some.integers(1, 10**12), some.text(string.ascii_letters + string.digits, min_size=32, max_size=32))
def test_every_key_that_is_made_is_understood(key_id: int, secret: str) -> None:
    assert parse_key(format_key(key_id, secret)) == (key_id, secret)


@given(some.integers(0, len(KEY) - 1), some.characters(codec="ascii"))
def test_one_wrong_character_is_noticed_without_the_database(place: int, character: str) -> None:
    wrong = KEY[:place] + character + KEY[place + 1 :]
    if wrong == KEY:
        assert parse_key(wrong)
    else:
        with pytest.raises(Unauthenticated):
            parse_key(wrong)


@pytest.mark.parametrize(
    "key", ["", "opsdb_", "x" * 5, KEY + "x", KEY[:-1], KEY.upper(), f" {KEY}", "opsdb_७_" + KEY[8:]]
)
def test_what_is_no_key_is_refused(key: str) -> None:
    with pytest.raises(Unauthenticated):
        parse_key(key)


@given(some.text())
def test_no_text_whatever_breaks_the_parser(key: str) -> None:
    with pytest.raises(Unauthenticated):
        parse_key(key)


def test_two_keys_are_never_alike(site: Site) -> None:
    (first, one), (second, other) = created(), created()
    assert first != second
    assert parse_key(one)[1] != parse_key(other)[1]


def test_the_database_keeps_a_hash_and_nothing_of_the_key(site: Site) -> None:
    key_id, key = created()
    secret = parse_key(key)[1]
    with db.reading() as conn:
        row = conn.execute(text("SELECT * FROM api_keys WHERE key_id = :id"), {"id": key_id}).mappings().one()
        audited = conn.execute(text("SELECT string_agg(after::text, '') FROM audit_log")).scalar_one()
    assert len(bytes(row["secret_hash"])) == 32
    assert secret not in str([bytes(value) if isinstance(value, memoryview) else value for value in row.values()])
    assert secret not in audited
    assert "wallboard" in audited


def test_who_calls_is_the_keys_owner(site: Site) -> None:
    with make.written() as conn:
        ada = make.employee(conn)
    key_id, key = created("supervisor")
    change(f"UPDATE api_keys SET employee_id = {ada}")
    with db.reading() as conn:
        caller = auth.authenticate(conn, api_key=key)
    assert (caller.name, caller.role, caller.employee_id) == (f"key:{key_id}", "supervisor", ada)


@pytest.mark.parametrize(
    "gone",
    [
        "UPDATE api_keys SET revoked_at = now()",
        "UPDATE api_keys SET expires_at = now() - interval '1 second'",
        "UPDATE api_keys SET secret_hash = sha256('other')",
        "DELETE FROM api_keys",
    ],
)
def test_a_key_that_is_no_longer_good_is_refused_like_one_that_never_was(site: Site, gone: str) -> None:
    key = created()[1]
    assert Api(key).get("/employees").status == 200
    change(gone)
    refused, unknown = Api(key).get("/employees"), Api(format_key(999_999, SECRET)).get("/employees")
    assert (refused.status, unknown.status) == (401, 401)
    assert {**refused.body, "request_id": ""} == {**unknown.body, "request_id": ""}


def test_a_key_is_good_until_it_expires(site: Site) -> None:
    key = created(expires_at=datetime.now(UTC) + timedelta(minutes=1))[1]
    assert Api(key).get("/employees").status == 200


def test_the_right_id_with_another_secret_is_refused(site: Site) -> None:
    key_id, _ = created("admin")
    assert Api(format_key(key_id, SECRET)).get("/employees").status == 401
    assert Api(None).get("/employees").status == 401


def test_a_key_has_a_role_that_exists(site: Site) -> None:
    with pytest.raises(Exception, match="api_keys_role_check"):
        created("king")
