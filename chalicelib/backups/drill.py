"""The restore drill: the newest dump restored into a scratch database, counted against its manifest, and dropped.

Whoever drills has a database role of its own, which may make databases and read none but those it made. It restores
without owners and grants, straight from S3: nothing of the dump lies on a disk of ours.
"""

import logging
import re
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, text

from chalicelib.backups import archive, marks, queries, readback, restore, script, snapshot
from chalicelib.backups.manifest import Manifest
from chalicelib.backups.marks import PASSED, Drill
from chalicelib.core import metrics
from chalicelib.core.db import make_engine
from chalicelib.core.errors import OpsdbError, Unavailable
from chalicelib.core.log import job
from chalicelib.core.settings import settings
from chalicelib.migrations import steps

log = logging.getLogger(__name__)

ONE_DRILL = 0x6F707374
"""Advisory lock, per database, held by whoever drills for it."""

GIGABYTE = 10**9
ROOM = 2
"""A drill starts only when so many times the restored size is free."""

USED = text(
    "SELECT coalesce(sum(pg_database_size(oid)), 0) FROM pg_database WHERE has_database_privilege(oid, 'CONNECT')"
)
OWN = text("SELECT datname FROM pg_database WHERE datdba = to_regrole(current_user)")

Progress = Callable[[str, int, int | None], None]


def drill(*, now: datetime, progress: Progress = lambda step, done, total: None) -> Drill | None:
    """Restore the newest good dump for proof, and record the outcome beside it; None when another drill is running.

    Whatever goes wrong is recorded, measured and raised; the scratch database is dropped either way, and so are those
    that killed drills left.
    """
    found = archive.named(archive.LATEST)
    engine = make_engine(settings().require("drill_database_url"), statement_timeout_seconds=0)
    try:
        with queries.alone(engine, ONE_DRILL) as alone:
            if alone:
                return _recorded(found, engine, now, progress)
            log.warning("a restore drill is running already; this start does nothing")
            return None
    finally:
        engine.dispose()


def _recorded(found: Manifest, engine: Engine, now: datetime, progress: Progress) -> Drill:
    began = time.monotonic()

    def record(outcome: str) -> Drill:
        seconds = round(time.monotonic() - began, 3)
        result = Drill(at=now + timedelta(seconds=seconds), seconds=seconds, outcome=outcome[:500])
        metrics.emit({"DrillSuccess": int(outcome == PASSED), "DrillSeconds": seconds}, at=result.at)
        marks.write(found.bucket, found.backup_id, result)
        return result

    with job(log, "restore drill", backup_id=found.backup_id, size=found.size):
        try:
            with _scratch(found, engine) as url:
                _restore(found, engine, url, progress)
        except BaseException as error:
            said = "; ".join(error.problems) if isinstance(error, OpsdbError) else str(error)
            try:
                record(f"{type(error).__name__}: {said}")
            except Exception:
                log.exception("the failed drill could not be recorded", extra={"backup_id": found.backup_id})
            raise
        return record(PASSED)


def _restore(found: Manifest, engine: Engine, url: str, progress: Progress) -> None:
    """The dump into `url`, with its counts compared in the same transaction."""
    with engine.connect() as conn:
        server = snapshot.server_version(conn)
    total = sum(found.tables.values())
    script.apply(
        readback.pieces(found),
        client=restore.programs(found, int(server.split(".")[0])),
        url=url,
        before=restore.before(),
        after=restore.comparison(found),
        progress=lambda rows: progress("restore", rows, total),
        privileges=False,
    )


@contextmanager
def _scratch(found: Manifest, engine: Engine) -> Iterator[str]:
    """The URL of an empty database that lasts as long as the block."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        base = f"{str(conn.execute(text('SELECT current_database()')).scalar_one())[:40]}_drill_"
        _drop_leftovers(conn, base)
        _insist_on_room(conn, found)
        name = base + secrets.token_hex(4)
        conn.exec_driver_sql(f"CREATE DATABASE {_quoted(conn, name)} TEMPLATE template0 ENCODING 'UTF8'")
        conn.exec_driver_sql(f"REVOKE ALL ON DATABASE {_quoted(conn, name)} FROM PUBLIC")
    try:
        yield steps.with_database(settings().require("drill_database_url"), name)
    finally:
        _drop(engine, name)


def _drop_leftovers(conn: Connection, base: str) -> None:
    """Drop what drills of this database left when they were killed; the lock says that none is at work."""
    for name in conn.execute(OWN).scalars().all():
        if re.fullmatch(re.escape(base) + "[0-9a-f]{8}", name):
            conn.exec_driver_sql(f"DROP DATABASE IF EXISTS {_quoted(conn, name)} WITH (FORCE)")
            log.warning("a killed drill left a database, which is dropped", extra={"database": name})


def _drop(engine: Engine, name: str) -> None:
    """Drop the scratch database. When the server cannot be reached even for that, the next drill does it."""
    engine.dispose(close=False)  # a server that was restarted meanwhile has closed what we keep
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.exec_driver_sql(f"DROP DATABASE IF EXISTS {_quoted(conn, name)} WITH (FORCE)")
    except Exception:
        log.exception("the scratch database stays behind until the next drill", extra={"database": name})


def _insist_on_room(conn: Connection, found: Manifest) -> None:
    """Unavailable unless the server's storage, less what its databases take, holds the restored size twice.

    PostgreSQL does not tell how much disk is free, and RDS does not either over SQL: how much there is, is a setting.
    """
    storage = settings().database_storage_gb * GIGABYTE
    if not storage:
        return
    free = storage - int(conn.execute(USED).scalar_one())
    needed = ROOM * max(found.database_size, found.size)
    if free < needed:
        raise Unavailable(
            f"The drill needs {needed / GIGABYTE:.1f} GB, twice what {found.backup_id} takes, and of the"
            f" {storage // GIGABYTE} GB of OPSDB_DATABASE_STORAGE_GB {free / GIGABYTE:.1f} GB are free"
        )


def _quoted(conn: Connection, name: str) -> str:
    return conn.dialect.identifier_preparer.quote_identifier(name)
