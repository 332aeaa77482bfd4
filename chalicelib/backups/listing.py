"""Backups as they are listed: what S3 has, and what only the table knows (running, failed)."""

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from chalicelib.backups import glacier, manifest, marks, queries
from chalicelib.backups.manifest import Manifest
from chalicelib.backups.marks import Marks
from chalicelib.core.errors import NotFound
from chalicelib.core.settings import settings
from chalicelib.core.storage import dump_key

FIELDS = (
    "backup_id",
    "key",
    "tier",
    "started_at",
    "finished_at",
    "seconds",
    "size",
    "sha256",
    "server_version",
    "client_version",
    "schema_revision",
    "tables",
    "state",
    "verified_at",
    "drill",
    "pinned",
    "storage",
    "message",
)

GONE = "the manifest is there and the dump is not"


def every(conn: Connection | None) -> list[dict[str, Any]]:
    """All backups, newest first. Without a connection, or in a wiped database, those that S3 knows."""
    bucket = settings().require("backups_bucket")
    found = {one["Key"]: one for one in manifest.objects(bucket)}
    rows = queries.rows_by_id(conn) if conn is not None and queries.kept(conn) else {}
    listed = {backup_id: _only_row(row) for backup_id, row in rows.items()}
    there = manifest.every(bucket, manifest.ids(found))
    for one, marked in zip(there, _marks(bucket, there, found), strict=True):
        listed[one.backup_id] = _stored(one, found.get(one.key), row=rows.get(one.backup_id, {}), marked=marked)
    return [listed[backup_id] for backup_id in sorted(listed, reverse=True)]


def named(conn: Connection | None, *, backup_id: str) -> dict[str, Any]:
    """The backup `backup_id` as `every` lists it; NotFound when neither S3 nor the table knows it."""
    for backup in every(conn):
        if backup["backup_id"] == backup_id:
            return backup
    raise NotFound(f"There is no backup {backup_id}")


def _marks(bucket: str, there: list[Manifest], found: Collection[str]) -> list[Marks]:
    with ThreadPoolExecutor(manifest.READERS, thread_name_prefix="marks") as readers:
        return list(readers.map(lambda one: marks.of(bucket, one.backup_id, found=found), there))


def _told(marked: Marks) -> dict[str, Any]:
    """What the marks say; like the manifest they stand above a row, which may have been restored from long ago."""
    told: dict[str, Any] = {}
    if seen := marked.verification:
        told["verified_at"] = seen.at if seen.outcome == "good" else None
        told |= {"state": "failed", "message": seen.message} if marked.damaged else {}
    if marked.drill:
        told["drill"] = msgspec.to_builtins(marked.drill)
    if marked.pin:
        told["pinned"] = marked.pin.pinned
    return told


def _stored(one: Manifest, dump: Mapping[str, Any] | None, *, row: Mapping[str, Any], marked: Marks) -> dict[str, Any]:
    """A backup that has a manifest: what it says of the dump stands above what a row may say."""
    told = {name: getattr(one, name) for name in Manifest.__struct_fields__ if name in FIELDS}
    gone = (
        {"storage": glacier.storage(dump)}
        if dump
        else {"state": "expired" if row.get("state") == "expired" else "failed", "message": GONE}
    )
    return _shaped({**row, "state": "good", "message": None, **told, **_told(marked), **gone})


def _only_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A backup that only the table knows. One that was good and left no manifest is gone."""
    lost = {"state": "failed", "message": "neither dump nor manifest are there"} if row["state"] == "good" else {}
    return _shaped({**row, **lost, "key": dump_key(row["backup_id"]), "seconds": _seconds(row)})


def _seconds(row: Mapping[str, Any]) -> float | None:
    started_at: datetime | None = row["started_at"]
    finished_at: datetime | None = row["finished_at"]
    return round((finished_at - started_at).total_seconds(), 3) if started_at and finished_at else None


def _shaped(known: Mapping[str, Any]) -> dict[str, Any]:
    return {name: known.get(name) for name in FIELDS} | {"pinned": bool(known.get("pinned"))}
