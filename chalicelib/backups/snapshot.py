"""One moment of a database, held open: pg_dump dumps it, and here its rows are counted."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine, text

USER_TABLES = """
    SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname AS label,
           format('%I.%I', n.nspname, c.relname) AS quoted
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass
                      AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 1
"""
"""Every table that a dump holds with its rows; what belongs to an extension comes with the extension, and what is
unlogged would not outlive the server."""


@contextmanager
def held(engine: Engine) -> Iterator[Connection]:
    """A connection whose one transaction sees the database as it was at its first statement."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as conn:
        # A server that ends idle transactions would end this one while pg_dump works; and counting is the lesser job.
        conn.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        conn.execute(text("SET LOCAL max_parallel_workers_per_gather = 0"))
        yield conn


def export(conn: Connection) -> str:
    """The name by which another session may see what `conn` sees, while its transaction lasts."""
    return str(conn.execute(text("SELECT pg_export_snapshot()")).scalar_one())


def counts(conn: Connection) -> dict[str, int]:
    """Rows by table; a table outside the schema public is named with its schema."""
    tables = conn.execute(text(USER_TABLES)).all()
    return {label: _count(conn, quoted) for label, quoted in tables}


def _count(conn: Connection, quoted: str) -> int:
    return int(conn.exec_driver_sql(f"SELECT count(*) FROM {quoted}").scalar_one())  # noqa: S608


def database_size(conn: Connection) -> int:
    """What the database takes on the server's disk, in bytes."""
    return int(conn.execute(text("SELECT pg_database_size(current_database())")).scalar_one())


def server_version(conn: Connection) -> str:
    return str(conn.execute(text("SELECT split_part(current_setting('server_version'), ' ', 1)")).scalar_one())
