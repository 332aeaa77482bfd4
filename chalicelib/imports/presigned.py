"""Sheets that go straight to the bucket by a form that we sign; asking again, and calling off."""

from typing import Annotated, Any
from uuid import uuid4

import msgspec
from msgspec import Meta

from chalicelib.core import continuation, db
from chalicelib.core.auth import ADMIN, EVERYBODY
from chalicelib.core.clock import now
from chalicelib.core.continuation import Marker
from chalicelib.core.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from chalicelib.core.http import Call, Routes
from chalicelib.core.inputs import Input
from chalicelib.core.settings import settings
from chalicelib.core.storage import incoming_key, s3
from chalicelib.imports import beside, earlier_upload, queries
from chalicelib.imports.posted import ROLES, BatchOptions
from chalicelib.imports.queries import Upload
from chalicelib.imports.run import IMPORT, MEGABYTE, run
from chalicelib.imports.sheets import KINDS

BESIDE = "employees_upload_id"
FORM_SECONDS = 3600
"""As long a form may be posted; what has begun by then is taken."""

BRINGERS = EVERYBODY - {"viewer"}
KNOWN = (*KINDS, earlier_upload.KIND)
"""What may come; an earlier opsdb is an admin's to bring, as is any kind without roles of its own."""

Filename = Annotated[
    str, Meta(min_length=1, max_length=100, pattern=r"^[^/\\\x00-\x1f\x7f-\x9f]*[^/\\.\s\x00-\x1f\x7f-\x9f]$(?!\n)")
]

routes = Routes(__name__, tag="uploads")


class NewUpload(Input, frozen=True, kw_only=True):
    """A file that is to come; `options` are those of the sheets that are posted."""

    kind: str
    filename: Filename
    size: Annotated[int, Meta(ge=1, le=2**53 - 1, description="bytes, exactly")]
    dry_run: bool = False
    options: BatchOptions = BatchOptions()
    employees_upload_id: (
        Annotated[int, Meta(ge=1, le=2**53 - 1, description="of the employee file by which logins are matched")] | None
    ) = None


class Form(msgspec.Struct, frozen=True):
    """What to post the file to: `fields` first, as they are, then the file as `file`, within so many seconds."""

    upload_id: int
    url: str
    fields: dict[str, str]
    expires_in: int


@routes.post("/uploads", body=NewUpload, answer=Form, roles=BRINGERS, secret=True, errors=(413,))
def create_upload(call: Call) -> Form:
    """Ask for a form by which a file goes to the bucket; it is imported when it has come."""
    asked = call.body
    dry_run = asked.dry_run or asked.options.dry_run
    if asked.kind not in KNOWN:
        raise Invalid(f"kind: must be one of: {', '.join(KNOWN)}; got {asked.kind[:40]!r}")
    if not (asked.kind == beside.KIND and dry_run and call.caller.role in ROLES[beside.OF]):
        # Whoever brings schedules brings the people they are of, on trial: nothing is written from it.
        check_role(call, asked.kind)
    asked.options.check(call.caller.role)
    largest = settings().max_upload_mb * MEGABYTE
    if asked.size > largest:
        raise TooLarge(f"size: must be at most {largest} bytes, got {asked.size}")
    options = {**msgspec.structs.asdict(asked.options), "dry_run": dry_run}
    bucket = settings().require("uploads_bucket")
    key = incoming_key(asked.kind, f"{uuid4()}/{asked.filename}")
    with call.writing() as conn:
        named = asked.employees_upload_id
        employees = None if named is None else beside.named(conn, str(named), kind=asked.kind, by=BESIDE)
        upload_id = queries.await_object(
            conn,
            facts={
                "kind": asked.kind,
                "filename": asked.filename,
                "bucket": bucket,
                "key": key,
                "size": asked.size,
                "options": options,
                "dry_run": dry_run,
                "employees_upload_id": employees,
                "uploaded_by": call.caller.name,
                "role": call.caller.role,
                "brought_by": call.caller.employee_id,
            },
        )
    signed = _signed(bucket, key, asked.size, {**_metadata(options), "x-amz-meta-uploaded-by": call.caller.name})
    return Form(upload_id, signed["url"], signed["fields"], FORM_SECONDS)


