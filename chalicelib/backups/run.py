"""A backup: one at a time, counts and dump from one snapshot, the manifest last."""

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from chalicelib import __version__
from chalicelib.backups import client, dump, manifest, overdue, queries, snapshot, verify
from chalicelib.backups.manifest import Manifest
from chalicelib.backups.upload import Stored, put_parts
from chalicelib.core import metrics
from chalicelib.core.db import make_engine
from chalicelib.core.errors import OpsdbError
from chalicelib.core.log import job
from chalicelib.core.settings import settings
from chalicelib.core.storage import dump_key, s3
from chalicelib.migrations import steps

log = logging.getLogger(__name__)

SUNDAY = 6


class _Run(msgspec.Struct, frozen=True):
    """What one backup is about, while it runs."""

    backup_id: str
    tier: str
    url: str
    bucket: str
    engine: Engine
    started_at: datetime
    began: float
    progress: Callable[[int], None]

    def finished_at(self) -> datetime:
        return self.started_at + timedelta(seconds=round(time.monotonic() - self.began, 3))


def nightly(*, now: datetime) -> dict[str, Any]:
    """The scheduled backup, verified; returns what it made, or that another one is running, as JSON can say it."""
    try:
        made = proven(tier=tier_of(now), now=now)
    except BaseException:
        measure({"BackupSuccess": 0}, now=now)
        raise
    measure({"BackupSuccess": 1, "BackupBytes": made.size, "BackupSeconds": made.seconds} if made else {}, now=now)
    return msgspec.to_builtins(made) if made else {"state": "already running"}


def measure(values: dict[str, float], *, now: datetime) -> None:
    """Emit the values and how old what we have is by now; a failure to ask for that hides no other failure,
    and the alarm on the age takes silence for an old backup."""
    try:
        values |= verify.age_of_newest(settings().require("backups_bucket"), now=now)
    except Exception:
        log.warning("the age of the newest backup is not known", exc_info=True)
    metrics.emit(values, at=now)


def proven(
    *, tier: str, now: datetime, progress: Callable[[str, int, int | None], None] = lambda step, done, total: None
) -> Manifest | None:
    """A backup, read back and decoded before it is called one; None when another is running.

    `progress` is told the step (`uploaded`, `read back`), the bytes so far, and of how many where that is known.
    """
    with overdue.watched(began=now):
        made = backup(tier=tier, now=now, progress=lambda done: progress("uploaded", done, None))
        if made:
            verify.of(made, now=made.finished_at, progress=progress)
    return made


def tier_of(now: datetime) -> str:
    """The first of a month is kept longest, then Sundays; in UTC."""
    day = now.astimezone(UTC)
    return "monthly" if day.day == 1 else "weekly" if day.weekday() == SUNDAY else "daily"


def backup(
    *, tier: str, now: datetime, url: str | None = None, progress: Callable[[int], None] = lambda uploaded: None
) -> Manifest | None:
    """Dump the database into S3; None when another backup of it is running.

    `url` is the database, as a role that may read everything; the default is the stage's own. `progress` is told the
    bytes uploaded so far. Whatever fails is raised, and leaves neither manifest nor half an object.
    """
    bucket, url = settings().require("backups_bucket"), url or settings().require("backup_database_url")
    started_at = now.astimezone(UTC)
    backup_id = f"{started_at:%Y%m%dT%H%M%SZ}-{tier}-{secrets.token_hex(2)}"
    engine = make_engine(url, statement_timeout_seconds=0)
    run = _Run(backup_id, tier, url, bucket, engine, started_at, time.monotonic(), progress)
    try:
        with queries.alone(engine) as alone:
            if alone:
                return _recorded(run)
            log.warning("a backup of this database is running already; this start does nothing")
            return None
    finally:
        engine.dispose()


def _recorded(run: _Run) -> Manifest:
    """The backup with its row: running, then good or failed."""
    with job(log, "backup", backup_id=run.backup_id, tier=run.tier) as outcome:
        recorded = _begin(run)
        try:
            made = _made(run)
        except BaseException as error:
            if recorded:
                _record_failure(run, error)
            raise
        outcome |= {"size": made.size, "tables": len(made.tables), "rows": sum(made.tables.values())}
        if recorded:
            with run.engine.begin() as conn:
                queries.finish(conn, made)
    return made


