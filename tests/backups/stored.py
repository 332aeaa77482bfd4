"""Backups as the bucket holds them, made in a moment: the dump is none, and everything around it is as it should be."""

import hashlib
import secrets
from datetime import datetime

from chalicelib.backups import manifest
from chalicelib.backups.manifest import Manifest
from chalicelib.core.storage import dump_key, s3

BODY = b"PGDMP, or so it says"


def put(bucket: str, tier: str, at: datetime, *, storage_class: str = "STANDARD") -> Manifest:
    """Dump and manifest of a backup that began at `at`; no row."""
    made = described(bucket, tier, at)
    s3().put_object(Bucket=bucket, Key=made.key, Body=BODY, StorageClass=storage_class)  # type: ignore[arg-type]
    manifest.write(made)
    return made


def described(bucket: str, tier: str, at: datetime) -> Manifest:
    backup_id = f"{at:%Y%m%dT%H%M%SZ}-{tier}-{secrets.token_hex(2)}"
    return Manifest(
        backup_id=backup_id,
        tier=tier,
        bucket=bucket,
        key=dump_key(backup_id),
        version_id=None,
        started_at=at,
        finished_at=at,
        seconds=0.0,
        size=len(BODY),
        sha256=hashlib.sha256(BODY).hexdigest(),
        server_version="15.4",
        client_version="15.4",
        schema_revision="0001",
        tables={"employees": 300},
        tool_version="0",
    )