def _metadata(options: dict[str, bool]) -> dict[str, str]:
    return {f"x-amz-meta-{name.replace('_', '-')}": str(value).lower() for name, value in options.items()}


def _signed(bucket: str, key: str, size: int, pinned: dict[str, str]) -> Any:
    """The form: key, size and metadata are as they are here, or S3 refuses. The type of the content is the sender's."""
    return s3().generate_presigned_post(
        bucket,
        key,
        # One that a client may change, as it knows better.
        Fields={**pinned, "Content-Type": "application/octet-stream"},
        Conditions=[
            ["content-length-range", size, size],
            ["starts-with", "$Content-Type", ""],
            *({name: value} for name, value in pinned.items()),
        ],
        ExpiresIn=FORM_SECONDS,
    )


@routes.post("/uploads/{upload_id}/retry", answer=Upload, status=202, roles=BRINGERS, errors=(404, 409))
def retry_upload(call: Call, upload_id: int) -> Upload:
    """Read a sheet again from its first row, which failed as a whole or waits; it is done elsewhere."""
    with call.writing() as conn:
        before = _found(queries.find_upload(conn, upload_id=upload_id), upload_id)
        check_role(call, before.kind)
        if not queries.start_over(conn, upload_id=upload_id):
            waits = "waits for its file" if before.state == "waiting" else f"is {before.state}"
            raise Conflict(f"upload_id: {upload_id} {waits}; only what failed, or waits to be run, is tried again")
        upload = _found(queries.find_upload(conn, upload_id=upload_id), upload_id)
    # Where its marker is read before this is committed, the sweep runs it.
    continuation.ask(IMPORT, by=call.caller.name, at=now(), upload_id=str(upload_id))
    return upload


@routes.post("/uploads/{upload_id}/cancel", answer=Upload, status=200, roles=BRINGERS, errors=(404, 409))
def cancel_upload(call: Call, upload_id: int) -> Upload:
    """Call off a sheet that waits or is being read; once its rows are written, undo takes it back."""
    with call.writing() as conn:
        before = _found(queries.find_upload(conn, upload_id=upload_id), upload_id)
        check_role(call, before.kind)
        if not queries.cancel(conn, upload_id=upload_id):
            late = "is being written right now" if before.state in queries.UNFINISHED else f"is {before.state}"
            raise Conflict(f"upload_id: {upload_id} {late}; only what waits or is being read is cancelled")
        return _found(queries.find_upload(conn, upload_id=upload_id), upload_id)


def carry_on(marker: Marker) -> None:
    """Run the upload that a marker names; one that has ended stays as it is."""
    said = marker.facts.get("upload_id", ""), marker.facts.get("part", "1")
    if not all(one.isascii() and one.isdigit() and len(one) <= 16 for one in said):
        return
    upload_id, part = map(int, said)
    with db.reading() as conn:
        known = queries.find_upload(conn, upload_id=upload_id) is not None
    if known:
        run(upload_id, part=part)


WORK = {IMPORT: carry_on}
"""What markers may ask for here."""


def check_role(call: Call, kind: str) -> None:
    """Forbidden where the caller's role brings no sheets of that kind."""
    roles = ROLES.get(kind, ADMIN)
    if call.caller.role not in roles:
        raise Forbidden(f"this needs one of the roles {', '.join(sorted(roles))}; yours is {call.caller.role}")


def _found(upload: Upload | None, upload_id: int) -> Upload:
    if upload is None:
        raise NotFound(f"upload_id: {upload_id} is no upload")
    return upload
