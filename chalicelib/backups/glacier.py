"""Dumps that the bucket's lifecycle moved to Glacier: whether one can be read now, and asking for one that cannot."""

from collections.abc import Mapping
from typing import Any

from chalicelib.backups.manifest import Manifest
from chalicelib.core.errors import NotYet
from chalicelib.core.storage import s3

CLASSES = ("GLACIER", "DEEP_ARCHIVE")
"""Storage classes whose objects must be asked for before they can be read."""

READY, ASLEEP, COMING = "ready", "in Glacier", "on its way from Glacier"

READABLE_DAYS = 7
"""How long the copy that S3 makes can be read; the dump itself stays in Glacier."""

SPEEDS: Mapping[str, list[tuple[str, str]]] = {
    "GLACIER": [("Expedited", "in about 5 minutes, or 15 for many GB"), ("Standard", "in 3 to 5 hours")],
    "DEEP_ARCHIVE": [("Standard", "in 12 hours")],
}
"""The ways of getting one back, fastest first, and how long AWS says that each takes."""

TOO_BUSY = "GlacierExpeditedRetrievalNotAvailable"
ASKED_ALREADY = "RestoreAlreadyInProgress"


def storage(listed: Mapping[str, Any]) -> str:
    """Whether an object can be read, from how S3 lists it with its restore status."""
    if listed.get("StorageClass") not in CLASSES:
        return READY
    status = listed.get("RestoreStatus") or {}
    return COMING if status.get("IsRestoreInProgress") else READY if status.get("RestoreExpiryDate") else ASLEEP


def asked_for(found: Manifest) -> NotYet:
    """Ask S3 for a copy that can be read, as fast as it offers, unless it was asked already; what to tell who waits."""
    version = {"VersionId": found.version_id} if found.version_id else {}
    head = s3().head_object(Bucket=found.bucket, Key=found.key, **version)
    if 'ongoing-request="true"' in head.get("Restore", ""):
        return _coming(found)
    return _ask(found, version, SPEEDS.get(head.get("StorageClass", ""), SPEEDS["DEEP_ARCHIVE"]))


def _ask(found: Manifest, version: dict[str, str], speeds: list[tuple[str, str]]) -> NotYet:
    from botocore.exceptions import ClientError

    for speed, when in speeds:
        try:
            s3().restore_object(
                Bucket=found.bucket,
                Key=found.key,
                RestoreRequest={"Days": READABLE_DAYS, "GlacierJobParameters": {"Tier": speed}},
                **version,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] == ASKED_ALREADY:
                return _coming(found)
            if error.response["Error"]["Code"] != TOO_BUSY or speed == speeds[-1][0]:
                raise
        else:
            return NotYet(f"{found.backup_id} is in Glacier and was asked for; run the same command again {when}")
    raise AssertionError("unreachable")


def _coming(found: Manifest) -> NotYet:
    return NotYet(f"{found.backup_id} is on its way from Glacier, asked for before; run the same command again later")
