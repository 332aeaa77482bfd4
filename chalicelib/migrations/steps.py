"""The two steps that make a database: bootstrap its roles, migrate its schema. Both may be repeated."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import Connection, text

from chalicelib.core.db import CONNECT_TIMEOUT_SECONDS, make_engine
from chalicelib.core.signin import explained

log = logging.getLogger(__name__)

HERE = Path(__file__).parent
ONE_AT_A_TIME = 0x6F707364
"""Advisory lock: two deploys at once migrate one after the other."""

ROLES = {
    "opsdb_owner": "",
    "opsdb_app": "",
    "opsdb_readonly": "",
    "opsdb_backup": "",
    "opsdb_drill": "CREATEDB",
}
"""Role name -> attributes beyond LOGIN. No other role is ever made a superuser or may make roles."""

READER = "opsdb_readonly"
"""Whose rights database users have. They sign in by password, so it is not let in by token, as its members would be."""

DOORKEEPER = "opsdb_doorkeeper"
"""Owns the functions that make database users, may make roles for that, and signs in nowhere."""

DOOR = "opsdb_roles"
"""The schema of those functions. They are the server's like the roles, so no dump has it and no restore removes it."""

RDS_IAM = "rds_iam"
"""The role of RDS whose members, and theirs, sign in by IAM token and no longer by password."""


def bootstrap(admin_url: str, *, database: str, passwords: Mapping[str, str]) -> None:
    """Make the roles and the database they use, as the server's administrator; changes nothing that already stands.

    `admin_url` is anything libpq understands; a superuser, or one who may make roles and databases. `passwords` by role
    name; a role without one keeps what it has, and on RDS signs in by IAM token.
    """
    import psycopg2

    with explained():
        admin = psycopg2.connect(admin_url, connect_timeout=CONNECT_TIMEOUT_SECONDS)
    admin.autocommit = True
    try:
        with admin.cursor() as cursor:
            # Two stacks may share one server: what is cluster-wide is made by one of them at a time.
            cursor.execute("SELECT pg_advisory_lock(%s)", (ONE_AT_A_TIME,))
            on_rds = _exists(cursor, RDS_IAM)
            for role, attributes in ROLES.items():
                _make_role(cursor, role, attributes, passwords.get(role))
                if on_rds and role not in passwords and role != READER:
                    _let_in_by_token(cursor, role)
            _make_database(cursor, database)
            _hand_over(cursor, database, keep_owner=not on_rds)
            _make_doorkeeper(cursor)
        _install_doorkeeper(admin_url, database, keep=not on_rds)
    finally:
        admin.close()


def _exists(cursor: Any, role: str) -> bool:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
    return cursor.fetchone() is not None


def _make_role(cursor: Any, role: str, attributes: str, password: str | None) -> None:
    from psycopg2.extensions import encrypt_password
    from psycopg2.sql import SQL, Identifier, Literal

    verb = SQL("ALTER") if _exists(cursor, role) else SQL("CREATE")
    # Only the verifier travels, so that no password is ever in a statement or the server's log.
    verifier = encrypt_password(password, role, cursor.connection, "scram-sha-256") if password else None
    secret = SQL("PASSWORD {}").format(Literal(verifier)) if verifier else SQL("")
    cursor.execute(SQL("{} ROLE {} LOGIN {} {}").format(verb, Identifier(role), SQL(attributes), secret))


def _let_in_by_token(cursor: Any, role: str) -> None:
    from psycopg2.sql import SQL, Identifier

    cursor.execute("SELECT pg_has_role(%s, %s, 'MEMBER')", (role, RDS_IAM))
    if not cursor.fetchone()[0]:
        cursor.execute(SQL("GRANT {} TO {}").format(Identifier(RDS_IAM), Identifier(role)))


def _make_database(cursor: Any, database: str) -> None:
    from psycopg2.sql import SQL, Identifier

    cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,))
    if not cursor.fetchone():
        cursor.execute(SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(Identifier(database)))


def _hand_over(cursor: Any, database: str, *, keep_owner: bool) -> None:
    """Give the database to its owner and let the roles in, for which the administrator is a member of the owner.

    It remains one with `keep_owner` only: on RDS it would be let in by token alone from then on. Sent together, the
    statements are one transaction, so that it is never left as a member.
    """
    from psycopg2.sql import SQL, Identifier

    # What it may use already, as a superuser may everything, it need not be given; that also differs from membership
    # since PostgreSQL 16, where who makes a role may hand it on and not use it.
    cursor.execute("SELECT pg_has_role('opsdb_owner', 'USAGE')")
    [may] = cursor.fetchone()
    statements = [] if may else [SQL("GRANT opsdb_owner TO CURRENT_USER")]
    name, roles = Identifier(database), SQL(", ").join(map(Identifier, ROLES))
    statements += [
        SQL("ALTER DATABASE {} OWNER TO opsdb_owner").format(name),
        SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name),
        SQL("GRANT CONNECT ON DATABASE {} TO {}, CURRENT_USER").format(name, roles),
        SQL("GRANT TEMPORARY ON DATABASE {} TO opsdb_app").format(name),
    ]
    if not keep_owner:
        statements.append(SQL("REVOKE opsdb_owner FROM CURRENT_USER"))
    cursor.execute(SQL("; ").join(statements))


