"""All SQL on the table `backups`, which mirrors what is in S3 and knows what is not there (running, failed)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, func, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from chalicelib.backups.manifest import Manifest
from chalicelib.backups.marks import Verification
from chalicelib.core.tables import backups

ONE_BACKUP = 0x6F707362
"""Advisory lock, per database, held by whoever dumps it."""

TABLE_IS_THERE = text("""
    SELECT EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname = 'public' AND c.relname = 'backups'
                     AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'))
""")


@contextmanager
def alone(engine: Engine, lock: int = ONE_BACKUP) -> Iterator[bool]:
    """True for the one who may dump (or do what `lock` is for); False, at once, for everybody who comes meanwhile."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        held = bool(conn.execute(select(func.pg_try_advisory_lock(lock))).scalar_one())
        try:
            yield held
        finally:
            # The lock ends with the session, also when this process is killed; but a session that is closed takes a
            # moment to end, and whoever comes right after should not be told that we are still at it.
            with suppress(SQLAlchemyError):
                conn.execute(select(func.pg_advisory_unlock_all()))


def kept(conn: Connection) -> bool:
    """Whether this database has the table, for us to read; a wiped one has not."""
    return conn.execute(TABLE_IS_THERE).scalar_one() is True


def newest_start(conn: Connection) -> datetime | None:
    """When the good backup with the latest date began."""
    newest: datetime | None = conn.scalar(select(func.max(backups.c.started_at)).where(backups.c.state == "good"))
    return newest


def begin(conn: Connection, *, backup_id: str, tier: str, started_at: datetime) -> None:
    conn.execute(backups.insert().values(backup_id=backup_id, tier=tier, started_at=started_at))


def finish(conn: Connection, manifest: Manifest) -> None:
    """Say of the row what its manifest says; a row that was lost with the database is made again."""
    done = {name: getattr(manifest, name) for name in Manifest.__struct_fields__ if name in backups.c}
    one = update(backups).where(backups.c.backup_id == manifest.backup_id)
    changed = conn.execute(one.values(state="good", message=None, **done))
    if not changed.rowcount:
        conn.execute(backups.insert().values(state="good", **done))


def fail(conn: Connection, *, backup_id: str, message: str, finished_at: datetime | None) -> None:
    one = update(backups).where(backups.c.backup_id == backup_id)
    conn.execute(one.values(state="failed", message=message, finished_at=finished_at))


def expire(conn: Connection, *, backup_id: str) -> None:
    """Say of the row that its dump goes; a dump whose row was lost with the database has none."""
    conn.execute(update(backups).where(backups.c.backup_id == backup_id).values(state="expired"))


def verified(conn: Connection, *, backup_id: str, result: Verification) -> None:
    """Say of the row how its dump was found; one that expired meanwhile stays so."""
    damaged = result.outcome == "damaged"
    one = update(backups).where(backups.c.backup_id == backup_id, backups.c.state.in_(("good", "failed")))
    outcome = {"state": "failed", "verified_at": None} if damaged else {"state": "good", "verified_at": result.at}
    conn.execute(one.values(message=result.message, **outcome))


def pin(conn: Connection, *, backup_id: str, pinned: bool) -> None:
    conn.execute(update(backups).where(backups.c.backup_id == backup_id).values(pinned=pinned))


def settle(conn: Connection, *, manifest_of: Callable[[str], Manifest | None], message: str) -> list[str]:
    """Rows that say running although nobody runs: good when their manifest stands, else failed. Returns their ids."""
    found = conn.execute(select(backups.c.backup_id).where(backups.c.state == "running")).scalars().all()
    for backup_id in found:
        if manifest := manifest_of(backup_id):
            finish(conn, manifest)
        else:
            fail(conn, backup_id=backup_id, message=message, finished_at=None)
    return list(found)


def rows_by_id(conn: Connection) -> dict[str, dict[str, Any]]:
    return {row["backup_id"]: dict(row) for row in conn.execute(select(backups)).mappings()}
