"""All SQL on what an upload turned out to be: its kind, its rows, what to decide first, and whether it was said."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, delete, func, select, update

from chalicelib.core.http import Page
from chalicelib.core.inputs import ListQuery
from chalicelib.core.paging import page
from chalicelib.core.tables import upload_errors, upload_outcomes, uploads
from chalicelib.imports.queries import TERMINAL

Became = Literal["new", "changed", "removed", "unchanged", "duplicate", "kept", "disappeared", "failed"]


class FieldChange(msgspec.Struct, frozen=True):
    """One field of a row, as text: what stood before, and what the sheet says."""

    field: str
    old: str | None
    new: str | None


class RowOutcome(msgspec.Struct, frozen=True):
    """What became of one row, or what would have; a planned day that goes or is missing has no row."""

    row_number: int | None
    outcome: str
    key: str | None
    changes: list[FieldChange]
    reason: str | None


class OutcomeFilters(ListQuery, frozen=True, kw_only=True):
    """Which rows of an upload, in the sheet's order unless sorted."""

    outcome: list[Became] = []


_OUTCOME = [upload_outcomes.c[name] for name in RowOutcome.__struct_fields__]


def list_outcomes(conn: Connection, *, upload_id: int, query: OutcomeFilters) -> Page[RowOutcome]:
    found = [upload_outcomes.c.upload_id == upload_id]
    if query.outcome:
        found.append(upload_outcomes.c.outcome.in_(query.outcome))
    # Its place is the row's, and what the index has.
    order_by = {"row_number": upload_outcomes.c.place, **{name: upload_outcomes.c[name] for name in ("outcome", "key")}}
    return page(
        conn,
        query=query,
        source=upload_outcomes,
        where=found,
        columns=_OUTCOME,
        order_by=order_by,
        key=upload_outcomes.c.place,
        make=_outcome,
    )


def _outcome(row_number: int | None, outcome: str, key: str | None, changes: Any, reason: str | None) -> RowOutcome:
    made = [FieldChange(one["field"], one["old"], one["new"]) for one in changes or ()]
    return RowOutcome(row_number, outcome, key, made, reason)


def forget_outcomes(conn: Connection, *, before: datetime, most: int) -> int:
    """Delete what became of the rows of uploads that ended long ago, of so many uploads at once; how many rows."""
    told = select(upload_outcomes.c.upload_id).where(upload_outcomes.c.upload_id == uploads.c.upload_id)
    old = select(uploads.c.upload_id).where(uploads.c.finished_at < before, told.exists())
    chosen = old.order_by(uploads.c.upload_id).limit(most)
    return conn.execute(delete(upload_outcomes).where(upload_outcomes.c.upload_id.in_(chosen))).rowcount


def options_told(conn: Connection, *, upload_id: int, most: int) -> tuple[dict[str, list[str]], int]:
    """The first dropdown values that were new to an upload, by column, and how many more there are."""
    c = upload_errors.c
    mine = select(c.column_name, c.value).where(c.upload_id == upload_id, c.finding == "option").order_by(c.error_id)
    found = conn.execute(mine).all()
    values_by_column: dict[str, list[str]] = {}
    for row in found[:most]:
        values_by_column.setdefault(row.column_name, []).append(row.value)
    return values_by_column, max(len(found) - most, 0)


def call_it(conn: Connection, *, upload_id: int, kind: str) -> None:
    """Its file is of another kind than its key says."""
    conn.execute(update(uploads).where(uploads.c.upload_id == upload_id).values(kind=kind))


def reported(conn: Connection, *, upload_id: int) -> None:
    """Its answer lies beside it."""
    conn.execute(update(uploads).where(uploads.c.upload_id == upload_id).values(reported_at=func.clock_timestamp()))


def is_reported(conn: Connection, *, upload_id: int) -> bool:
    done = select(uploads.c.reported_at.is_not(None)).where(uploads.c.upload_id == upload_id)
    return bool(conn.execute(done).scalar())


def unreported(conn: Connection, *, kinds: Sequence[str], after: datetime, before: datetime) -> list[int]:
    """Uploads that ended then, and whose answer does not lie beside them."""
    return list(
        conn.execute(
            select(uploads.c.upload_id)
            .where(uploads.c.reported_at.is_(None), uploads.c.finished_at.between(after, before))
            .where(uploads.c.state.in_(TERMINAL), uploads.c.kind.in_(kinds))
            .order_by(uploads.c.upload_id)
        ).scalars()
    )
