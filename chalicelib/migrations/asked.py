"""What whoever deploys asks of the function `migrate`: what stands, the first steps, the schema, an admin's key."""

import logging
import re
import time
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from sqlalchemy import Connection, delete, func, insert, or_, select, text
from sqlalchemy.exc import OperationalError

from chalicelib.core.auth import create_key
from chalicelib.core.db import Actor, act_as, make_engine
from chalicelib.core.errors import Invalid
from chalicelib.core.inputs import Text
from chalicelib.core.log import job
from chalicelib.core.settings import settings
from chalicelib.core.tables import api_keys, token_issuers
from chalicelib.migrations import steps

log = logging.getLogger(__name__)

ACTOR = Actor("command:deploy")

NOT_YET = re.compile(r"FATAL:.*(does not exist|authentication failed)")
"""How a server turns away a role or a database that it lacks; a role is told the same as for a wrong password."""

LIVE_ADMIN = select(api_keys.c.key_id).where(
    api_keys.c.role == "admin",
    api_keys.c.revoked_at.is_(None),
    or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > func.now()),
)


DAY = 86_400

WHOLE = r"^[^\x00]+$"
"""What libpq takes to its end: it would stop at a NUL, and go somewhere else."""


class Administrator(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The server's master user, as its secret has it: used for one connection, kept nowhere."""

    username: Annotated[str, Meta(pattern=WHOLE)]
    password: Annotated[str, Meta(pattern=WHOLE)]


class AdminKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An API key for who has none; `again` also where there is one that lives."""

    name: Text = "first admin key"
    again: bool = False


class PublicKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key that a user pool signs with, as it publishes it (RFC 7517)."""

    kid: Annotated[str, Meta(pattern=WHOLE)]
    n: Annotated[str, Meta(pattern=WHOLE)]
    e: Annotated[str, Meta(pattern=WHOLE)]
    kty: Literal["RSA"] = "RSA"
    alg: Literal["RS256"] = "RS256"
    use: Literal["sig"] = "sig"


class SignIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The user pool whose tokens are taken from now on, and the public keys that it signs with."""

    issuer: Annotated[str, Meta(pattern=r"^https://[^\x00]+$")]
    client_id: Text
    public_keys: Annotated[list[PublicKey], Meta(min_length=1)]
    address: Text | None = None


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The event. `plan` only looks, so that it goes with nothing else."""

    plan: bool = False
    bootstrap: Administrator | None = None
    admin_key: AdminKey | None = None
    sign_in: SignIn | None = None


def answered(event: Any) -> dict[str, Any]:
    """Do what the event asks for: `revision` is what now stands, `admin_key` the key asked for, None where one lives.

    With `plan` nothing is done: `current` is what stands (None: nothing), `head` what migrating leads to, `keys` the
    ids of the user pool's keys as delivered. Raises Invalid for an event that says anything else.
    """
    asked = _read(event)
    owner_url = settings().require("owner_database_url")
    if asked.plan:
        current, keys = _standing(owner_url)
        return {"current": current, "head": steps.head(), "keys": keys}
    with job(log, "migrate", bootstrap=bool(asked.bootstrap)) as outcome:
        if asked.bootstrap:
            _bootstrap(owner_url, asked.bootstrap)
        revision = outcome["revision"] = steps.upgrade(owner_url)
        if asked.sign_in:
            _deliver(owner_url, asked.sign_in)
        if not asked.admin_key:
            return {"revision": revision}
        return {"revision": revision, "admin_key": _admin_key(owner_url, asked.admin_key)}


def _read(event: Any) -> Asked:
    try:
        asked = msgspec.convert(event, Asked)
    except msgspec.ValidationError as error:
        # It names fields and types, never what was in them.
        raise Invalid(f"migrate understands plan, bootstrap, admin_key and sign_in, and not this: {error}") from None
    if asked.plan and (asked.bootstrap or asked.admin_key or asked.sign_in):
        raise Invalid("plan changes nothing, so it goes with nothing else: ask one after the other")
    return asked


def _standing(owner_url: str) -> tuple[str | None, list[str]]:
    engine = make_engine(owner_url)
    try:
        with engine.connect() as conn:
            return steps.current(conn), _delivered(conn)
    except OperationalError as error:
        if NOT_YET.search(str(error.orig)):
            return None, []
        raise
    finally:
        engine.dispose()


def _bootstrap(owner_url: str, administrator: Administrator) -> None:
    """The roles and the database where the owner's URL leads to, TLS and all, as the administrator."""
    from psycopg2.extensions import make_dsn, parse_dsn

    there = parse_dsn(owner_url)
    database = there.pop("dbname", "opsdb")
    there |= {"user": administrator.username, "password": administrator.password, "dbname": "postgres"}
    steps.bootstrap(make_dsn(**there), database=database, passwords={})


def _admin_key(owner_url: str, asked: AdminKey) -> str | None:
    engine = make_engine(owner_url)
    try:
        with engine.begin() as conn:
            # Two deploys at once must not both find none.
            conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": steps.ONE_AT_A_TIME})
            return None if _has_admin(conn) and not asked.again else _new_key(conn, asked.name)
    finally:
        engine.dispose()


def _deliver(owner_url: str, asked: SignIn) -> None:
    """Trust this pool and no other, as of now. A key that it published until now counts for another day."""
    engine = make_engine(owner_url)
    said = msgspec.to_builtins(asked)
    try:
        with engine.begin() as conn:
            conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": steps.ONE_AT_A_TIME})
            mine = select(token_issuers.c.public_keys).where(token_issuers.c.issuer == asked.issuer)
            before = conn.execute(mine).scalar() or []
            said["public_keys"] += _retired(before, {one.kid for one in asked.public_keys})
            conn.execute(delete(token_issuers))
            conn.execute(insert(token_issuers).values(**said))
    finally:
        engine.dispose()


def _retired(before: list[dict[str, Any]], now: set[str]) -> list[dict[str, Any]]:
    """Keys of before, each until a day after it was first not delivered: what they signed is still in use."""
    at = time.time()
    gone = [{"until": at + DAY, **one} for one in before if one["kid"] not in now]
    return [one for one in gone if one["until"] > at]


def _delivered(conn: Connection) -> list[str]:
    """Which keys the pool published when they were last asked for; none where there is no such table yet."""
    if conn.execute(text("SELECT to_regclass('token_issuers')")).scalar() is None:
        return []
    keys = conn.execute(select(token_issuers.c.public_keys)).scalar() or []
    return sorted(one["kid"] for one in keys if "until" not in one)


def _has_admin(conn: Connection) -> bool:
    return conn.execute(LIVE_ADMIN.limit(1)).first() is not None


def _new_key(conn: Connection, name: str) -> str:
    act_as(conn, ACTOR)
    key_id, key = create_key(conn, name=name, role="admin")
    log.info("made an admin's API key", extra={"key_id": key_id})
    return key
