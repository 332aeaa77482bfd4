"""A stream of parts as one S3 object: completed after the last part, or aborted; nothing in between."""

import hashlib
import logging
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import msgspec

from chalicelib.core.storage import s3

log = logging.getLogger(__name__)

IN_FLIGHT = 2
"""Parts on their way at once; with the one being read, three are in memory, however large the database."""


class Stored(msgspec.Struct, frozen=True):
    """An object as S3 confirmed it. `version_id` is None in a bucket without versions."""

    size: int
    sha256: str
    version_id: str | None


def put_parts(parts: Iterator[bytes], *, bucket: str, key: str, progress: Callable[[int], None]) -> Stored:
    """Upload `parts`; whatever goes wrong, here or in the iterator, aborts the upload and is raised."""
    with ThreadPoolExecutor(1, thread_name_prefix="upload") as opener:
        # The first part is read meanwhile: pg_dump fills it for a second, and importing boto3 alone takes half of one.
        opening = opener.submit(_open, bucket, key)
        try:
            size, sha256, sent = _send(parts, opening, progress)
            done = s3().complete_multipart_upload(**opening.result(), MultipartUpload={"Parts": sent})
        except BaseException:
            _abort(opening)
            raise
    return Stored(size, sha256, done.get("VersionId"))


def _open(bucket: str, key: str) -> dict[str, Any]:
    """What names the upload in every later call."""
    upload_id = s3().create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    return {"Bucket": bucket, "Key": key, "UploadId": upload_id}


def _abort(opening: "Future[dict[str, Any]]") -> None:
    """Take the upload back. When S3 cannot be reached even for that, the bucket's own clean-up does it later."""
    if opening.exception():
        return
    try:
        s3().abort_multipart_upload(**opening.result())
    except Exception:
        log.warning("an unfinished upload stays behind", extra={"key": opening.result()["Key"]}, exc_info=True)


def _send(
    parts: Iterator[bytes], opening: "Future[dict[str, Any]]", progress: Callable[[int], None]
) -> tuple[int, str, list[dict[str, Any]]]:
    digest, size, sent = hashlib.sha256(), 0, []
    waiting: deque[Future[dict[str, Any]]] = deque()
    with ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="part") as sender:
        for number, part in enumerate(parts, 1):
            waiting.append(sender.submit(_send_part, opening, number, part))
            digest.update(part)
            size += len(part)
            del part  # or a fourth one stays in memory while the next is read
            if len(waiting) > IN_FLIGHT:
                sent.append(waiting.popleft().result())
            progress(size)
        sent.extend(one.result() for one in waiting)
    return size, digest.hexdigest(), sent


def _send_part(opening: "Future[dict[str, Any]]", number: int, part: bytes) -> dict[str, Any]:
    """What completing the upload must say of this part: its number, its tag, and the checksum S3 computed."""
    answer = s3().upload_part(**opening.result(), PartNumber=number, Body=part)
    proofs = {name: value for name, value in answer.items() if name == "ETag" or name.startswith("Checksum")}
    return {"PartNumber": number, **proofs}
