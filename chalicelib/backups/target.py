"""The database a restore goes to: what it holds, what it lacks, and whether it may be replaced."""

import logging
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import msgspec
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from chalicelib.core.db import make_engine
from chalicelib.core.errors import Conflict, Invalid
from chalicelib.core.settings import settings
from chalicelib.migrations import steps

log = logging.getLogger(__name__)

LOOK = text("""
    SELECT current_database() AS database,
           split_part(current_setting('server_version'), ' ', 1) AS server_version,
           pg_get_userbyid(d.datdba) AS owner,
           pg_has_role(d.datdba, 'MEMBER') AS owned,
           pg_postmaster_start_time()::text || '/' || d.oid AS fingerprint,
           (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND n.nspname !~ '^pg_'
              AND n.nspname <> 'information_schema'
              AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.classid = 'pg_class'::regclass
                              AND e.objid = c.oid AND e.deptype = 'e')) AS objects,
           ARRAY(SELECT n.nspname::text FROM pg_namespace n
                 WHERE n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', :door)
                   AND NOT pg_has_role(d.datdba, n.nspowner, 'MEMBER')) AS foreign_schemas,
           ARRAY(SELECT rolname::text FROM pg_roles) AS roles
    FROM pg_database d WHERE d.datname = current_database()
""")


class Target(msgspec.Struct, frozen=True):
    """A database as it stands. `objects` are its tables, views and sequences; the fingerprint tells it from any other.

    `owned` says that the role that looked may act as the database's owner, to whom everything restored will belong;
    `foreign_schemas` are those that this owner may not drop.
    """

    database: str
    server_version: str
    owner: str
    owned: bool
    fingerprint: str
    objects: int
    foreign_schemas: tuple[str, ...]
    missing_roles: tuple[str, ...]


def look(url: str) -> Target:
    engine = make_engine(url)
    try:
        with engine.connect() as conn:
            return _target(conn)
    finally:
        engine.dispose()


def _target(conn: Connection) -> Target:
    row = dict(conn.execute(LOOK, {"door": steps.DOOR}).mappings().one())
    missing = tuple(sorted(set(steps.ROLES) - set(row.pop("roles"))))
    return Target(**{**row, "foreign_schemas": tuple(row["foreign_schemas"])}, missing_roles=missing)


def is_own(target: Target) -> bool:
    """Whether this is the database that this deployment works on, by whatever address it was named."""
    ours = settings()
    return any(
        _fingerprint(url) == target.fingerprint
        for url in (ours.owner_database_url, ours.backup_database_url, ours.database_url)
        if url
    )


def _fingerprint(url: str) -> str | None:
    try:
        return look(url).fingerprint
    except OperationalError:
        return None


def allow(target: Target, *, replace: str | None) -> None:
    """Conflict unless the target is empty and not production, or was named as the one to replace."""
    if replace is not None and replace != target.database:
        raise Conflict(f"{replace} was named as the database to replace, but the target is {target.database}")
    if replace:
        return
    if target.objects:
        raise Conflict(
            f"{target.database} is not empty ({target.objects} tables, views and sequences); "
            f"say --replace {target.database} to put the backup in their place"
        )
    if settings().stage == "prod" and is_own(target):
        raise Conflict(f"{target.database} is production; say --replace {target.database} if you mean it")


NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@contextmanager
def beside(name: str) -> Iterator[str]:
    """The URL of a database that does not exist yet, on the stage's own server; what was made of it goes when the
    block fails. Conflict when there is one of that name, the live one least of all."""
    admin, own = settings().require("admin_database_url"), settings().require("owner_database_url")
    if not NAME.fullmatch(name):
        raise Invalid(f"{name!r} is no name for a database: lower-case letters, digits and '_', a letter first")
    if _exists(admin, name):
        raise Conflict(
            f"There is a database {name} already, and --into makes a new one; --to and --replace replace one"
        )
    try:
        yield steps.with_database(own, name)
    except BaseException:
        _administer(admin, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        raise


def _exists(admin_url: str, name: str) -> bool:
    engine = make_engine(admin_url)
    try:
        with engine.connect() as conn:
            found = conn.execute(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name})
            return found.first() is not None
    finally:
        engine.dispose()


def _administer(admin_url: str, statement: str) -> None:
    engine = make_engine(admin_url)
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.exec_driver_sql(statement)
    finally:
        engine.dispose()


def prepare(url: str, *, admin_url: str | None) -> None:
    """Make what a dump does not hold, as the administrator of the same server: roles, the database, its owner.

    Does nothing without an administrator, or where `url` is another server.
    """
    from psycopg2.extensions import parse_dsn

    dsn, admin = parse_dsn(url), parse_dsn(admin_url or "")
    if not admin_url or any(dsn.get(part) != admin.get(part) for part in ("host", "port")):
        return
    if dsn.get("user") == "opsdb_owner":
        steps.bootstrap(admin_url, database=dsn["dbname"], passwords={})
        _own_schema(steps.with_database(admin_url, dsn["dbname"]))


def _own_schema(admin_url: str) -> None:
    """The schema public belongs to whoever owns the database, as initdb makes it; a wiped one may not."""
    engine = make_engine(admin_url)
    try:
        with engine.begin() as conn:
            for schema in _target(conn).foreign_schemas:
                if schema == "public":
                    conn.execute(text("ALTER SCHEMA public OWNER TO pg_database_owner"))
    finally:
        engine.dispose()


def complain(target: Target) -> None:
    """Conflict with everything that would stop the restore halfway."""
    problems = list(_obstacles(target))
    if problems:
        raise Conflict(*problems, "With OPSDB_ADMIN_DATABASE_URL, the server's administrator, a restore sees to this")


def _obstacles(target: Target) -> Iterable[str]:
    if target.missing_roles:
        yield f"The server lacks the roles {', '.join(target.missing_roles)}, which the dump grants rights to"
    if not target.owned:
        yield f"{target.database} belongs to {target.owner}, and the role that restores is no member of that"
    if target.foreign_schemas:
        yield f"{target.owner} may not replace the schema {', '.join(target.foreign_schemas)} of {target.database}"
