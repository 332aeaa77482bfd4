"""The database: who gets in, what it is, who may do what, and what waits in it."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from psycopg2.extensions import parse_dsn
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from chalicelib.core import db
from chalicelib.core.settings import SIGNING_IN, settings
from chalicelib.imports.arrivals import LOST_AFTER
from chalicelib.migrations import steps
from opsdb_deploy.doctor import POSTGRESQL_ENDS, Found, dated, ok, problem, warning

OLDEST = 15
ON_THIS_MACHINE = ("127.0.0.1", "::1", "localhost", "")
SLIGHT, MUCH = timedelta(seconds=5), timedelta(minutes=5)

BOOTSTRAP = "run `opsdb migrate --bootstrap`, which makes the roles as they should be"


@contextmanager
def connected(attribute: str = "database_url") -> Iterator[Connection]:
    """A connection of its own by the URL of a setting, closed afterwards."""
    engine = db.make_engine(settings().require(attribute))
    try:
        with engine.connect() as conn:
            yield conn
    finally:
        engine.dispose()


def roles_get_in(now: datetime) -> Iterable[Found]:
    """Every role by its own URL, as itself."""
    for attribute, role in SIGNING_IN.items():
        if getattr(settings(), attribute) is None:
            yield warning(f"{role} has no URL", f"set {_variable(attribute)}; docs/settings.md says what it is for")
            continue
        try:
            with connected(attribute) as conn:
                user = conn.execute(text("SELECT current_user")).scalar()
        except DBAPIError as error:
            said = str(error.orig).strip().split("\n")[0]
            yield problem(
                f"{role} does not get in: {said}", f"start the server (`opsdb up`) or mend {_variable(attribute)}"
            )
            continue
        if user == role:
            yield ok(f"{role} gets in")
        else:
            yield problem(f"{_variable(attribute)} signs in as {user}", f"give it the URL of {role}, which may less")


def _variable(attribute: str) -> str:
    return str(type(settings()).__dataclass_fields__[attribute].metadata["name"])


def server_version(now: datetime) -> Iterable[Found]:
    with connected() as conn:
        said = str(conn.execute(text("SHOW server_version")).scalar())
    major = int(said.split(".")[0])
    if major < OLDEST:
        yield problem(f"PostgreSQL {said}", f"opsdb needs {OLDEST} or newer: back up, and restore into a newer server")
    elif major in POSTGRESQL_ENDS:
        what = f"PostgreSQL {said}: its support"
        yield dated(what, POSTGRESQL_ENDS[major], now, "plan the next major version", entry="end-of-support")
    else:
        yield ok(f"PostgreSQL {said}")


def tls(now: datetime) -> Iterable[Found]:
    """Encrypted and proved, unless the server is on this machine."""
    given = parse_dsn(settings().require("database_url"))
    host, mode = given.get("host", ""), given.get("sslmode") or os.environ.get("PGSSLMODE", "prefer")
    with connected() as conn:
        encrypted, version = conn.execute(
            text("SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        ).one()
    if encrypted and mode == "verify-full":
        yield ok(f"{version}, the server's certificate and name verified")
    elif host in ON_THIS_MACHINE or host.startswith("/"):
        yield ok("the server is on this machine, and nothing leaves it")
    elif encrypted:
        yield warning(
            f"{version}, but whoever answers is believed (sslmode={mode})", "add sslmode=verify-full to the URL"
        )
    else:
        yield problem(f"passwords and people go to {host} in the clear", "add sslmode=verify-full to the URLs")


def role_attributes(now: datetime) -> Iterable[Found]:
    """As bootstrap makes them: nobody is a superuser or makes roles, and only the drill makes databases."""
    asked = text(
        "SELECT rolname, rolcanlogin, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication"
        " FROM pg_roles WHERE rolname = ANY (:names)"
    )
    with connected() as conn:
        there = {row.rolname: row for row in conn.execute(asked, {"names": list(steps.ROLES)})}
    wrong = [why for role in steps.ROLES if (why := _wrong(role, there.get(role)))]
    yield from (problem(why, BOOTSTRAP if "missing" in why else "take it away with ALTER ROLE") for why in wrong)
    if not wrong:
        yield ok(f"all {len(steps.ROLES)} have what they need and no more")


def _wrong(role: str, row: Any) -> str:
    if row is None:
        return f"{role} is missing"
    allowed = {"rolcreatedb"} if "CREATEDB" in steps.ROLES[role] else set()
    powers = ("rolsuper", "rolcreaterole", "rolcreatedb", "rolbypassrls", "rolreplication")
    too_much = [power.removeprefix("rol").upper() for power in powers if getattr(row, power) and power not in allowed]
    if too_much:
        return f"{role} has {', '.join(too_much)}"
    return "" if row.rolcanlogin else f"{role} may not log in: LOGIN is missing"


def app_makes_nothing(now: datetime) -> Iterable[Found]:
    """The role of the API changes rows and no definitions."""
    asked = text(
        "SELECT has_schema_privilege('opsdb_app', 'public', 'CREATE') AS tables,"
        " has_database_privilege('opsdb_app', current_database(), 'CREATE') AS schemas,"
        " pg_has_role('opsdb_app', 'opsdb_owner', 'MEMBER') AS owner"
    )
    with connected() as conn:
        may = conn.execute(asked).one()
    said = [what for what, is_so in (("tables", may.tables), ("schemas", may.schemas)) if is_so]
    if may.owner:
        yield problem("opsdb_app is a member of opsdb_owner", "REVOKE opsdb_owner FROM opsdb_app")
    if said:
        yield problem(f"opsdb_app may make {' and '.join(said)}", "REVOKE CREATE from it and from PUBLIC")
    if not said and not may.owner:
        yield ok("opsdb_app changes rows only")


def revision(now: datetime) -> Iterable[Found]:
    with connected() as conn:
        current = steps.current(conn)
    if current == steps.head():
        yield ok(f"at {current}, which is this package's")
    elif (current or "") < steps.head():
        yield problem(f"at {current or 'nothing'}, this package needs {steps.head()}", "run `opsdb migrate`")
    else:
        yield warning(f"at {current}, newer than this package's {steps.head()}", "bring the package up to date")


def uploads(now: datetime) -> Iterable[Found]:
    """None that should have run by now, and none that failed in the last week."""
    asked = text(
        "SELECT count(*) FILTER (WHERE state IN ('waiting', 'running') AND coalesce(started_at, created_at) < :lost),"
        " count(*) FILTER (WHERE state = 'failed' AND created_at > :recent) FROM uploads"
    )
    # Twice the time after which the sweep runs them again.
    when = {"lost": now - 2 * LOST_AFTER, "recent": now - timedelta(days=7)}
    with connected() as conn:
        waiting, failed = conn.execute(asked, when).one()
    if waiting:
        yield problem(
            f"{waiting} should have been imported by now", "is the event pump (`opsdb up`) running? See its log"
        )
    if failed:
        todo = "GET /api/uploads?state=failed says why; correct the sheet and send it again"
        yield warning(f"{failed} failed in the last week", todo)
    if not waiting and not failed:
        yield ok("none waits too long, none failed in a week")


def clock(now: datetime) -> Iterable[Found]:
    with connected() as conn:
        theirs = conn.execute(text("SELECT clock_timestamp()")).scalar_one()
    yield skew("the database's clock", theirs - now)


def skew(whose: str, apart: timedelta) -> Found:
    """S3 refuses what is signed a quarter of an hour off, and a token for the database sooner."""
    said = f"{whose} is {abs(apart).total_seconds():.0f} s {'ahead' if apart > timedelta() else 'behind'}"
    todo = "let both clocks be set by the network (NTP)"
    if abs(apart) > MUCH:
        return problem(said, todo)
    return warning(said, todo) if abs(apart) > SLIGHT else ok(f"{whose} agrees with this one")
