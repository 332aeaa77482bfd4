"""A dump read back from S3: the very version its manifest names, piece by piece, however large."""

import hashlib
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from chalicelib.backups.manifest import Manifest
from chalicelib.core.errors import OpsdbError, Unavailable
from chalicelib.core.storage import s3

PIECE_BYTES = 8 * 1024 * 1024
"""Two are in memory: the one at work and the one on its way."""

ATTEMPTS = 4
PAUSE_SECONDS = 0.5
"""Before the second attempt at a piece; longer before each further one."""

GONE = {"404", "NoSuchKey", "NoSuchVersion", "405"}


class Damaged(OpsdbError):
    """What is in S3 is not what was sent there. Nothing is said of the database."""

    summary = "The backup is damaged"


def pieces(found: Manifest, *, progress: Callable[[int], None] = lambda done: None) -> Iterator[bytes]:
    """All bytes of the dump, in order; ends only when their SHA-256 is the manifest's.

    Damaged when it is not, or the version is gone or has another size; Unavailable while it is in Glacier. A
    connection that breaks is tried again; when it stays broken, that is raised as it is, since it says nothing about
    the dump. `progress` is told the bytes read so far.
    """
    digest, done = hashlib.sha256(), 0
    for piece in _read(found):
        digest.update(piece)
        done += len(piece)
        progress(done)
        yield piece
    if digest.hexdigest() != found.sha256:
        raise Damaged(f"The dump of {found.backup_id} has the SHA-256 {digest.hexdigest()}, not {found.sha256}")


def _read(found: Manifest) -> Iterator[bytes]:
    """One piece is on its way while the one before is at work."""
    size = _size(found)
    if size != found.size:
        raise Damaged(f"The dump of {found.backup_id} has {size} bytes in S3, not {found.size}")
    with ThreadPoolExecutor(1, thread_name_prefix="readback") as reader:
        coming = reader.submit(_piece, found, 0)
        for start in range(PIECE_BYTES, size + PIECE_BYTES, PIECE_BYTES):
            piece = coming.result()
            if start < size:
                coming = reader.submit(_piece, found, start)
            yield piece


def _size(found: Manifest) -> int:
    from botocore.exceptions import ClientError

    try:
        return int(s3().head_object(**_named(found))["ContentLength"])
    except ClientError as error:
        if error.response["Error"]["Code"] in GONE:
            raise Damaged(f"The dump of {found.backup_id} is no longer in {found.bucket}") from None
        raise


def _piece(found: Manifest, start: int) -> bytes:
    from botocore.exceptions import BotoCoreError

    stop = min(start + PIECE_BYTES, found.size)
    for attempt in range(1, ATTEMPTS + 1):
        try:
            body: bytes = s3().get_object(**_named(found), Range=f"bytes={start}-{stop - 1}")["Body"].read()
            if len(body) == stop - start:
                return body
            raise Unavailable(f"S3 sent {len(body)} bytes of {found.key} where {stop - start} were asked for")
        except s3().exceptions.InvalidObjectState:
            raise Unavailable(f"{found.backup_id} is in Glacier; restoring it anywhere asks for it") from None
        except (BotoCoreError, Unavailable):
            if attempt == ATTEMPTS:
                raise
            time.sleep(PAUSE_SECONDS * attempt)
    raise AssertionError("unreachable")


def _named(found: Manifest) -> dict[str, Any]:
    version = {"VersionId": found.version_id} if found.version_id else {}
    return {"Bucket": found.bucket, "Key": found.key, **version}
