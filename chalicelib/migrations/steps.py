"""The two steps that make a database: bootstrap its roles, migrate its schema. Both may be repeated."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from chalicelib.core.db import psycopg2_url

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


def bootstrap(admin_url: str, *, database: str, passwords: Mapping[str, str]) -> None:
    """Make the roles and the database they use, as the server's administrator; changes nothing that already stands.

    `passwords` by role name; a role without one keeps what it has (IAM authentication needs none).
    """
    import psycopg2

    admin = psycopg2.connect(admin_url)
    admin.autocommit = True
    try:
        with admin.cursor() as cursor:
            # Two stacks may share one server: what is cluster-wide is made by one of them at a time.
            cursor.execute("SELECT pg_advisory_lock(%s)", (ONE_AT_A_TIME,))
            for role, attributes in ROLES.items():
                _make_role(cursor, role, attributes, passwords.get(role))
            _make_database(cursor, database)
    finally:
        admin.close()


def _make_role(cursor: Any, role: str, attributes: str, password: str | None) -> None:
    from psycopg2.extensions import encrypt_password
    from psycopg2.sql import SQL, Identifier, Literal

    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))
    verb = SQL("ALTER") if cursor.fetchone() else SQL("CREATE")
    # Only the verifier travels, so that no password is ever in a statement or the server's log.
    verifier = encrypt_password(password, role, cursor.connection, "scram-sha-256") if password else None
    secret = SQL("PASSWORD {}").format(Literal(verifier)) if verifier else SQL("")
    cursor.execute(SQL("{} ROLE {} LOGIN {} {}").format(verb, Identifier(role), SQL(attributes), secret))


def _make_database(cursor: Any, database: str) -> None:
    from psycopg2.sql import SQL, Identifier

    name, owner = Identifier(database), Identifier("opsdb_owner")
    cursor.execute("SELECT pg_has_role('opsdb_owner', 'MEMBER')")
    if not cursor.fetchone()[0]:
        cursor.execute(SQL("GRANT {} TO CURRENT_USER").format(owner))
    cursor.execute("SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = %s", (database,))
    found = cursor.fetchone()
    if not found:
        cursor.execute(SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'").format(name, owner))
    elif found[0] != "opsdb_owner":
        cursor.execute(SQL("ALTER DATABASE {} OWNER TO {}").format(name, owner))
    cursor.execute(SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    for role in ROLES:
        cursor.execute(SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, Identifier(role)))
    cursor.execute(SQL("GRANT TEMPORARY ON DATABASE {} TO opsdb_app").format(name))


def upgrade(owner_url: str, revision: str = "head") -> str:
    """Migrate to `revision` in one transaction, one caller at a time; returns the revision that now stands."""
    return _migrate(owner_url, "upgrade", revision) or ""


def downgrade(owner_url: str, revision: str) -> str | None:
    """Go back to `revision` (`base`: an empty database); returns what now stands."""
    return _migrate(owner_url, "downgrade", revision)


def _migrate(owner_url: str, command: str, revision: str) -> str | None:
    import alembic.command

    engine = create_engine(psycopg2_url(owner_url), poolclass=NullPool)
    with engine.begin() as conn:
        conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ONE_AT_A_TIME})
        config = _config()
        config.attributes["connection"] = conn
        getattr(alembic.command, command)(config, revision)
        now = current(conn)
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
