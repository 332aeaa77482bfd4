"""All SQL on uploads, their staged rows and their findings."""

import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from sqlalchemy import Connection, case, delete, func, insert, literal, not_, select, text, update
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.dialects.postgresql import insert as upsert

from chalicelib.core.http import Page
from chalicelib.core.inputs import ListQuery
from chalicelib.core.paging import page
from chalicelib.core.tables import upload_errors, upload_outcomes, upload_rows, uploads

RUN_LOCK = 0x0B10AD
"""Class of the advisory locks that uploads hold while they run; the upload's id is the second key."""

TERMINAL = ("done", "done_with_errors", "failed", "cancelled", "undone")
UNFINISHED = ("waiting", "running")


class Upload(msgspec.Struct, frozen=True):
    """One file that came in and what became of it."""

    upload_id: int
    kind: str
    filename: str
    key: str
    version_id: str
    size: int | None
    sha256: str | None
    state: str
    dry_run: bool
    options: dict[str, bool]
    rows_read: int
    rows_total: int | None
    success_count: int
    error_count: int
    duplicate_count: int
    unchanged_count: int
    kept_count: int
    disappeared_count: int
    warning_count: int
    message: str | None
    uploaded_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    errors_url: str


class RowFinding(msgspec.Struct, frozen=True):
    """Something to tell about one row; `error` rows were not written."""

    error_id: int
    finding: str
    row_number: int | None
    column_name: str | None
    value: str | None
    reason: str


State = Literal["waiting", "running", "done", "done_with_errors", "failed", "cancelled", "undone"]
Found = Literal["error", "duplicate", "kept", "disappeared", "warning", "option"]


class UploadFilters(ListQuery, frozen=True, kw_only=True):
    """Which uploads; the newest first unless sorted."""

    kind: list[str] = []
    state: list[State] = []
    order: Literal["asc", "desc"] = "desc"


class FindingFilters(ListQuery, frozen=True, kw_only=True):
    """Which findings of an upload; dropdown values that are new come first, then rows by their numbers."""

    finding: list[Found] = []
    layout: Annotated[
        Literal["", "list", "sheet"],
        Meta(
            description="of a file: the list of findings (csv), or the rows that failed in their sheet's layout (xlsx)"
        ),
    ] = ""

    @property
    def as_sheet(self) -> bool:
        """Whether the rows that failed are asked for as they were in their sheet."""
        return self.layout == "sheet" or (not self.layout and self.format == "xlsx")


class Claimed(msgspec.Struct, frozen=True):
    """What a run needs to know of its upload."""

    upload_id: int
    kind: str
    bucket: str
    key: str
    version_id: str
    size: int | None
    object_modified: datetime | None
    state: str
    options: Mapping[str, Any]
    uploaded_by: str
    role: str | None
    rows_read: int
    last_row: int
    brought_by: int | None
    error_count: int
    reported_at: datetime | None
    employees_upload_id: int | None


_AWAITED = uploads.c.object_modified.is_(None) & uploads.c.role.is_not(None)
"""Asked for by a caller, and nobody has seen its object yet."""

_URL = func.concat("/api/uploads/", uploads.c.upload_id, "/errors")
_UPLOAD = [_URL if name == "errors_url" else uploads.c[name] for name in Upload.__struct_fields__]
_FINDING = [upload_errors.c[name] for name in RowFinding.__struct_fields__]
_CLAIMED = [uploads.c[name] for name in Claimed.__struct_fields__]
_SORTABLE = ("upload_id", "kind", "filename", "state", "size", "created_at", "started_at", "finished_at")


def register(conn: Connection, *, facts: Mapping[str, Any]) -> int:
    """The id of the upload of this object version; made now unless it is known, or was asked for and waits for it."""
    awaited = conn.execute(
        update(uploads)
        .where(uploads.c.bucket == facts["bucket"], uploads.c.key == facts["key"], _AWAITED)
        .values({name: facts[name] for name in ("version_id", "size", "object_modified")})
        .returning(uploads.c.upload_id)
    ).scalar()
    if awaited is not None:
        return int(awaited)
    made = conn.execute(
        upsert(uploads)
        .values(**{**facts, **_asked_by(conn, facts)})
        .on_conflict_do_nothing()
        .returning(uploads.c.upload_id)
    ).scalar()
    if made is not None:
        return int(made)
    known: int = conn.execute(
        select(uploads.c.upload_id).where(
            uploads.c.bucket == facts["bucket"],
            uploads.c.key == facts["key"],
            uploads.c.version_id == facts["version_id"],
        )
    ).scalar_one()
    return known


_ASKED = ("role", "uploaded_by", "brought_by", "options", "dry_run", "employees_upload_id")