def _make_doorkeeper(cursor: Any) -> None:
    from psycopg2.sql import SQL, Identifier

    keeper, reader = Identifier(DOORKEEPER), Identifier(READER)
    if not _exists(cursor, DOORKEEPER):
        cursor.execute(SQL("CREATE ROLE {} NOLOGIN CREATEROLE").format(keeper))
    cursor.execute(SQL("GRANT {} TO {} WITH ADMIN OPTION").format(reader, keeper))


def _install_doorkeeper(admin_url: str, database: str, *, keep: bool) -> None:
    """Put the doorkeeper's functions into the database: one transaction, in which the administrator acts as the
    database's owner and as the doorkeeper; on RDS it is neither afterwards, and is not let into the database."""
    import psycopg2
    from psycopg2.sql import SQL, Identifier

    admin = psycopg2.connect(admin_url, dbname=database, connect_timeout=CONNECT_TIMEOUT_SECONDS)
    try:
        with admin, admin.cursor() as cursor:
            given = []
            for role in ("opsdb_owner", DOORKEEPER):
                cursor.execute("SELECT pg_has_role(%s, 'USAGE')", (role,))
                if not cursor.fetchone()[0]:
                    cursor.execute(SQL("GRANT {} TO CURRENT_USER").format(Identifier(role)))
                    given.append(role)
            door, keeper = Identifier(DOOR), Identifier(DOORKEEPER)
            cursor.execute(SQL("CREATE SCHEMA IF NOT EXISTS {} AUTHORIZATION {}").format(door, keeper))
            cursor.execute(SQL("SET LOCAL ROLE {}").format(keeper))
            cursor.execute((HERE / "sql" / "doorkeeper.sql").read_text())
            cursor.execute("RESET ROLE")
            if not keep:
                cursor.execute(SQL("REVOKE CONNECT ON DATABASE {} FROM CURRENT_USER").format(Identifier(database)))
                for role in given:
                    cursor.execute(SQL("REVOKE {} FROM CURRENT_USER").format(Identifier(role)))
    finally:
        admin.close()


def upgrade(owner_url: str, revision: str = "head") -> str:
    """Migrate to `revision` in one transaction, one caller at a time; returns the revision that now stands.

    No statement of it is cut off by time, whatever the settings say: one that stopped half-way had to begin again.
    """
    return _migrate(owner_url, "upgrade", revision) or ""


def downgrade(owner_url: str, revision: str) -> str | None:
    """Go back to `revision` (`base`: an empty database); returns what now stands."""
    return _migrate(owner_url, "downgrade", revision)


def _migrate(owner_url: str, command: str, revision: str) -> str | None:
    import alembic.command

    engine = make_engine(owner_url, statement_timeout_seconds=0)
    try:
        with engine.begin() as conn:
            conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ONE_AT_A_TIME})
            config = _config()
            config.attributes["connection"] = conn
            getattr(alembic.command, command)(config, revision)
            now = current(conn)
    finally:
        engine.dispose()
    log.info("schema at revision %s", now)
    return now


def _config() -> Any:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(HERE))
    return config


def current(conn: Connection) -> str | None:
    """The revision the database is at, or None before the first."""
    if conn.execute(text("SELECT to_regclass('public.alembic_version')")).scalar() is None:
        return None
    return conn.execute(text("SELECT version_num FROM public.alembic_version")).scalar()


def head() -> str:
    """The newest revision in this package, without importing Alembic: the API answers `ready` with it."""
    return max(path.name.split("_")[0] for path in (HERE / "versions").glob("[0-9]*.py"))


def run_sql(folder: str) -> None:
    """Run the SQL files of `sql/{folder}` in the order of their names, in the migration's transaction."""
    from alembic import op

    for path in sorted((HERE / "sql" / folder).glob("*.sql")):
        op.get_bind().exec_driver_sql(path.read_text(), execution_options={"no_parameters": True})


def with_database(url: str, database: str) -> str:
    """`url` pointing at another database of the same server."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{database}"))
