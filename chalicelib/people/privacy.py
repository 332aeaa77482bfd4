"""All that is held of one person, and its end."""

from datetime import datetime
from typing import Any

import msgspec

from chalicelib.core import events
from chalicelib.core.auth import ADMIN, HR
from chalicelib.core.clock import now
from chalicelib.core.errors import Conflict, NotFound
from chalicelib.core.http import Call, Routes
from chalicelib.core.inputs import Input, Note, Text
from chalicelib.people import leaving_queries
from chalicelib.people import privacy_queries as queries
from chalicelib.people.privacy_queries import Sheet

routes = Routes(__name__, tag="employees")

LEFT = [
    "The sheets that are named here, and what lies beside them under results/: nothing removes those by itself; delete"
    " them with all their versions.",
    "Backups, until they expire; `opsdb restore` erases again whoever was erased in the database that it replaces.",
    "Logs hold employee ids and nothing else of a person.",
]
"""What an erasure does not reach."""


class Held(msgspec.Struct, frozen=True):
    """Every row about somebody, by table, without secrets; of rows about others that name them, where they do."""

    employee_id: int
    exported_at: datetime
    rows: dict[str, list[dict[str, Any]]]


class ToErase(Input, frozen=True, kw_only=True):
    """`confirm` repeats the person's full name, or their employee_id; why is kept."""

    confirm: Text
    reason: Note


class Erased(msgspec.Struct, frozen=True):
    """Who is a number now, and where something of them may still be, for how long."""

    employee_id: int
    erased_at: datetime
    sheets: list[Sheet]
    left: list[str]


@routes.get("/employees/{employee_id}/export", answer=Held, roles=HR)
def export_person(call: Call, employee_id: int) -> Held:
    """Everything that is held of a person, of today and of the archive, to be given to them."""
    with call.writing() as conn:
        _check_known(queries.is_known(conn, employee_id=employee_id), employee_id)
        events.note(conn, "exported", employee_id=employee_id)
        return Held(employee_id, now(), queries.rows_of(conn, employee_id=employee_id))


@routes.post("/employees/{employee_id}/erase", body=ToErase, answer=Erased, status=200, roles=ADMIN, errors=(409,))
def erase_person(call: Call, employee_id: int) -> Erased:
    """Forget who somebody was that has left: what they worked and earned stays, under their number."""
    said: ToErase = call.body
    with call.writing() as conn:
        _check_known(queries.is_known(conn, employee_id=employee_id), employee_id)
        if said.confirm not in {str(employee_id), *queries.names(conn, employee_id=employee_id)}:
            raise Conflict(f"confirm: must be {employee_id}, or that person's full name, got {said.confirm!r}")
        sheets = queries.sheets_of(conn, employee_id=employee_id)
        # Whoever was deleted, and did not leave, may have ways in still.
        leaving_queries.shut_out(conn, employee_id=employee_id)
        queries.erase(conn, employee_id=employee_id, reason=said.reason)
        return Erased(employee_id, now(), sheets, LEFT)


def _check_known(known: bool, employee_id: int) -> None:
    if not known:
        raise NotFound(f"employee_id: {employee_id} is nobody")