def _asked_by(conn: Connection, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Whoever asked for the key: a form that is sent twice makes a second version, with the rights of the first."""
    first = conn.execute(
        select(*(uploads.c[name] for name in _ASKED))
        .where(uploads.c.bucket == facts["bucket"], uploads.c.key == facts["key"], uploads.c.role.is_not(None))
        .order_by(uploads.c.upload_id)
        .limit(1)
    ).one_or_none()
    return {} if first is None else dict(first._mapping)


def await_object(conn: Connection, *, facts: Mapping[str, Any]) -> int:
    """The id of a new upload whose object is still to come."""
    made: int = conn.execute(insert(uploads).values(**facts).returning(uploads.c.upload_id)).scalar_one()
    return made


def find_by_key(conn: Connection, *, bucket: str, key: str) -> int | None:
    """The upload of a key that is used once."""
    return conn.execute(
        select(func.min(uploads.c.upload_id)).where(uploads.c.bucket == bucket, uploads.c.key == key)
    ).scalar()


def forget_awaited(conn: Connection, *, before: datetime) -> int:
    """Fail the uploads whose objects can come no more; how many."""
    late = update(uploads).where(uploads.c.state == "waiting", _AWAITED, uploads.c.created_at < before)
    return conn.execute(
        late.values(state="failed", message="No file came before the form expired.", finished_at=func.now())
    ).rowcount


def hold(conn: Connection, *, upload_id: int) -> bool:
    """Whether the upload still is to be run; nobody cancels it until the transaction ends; progress does not wait."""
    held = select(uploads.c.state).where(uploads.c.upload_id == upload_id).with_for_update(read=True, key_share=True)
    return bool(conn.execute(held).scalar_one() == "running")


def cancel(conn: Connection, *, upload_id: int) -> bool:
    """Cancel what waits or runs; False where it cannot be, since it has ended or is being written right now."""
    free = select(uploads.c.upload_id).where(uploads.c.upload_id == upload_id).with_for_update(skip_locked=True)
    stopped = update(uploads).where(uploads.c.upload_id.in_(free), uploads.c.state.in_(UNFINISHED))
    done = stopped.values(state="cancelled", message="Cancelled; nothing was written.", finished_at=func.now())
    if not conn.execute(done).rowcount:
        return False
    conn.execute(delete(upload_rows).where(upload_rows.c.upload_id == upload_id))
    return True


def start_over(conn: Connection, *, upload_id: int) -> bool:
    """Let what waits or failed be read again from its first row; False where there is nothing to be done again."""
    again = update(uploads).where(
        uploads.c.upload_id == upload_id, uploads.c.state.in_(("waiting", "failed")), not_(_AWAITED)
    )
    counts = {column.name: 0 for column in uploads.c if column.name.endswith("_count")}
    done = again.values(
        state="waiting", rows_read=0, last_row=0, message=None, finished_at=None, reported_at=None, **counts
    )
    if not conn.execute(done).rowcount:
        return False
    for table in (upload_rows, upload_errors, upload_outcomes):
        conn.execute(delete(table).where(table.c.upload_id == upload_id))
    return True


def sentences(conn: Connection, *, upload_id: int, finding: str) -> list[str]:
    """The first findings of a kind, a sentence each: "Row 15: Hire Date: is no date"."""
    found = conn.execute(
        select(upload_errors.c.row_number, upload_errors.c.column_name, upload_errors.c.reason)
        .where(upload_errors.c.upload_id == upload_id, upload_errors.c.finding == finding)
        .order_by(upload_errors.c.row_number, upload_errors.c.error_id)
        .limit(1_000)
    )
    said = ((row.row_number and f"Row {row.row_number}", row.column_name, row.reason) for row in found)
    return [": ".join(filter(None, one)) for one in said]


def failed_reasons(conn: Connection, *, upload_id: int, most: int) -> dict[int, str]:
    """Why each row failed, by its number, of the first ones."""
    reason = func.concat_ws(": ", upload_errors.c.column_name, upload_errors.c.reason)
    found = conn.execute(
        select(
            upload_errors.c.row_number,
            func.string_agg(reason, aggregate_order_by(literal("; "), upload_errors.c.error_id)).label("why"),
        )
        .where(upload_errors.c.upload_id == upload_id, upload_errors.c.finding == "error")
        .where(upload_errors.c.row_number.is_not(None))
        .group_by(upload_errors.c.row_number)
        .order_by(upload_errors.c.row_number)
        .limit(most)
    )
    return {row.row_number: row.why for row in found}


def lock(conn: Connection, *, upload_id: int) -> bool:
    """Take the upload for this session; False when another one has it."""
    return bool(conn.execute(select(func.pg_try_advisory_lock(RUN_LOCK, upload_id))).scalar())


def unlock(conn: Connection, *, upload_id: int) -> None:
    conn.execute(select(func.pg_advisory_unlock(RUN_LOCK, upload_id)))


def claimed(conn: Connection, *, upload_id: int) -> Claimed:
    return Claimed(*conn.execute(select(*_CLAIMED).where(uploads.c.upload_id == upload_id)).one())


def begin(conn: Connection, *, upload_id: int) -> None:
    """From now on it runs, unless it was cancelled meanwhile."""
    conn.execute(
        update(uploads)
        .where(uploads.c.upload_id == upload_id, uploads.c.state.in_(UNFINISHED))
        .values(
            state="running",
            attempts=uploads.c.attempts + 1,
            started_at=func.coalesce(uploads.c.started_at, func.now()),
        )
    )


def stage(conn: Connection, *, upload_id: int, rows: Iterable[tuple[int, Sequence[str | None]]]) -> None:
    """Add checked rows to the staging table."""
    lines = "".join([f"{upload_id}\t{number}\t{_array(cells)}\n" for number, cells in rows])
    if lines:
        cursor: Any = conn.connection.cursor()
        cursor.copy_expert("COPY upload_rows (upload_id, row_number, cells) FROM STDIN", io.StringIO(lines))


def _array(cells: Sequence[str | None]) -> str:
    """A text array as COPY reads it."""
    body = ",".join(["NULL" if cell is None else f'"{cell}"' for cell in cells])
    if body.isprintable() and "\\" not in body and body.count('"') == 2 * (len(cells) - cells.count(None)):
        return f"{{{body}}}"
    quoted = ("NULL" if cell is None else '"' + _escaped(cell) + '"' for cell in cells)
    return "{" + ",".join(quoted) + "}"


def _escaped(cell: str) -> str:
    """Escaped for the array first and for COPY afterwards."""
    for_array = cell.replace("\\", "\\\\").replace('"', '\\"')
    for_copy = for_array.replace("\\", "\\\\")
    return for_copy.replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def note(conn: Connection, *, findings: Sequence[Mapping[str, Any]]) -> None:
    if findings:
        conn.execute(insert(upload_errors), list(findings))


def checkpoint(conn: Connection, *, upload_id: int, rows_read: int, last_row: int) -> None:
    conn.execute(update(uploads).where(uploads.c.upload_id == upload_id).values(rows_read=rows_read, last_row=last_row))


def wait_for_table(conn: Connection, *, table: str) -> None:
    """Applies to one table wait for each other until their transactions end."""
    conn.execute(select(func.pg_advisory_xact_lock(func.hashtext(table))))


def failed_rows(conn: Connection, *, upload_id: int) -> int:
    """How many rows have an error; a row with two errors counts once."""
    return int(
        conn.execute(
            select(func.count(func.distinct(upload_errors.c.row_number))).where(
                upload_errors.c.upload_id == upload_id, upload_errors.c.finding == "error"
            )
        ).scalar_one()
    )


def finish(conn: Connection, *, upload_id: int, values: Mapping[str, Any]) -> None:
    """The last word on an upload; its staged rows have served."""
    conn.execute(delete(upload_rows).where(upload_rows.c.upload_id == upload_id))
    conn.execute(
        update(uploads).where(uploads.c.upload_id == upload_id).values(finished_at=func.clock_timestamp(), **values)
    )


def unfinished(conn: Connection, *, before: datetime) -> list[int]:
    """Uploads that should have run by then."""
    return list(
        conn.execute(
            select(uploads.c.upload_id)
            .where(uploads.c.state.in_(UNFINISHED), uploads.c.created_at < before, not_(_AWAITED))
            .order_by(uploads.c.upload_id)
        ).scalars()
    )


def known_versions(conn: Connection, *, bucket: str, keys: Sequence[str]) -> set[tuple[str, str]]:
    """Which (key, version id) of these keys have an upload."""
    rows = conn.execute(
        select(uploads.c.key, uploads.c.version_id).where(uploads.c.bucket == bucket, uploads.c.key.in_(keys))
    )
    return {(row.key, row.version_id) for row in rows}


def find_upload(conn: Connection, *, upload_id: int) -> Upload | None:
    row = conn.execute(select(*_UPLOAD).where(uploads.c.upload_id == upload_id)).one_or_none()
    return Upload(*row) if row else None


def list_uploads(conn: Connection, *, query: UploadFilters) -> Page[Upload]:
    chosen: dict[Any, Sequence[str]] = {uploads.c.kind: query.kind, uploads.c.state: query.state}
    return page(
        conn,
        query=query,
        source=uploads,
        where=[column.in_(values) for column, values in chosen.items() if values],
        columns=_UPLOAD,
        order_by={name: uploads.c[name] for name in _SORTABLE},
        key=uploads.c.upload_id,
        make=Upload,
    )


def list_findings(conn: Connection, *, upload_id: int, query: FindingFilters) -> Page[RowFinding]:
    found = [upload_errors.c.upload_id == upload_id]
    if query.finding:
        found.append(upload_errors.c.finding.in_(query.finding))
    return page(
        conn,
        query=query,
        source=upload_errors,
        where=found,
        columns=_FINDING,
        order_by={"row_number": _PLACE, **{name: upload_errors.c[name] for name in ("finding", "column_name")}},
        key=upload_errors.c.error_id,
        make=RowFinding,
    )


_PLACE = case((upload_errors.c.finding == "option", 0), else_=upload_errors.c.row_number)
"""New dropdown values concern the whole sheet, and are to be read first."""


def prepare_for_bulk(conn: Connection, *, seconds: int) -> None:
    """Until the transaction ends: an import's statements are long by nature, and its sorts shall fit into memory."""
    conn.execute(text(f"SET LOCAL statement_timeout = {int(seconds) * 1000}; SET LOCAL work_mem = '64MB'"))
