"""S3: the one client, and every key that opsdb writes or reads."""

import os
import re
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

INCOMING = "incoming/"
"""Sheets put here are imported: `incoming/{kind}/{name}`. The only prefix whose objects fire events."""

DO = "incoming/.do/"
"""Markers that ask for work which goes on in another function: `incoming/.do/{name}/{uuid}.json`; never sheets."""

EARLIER = "incoming/opsdb.db/"
"""An earlier opsdb that is to move in; it has secrets in it, so that it is taken away again, its version too."""

DIRECT = "direct/"
"""Sheets that came through the API itself; no event."""

RESULTS = "results/"
"""What became of a sheet, beside it: `results/{key}.json`."""

EXPORTS = "exports/"
"""Lists that were too long for an answer, for minutes; lifecycle removes them after a day."""

BACKUPS = "backups/"
"""Dumps, their manifests and what else is known of each; retention touches nothing else."""

OF_A_BACKUP = re.compile(re.escape(BACKUPS) + r"(\d{8}T\d{6}Z-[a-z]+-[0-9a-f]+)[./]\S+")


@cache
def s3() -> "S3Client":
    """The S3 client of this process (endpoint and credentials as boto3 finds them)."""
    import boto3
    from botocore.config import Config

    # Forms and links name the region's own endpoint: us-east-1 has to be told, and elsewhere what is not told its style
    # is signed for an endpoint that sends browsers on to another, which forms do not survive.
    ours = {"us_east_1_regional_endpoint": "regional", "addressing_style": "path" if _endpoint() else "virtual"}
    return boto3.client("s3", config=Config(signature_version="s3v4", retries={"mode": "standard"}, s3=ours))


def _endpoint() -> str | None:
    """Another S3 than AWS's, as the client itself finds it."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


def form_origin(bucket: str) -> str:
    """Where forms of that bucket are posted to, as the client signs them; known without loading it."""
    if endpoint := _endpoint():
        found = urlsplit(endpoint)
        return f"{found.scheme}://{found.netloc}"
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION", "us-east-1")
    return f"https://{bucket}.s3.{region}.amazonaws.com"


def kind_of(key: str) -> str | None:
    """The kind that an incoming key names, e.g. `schedules` for `incoming/schedules/october.xlsx`."""
    if key.startswith(DO):
        return None
    parts = key.removeprefix(INCOMING).split("/", 1)
    return parts[0] if key.startswith(INCOMING) and len(parts) == 2 and parts[1] else None


def incoming_key(kind: str, name: str) -> str:
    return f"{INCOMING}{kind}/{name}"


def marker_key(name: str, identity: str) -> str:
    return f"{DO}{name}/{identity}.json"


def direct_key(kind: str, name: str) -> str:
    return f"{DIRECT}{kind}/{name}"


def result_key(key: str) -> str:
    return f"{RESULTS}{key}.json"


def corrected_key(key: str, upload_id: int, kind: str = "xlsx") -> str:
    """The rows that failed, to be corrected and uploaded again; a key may have several versions, each its own."""
    return f"{RESULTS}{key}.{upload_id}.errors.{kind}"


def newest_corrected_key(key: str) -> str:
    """Of the version that was imported last, for tools that only see the bucket."""
    return f"{RESULTS}{key}.errors.xlsx"


def export_key(identity: str, name: str) -> str:
    return f"{EXPORTS}{identity}/{name}"


def dump_key(backup_id: str) -> str:
    return f"{BACKUPS}{backup_id}.dump"


def manifest_key(backup_id: str) -> str:
    return f"{BACKUPS}{backup_id}.json"


def backup_of(key: str) -> str | None:
    """The id of the backup that a key belongs to; None for what somebody else put there."""
    found = OF_A_BACKUP.fullmatch(key)
    return found[1] if found else None


def verified_key(backup_id: str) -> str:
    return f"{BACKUPS}{backup_id}.verified"


def drill_key(backup_id: str) -> str:
    return f"{BACKUPS}{backup_id}.drill"


def pin_key(backup_id: str) -> str:
    return f"{BACKUPS}{backup_id}.pin"
