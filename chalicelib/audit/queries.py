"""All SQL on reading the audit log."""

from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import ColumnElement, Connection

from chalicelib.core.http import Page
from chalicelib.core.inputs import Instant, ListQuery, RowId, Text
from chalicelib.core.paging import page
from chalicelib.core.tables import audit_log

Action = Literal["insert", "update", "delete", "sign_in", "sign_in_failed", "sign_out", "refused", "exported"]


class Entry(msgspec.Struct, frozen=True):
    """One change: a row as it was and as it became. A sheet's new rows are one entry that counts them; they carry the
    upload's id themselves. `acting` says in whose place the actor wrote: `deputy of 4103`, `duty_lead of Sales`. Of who
    was `erased` the images have lost what was personal."""

    audit_id: int
    at: datetime
    actor: str
    action: Action
    table_name: str
    row_id: str | None
    row_count: int
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    request_id: str | None
    upload_id: int | None
    acting: str | None
    erased: bool


class AuditFilters(ListQuery, frozen=True, kw_only=True):
    """Which changes. `employee_id` finds those of rows that are about somebody."""

    actor: list[Text] = []
    action: list[Action] = []
    table_name: list[Text] = []
    row_id: list[Text] = []
    employee_id: list[RowId] = []
    request_id: list[Text] = []
    upload_id: list[RowId] = []
    at_min: Instant | None = None
    at_max: Instant | None = None


def list_entries(conn: Connection, *, query: AuditFilters) -> Page[Entry]:
    """The changes that match, one page, oldest first unless sorted otherwise."""
    c = audit_log.c
    return page(
        conn,
        query=query,
        source=audit_log,
        where=_conditions(query),
        columns=[c[name] for name in Entry.__struct_fields__],
        order_by={name: c[name] for name in ("at", "actor", "action", "table_name", "row_count")},
        key=c.audit_id,
        make=Entry,
    )


def _conditions(query: AuditFilters) -> list[ColumnElement[bool]]:
    c = audit_log.c
    person = (c.after["employee_id"].astext, c.before["employee_id"].astext)
    choices: list[tuple[Any, Any]] = [
        (query.actor, c.actor.in_),
        (query.action, c.action.in_),
        (query.table_name, c.table_name.in_),
        (query.row_id, c.row_id.in_),
        (query.request_id, c.request_id.in_),
        (query.upload_id, c.upload_id.in_),
        ([str(one) for one in query.employee_id], lambda ids: person[0].in_(ids) | person[1].in_(ids)),
        (query.at_min, c.at.__ge__),
        (query.at_max, c.at.__le__),
    ]
    return [compare(value) for value, compare in choices if value]
