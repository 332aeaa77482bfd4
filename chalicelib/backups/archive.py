"""A dump at hand as a file, proved to be what its manifest says, wherever it came from."""

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import msgspec

from chalicelib.backups import glacier, manifest
from chalicelib.backups.manifest import Manifest
from chalicelib.core.errors import Invalid, NotFound
from chalicelib.core.settings import settings
from chalicelib.core.storage import s3

CHUNK_BYTES = 1024 * 1024
MAGIC = b"PGDMP"
LATEST = "latest"


class Archive(msgspec.Struct, frozen=True):
    """A dump on this machine. Without a manifest (a file somebody brought along) nothing vouches for it."""

    path: Path
    manifest: Manifest | None


@contextmanager
def at_hand(source: str, *, progress: Callable[[str, int, int | None], None]) -> Iterator[Archive]:
    """The dump that `source` names (`latest`, an id, a file), checked; a downloaded one lasts as long as the block.

    NotFound when there is none, NotYet when it must come from Glacier, where it is asked for, Invalid when its bytes
    are not those of its manifest.
    """
    path = Path(source)
    if source != LATEST and path.is_file():
        yield _local(path)
        return
    if path.suffix or len(path.parts) > 1:
        raise NotFound(f"There is no file {source}")
    found = named(source)
    with tempfile.TemporaryDirectory(prefix="opsdb-") as folder:
        yield Archive(_downloaded(found, Path(folder) / "dump", progress), found)


def named(source: str) -> Manifest:
    """The manifest of `latest` or of an id."""
    bucket = settings().require("backups_bucket")
    return manifest.latest(bucket) if source == LATEST else manifest.read(bucket, source)


def _local(path: Path) -> Archive:
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise Invalid(f"{path} is not a dump in PostgreSQL's custom format")
    beside = path.with_suffix(".json")
    if not beside.is_file():
        return Archive(path, None)
    found = msgspec.json.decode(beside.read_bytes(), type=Manifest)
    with path.open("rb") as file:
        _same(hashlib.file_digest(file, "sha256").hexdigest(), found)
    return Archive(path, found)


def _downloaded(found: Manifest, path: Path, progress: Callable[[str, int, int | None], None]) -> Path:
    version = {"VersionId": found.version_id} if found.version_id else {}
    with path.open("wb") as file:
        digest = _copy(_body(found, version), file, lambda done: progress("download", done, found.size))
    _same(digest, found)
    return path


def _body(found: Manifest, version: dict[str, str]) -> Any:
    try:
        return s3().get_object(Bucket=found.bucket, Key=found.key, **version)["Body"]
    except s3().exceptions.NoSuchKey:
        raise NotFound(f"The dump of {found.backup_id} is no longer in {found.bucket}") from None
    except s3().exceptions.InvalidObjectState:
        raise glacier.asked_for(found) from None


def _copy(body: Any, file: IO[bytes], progress: Callable[[int], None]) -> str:
    """Write all of `body` to `file`; the SHA-256 of what was written."""
    digest, done = hashlib.sha256(), 0
    for chunk in body.iter_chunks(CHUNK_BYTES):
        digest.update(chunk)
        file.write(chunk)
        done += len(chunk)
        progress(done)
    return digest.hexdigest()


def _same(sha256: str, found: Manifest) -> None:
    if sha256 != found.sha256:
        raise Invalid(f"The dump of {found.backup_id} is damaged: its SHA-256 is {sha256}, not {found.sha256}")
