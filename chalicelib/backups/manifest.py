"""Manifests: the JSON beside a dump, written last. A dump without one does not exist."""

import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from chalicelib.backups import marks
from chalicelib.core.errors import Invalid, NotFound
from chalicelib.core.storage import BACKUPS, dump_key, manifest_key, s3

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectTypeDef

log = logging.getLogger(__name__)

READERS = 8
"""Manifests read at once; a year's list is some dozens of small objects."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a dump is and what it holds. Times are UTC; `tables` are rows by table in the dump's own snapshot.

    `database_size` is what the database took on the server's disk, in bytes; `size` is the dump's own.
    """

    backup_id: str
    tier: str
    bucket: str
    key: str
    version_id: str | None
    started_at: datetime
    finished_at: datetime
    seconds: float
    size: int
    sha256: str
    server_version: str
    client_version: str
    schema_revision: str | None
    tables: dict[str, int]
    tool_version: str
    database_size: int = 0


def write(manifest: Manifest) -> None:
    """Put the manifest beside its dump: from now on the dump exists."""
    body = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    key = manifest_key(manifest.backup_id)
    s3().put_object(Bucket=manifest.bucket, Key=key, Body=body, ContentType="application/json")


def read(bucket: str, backup_id: str) -> Manifest:
    """The manifest of `backup_id`; NotFound when there is none, Invalid when it cannot be understood."""
    try:
        body = s3().get_object(Bucket=bucket, Key=manifest_key(backup_id))["Body"].read()
        found = msgspec.json.decode(body, type=Manifest)
    except s3().exceptions.NoSuchKey:
        raise NotFound(f"There is no backup {backup_id}") from None
    except msgspec.DecodeError as error:
        raise Invalid(f"The manifest of {backup_id} is damaged: {error}") from None
    if (found.backup_id, found.key) != (backup_id, dump_key(backup_id)):
        raise Invalid(f"The manifest of {backup_id} is that of another dump, {found.backup_id}")
    return found


def find(bucket: str, backup_id: str) -> Manifest | None:
    """The manifest of `backup_id`, or None; a damaged one must not stand in the way of the others."""
    try:
        return read(bucket, backup_id)
    except NotFound:
        return None
    except Invalid as error:
        log.warning("a manifest is passed over", extra={"backup_id": backup_id, "reason": str(error)})
        return None


def objects(bucket: str) -> Iterator["ObjectTypeDef"]:
    """Every object under the backups' prefix, as S3 lists it, with what became of those in Glacier."""
    pages = s3().get_paginator("list_objects_v2")
    for page in pages.paginate(Bucket=bucket, Prefix=BACKUPS, OptionalObjectAttributes=["RestoreStatus"]):
        yield from page.get("Contents", ())


def keys(bucket: str) -> Iterator[str]:
    """Every key under the backups' prefix."""
    return (found["Key"] for found in objects(bucket))


def ids(found: Iterable[str]) -> list[str]:
    """The ids that have a manifest among the keys, newest first (ids begin with their time)."""
    return sorted((_id(key) for key in found if key.endswith(".json")), reverse=True)


def orphans(found: Iterable[str]) -> list[str]:
    """Keys of dumps without a manifest. One may be a minute from getting it, so whoever deletes looks at its age."""
    there = set(found)
    return sorted(key for key in there if key.endswith(".dump") and manifest_key(_id(key)) not in there)


def every(bucket: str, backup_ids: Iterable[str]) -> list[Manifest]:
    """The manifests of these ids, in their order."""
    with ThreadPoolExecutor(READERS, thread_name_prefix="manifest") as readers:
        return [one for one in readers.map(lambda backup_id: find(bucket, backup_id), backup_ids) if one]


def latest(bucket: str) -> Manifest:
    """The newest dump that is still there and not known to be damaged.

    Safety dumps do not count: they hold what a restore just replaced.
    """
    found = set(keys(bucket))
    whole = (one for one in ids(found) if dump_key(one) in found and not marks.is_damaged(bucket, one, found=found))
    newest = next((one for one in (find(bucket, found_id) for found_id in whole) if one and one.tier != "safety"), None)
    if not newest:
        raise NotFound(f"There is no backup in {bucket} yet")
    return newest


def _id(key: str) -> str:
    return key.removeprefix(BACKUPS).rpartition(".")[0]
