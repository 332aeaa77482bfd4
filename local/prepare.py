"""What makes an empty server a floor: roles, database, schema, the first API key, and a demo where one is asked for."""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

import psycopg2
from sqlalchemy import Engine

from chalicelib.core import auth
from chalicelib.core.db import Actor, act_as, make_engine
from chalicelib.core.errors import Unauthenticated
from chalicelib.migrations import steps
from local import demo as demo_floor
from local.demo import users
from local.files import StackError, kept_secret, write_private

ACTOR = Actor("command:up")
KEY_NAME = "first admin key"

URLS = (
    "DATABASE_URL",
    "OPSDB_OWNER_DATABASE_URL",
    "OPSDB_BACKUP_DATABASE_URL",
    "OPSDB_READONLY_DATABASE_URL",
    "OPSDB_DRILL_DATABASE_URL",
)
"""The settings that name a role and its password; each may be left out but the first two."""

NEEDED = URLS[:3]
"""Those without which a floor does not work: proved by signing in."""


@dataclass(frozen=True)
class Prepared:
    """A floor that stands. `key` is an admin's; `loaded` the demo's rows by table, empty when there was no load."""

    key: str
    revision: str
    loaded: dict[str, int]


def prepare(
    values: Mapping[str, str], demo: bool, *, say: Callable[[str], None] = print, data: Path | None = None
) -> str:
    """Make the database of these settings ready, as far as it is not, and return an admin's API key.

    `values` are settings by the names of their variables; the key is kept in `data`, by default the folder of the
    settings file, so that every start prints the same one. Raises StackError.
    """
    if not stands(values):
        say("Making roles, database and schema ...")
        bootstrap(values)
        upgrade(values)
    engine = make_engine(values["DATABASE_URL"], statement_timeout_seconds=0)
    try:
        if demo:
            load_demo(engine, values, say)
            let_in(engine, data or _folder(values))
        return admin_key(engine, data or _folder(values))
    finally:
        engine.dispose()


def stands(values: Mapping[str, str]) -> bool:
    """Whether every role can sign in and the schema is the newest; asked first, since Alembic is slow to import."""
    try:
        for name in NEEDED[1:]:
            psycopg2.connect(values[name], connect_timeout=5).close()
        with closing(psycopg2.connect(values["DATABASE_URL"], connect_timeout=5)) as connection:
            return _revision(connection) == steps.head()
    except (psycopg2.Error, KeyError):
        return False


def _revision(connection: "psycopg2.extensions.connection") -> str | None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT version_num FROM alembic_version")
        row = cursor.fetchone()
    return str(row[0]) if row else None


def bootstrap(values: Mapping[str, str]) -> None:
    """Make the roles and the database that the URLs name, where an administrator's URL is known."""
    admin = values.get("OPSDB_ADMIN_DATABASE_URL")
    if admin:
        database = urlsplit(values["DATABASE_URL"]).path.strip("/")
        steps.bootstrap(admin, database=unquote(database), passwords=passwords(values))


def passwords(values: Mapping[str, str]) -> dict[str, str]:
    """Role -> password, out of the URLs; other users' and absent passwords are left out."""
    found = {}
    for url in filter(None, map(values.get, URLS)):
        parts = urlsplit(url)
        if parts.username in steps.ROLES and parts.password:
            found[parts.username] = unquote(parts.password)
    return found


def upgrade(values: Mapping[str, str]) -> str:
    """Migrate to the newest revision and return it; StackError when the database is ahead of this code."""
    url = values["OPSDB_OWNER_DATABASE_URL"]
    with closing(psycopg2.connect(url, connect_timeout=5)) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regclass('public.alembic_version')")
            there = cursor.fetchone()
        found = _revision(connection) if there and there[0] else None
    if found and found > steps.head():
        raise StackError(
            f"the database is at revision {found} and this opsdb knows {steps.head()}: "
            "update opsdb, or choose another folder with DATA=..."
        )
    return steps.upgrade(url)


def load_demo(engine: Engine, values: Mapping[str, str], say: Callable[[str], None]) -> dict[str, int]:
    """Fill an empty floor; one where somebody works stays as it is, and the answer is empty."""
    with engine.connect() as conn:
        if not demo_floor.is_empty(conn):
            return {}
    say("Loading the demo floor: 300 people, eight weeks around today ...")
    now = datetime.now(ZoneInfo(values.get("OPSDB_TIMEZONE") or "UTC")).replace(tzinfo=None)
    with engine.begin() as conn:
        return demo_floor.load(conn, now=now)


def let_in(engine: Engine, folder: Path | None) -> None:
    """Users of every role, where nobody may sign in yet; their password is kept in `folder`, while it is theirs."""
    if folder is None:
        return
    file = folder / users.SIGN_IN_FILE
    password = kept_secret(file, 12)
    with engine.begin() as conn:
        act_as(conn, ACTOR)
        if not users.let_in(conn, password=password):
            file.unlink()


def admin_key(engine: Engine, folder: Path | None) -> str:
    """The admin key kept in `folder` while it opens this database; a new one otherwise, kept there."""
    file = folder / "api_key" if folder else None
    with engine.begin() as conn:
        kept = file.read_text().strip() if file and file.is_file() else None
        try:
            if kept and auth.authenticate(conn, api_key=kept).role == "admin":
                return kept
        except Unauthenticated:
            pass  # the database was wiped, or another one was restored
        act_as(conn, ACTOR)
        _, key = auth.create_key(conn, name=KEY_NAME, role="admin")
        # Before the commit: a key that could not be written down must not stay in the database.
        if file:
            write_private(file, key)
    return key


def _folder(values: Mapping[str, str]) -> Path | None:
    settings_file = values.get("OPSDB_SETTINGS_FILE")
    return Path(settings_file).parent if settings_file else None
