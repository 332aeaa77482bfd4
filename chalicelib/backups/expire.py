"""Expiring: deletes what retention finds obsolete and what killed backups left behind; nobody else deletes backups.

Objects are deleted without naming a version: in the versioned bucket that hides them, object lock lets it pass, and the
bucket's lifecycle removes what is hidden after its days. Until then an expiry that went wrong can be taken back.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, Engine

from chalicelib.backups import listing, manifest, marks, queries
from chalicelib.backups.retention import Backup, Policy, judge
from chalicelib.core.db import make_engine
from chalicelib.core.errors import Conflict
from chalicelib.core.log import job
from chalicelib.core.settings import settings
from chalicelib.core.storage import BACKUPS, backup_of, dump_key, manifest_key, pin_key, s3

log = logging.getLogger(__name__)

LEFT_BEHIND = timedelta(days=1)
"""Half of a backup that is older was left by one that was killed, unless its row says that it runs; the next backup
ends a dead one's row."""

MOST = 100
"""Of backups, orphans and uploads each, in one run: a usual night has one or two, and the next run goes on."""


class Expired(msgspec.Struct, frozen=True):
    """What a run deleted, or in a dry run would delete.

    `backups` are ids, oldest first; `orphans` are keys of which no manifest tells; `uploads` are keys of unfinished
    uploads; `left` counts what the next run is left with; `kept` says why, by id, newest first.
    """

    dry_run: bool
    backups: tuple[str, ...]
    orphans: tuple[str, ...]
    uploads: tuple[str, ...]
    left: int
    kept: Mapping[str, tuple[str, ...]]

    def counts(self) -> dict[str, int]:
        return {
            "expired": len(self.backups),
            "orphans": len(self.orphans),
            "uploads": len(self.uploads),
            "left": self.left,
            "kept": len(self.kept),
        }


def expire(*, now: datetime, dry_run: bool = False) -> Expired:
    """Delete what is obsolete at `now`; a dry run only says what that is.

    Safe to kill at any point and to run again. Conflict where the database has no table of backups: then it knows of no
    pins, and this is no time to delete dumps.
    """
    bucket = settings().require("backups_bucket")
    engine = make_engine(settings().require("backup_database_url"))
    try:
        with job(log, "expire", dry_run=dry_run) as outcome:
            with engine.connect() as conn:
                plan = _plan(conn, bucket, now)
            done = plan.found if dry_run else _carried_out(plan, engine, bucket)
            outcome |= done.counts()
        return done
    finally:
        engine.dispose()


class _Plan(msgspec.Struct, frozen=True):
    """What is to be deleted, and by which names S3 knows it."""

    found: Expired
    keys: Mapping[str, list[str]]
    uploads: list[dict[str, str]]


def _plan(conn: Connection, bucket: str, now: datetime) -> _Plan:
    if not queries.kept(conn):
        raise Conflict("This database has no table backups that may be read, so nothing expires; restore it first")
    stored = [one for one in manifest.objects(bucket) if backup_of(one["Key"])]
    keys = _keys_by_backup(one["Key"] for one in stored)
    verdict = judge(_judged(conn, keys), now=now, policy=_policy())
    halves = {one for one in keys if manifest_key(one) not in keys[one]}
    spared = {one for one, row in queries.rows_by_id(conn).items() if row["state"] == "running" or row["pinned"]}
    spared |= {one for one in halves if _pinned(bucket, one)}
    old = now - LEFT_BEHIND
    orphans = [one["Key"] for one in stored if backup_of(one["Key"]) in halves - spared and one["LastModified"] < old]
    uploads = [
        {"Key": one["Key"], "UploadId": one["UploadId"]}
        for one in _unfinished(bucket)
        if backup_of(one["Key"]) not in {None, *spared} and one["Initiated"] < old
    ]
    found = Expired(
        dry_run=True,
        backups=verdict.obsolete[:MOST],
        orphans=tuple(orphans[:MOST]),
        uploads=tuple(one["Key"] for one in uploads[:MOST]),
        left=sum(max(len(those) - MOST, 0) for those in (verdict.obsolete, orphans, uploads)),
        kept=verdict.kept,
    )
    return _Plan(found, keys, uploads[:MOST])


def _policy() -> Policy:
    ours = settings()
    return Policy(
        daily=ours.keep_daily,
        weekly=ours.keep_weekly,
        monthly=ours.keep_monthly,
        minimum=ours.keep_minimum,
        other_days=ours.keep_other_days,
        fresh_days=ours.expire_fresh_days,
    )


def _keys_by_backup(found: Iterable[str]) -> dict[str, list[str]]:
    keys = defaultdict(list)
    for key in found:
        keys[backup_of(key) or ""].append(key)
    return dict(keys)


def _judged(conn: Connection, keys: Mapping[str, list[str]]) -> list[Backup]:
    """The backups that exist. One whose manifest cannot be read is not among them, and stays to be looked at."""
    return [
        Backup(
            backup_id=one["backup_id"],
            tier=one["tier"],
            started_at=one["started_at"],
            good=one["state"] == "good",
            pinned=one["pinned"],
        )
        for one in listing.every(conn)
        if manifest_key(one["backup_id"]) in keys.get(one["backup_id"], ())
    ]


def _pinned(bucket: str, backup_id: str) -> bool:
    """Whether somebody has pinned it by now; the mark beside the dump counts, the row only repeats it."""
    pin = marks.of(bucket, backup_id, found=[pin_key(backup_id)]).pin
    return pin is not None and pin.pinned


def _unfinished(bucket: str) -> Iterator[Mapping[str, Any]]:
    pages = s3().get_paginator("list_multipart_uploads")
    for page in pages.paginate(Bucket=bucket, Prefix=BACKUPS):
        yield from page.get("Uploads", ())


def _carried_out(plan: _Plan, engine: Engine, bucket: str) -> Expired:
    gone = [one for one in plan.found.backups if _delete(one, plan.keys[one], engine, bucket)]
    for key in plan.found.orphans:
        s3().delete_object(Bucket=bucket, Key=key)
        log.info("what a backup left behind is deleted", extra={"key": key})
    for upload in plan.uploads:
        _abort(bucket, upload)
    return replace(plan.found, dry_run=False, backups=tuple(gone))


def _delete(backup_id: str, keys: list[str], engine: Engine, bucket: str) -> bool:
    """Delete a backup; False when it was pinned meanwhile.

    The row first, since a manifest stands above it; then the manifest, without which there is no backup; then the dump.
    Wherever this stops, the next run finds either a backup to judge again or an orphan.
    """
    if _pinned(bucket, backup_id):
        return False
    with engine.begin() as conn:
        queries.expire(conn, backup_id=backup_id)
    first = [manifest_key(backup_id), dump_key(backup_id)]
    for key in [*first, *(key for key in keys if key not in first)]:
        s3().delete_object(Bucket=bucket, Key=key)
    log.info("a backup expired", extra={"backup_id": backup_id})
    return True


def _abort(bucket: str, upload: dict[str, str]) -> None:
    try:
        s3().abort_multipart_upload(Bucket=bucket, **upload)
        log.info("an unfinished upload is aborted", extra={"key": upload["Key"]})
    except s3().exceptions.NoSuchUpload:
        log.info("an unfinished upload is gone already", extra={"key": upload["Key"]})
