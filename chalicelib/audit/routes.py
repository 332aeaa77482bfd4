"""The audit log, and the way back, over HTTP."""

from datetime import timedelta
from typing import Annotated

from msgspec import Meta

from chalicelib.audit import queries
from chalicelib.audit.queries import AuditFilters, Entry
from chalicelib.audit.undo import Undoing, undo
from chalicelib.audit.undo_queries import Work
from chalicelib.core.auth import ADMIN
from chalicelib.core.clock import now, today
from chalicelib.core.errors import Invalid
from chalicelib.core.http import Call, Page, Routes
from chalicelib.core.inputs import Input, RowId, Text

routes = Routes(__name__, tag="audit")


class ToUndo(Input, frozen=True, kw_only=True):
    """One of: an upload, a request, or what an actor did in the last minutes, an hour at most."""

    upload_id: RowId | None = None
    request_id: Text | None = None
    actor: Text | None = None
    minutes: Annotated[int, Meta(ge=1, le=60)] = 60
    dry_run: bool = True


@routes.get("/admin/audit", query=AuditFilters, answer=Page[Entry], roles=ADMIN)
def list_audit(call: Call) -> Page[Entry]:
    """Who did what to which row, before and after, from which upload or request."""
    with call.reading() as conn:
        return queries.list_entries(conn, query=call.query)


@routes.post("/undo", body=ToUndo, answer=Undoing, status=200, roles=ADMIN, errors=(404, 409))
def undo_work(call: Call) -> Undoing:
    """Take back an upload, a request or an actor's last minutes, but for rows that were changed since.

    Those are listed. Nothing is written unless `dry_run` is false.
    """
    said: ToUndo = call.body
    if sum(one is not None for one in (said.upload_id, said.request_id, said.actor)) != 1:
        raise Invalid("upload_id: exactly one of upload_id, request_id and actor says what to undo")
    since = now() - timedelta(minutes=said.minutes) if said.actor else None
    work = Work(said.upload_id, said.request_id, said.actor, since)
    with call.writing() as conn:
        return undo(conn, work=work, dry_run=said.dry_run, by=call.caller.name, today=today())
