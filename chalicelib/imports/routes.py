"""Uploads over HTTP."""

from chalicelib.core.errors import NotFound
from chalicelib.core.http import Call, Page, Routes
from chalicelib.imports import queries
from chalicelib.imports.queries import FindingFilters, RowFinding, Upload, UploadFilters

routes = Routes(__name__, tag="uploads")


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
def list_upload_errors(call: Call, upload_id: int) -> Page[RowFinding]:
    """What there is to tell about the rows of an upload, by row number as the spreadsheet shows it."""
    with call.reading() as conn:
        _found(queries.find_upload(conn, upload_id=upload_id), upload_id)
        return queries.list_findings(conn, upload_id=upload_id, query=call.query)


def _found(upload: Upload | None, upload_id: int) -> Upload:
    if upload is None:
        raise NotFound(f"upload_id: {upload_id} is no upload")
    return upload
