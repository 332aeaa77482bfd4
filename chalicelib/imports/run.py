"""One upload from object to rows: claim it, read and check in chunks, apply in one transaction, report.

Where the function's time runs out, another invocation goes on: after the last chunk, or with the writing.
"""

import hashlib
import logging
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

import msgspec
from sqlalchemy import Connection

from chalicelib.core import continuation, db
from chalicelib.core.clock import now
from chalicelib.core.errors import Invalid, OpsdbError, TooLarge
from chalicelib.core.log import job as logged_job
from chalicelib.core.settings import settings
from chalicelib.core.storage import s3
from chalicelib.imports import beside, earlier_upload, header, outcome_queries, queries, report
from chalicelib.imports.people import Person
from chalicelib.imports.queries import Claimed, Upload
from chalicelib.imports.readers import Limits, Row, open_rows
from chalicelib.imports.sheets import KINDS, roster
from chalicelib.imports.sheets.differences import tell_findings, tell_options
from chalicelib.imports.sheets.sheet import Checker, Job, Kind, Options, Problem

log = logging.getLogger(__name__)

CHUNK = 5_000
"""Rows per checkpoint: a crash reads at most so many again."""

LONGEST_STATEMENT = 840
"""Seconds; below the 900 of the function, so that the database gives up first and says why."""

IMPORT = "import"
"""What a marker asks for by which an upload is run, or goes on."""

FOR_READING, FOR_WRITING = 0.1, 0.5
"""Shares of an invocation's time that must be left for another chunk, and for the transaction that writes them all: it
cannot be divided, so what was read for long is written in an invocation of its own."""

MOST_PARTS = 10
"""Invocations that one file is read in; hours, so it ends here."""

EMPLOYEES = "employees"
MEGABYTE = 1_000_000
GONE = frozenset({"404", "405", "NoSuchKey", "NoSuchVersion", "InvalidObjectState"})
"""What S3 says of an object that was removed, or put into Glacier."""

Progress = Callable[[int, float], None]
"""Called after every chunk with the rows read and the share of the file, 0 to 1."""


class Cancelled(Exception):
    """Somebody does not want it any more."""


class OutOfTime(Exception):
    """This invocation is about to be cut off; what was read is kept."""


class Staged(msgspec.Struct, frozen=True):
    """How far reading has come."""

    rows_read: int
    last_row: int


def run(upload_id: int, *, progress: Progress | None = None, part: int = 1) -> Upload | None:
    """Run an upload to its end and return it; None when somebody else is running it right now.

    Calling it again is safe at any time: what is finished stays, what was cut off goes on after its last chunk. A bad
    file ends as a failed upload; a failure of the infrastructure propagates and leaves the upload to be run again.
    Before this invocation's time is over it is left running, and the next part asked for.
    """
    ended = True
    with db.engine().connect() as conn:
        with conn.begin():
            mine = queries.lock(conn, upload_id=upload_id)
        if not mine:
            log.info("upload %d is being run by somebody else", upload_id)
            return None
        try:
            with conn.begin():
                upload = queries.claimed(conn, upload_id=upload_id)
            if upload.state not in queries.TERMINAL:
                ended = _run_locked(conn, upload, progress or (lambda rows, share: None), part)
            else:
                _complete(conn, upload)
            with conn.begin():
                outcome = queries.find_upload(conn, upload_id=upload_id)
        finally:
            _unlock(conn, upload_id)
    if not ended:
        # Only now: whoever the marker wakes needs the lock. Where we die just here, the sweep goes on.
        facts = {"upload_id": str(upload_id), "part": str(part + 1)}
        continuation.ask(IMPORT, by=upload.uploaded_by, at=now(), **facts)
    return outcome


def _unlock(conn: Connection, upload_id: int) -> None:
    """The lock belongs to the session: where the connection broke it is gone already."""
    if not conn.invalidated and not conn.closed:
        conn.rollback()
        with conn.begin():
            queries.unlock(conn, upload_id=upload_id)


def _run_locked(conn: Connection, upload: Claimed, progress: Progress, part: int) -> bool:
    """Whether it has ended; else there was no time for it."""
    # Anybody who may write to the bucket names a folder there; in the log stand only the names that we know.
    kind = upload.kind if upload.kind in {*KINDS, earlier_upload.KIND} else "unknown"
    with logged_job(log, "import", upload_id=upload.upload_id, kind=kind) as outcome:
        with conn.begin():
            queries.begin(conn, upload_id=upload.upload_id)
        try:
            outcome |= _import(conn, upload, progress, part)
        except OutOfTime:
            conn.rollback()
            outcome |= {"state": "running", "part": part}
            return False
        except Cancelled:
            conn.rollback()
            outcome |= {"state": "cancelled"}
            with conn.begin():
                queries.finish(conn, upload_id=upload.upload_id, values={"state": "cancelled"})
        except OpsdbError as refusal:
            conn.rollback()
            message = " ".join(refusal.problems) or refusal.summary
            outcome |= {"state": "failed", "reason": type(refusal).__name__}
            with conn.begin():
                queries.finish(conn, upload_id=upload.upload_id, values={"state": "failed", "message": message})
        if upload.kind == earlier_upload.KIND:
            earlier_upload.remove(conn, upload)
        report.put_result(conn, upload)
    return True


