"""Connections: one engine per process and role, reads without a transaction, writes in exactly one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, create_engine, event, text

from chalicelib.core.secrets import Secret
from chalicelib.core.settings import settings
from chalicelib.core.signin import by_token, explained

POOL_SIZE = 5
CONNECT_TIMEOUT_SECONDS = 5

SignIn = Callable[[Callable[..., Any], dict[str, Any]], Any]
"""Opens a connection: calls the driver's connect with the parameters given, and what they lack."""


class Actor(msgspec.Struct, frozen=True):
    """Who causes a change, as the audit log names it (`key:3`, `s3:AIDA...`, `command:backup`).

    `role` is the caller's; closed months take corrections from an admin only.
    """

    name: str
    request_id: str | None = None
    upload_id: int | None = None
    role: str = ""


@cache
def engine() -> Engine:
    """The engine of the application role; its connections are opened on first use and kept."""
    ours = settings()
    if ours.database_secret_arn and not ours.database_url:
        return make_engine("postgresql://", sign_in=Secret(ours.database_secret_arn).sign_in)
    return make_engine(ours.require("database_url"))


def make_engine(url: str, *, statement_timeout_seconds: int | None = None, sign_in: SignIn = by_token) -> Engine:
    """An engine for `url`; statements run longer than the timeout (default: the setting) are cancelled."""
    seconds = settings().statement_timeout_seconds if statement_timeout_seconds is None else statement_timeout_seconds
    made = create_engine(
        psycopg2_url(url),
        # An error's text ends up in the log, which holds no names and no addresses.
        hide_parameters=True,
        pool_size=POOL_SIZE,
        max_overflow=POOL_SIZE,
        pool_use_lifo=True,
        pool_recycle=900,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "application_name": "opsdb",
            # Compiling the statement of a report takes longer than the report; servers do so unless told. Two letters
            # that changed places leave a name of six 0.43 of its likeness, where the server's word is 0.6.
            "options": f"-c statement_timeout={seconds * 1000} -c timezone=UTC -c jit=off"
            " -c pg_trgm.word_similarity_threshold=0.4",
        },
    )
    # For each connection anew: a token is short-lived, a password may have changed.
    event.listen(made, "do_connect", lambda dialect, record, args, given: _opened(sign_in, dialect.connect, given))
    return made


def _opened(sign_in: SignIn, connect: Callable[..., Any], given: dict[str, Any]) -> Any:
    with explained():
        return sign_in(connect, given)


def psycopg2_url(url: str) -> str:
    """`url` as SQLAlchemy wants it; `postgres://` and `postgresql://` mean psycopg2."""
    scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg2://{rest}" if scheme in {"postgres", "postgresql"} else url


@contextmanager
def reading() -> Iterator[Connection]:
    """A connection for reads: every statement its own snapshot, so no BEGIN costs a round trip.

    The driver's own switch is turned, which is free; SQLAlchemy's isolation level would be set back by a statement.
    """
    with engine().connect() as conn:
        driver: Any = conn.connection.dbapi_connection
        driver.autocommit = True
        try:
            yield conn
        finally:
            if not driver.closed:
                driver.autocommit = False


@contextmanager
def writing(actor: Actor) -> Iterator[Connection]:
    """One transaction whose audit rows name `actor`; commits on leaving, rolls back on any error."""
    with engine().begin() as conn:
        act_as(conn, actor)
        yield conn


def act_as(conn: Connection, actor: Actor) -> None:
    """Tell the audit triggers, until the transaction ends, who is at work."""
    conn.execute(
        text(
            "SELECT set_config('opsdb.actor', :actor, true), set_config('opsdb.request_id', :request_id, true),"
            " set_config('opsdb.upload_id', :upload_id, true), set_config('opsdb.role', :role, true)"
        ),
        {
            "actor": actor.name,
            "request_id": actor.request_id or "",
            "upload_id": "" if actor.upload_id is None else str(actor.upload_id),
            "role": actor.role,
        },
    )


def acting(conn: Connection, standing: str) -> None:
    """Tell the audit triggers, until the transaction ends, in whose place the actor acts."""
    conn.execute(text("SELECT set_config('opsdb.acting', :standing, true)"), {"standing": standing})
