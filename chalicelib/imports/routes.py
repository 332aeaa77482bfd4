"""Uploads over HTTP."""

from chalicelib.audit.undo import Undoing, undo
from chalicelib.audit.undo_queries import Work
from chalicelib.core.answers import Elsewhere
from chalicelib.core.auth import ADMIN
from chalicelib.core.clock import today
from chalicelib.core.errors import NotFound
from chalicelib.core.exports import LINK_SECONDS
from chalicelib.core.http import Call, Page, Routes
from chalicelib.core.inputs import Input
from chalicelib.core.settings import settings
from chalicelib.core.storage import corrected_key, s3
from chalicelib.imports import queries
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


@routes.get("/uploads/{upload_id}/errors", query=FindingFilters, answer=Page[RowFinding])
def list_upload_errors(call: Call, upload_id: int) -> Page[RowFinding] | Elsewhere:
    """What there is to tell about the rows of an upload, by row number as the spreadsheet shows it.

    As xlsx the rows that failed, in the layout of their sheet with the reasons beside them, where there are such rows.
    """
    with call.reading() as conn:
        upload = _found(queries.find_upload(conn, upload_id=upload_id), upload_id)
        if call.query.format == "xlsx" and upload.error_count:
            return _corrected(upload)
        return queries.list_findings(conn, upload_id=upload_id, query=call.query)


@routes.post("/uploads/{upload_id}/undo", body=UndoUpload, answer=Undoing, status=200, roles=ADMIN, errors=(404, 409))
def undo_upload(call: Call, upload_id: int) -> Undoing:
    """Take an upload back, but for rows that were changed since, which are listed. Nothing is written unless `dry_run`
    is false."""
    with call.writing() as conn:
        return undo(conn, work=Work(upload_id), dry_run=call.body.dry_run, by=call.caller.name, today=today())


def _corrected(upload: Upload) -> Elsewhere:
    """Where the rows lie that failed, for a short time."""
    where = {"Bucket": settings().require("uploads_bucket"), "Key": corrected_key(upload.key, upload.upload_id)}
    name = f"{upload.upload_id}.errors.xlsx"
    shown = {"ResponseContentDisposition": f'attachment; filename="{name}"'}
    return Elsewhere(
        s3().generate_presigned_url("get_object", Params=where | shown, ExpiresIn=LINK_SECONDS), LINK_SECONDS
    )


def _found(upload: Upload | None, upload_id: int) -> Upload:
    if upload is None:
        raise NotFound(f"upload_id: {upload_id} is no upload")
    return upload
