"""What the function `migrate` answers to whoever deploys, on servers whose administrator is RDS's: no superuser."""

import io
import json
import logging
import secrets
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import psycopg2
import pytest
from sqlalchemy.exc import OperationalError

from app import migrate
from chalicelib.core import auth, db, log, signin, tokens
from chalicelib.core.errors import Invalid
from chalicelib.migrations import steps
from local import installations, postgres
from tests.conftest import PASSWORDS, administer, forget
from tests.migrations.catalogue import connected

PASSWORD = "the master's / secret @ 100%"
MASTER = {"username": "opsdb_admin_rds", "password": PASSWORD}
OF_ROLES = """
    SELECT r.rolname, r.rolcreatedb, pg_has_role(r.oid, 'rds_iam', 'MEMBER')
    FROM pg_roles r WHERE r.rolname LIKE 'opsdb\\_%' AND r.rolname NOT LIKE 'opsdb\\_admin%'
"""


@dataclass(frozen=True)
class New:
    """A server as RDS hands it over; `database` is the one that is to be made."""

    server: postgres.Server
    database: str

    def url(self, role: str) -> str:
        return self.server.url(role, PASSWORDS[role], self.database)

    def set_passwords(self) -> None:
        """In place of the IAM tokens that RDS would take."""
        for role, password in PASSWORDS.items():
            administer(self.server, f"ALTER ROLE {role} PASSWORD '{password}'")

    def tables(self) -> int:
        with connected(self.url("opsdb_owner")) as cursor:
            cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
            [found] = cursor.fetchone() or [0]
        return int(found)


@pytest.fixture(scope="module", params=[False, True], ids=["installed", "newest"])
def empty(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.Server]:
    """PostgreSQL with a master user and the role rds_iam, of the major version that RDS runs and of the newest."""
    found = installations.find(embedded=request.param)
    if request.param and found == installations.find():
        pytest.skip("there is one PostgreSQL here")
    folder = tmp_path_factory.mktemp("rds")
    with postgres.start(folder, durable=False, embedded=request.param) as server:
        quoted = PASSWORD.replace("'", "''")
        administer(server, f"CREATE ROLE {MASTER['username']} LOGIN CREATEROLE CREATEDB PASSWORD '{quoted}'")
        administer(server, f"CREATE ROLE rds_iam; GRANT rds_iam TO {MASTER['username']} WITH ADMIN OPTION")
        yield server


