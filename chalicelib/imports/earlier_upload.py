"""An earlier opsdb that comes by the uploads bucket: moved in, told about, and taken out of the bucket again."""

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from chalicelib.core import db
from chalicelib.core.clock import today
from chalicelib.core.errors import Forbidden, Invalid
from chalicelib.core.exports import CONTENT_TYPES
from chalicelib.core.storage import corrected_key, s3
from chalicelib.imports import earlier, earlier_queries, queries
from chalicelib.imports.earlier_move import Moved, Progress, continue_sequences, move, said
from chalicelib.imports.earlier_report import findings, write_rejects
from chalicelib.imports.queries import Claimed

log = logging.getLogger(__name__)

KIND = earlier.KIND
LONGEST = 780
"""Seconds; the function that runs it has 900."""

GONE = {"404", "405", "NoSuchKey", "NoSuchVersion"}
REMOVED = "The file was taken out of the bucket."
HIDDEN = "The file is hidden in the bucket, since its version may not be deleted here: delete it, it has secrets in it."
LEFT = "The file is in the bucket still, since it may not be deleted here: delete it, it has secrets in it."


def take(
    conn: Connection,
    upload: Claimed,
    path: Path,
    *,
    sha256: str,
    go_on: Callable[[Connection, int], None],
    progress: Callable[[int, float], None],
) -> dict[str, Any]:
    """Move the file at `path` in, or say what would move, in one transaction; the counts. `go_on` may call it off."""

    def looked_at(rows: int, total: int) -> None:
        """Whoever looks at the upload sees it, though nothing of the move is to be seen before all is."""
        with db.engine().begin() as beside:
            earlier_queries.tell(beside, upload_id=upload.upload_id, rows_read=rows, rows_total=total)
        progress(rows, rows / total)

    with conn.begin():
        queries.prepare_for_bulk(conn, seconds=LONGEST)
        db.act_as(conn, db.Actor(upload.uploaded_by, upload_id=upload.upload_id, role="admin"))
        go_on(conn, upload.upload_id)
        dry_run = bool(upload.options.get("dry_run"))
        done = _moved(conn, upload, path, dry_run=dry_run, progress=looked_at)
        queries.note(conn, findings=list(findings(done)))
        values = said(done, dry_run=dry_run)
        queries.finish(conn, upload_id=upload.upload_id, values={**values, "sha256": sha256})
    if done.rejected:
        _put_rejects(upload, done)
    return {name: value for name, value in values.items() if name != "message"}


def check(upload: Claimed) -> None:
    """Forbidden where no admin asked for it; Invalid where the file was taken out of the bucket, as after every try."""
    from botocore.exceptions import ClientError

    # Whoever may put objects into the bucket counts as an admin.
    if (upload.role or "admin") != "admin":
        raise Forbidden("Only an admin moves an earlier opsdb in.")
    try:
        s3().head_object(Bucket=upload.bucket, Key=upload.key, **_version(upload))
    except ClientError as error:
        if error.response["Error"]["Code"] not in GONE:
            raise
        raise Invalid("The file is not in the bucket any more: put it there again.") from None


def remove(conn: Connection, upload: Claimed) -> None:
    """Take the file out of the bucket, whatever became of it: it holds password hashes and keys."""
    outcome = _removed(upload)
    with conn.begin():
        earlier_queries.add_to_message(conn, upload_id=upload.upload_id, sentence=outcome)


def _moved(conn: Connection, upload: Claimed, path: Path, *, dry_run: bool, progress: Progress) -> Moved:
    """What is written stays only where it is no dry run; ids go on after the kept ones."""
    trial = conn.begin_nested()
    with earlier.opened(path) as file:
        done = move(conn, file, upload_id=upload.upload_id, today=today(), seconds=LONGEST, progress=progress)
    if dry_run:
        trial.rollback()
    else:
        trial.commit()
        continue_sequences(conn)
    return done


def _put_rejects(upload: Claimed, done: Moved) -> None:
    with tempfile.NamedTemporaryFile(prefix="opsdb-", suffix=".xlsx") as file:
        write_rejects(Path(file.name), done.rejected)
        s3().put_object(
            Bucket=upload.bucket,
            Key=corrected_key(upload.key, upload.upload_id),
            Body=Path(file.name).read_bytes(),
            ContentType=CONTENT_TYPES["xlsx"],
        )


def _removed(upload: Claimed) -> str:
    """What the upload's message says of it. Without its version the file is only hidden."""
    from botocore.exceptions import ClientError

    ways = [(_version(upload), REMOVED), *([({}, HIDDEN)] if upload.version_id else [])]
    for version, outcome in ways:
        try:
            s3().delete_object(Bucket=upload.bucket, Key=upload.key, **version)
        except ClientError as error:
            log.warning("a file may not be deleted", extra={"code": error.response["Error"]["Code"]})
            continue
        return outcome
    return LEFT


def _version(upload: Claimed) -> Any:
    return {"VersionId": upload.version_id} if upload.version_id else {}