def _complete(conn: Connection, upload: Claimed) -> None:
    """Say beside the file what became of an upload that ended without: its run died in the moment before.

    An earlier opsdb that was left in the bucket then is taken out of it, and so is one whose event comes again.
    """
    from botocore.exceptions import ClientError

    if upload.kind == earlier_upload.KIND:
        earlier_upload.remove(conn, upload)
    if upload.reported_at is not None:
        return
    kind = KINDS.get(upload.kind)
    if kind is not None and upload.error_count:
        try:
            with _downloaded(upload) as (path, _):
                report.put_corrected(conn, upload, kind, path, limits())
        except ClientError as error:
            # Whoever took the file away by now has the list of findings.
            if error.response["Error"]["Code"] not in GONE:
                raise
    report.put_result(conn, upload)


def _import(conn: Connection, upload: Claimed, progress: Progress, part: int) -> dict[str, Any]:
    if part > MOST_PARTS:
        raise TooLarge(f"The file was not read to its end in {MOST_PARTS} runs of the function: divide it.")
    if upload.kind == earlier_upload.KIND:
        earlier_upload.check(upload)
        with _downloaded(upload) as (path, sha256):
            return earlier_upload.take(conn, upload, path, sha256=sha256, go_on=_go_on, progress=progress)
    kind = KINDS.get(upload.kind)
    if kind is None:
        raise Invalid(f"Sheets of the kind {upload.kind!r} are not understood; known are {', '.join(KINDS)}.")
    local_now = now().astimezone(settings().timezone).replace(tzinfo=None)
    job = Job(
        upload.upload_id,
        Options(**upload.options),
        local_now,
        upload.object_modified,
        brought_by=upload.brought_by,
        role=upload.role or "admin",
        beside=_people_beside(conn, upload),
    )
    with _downloaded(upload) as (path, sha256):
        kind = _meant(conn, upload, kind, path)
        staged = _stage(conn, upload, kind, job, path, progress)
        _leave_time(FOR_WRITING)
        outcome = _apply(conn, upload, kind, job, staged, sha256)
        if outcome["error_count"]:
            report.put_corrected(conn, upload, kind, path, limits())
    return outcome


def _leave_time(share: float) -> None:
    """Raises OutOfTime where less of this invocation's time is left."""
    if continuation.share_left() < share:
        raise OutOfTime


def _meant(conn: Connection, upload: Claimed, kind: Kind, path: Path) -> Kind:
    """A sheet of employees that is a roster by its header is one, and its upload says so."""
    if kind.name != EMPLOYEES:
        return kind
    with open_rows(path, limits(), filename=upload.key) as sheet:
        is_roster = roster.is_roster(islice(sheet, header.LOOK_AT))
    if not is_roster:
        return kind
    with conn.begin():
        outcome_queries.call_it(conn, upload_id=upload.upload_id, kind=roster.NAME)
    return KINDS[roster.NAME]


def _people_beside(conn: Connection, upload: Claimed) -> Sequence[Person]:
    """Whom the employee file names that came with a schedule file; nobody where none did."""
    from botocore.exceptions import ClientError

    if upload.employees_upload_id is None:
        return ()
    with conn.begin():
        other = queries.claimed(conn, upload_id=upload.employees_upload_id)
    missing = f"The employee file (upload {other.upload_id}) is not in the bucket: try again when it is."
    if other.object_modified is None:
        raise Invalid(missing)
    try:
        with _downloaded(other) as (path, _):
            return beside.read(path, limits(), upload_id=other.upload_id, filename=other.key)
    except ClientError as error:
        if error.response["Error"]["Code"] not in beside.GONE:
            raise
        raise Invalid(missing) from None