@pytest.fixture
def new(empty: postgres.Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[New]:
    """That server, with nothing of opsdb, as the settings of this process have it."""
    made = New(empty, f"opsdb_{secrets.token_hex(3)}")
    monkeypatch.setenv("OPSDB_OWNER_DATABASE_URL", made.url("opsdb_owner"))
    for name in ("DATABASE_URL", "OPSDB_DATABASE_HOST", "OPSDB_SETTINGS_FILE", "DB_SECRET_ARN"):
        monkeypatch.delenv(name, raising=False)
    forget()
    yield made
    forget()
    for database in (made.database, "opsdb"):
        administer(empty, f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
    for role in (*steps.ROLES, steps.DOORKEEPER):
        administer(empty, f"DROP ROLE IF EXISTS {role}")


def ask(**event: Any) -> dict[str, Any]:
    """As Lambda calls it: the answer is what JSON can carry."""
    answer: dict[str, Any] = json.loads(json.dumps(migrate(json.loads(json.dumps(event)), None)))
    return answer


def bootstrapped(new: New) -> New:
    """The first step alone: tokens cannot sign in here, so the passwords come before the schema."""
    with pytest.raises(OperationalError, match="authentication failed"):
        ask(bootstrap=MASTER)
    new.set_passwords()
    return new


def test_an_empty_server_becomes_a_floor(new: New) -> None:
    assert ask(plan=True) == {"current": None, "head": steps.head(), "keys": []}
    bootstrapped(new)
    assert ask(plan=True) == {"current": None, "head": steps.head(), "keys": []}
    assert new.tables() == 0
    assert ask(bootstrap=MASTER) == {"revision": steps.head()}
    assert ask(plan=True) == {"current": steps.head(), "head": steps.head(), "keys": []}
    assert ask() == {"revision": steps.head()}


def test_roles_sign_in_by_token_and_the_administrator_by_password(new: New) -> None:
    bootstrapped(new)
    ask(bootstrap=MASTER)
    with connected(new.server.admin_url) as cursor:
        cursor.execute(OF_ROLES)
        by_token = {(role, role == "opsdb_drill", role != steps.READER) for role in steps.ROLES}
        assert set(cursor.fetchall()) == by_token | {(steps.DOORKEEPER, False, False)}
        cursor.execute("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", (new.database,))
        assert cursor.fetchone() == ("opsdb_owner",)
        # Whoever is a member of a role that signs in by token has to do so too.
        cursor.execute(
            "SELECT count(*) FROM pg_auth_members WHERE member = %s::regrole AND roleid = 'opsdb_owner'::regrole"
            " AND grantor = member",
            (MASTER["username"],),
        )
        assert cursor.fetchone() == (0,)
        if new.server.major < 16:
            cursor.execute("SELECT pg_has_role(%s, 'opsdb_owner', 'MEMBER')", (MASTER["username"],))
            assert cursor.fetchone() == (False,)


def test_an_administrator_without_that_role_needs_none(new: New) -> None:
    administer(new.server, "ALTER ROLE rds_iam RENAME TO elsewhere")
    try:
        bootstrapped(new)
        assert ask(bootstrap=MASTER) == {"revision": steps.head()}
    finally:
        administer(new.server, "ALTER ROLE elsewhere RENAME TO rds_iam")


def test_the_database_that_rds_made_is_taken_over(new: New) -> None:
    administer(new.server, f"CREATE DATABASE {new.database} OWNER {MASTER['username']}")
    bootstrapped(new)
    assert ask(bootstrap=MASTER) == {"revision": steps.head()}
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        psycopg2.connect(new.server.url(MASTER["username"], PASSWORD, new.database))


# The first key


def role_of(new: New, key: str) -> str:
    engine = db.make_engine(new.url("opsdb_app"))
    try:
        with engine.connect() as conn:
            return auth.authenticate(conn, api_key=key).role
    finally:
        engine.dispose()


def test_the_first_key_is_made_once(new: New) -> None:
    bootstrapped(new)
    first = ask(bootstrap=MASTER, admin_key={"name": "first admin key", "again": False})
    assert role_of(new, first["admin_key"]) == "admin"
    assert first["revision"] == steps.head()
    assert ask(admin_key={}) == {"revision": steps.head(), "admin_key": None}
    another = ask(admin_key={"name": "lost the first", "again": True})["admin_key"]
    assert role_of(new, another) == "admin"
    with connected(new.url("opsdb_owner")) as cursor:
        cursor.execute("SELECT name, role FROM api_keys ORDER BY key_id")
        assert cursor.fetchall() == [("first admin key", "admin"), ("lost the first", "admin")]
        cursor.execute("SELECT DISTINCT actor FROM audit_log WHERE table_name = 'api_keys'")
        assert cursor.fetchall() == [("command:deploy",)]


@pytest.mark.parametrize("ended", ["revoked_at = now()", "expires_at = now()", "role = 'viewer'"])
def test_a_key_that_opens_nothing_any_more_is_no_key(new: New, ended: str) -> None:
    bootstrapped(new)
    ask(admin_key={})
    with connected(new.url("opsdb_owner")) as cursor:
        cursor.execute(f"UPDATE api_keys SET {ended}")
    assert role_of(new, ask(admin_key={})["admin_key"]) == "admin"


def test_two_deploys_at_once_make_one_key(new: New) -> None:
    bootstrapped(new)
    with ThreadPoolExecutor(3) as pool:
        keys = [one["admin_key"] for one in pool.map(lambda _: ask(admin_key={}), range(3))]
    assert len([key for key in keys if key]) == 1


# The user pool


def pool(*keys: str, **changed: Any) -> dict[str, Any]:
    """What a deployment delivers."""
    of_keys = [{"kid": one, "kty": "RSA", "alg": "RS256", "use": "sig", "n": "AQ", "e": "AQAB"} for one in keys]
    return {"issuer": "https://cognito.example/pool", "client_id": "console", "public_keys": of_keys, **changed}


def believed(new: New) -> set[str]:
    """The keys that tokens are verified with."""
    engine = db.make_engine(new.url("opsdb_app"))
    with engine.connect() as conn:
        found = tokens.delivered(conn)
    engine.dispose()
    return set(found.keys) if found else set()


def test_a_key_that_is_delivered_no_more_counts_for_another_day(new: New, monkeypatch: pytest.MonkeyPatch) -> None:
    bootstrapped(new)
    assert ask(bootstrap=MASTER, sign_in=pool("one", "two")) == {"revision": steps.head()}
    ask(sign_in=pool("two", "three"))
    assert ask(plan=True)["keys"] == ["three", "two"]
    assert believed(new) == {"one", "two", "three"}
    began = time.time()
    for hours, left in ((23, {"one", "two", "three"}), (25, {"two", "three"})):
        monkeypatch.setattr("time.time", lambda hours=hours: began + hours * 3600)
        assert believed(new) == left, "the day began when it was first missing"
        ask(sign_in=pool("two", "three"))
        assert believed(new) == left


def test_keys_of_another_pool_count_no_more_at_once(new: New) -> None:
    bootstrapped(new)
    ask(bootstrap=MASTER, sign_in=pool("one"))
    ask(sign_in=pool("two", issuer="https://cognito.example/other"))
    assert believed(new) == {"two"}


def test_two_deliveries_at_once_are_one_after_the_other(new: New) -> None:
    bootstrapped(new)
    ask(bootstrap=MASTER)
    with ThreadPoolExecutor(3) as several:
        list(several.map(lambda _: ask(sign_in=pool("one")), range(3)))
    assert believed(new) == {"one"}


# What it does not understand, and what it never says


@pytest.mark.parametrize(
    ("event", "why"),
    [
        ({"bootstarp": {}}, "unknown field `bootstarp`"),
        ({"bootstrap": {"username": "a"}}, "missing required field `password`"),
        ({"bootstrap": {"username": "a", "password": "hush", "host": "b"}}, "unknown field `host`"),
        ({"bootstrap": {"username": "a", "password": ["hush"]}}, r"Expected `str`, got `array` - at `\$.bootstrap"),
        ({"admin_key": {"name": " ", "again": True}}, "admin_key.name"),
        ({"admin_key": True}, "Expected `object | null`"),
        ({"plan": True, "admin_key": {}}, "plan changes nothing"),
        ({"plan": True, "sign_in": pool("one")}, "plan changes nothing"),
        ({"sign_in": pool()}, "length >= 1"),
        ({"sign_in": pool("one", issuer="http://plain.example")}, "sign_in.issuer"),
        ({"sign_in": pool("one", public_keys=[{"kid": "one", "kty": "oct", "k": "hush"}])}, "public_keys"),
        (["plan"], "Expected `object`, got `array`"),
    ],
)
def test_anything_else_is_refused_in_a_sentence(event: Any, why: str) -> None:
    with pytest.raises(Invalid, match=why) as refused:
        migrate(event, None)
    assert "hush" not in str(refused.value)


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Everything that is logged while DEBUG is on."""
    stream, root = io.StringIO(), logging.getLogger()
    before, level = root.handlers[:], root.level
    log.configure(debug=True)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(log.JsonLines())
    root.handlers[:] = [handler]
    yield stream
    root.handlers[:] = before
    root.setLevel(level)


def test_neither_password_nor_key_is_ever_logged(new: New, logged: io.StringIO) -> None:
    bootstrapped(new)
    key = ask(bootstrap=MASTER, admin_key={})["admin_key"]
    assert "migrate ends" in logged.getvalue()
    for secret in (PASSWORD, json.dumps(PASSWORD)[1:-1], key, key.split("_")[2]):
        assert secret not in logged.getvalue()
    server = new.server.log.read_text()
    assert PASSWORD not in server
    assert key not in server


@pytest.mark.parametrize("password", ["no/such @secret%zz", "nul\x00inside", "quote'\\inside"])
def test_an_administrator_who_is_turned_away_is_told_without_his_password(
    new: New, logged: io.StringIO, password: str
) -> None:
    with pytest.raises(Exception, match=r"authentication failed|Expected `str` matching regex") as refused:
        ask(bootstrap={**MASTER, "password": password})
    logging.getLogger("app").error("as Lambda would", exc_info=refused.value)
    said = repr(refused.value) + logged.getvalue()
    assert "as Lambda would" in said
    assert password not in said
    assert json.dumps(password)[1:-1] not in said


def test_a_server_that_is_not_there_is_no_empty_one(new: New, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSDB_OWNER_DATABASE_URL", "postgresql://opsdb_owner:x@127.0.0.1:9/opsdb")
    forget()
    with pytest.raises(OperationalError, match="Connection refused"):
        ask(plan=True)


def test_the_owner_signs_in_by_token(new: New, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL knows nothing of IAM here: the owner's password is the token that is to come."""
    bootstrapped(new)
    moment = signin.now()
    monkeypatch.setattr(signin, "now", lambda: moment)
    for name, value in {"ACCESS_KEY_ID": "testing", "SECRET_ACCESS_KEY": "testing", "DEFAULT_REGION": "x"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("OPSDB_DATABASE_HOST", "127.0.0.1")
    url = f"postgresql://opsdb_owner@127.0.0.1:{new.server.port}/{new.database}"
    monkeypatch.setenv("OPSDB_OWNER_DATABASE_URL", url)
    forget()
    token = signin.token(host="127.0.0.1", port=new.server.port, user="opsdb_owner", now=moment)
    administer(new.server, f"ALTER ROLE opsdb_owner PASSWORD '{token}'")
    assert ask(bootstrap=MASTER) == {"revision": steps.head()}