def _begin(run: _Run) -> bool:
    """Commit the row. False where a half-wiped database has no table for it, which only a safety dump may meet:
    else the next `latest` would be a dump of nothing."""
    with run.engine.begin() as conn:
        if not queries.kept(conn):
            if run.tier == "safety":
                return False
            raise dump.DumpFailed("This database has no table backups that may be read: there is no opsdb to dump")
        killed = queries.settle(conn, manifest_of=lambda found: manifest.find(run.bucket, found), message="killed")
        newest = queries.newest_start(conn)
        queries.begin(conn, backup_id=run.backup_id, tier=run.tier, started_at=run.started_at)
    if newest and newest > run.started_at:
        log.warning("the clock is behind that of the newest backup, which stays the latest", extra={"newest": newest})
    if killed:
        log.warning("backups that were killed before", extra={"backup_ids": killed})
    return True


def _made(run: _Run) -> Manifest:
    with snapshot.held(run.engine) as conn:
        name = snapshot.export(conn)
        server, revision = snapshot.server_version(conn), steps.current(conn)
        database_size = snapshot.database_size(conn)
        found = client.find(int(server.split(".")[0]), why=f"the server is PostgreSQL {server}")
        with dump.dumping(found, run.url, snapshot=name) as parts, _counting(conn) as counts:
            stored = put_parts(
                _agreeing(parts, counts), bucket=run.bucket, key=dump_key(run.backup_id), progress=run.progress
            )
    _check(run, stored)
    finished_at = run.finished_at()
    made = Manifest(
        backup_id=run.backup_id,
        tier=run.tier,
        bucket=run.bucket,
        key=dump_key(run.backup_id),
        version_id=stored.version_id,
        started_at=run.started_at,
        finished_at=finished_at,
        seconds=(finished_at - run.started_at).total_seconds(),
        size=stored.size,
        sha256=stored.sha256,
        server_version=server,
        client_version=found.version,
        schema_revision=revision,
        tables=counts.result(),
        tool_version=__version__,
        database_size=database_size,
    )
    manifest.write(made)
    return made


@contextmanager
def _counting(conn: Connection) -> "Iterator[Future[dict[str, int]]]":
    """The tables are counted beside pg_dump, so that it waits for nothing; leaving early cancels the count."""
    with ThreadPoolExecutor(1, thread_name_prefix="counts") as counter:
        counts = counter.submit(snapshot.counts, conn)
        try:
            yield counts
        finally:
            if not counts.done():
                conn.connection.driver_connection.cancel()  # type: ignore[union-attr]


def _agreeing(parts: Iterator[bytes], counts: "Future[dict[str, int]]") -> Iterator[bytes]:
    """The parts, ending only once the counts are there too: an upload is never completed without them."""
    try:
        for part in parts:
            if counts.done():
                counts.result()
            yield part
    except dump.DumpFailed:
        # A count that fails takes the snapshot with it, and pg_dump then complains of that alone.
        if counts.done():
            counts.result()
        raise
    counts.result()


def _check(run: _Run, stored: Stored) -> None:
    """S3 has what was sent, or DumpFailed."""
    version = {"VersionId": stored.version_id} if stored.version_id else {}
    size = s3().head_object(Bucket=run.bucket, Key=dump_key(run.backup_id), **version)["ContentLength"]
    if size != stored.size:
        raise dump.DumpFailed(f"{stored.size} bytes were sent to S3 and {size} are there")


def _record_failure(run: _Run, error: BaseException) -> None:
    """Say so in the row, if the database still answers; the failure itself is raised by the caller either way."""
    said = "; ".join(error.problems) if isinstance(error, OpsdbError) else str(error)
    message = f"{type(error).__name__}: {said}"[:500]
    run.engine.dispose(close=False)  # a server that was restarted has closed what we keep
    try:
        with run.engine.begin() as conn:
            queries.fail(conn, backup_id=run.backup_id, message=message, finished_at=run.finished_at())
    except SQLAlchemyError:
        log.exception("the failed backup could not be recorded", extra={"backup_id": run.backup_id})
