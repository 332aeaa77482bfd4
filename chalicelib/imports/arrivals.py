"""The ways in: the bucket's event, a file at hand, and the sweep for what was lost on the way."""

import logging
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus
from uuid import UUID, uuid4

from chalicelib.core import db
from chalicelib.core.clock import now
from chalicelib.core.errors import Invalid
from chalicelib.core.log import job as logged_job
from chalicelib.core.settings import settings
from chalicelib.core.storage import INCOMING, direct_key, kind_of, s3
from chalicelib.imports import beside, earlier, outcome_queries, queries
from chalicelib.imports.queries import Upload
from chalicelib.imports.run import Progress, run
from chalicelib.imports.sheets import KINDS
from chalicelib.imports.sheets.sheet import Options

log = logging.getLogger(__name__)

LOST_AFTER = timedelta(minutes=15)
"""An upload that has not ended by then is run again by the sweep."""

NEVER_COMES_AFTER = timedelta(hours=2)
"""An hour after its form expired, what was being sent then has come too."""


TOLD_FOR = timedelta(days=35)
"""What became of each row is kept for so long: a plan of five weeks is over by then. Findings stay."""

FORGOTTEN_AT_ONCE = 2
"""Uploads, each of which may have a million rows."""

ENDING = [*KINDS, earlier.KIND]
"""What kinds are completed where a run died just before its end."""

TRIED_FOR = timedelta(days=2)
"""An answer that could not be put beside its file by then never will be."""


def on_event(document: Mapping[str, Any]) -> None:
    """Import every object of an S3 event; an event that names none (a test event) is no error."""
    for record in document.get("Records", []):
        bucket = record["s3"]["bucket"]["name"]
        thing = record["s3"]["object"]
        principal = record.get("userIdentity", {}).get("principalId", "unknown")
        upload_id = register(
            bucket=bucket,
            key=unquote_plus(thing["key"]),
            version_id=thing.get("versionId", ""),
            uploaded_by=f"s3:{principal}",
        )
        if upload_id is not None:
            run(upload_id)


def register(
    *,
    bucket: str,
    key: str,
    version_id: str,
    uploaded_by: str,
    kind: str | None = None,
    role: str | None = None,
    brought_by: int | None = None,
) -> int | None:
    """The upload of an object version, made unless it is known; None when the object is gone or no sheet.

    `role` is the caller's who asks for it, `brought_by` their employee id where they are a person of the floor; None
    where the object was put there, which only an admin may.
    """
    kind = kind or kind_of(key)
    if kind is None:
        log.info("not a sheet: its key names no kind", extra={"bucket": bucket})
        return None
    head = _head(bucket, key, version_id)
    if head is None:
        return None
    options, problem = _options(head["Metadata"])
    employees, wrong = _employees(head["Metadata"], kind)
    problem = " ".join(filter(None, (problem, wrong)))
    facts = {
        "kind": kind,
        "filename": key.rpartition("/")[2],
        "bucket": bucket,
        "key": key,
        "version_id": version_id,
        "size": head["ContentLength"],
        "object_modified": head["LastModified"],
        "uploaded_by": uploaded_by,
        "options": {name: getattr(options, name) for name in Options.__dataclass_fields__},
        "dry_run": options.dry_run,
        "role": role,
        "employees_upload_id": employees,
        "brought_by": brought_by,
        **({"state": "failed", "message": problem} if problem else {}),
    }
    with db.engine().begin() as conn:
        return queries.register(conn, facts=facts)


def _head(bucket: str, key: str, version_id: str) -> Any:
    from botocore.exceptions import ClientError

    try:
        return s3().head_object(Bucket=bucket, Key=key, **({"VersionId": version_id} if version_id else {}))
    except ClientError as error:
        if error.response["Error"]["Code"] in {"404", "NoSuchKey", "NoSuchVersion", "405"}:
            log.warning("the object of an event is gone", extra={"bucket": bucket})
            return None
        raise


def _options(metadata: Mapping[str, str]) -> tuple[Options, str | None]:
    """The options, or defaults and the sentence that the upload fails with."""
    try:
        return Options.read(metadata), None
    except Invalid as error:
        return Options(), " ".join(error.problems)