@contextmanager
def _downloaded(upload: Claimed) -> Iterator[tuple[Path, str]]:
    """The object as a file, for the time of reading, and its SHA-256."""
    largest = settings().max_upload_mb * MEGABYTE
    if upload.size is not None and upload.size > largest:
        raise TooLarge(
            f"The file has {upload.size / MEGABYTE:,.1f} MB; at most {settings().max_upload_mb} MB are read."
        )
    with tempfile.NamedTemporaryFile(prefix="opsdb-", suffix=".sheet") as file:
        version = {"VersionId": upload.version_id} if upload.version_id else {}
        answer = s3().get_object(Bucket=upload.bucket, Key=upload.key, **version)
        digest = _copy(answer["Body"], file)
        yield Path(file.name), digest


def _copy(body: Any, file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in body.iter_chunks(1024 * 1024):
        digest.update(piece)
        file.write(piece)
    file.flush()
    return digest.hexdigest()


def limits() -> Limits:
    """What the settings allow a file to be."""
    return Limits(
        bytes=settings().max_upload_mb * MEGABYTE,
        unpacked_bytes=settings().max_unpacked_mb * MEGABYTE,
        columns=settings().max_columns,
        rows=settings().max_rows,
    )


def _stage(conn: Connection, upload: Claimed, kind: Kind, job: Job, path: Path, progress: Progress) -> Staged:
    """Read, check and stage every row that an earlier try has not; each chunk is one transaction."""
    rows_read, last_row = upload.rows_read, upload.last_row
    with open_rows(path, limits(), filename=upload.key) as sheet:
        rows = iter(sheet)
        head = list(islice(rows, header.LOOK_AT))
        found = header.find(head, kind.columns)
        below = (row for row in chain(head, rows) if row.number > max(found.number, last_row))
        with conn.begin():
            check = kind.checker(conn, job)
        while chunk := list(islice(below, CHUNK)):
            with conn.begin():
                queries.prepare_for_bulk(conn, seconds=LONGEST_STATEMENT)
                rows_read += _stage_chunk(conn, upload.upload_id, chunk, found, check)
                _go_on(conn, upload.upload_id)
                last_row = chunk[-1].number
                queries.checkpoint(conn, upload_id=upload.upload_id, rows_read=rows_read, last_row=last_row)
            progress(rows_read, sheet.progress)
            _leave_time(FOR_READING)
    return Staged(rows_read, last_row)


def _go_on(conn: Connection, upload_id: int) -> None:
    """Raises Cancelled where that was asked for; until the transaction ends it cannot be any more."""
    if not queries.hold(conn, upload_id=upload_id):
        raise Cancelled


def _stage_chunk(conn: Connection, upload_id: int, chunk: Sequence[Row], found: header.Header, check: Checker) -> int:
    """Stage the chunk's readable rows and note what is wrong with the others; how many rows it had."""
    good: list[tuple[int, Sequence[str | None]]] = []
    findings: list[dict[str, Any]] = []
    read = 0
    for row in chunk:
        values, problems = found.values(row)
        if problems and found.repeats(row):
            continue
        read += 1
        staged = check(values, problems)
        if staged is not None:
            good.append((row.number, staged))
        if problems:
            findings += [_finding(upload_id, row, problem) for problem in problems]
    queries.stage(conn, upload_id=upload_id, rows=good)
    queries.note(conn, findings=findings)
    return read


def _finding(upload_id: int, row: Row, problem: Problem) -> dict[str, Any]:
    return {
        "upload_id": upload_id,
        "finding": "error",
        "row_number": row.number,
        "column_name": problem.column,
        "value": problem.value,
        "reason": problem.reason,
        "category": problem.category,
        "cells": [None if cell is None else header.shown(cell) for cell in row.cells],
    }


def _apply(conn: Connection, upload: Claimed, kind: Kind, job: Job, staged: Staged, sha256: str) -> dict[str, Any]:
    """Decide over all staged rows, write them, and say so: one transaction, so that it happens once or not at all."""
    with conn.begin():
        queries.prepare_for_bulk(conn, seconds=LONGEST_STATEMENT)
        # Whoever may put objects into the bucket counts as an admin.
        actor = db.Actor(upload.uploaded_by, upload_id=upload.upload_id, role=upload.role or "admin")
        db.act_as(conn, actor)
        _go_on(conn, upload.upload_id)
        tell_options(conn, job)
        counts = kind.decide(conn, job)
        tell_findings(conn, job)
        failed = queries.failed_rows(conn, upload_id=upload.upload_id)
        refused = job.options.all_or_nothing and failed > 0
        if not job.options.dry_run and not refused:
            kind.write(conn, job)
        values = report.outcome(conn, job, counts, failed, refused=refused)
        counted = {"rows_read": staged.rows_read, "rows_total": staged.rows_read, "sha256": sha256}
        queries.finish(conn, upload_id=upload.upload_id, values={**values, **counted})
    return {name: value for name, value in values.items() if name != "message"}
