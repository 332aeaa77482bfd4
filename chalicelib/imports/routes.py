"""Uploads over HTTP."""

from chalicelib.audit.undo import Undoing, undo
from chalicelib.audit.undo_queries import Work
from chalicelib.core.answers import Elsewhere
from chalicelib.core.auth import ADMIN
from chalicelib.core.clock import today
from chalicelib.core.errors import Conflict, Invalid, NotFound
from chalicelib.core.exports import LINK_SECONDS
from chalicelib.core.http import Call, Page, Routes
from chalicelib.core.inputs import Input
from chalicelib.core.settings import settings
from chalicelib.core.storage import corrected_key, s3
from chalicelib.imports import outcome_queries, queries
from chalicelib.imports.outcome_queries import OutcomeFilters, RowOutcome
from chalicelib.imports.queries import FindingFilters, RowFinding, Upload, UploadFilters

routes = Routes(__name__, tag="uploads")


class UndoUpload(Input, frozen=True, kw_only=True):
    """Only shown, unless told otherwise."""

    dry_run: bool = True


@routes.get("/uploads", query=UploadFilters, answer=Page[Upload])
def list_uploads(call: Call) -> Page[Upload]:
    """Files that came in, the newest first."""
    with call.reading() as conn:
        return queries.list_uploads(conn, query=call.query)


@routes.get("/uploads/{upload_id}", answer=Upload)
def get_upload(call: Call, upload_id: int) -> Upload:
    """One upload; its counts move while it runs."""
    with call.reading() as conn:
        return _found(queries.find_upload(conn, upload_id=upload_id), upload_id)


@routes.get("/uploads/{upload_id}/errors", query=FindingFilters, answer=Page[RowFinding], errors=(409,))
def list_upload_errors(call: Call, upload_id: int) -> Page[RowFinding] | Elsewhere:
    """What there is to tell about the rows of an upload, by row number as the spreadsheet shows it.

    As xlsx, or with `layout=sheet`, the rows that failed, in the layout of their sheet with the reasons beside them,
    where there are such rows.
    """
    if call.query.layout == "sheet" and not call.query.whole:
        raise Invalid("layout: a sheet is a file: ask for format=csv or format=xlsx")
    with call.reading() as conn:
        upload = _found(queries.find_upload(conn, upload_id=upload_id), upload_id)
        if not (call.query.whole and call.query.as_sheet and upload.error_count):
            return queries.list_findings(conn, upload_id=upload_id, query=call.query)
        if not outcome_queries.is_reported(conn, upload_id=upload_id):
            raise Conflict(
                f"upload_id: the rows of {upload_id} that failed are still being put together; ask again soon"
            )
        return _corrected(upload, call.query.format)


@routes.get("/uploads/{upload_id}/rows", query=OutcomeFilters, answer=Page[RowOutcome])
def list_upload_rows(call: Call, upload_id: int) -> Page[RowOutcome]:
    """What became of each row: new, changed from what to what, unchanged, failed; after a dry run what would.

    Kept for 35 days. A planned day that goes, or that the sheet lacks, has no row and comes last.
    """
    with call.reading() as conn:
        _found(queries.find_upload(conn, upload_id=upload_id), upload_id)
        return outcome_queries.list_outcomes(conn, upload_id=upload_id, query=call.query)


@routes.post("/uploads/{upload_id}/undo", body=UndoUpload, answer=Undoing, status=200, roles=ADMIN, errors=(404, 409))
def undo_upload(call: Call, upload_id: int) -> Undoing:
    """Take an upload back, but for rows that were changed since, which are listed. Nothing is written unless `dry_run`
    is false."""
    with call.writing() as conn:
        return undo(conn, work=Work(upload_id), dry_run=call.body.dry_run, by=call.caller.name, today=today())


def _corrected(upload: Upload, kind: str) -> Elsewhere:
    """Where the rows lie that failed, for a short time."""
    where = {"Bucket": settings().require("uploads_bucket"), "Key": corrected_key(upload.key, upload.upload_id, kind)}
    name = f"{upload.upload_id}.errors.{kind}"
    shown = {"ResponseContentDisposition": f'attachment; filename="{name}"'}
    return Elsewhere(
        s3().generate_presigned_url("get_object", Params=where | shown, ExpiresIn=LINK_SECONDS), LINK_SECONDS
    )


def _found(upload: Upload | None, upload_id: int) -> Upload:
    if upload is None:
        raise NotFound(f"upload_id: {upload_id} is no upload")
    return upload