def _employees(metadata: Mapping[str, str], kind: str) -> tuple[int | None, str | None]:
    """The upload of the employee file that comes with it, or the sentence that the upload fails with."""
    said = metadata.get(beside.METADATA)
    if said is None:
        return None, None
    try:
        with db.reading() as conn:
            return beside.named(conn, said, kind=kind), None
    except Invalid as error:
        return None, " ".join(error.problems)


def keep_beside(content: bytes, *, filename: str, identity: UUID, uploaded_by: str, role: str | None = None) -> int:
    """The upload of an employee file that comes with a schedule file: it is read with that and never run by itself."""
    bucket, key = settings().require("uploads_bucket"), direct_key(beside.KIND, f"{identity}/{filename}")
    with db.reading() as conn:
        known = queries.find_by_key(conn, bucket=bucket, key=key)
    if known is not None:
        return known
    stored = s3().put_object(Bucket=bucket, Key=key, Body=content, Metadata={"dry-run": "true"})
    at = now()
    facts = {
        "kind": beside.KIND,
        "filename": filename,
        "bucket": bucket,
        "key": key,
        "version_id": stored.get("VersionId", ""),
        "size": len(content),
        "object_modified": at,
        "finished_at": at,
        "state": "done",
        "dry_run": True,
        "message": beside.READ,
        "uploaded_by": uploaded_by,
        "role": role,
    }
    with db.engine().begin() as conn:
        return queries.register(conn, facts=facts)


def import_file(
    path: Path,
    *,
    kind: str,
    options: Mapping[str, bool],
    uploaded_by: str,
    progress: Progress | None = None,
    employees: Path | None = None,
) -> Upload:
    """Store a file under `direct/`, which fires no event, and run it here and now.

    `employees` is the employee file by which the logins of a schedule file are matched.
    """
    if kind not in KINDS:
        raise Invalid(f"kind: must be one of: {', '.join(KINDS)}; got {kind!r}")
    bucket = settings().require("uploads_bucket")
    identity = uuid4()
    key = direct_key(kind, f"{identity}/{path.name}")
    metadata = {name.replace("_", "-"): str(value).lower() for name, value in options.items()}
    if employees is not None:
        beside.check_kind(kind, by="employees")
        content = employees.read_bytes()
        kept = keep_beside(content, filename=employees.name, identity=identity, uploaded_by=uploaded_by)
        metadata[beside.METADATA] = str(kept)
    with path.open("rb") as file:
        stored = s3().put_object(Bucket=bucket, Key=key, Body=file, Metadata=metadata)
    upload_id = register(
        bucket=bucket, key=key, version_id=stored.get("VersionId", ""), uploaded_by=uploaded_by, kind=kind
    )
    assert upload_id is not None
    done = run(upload_id, progress=progress)
    assert done is not None
    return done


def sweep(*, now: datetime) -> None:
    """Run what should have run: uploads that were cut off, and objects whose event never came. Those that ended without
    saying so beside their file are completed, and what became of rows long ago is forgotten."""
    with logged_job(log, "sweep") as outcome:
        before = now - LOST_AFTER
        lost = [found for found in _lost_objects(before) if found is not None]
        with db.engine().begin() as conn:
            outcome["never_came"] = queries.forget_awaited(conn, before=now - NEVER_COMES_AFTER)
            outcome["forgotten"] = outcome_queries.forget_outcomes(conn, before=now - TOLD_FOR, most=FORGOTTEN_AT_ONCE)
        with db.reading() as conn:
            waiting = queries.unfinished(conn, before=before)
            untold = outcome_queries.unreported(conn, kinds=ENDING, after=now - TRIED_FOR, before=before)
        outcome |= {"lost_events": len(lost), "unfinished": len(waiting), "unreported": len(untold)}
        for upload_id in dict.fromkeys([*waiting, *lost, *untold]):
            run(upload_id)


def _lost_objects(before: datetime) -> Iterator[int | None]:
    """Uploads made now for incoming objects that have none."""
    bucket = settings().require("uploads_bucket")
    for answer in s3().get_paginator("list_object_versions").paginate(Bucket=bucket, Prefix=INCOMING):
        there = [one for one in answer.get("Versions", []) if one["LastModified"] < before and kind_of(one["Key"])]
        with db.reading() as conn:
            known = queries.known_versions(conn, bucket=bucket, keys=[one["Key"] for one in there])
        for one in there:
            if (one["Key"], one["VersionId"]) not in known:
                yield register(bucket=bucket, key=one["Key"], version_id=one["VersionId"], uploaded_by="sweep")
