"""All SQL of moving in from the earlier opsdb."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import DBAPIError

from chalicelib.core.constraints import translate
from chalicelib.core.tables import admin_options, employee_rewards, people, uploads

CHUNK = 1_000
REFUSING = {"22", "23", "54"}
"""Classes of SQLSTATE by which a row is refused: its data, a constraint, or a limit of the server's."""

Row = Mapping[str, Any]


def holds_rows(conn: Connection, *, table: Table) -> bool:
    return conn.execute(select(1).select_from(table).limit(1)).scalar() is not None


def record(conn: Connection, *, facts: Row) -> int:
    made: int = conn.execute(insert(uploads).values(**facts).returning(uploads.c.upload_id)).scalar_one()
    return made


def insert_rows(conn: Connection, *, table: Table, rows: Sequence[Row]) -> dict[int, str]:
    """Insert what the constraints take; why each of the others was refused, by its place in `rows`."""
    refused: dict[int, str] = {}
    for start in range(0, len(rows), CHUNK):
        _insert(conn, table, rows, range(start, min(start + CHUNK, len(rows))), refused)
    return refused


def _insert(conn: Connection, table: Table, rows: Sequence[Row], places: range, refused: dict[int, str]) -> None:
    """Halves are tried until what is refused stands alone."""
    try:
        with conn.begin_nested():
            conn.execute(insert(table), [rows[place] for place in places])
    except DBAPIError as error:
        if (getattr(error.orig, "pgcode", None) or "")[:2] not in REFUSING:
            raise
        if len(places) == 1:
            refused[places[0]] = _reason(error)
            return
        middle = len(places) // 2
        _insert(conn, table, rows, places[:middle], refused)
        _insert(conn, table, rows, places[middle:], refused)


REASONS = {
    "23502": "must not be empty",
    "23503": "refers to something that is not here",
    "23505": "stands here already",
    "23514": "is nothing that is allowed there",
}
"""What a violation means to whoever has the file, by its SQLSTATE."""


def _reason(error: DBAPIError) -> str:
    known = translate(error)
    if known is not None and known.problems:
        return " ".join(known.problems)
    said = getattr(error.orig, "diag", None)
    reason = REASONS.get(getattr(error.orig, "pgcode", None) or "")
    if said is None or reason is None:
        return str(getattr(said, "message_primary", None) or "refused by the database")
    name = said.column_name or str(said.constraint_name).removeprefix(f"{said.table_name}_").rpartition("_")[0]
    return f"{name}: {reason}"


def remember(conn: Connection, *, employee_ids: Sequence[int]) -> None:
    if employee_ids:
        conn.execute(upsert(people).on_conflict_do_nothing(), [{"employee_id": one} for one in employee_ids])


def options(conn: Connection) -> set[tuple[str, str]]:
    return {(row.category, row.value) for row in conn.execute(select(admin_options.c.category, admin_options.c.value))}


def open_histories(conn: Connection, *, upload_id: int) -> None:
    """Each employee's employment and assignment; a supervisor's name that one employee has is linked."""
    given = {"upload_id": upload_id}
    conn.execute(
        text(
            "INSERT INTO employments (employee_id, hire_date, last_day, batch, upload_id)"
            " SELECT employee_id, hire_date, attrition_date, batch, :upload_id FROM employees"
            " WHERE hire_date IS NOT NULL"
        ),
        given,
    )
    conn.execute(
        text(
            "WITH named AS (SELECT folded(full_name) AS name, min(employee_id) AS employee_id FROM employees"
            " GROUP BY 1 HAVING count(*) = 1)"
            " INSERT INTO assignments (employee_id, valid_from, supervisor, supervisor_id, manager, manager_id,"
            " department, role, shift, tier, upload_id)"
            " SELECT e.employee_id, coalesce(e.hire_date, current_date), e.supervisor, s.employee_id, e.manager,"
            " m.employee_id, e.department, e.role, e.shift, e.tier, :upload_id FROM employees e"
            " LEFT JOIN named s ON s.name = folded(e.supervisor) LEFT JOIN named m ON m.name = folded(e.manager)"
        ),
        given,
    )


def allow_debt(conn: Connection, *, allowed: bool) -> None:
    """Until the transaction ends, or this is called again: ledgers below zero come in before they are adjusted."""
    conn.execute(text("SELECT set_config('opsdb.allow_debt', :state, true)"), {"state": "on" if allowed else ""})


def balances(conn: Connection) -> dict[int, int]:
    return {row.employee_id: row.point_balance for row in conn.execute(text("SELECT * FROM point_balances"))}


def highest_award(conn: Connection) -> int:
    """The id of the last entry, 0 in an empty ledger."""
    return int(conn.execute(select(func.coalesce(func.max(employee_rewards.c.reward_id), 0))).scalar_one())


def follow_kept_ids(conn: Connection) -> None:
    """The next id of each table follows the highest that was kept."""
    conn.execute(select(func.follow_kept_ids()))


def act_for(conn: Connection, *, upload_id: int | None) -> None:
    """From here on the audit log names the upload, or none."""
    conn.execute(
        text("SELECT set_config('opsdb.upload_id', :upload_id, true)"),
        {"upload_id": "" if upload_id is None else str(upload_id)},
    )


def tell(conn: Connection, *, upload_id: int, rows_read: int, rows_total: int) -> None:
    """How far it is; nothing goes on from there."""
    done = update(uploads).where(uploads.c.upload_id == upload_id).values(rows_read=rows_read, rows_total=rows_total)
    conn.execute(done)


def add_to_message(conn: Connection, *, upload_id: int, sentence: str) -> None:
    """The sentence at the end of the upload's message, once."""
    said = func.coalesce(uploads.c.message, "")
    conn.execute(
        update(uploads)
        .where(uploads.c.upload_id == upload_id, func.strpos(said, sentence) == 0)
        .values(message=func.btrim(func.concat(said, " ", sentence)))
    )
