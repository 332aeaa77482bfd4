"""All SQL on taking back what the audit remembers.

Works on one temporary table that lives as long as the transaction: `undoing`, a line for each row that the work in
question touched, with its images before the first and after the last touch, and why it stays, if it does.
"""

from datetime import date, datetime

import msgspec
from sqlalchemy import Connection, Table, text

from chalicelib.core.tables import metadata


class Work(msgspec.Struct, frozen=True):
    """What is to be taken back: an upload, a request, or an actor's entries since a moment."""

    upload_id: int | None = None
    request_id: str | None = None
    actor: str | None = None
    since: datetime | None = None


class Kept(msgspec.Struct, frozen=True):
    """A row that stays as it is, and why."""

    table_name: str
    row_id: str
    employee_id: int | None
    date: date | None
    why: str


class Undone(msgspec.Struct, frozen=True):
    """What becomes of a table's rows: those that were made go, those that were changed are as before, those that were
    deleted are back, and the others are kept."""

    table_name: str
    removed: int
    changed_back: int
    brought_back: int
    kept: int


class Span(msgspec.Struct, frozen=True):
    """People, and the nominal dates between which something of theirs is put back."""

    employee_ids: list[int]
    first: date
    last: date


BY_TRIGGERS = "absences"
"""Follows leave and exceptions by itself."""

_MINE = """(upload_id = :upload_id OR request_id = :request_id OR actor = :actor AND at >= :since)
    AND table_name <> :by_triggers"""

_TOUCHED = f"""
    CREATE TEMPORARY TABLE undoing ON COMMIT DROP AS
    SELECT table_name, row_id, (array_agg(before ORDER BY audit_id))[1] AS before,
           (array_agg(after ORDER BY audit_id DESC))[1] AS after,
           CASE WHEN bool_or(erased) THEN 'somebody in it was erased' END AS why
    FROM audit_log WHERE {_MINE} AND row_id IS NOT NULL
    GROUP BY table_name, row_id"""

_COUNTED = f"""
    SELECT table_name, min(audit_id) FROM audit_log
    WHERE {_MINE} AND row_id IS NULL AND action = 'insert' AND upload_id IS NOT NULL GROUP BY 1"""

# What an upload made carries its id and has no entry of its own, unless it was changed or taken away since: then the
# first entry has what it was.
_MADE = """
    INSERT INTO undoing (table_name, row_id, after)
    SELECT :table, row_id, after FROM (
        SELECT row_id, (array_agg(before ORDER BY audit_id))[1] AS after FROM audit_log
        WHERE table_name = :table AND audit_id > :first AND row_id IS NOT NULL GROUP BY row_id
        UNION ALL
        SELECT CAST({key} AS text), to_jsonb(t) FROM {table} t
        WHERE upload_id = :upload_id AND NOT EXISTS (
            SELECT FROM audit_log a
            WHERE a.table_name = :table AND a.row_id = CAST(t.{key} AS text) AND audit_id > :first)
    ) made
    WHERE CAST(after ->> 'upload_id' AS bigint) = :upload_id
      AND NOT EXISTS (SELECT FROM undoing u WHERE u.table_name = :table AND u.row_id = made.row_id)"""

_NEVER = """
    UPDATE undoing u SET why = never.why
    FROM jsonb_each_text(CAST(:never AS jsonb)) AS never (table_name, why) WHERE never.table_name = u.table_name"""

_CHANGED = """
    UPDATE undoing u SET why = CASE WHEN u.after IS NULL THEN 'was made again since'
                                    WHEN now.image IS NULL THEN 'is gone since' ELSE 'was changed since' END
    FROM undoing o
    LEFT JOIN (SELECT CAST({key} AS text) AS row_id, to_jsonb(t) AS image FROM {table} t) now USING (row_id)
    WHERE u.table_name = :table AND o.table_name = :table AND o.row_id = u.row_id AND u.why IS NULL
      AND now.image IS DISTINCT FROM o.after"""

# What would come back finds its place taken, by a row that stays.
_TAKEN = """
    UPDATE undoing u SET why = 'another row stands in its place'
    FROM undoing o CROSS JOIN LATERAL jsonb_populate_record(NULL::schedules, o.before) b
    JOIN schedules s ON s.employee_id = b.employee_id
        AND s.nominal_date BETWEEN b.nominal_date - 2 AND b.nominal_date + 2
    WHERE u.table_name = 'schedules' AND o.table_name = 'schedules' AND o.row_id = u.row_id AND u.why IS NULL
      AND NOT b.given_away AND NOT s.given_away
      AND CASE WHEN s.start_time IS NULL OR b.start_time IS NULL THEN s.nominal_date = b.nominal_date
               ELSE s.start_date + s.start_time < b.stop_date + b.stop_time
                    AND b.start_date + b.start_time < s.stop_date + s.stop_time END
      AND NOT EXISTS (SELECT FROM undoing x
                      WHERE x.table_name = 'schedules' AND x.row_id = CAST(s.schedule_id AS text) AND x.why IS NULL)"""

# A person-day of the plan is put back whole or not at all.
_SAME_DAY = """
    WITH days AS (
        SELECT row_id, why, image ->> 'employee_id' AS person, image ->> 'nominal_date' AS day
        FROM undoing CROSS JOIN LATERAL (VALUES (before), (after)) images (image)
        WHERE table_name = 'schedules' AND image IS NOT NULL)
    UPDATE undoing u SET why = 'another row of its day is kept'
    WHERE u.table_name = 'schedules' AND u.why IS NULL AND u.row_id IN (
        SELECT d.row_id FROM days d JOIN days k USING (person, day) WHERE k.why IS NOT NULL)"""

_COUNTS = """
    SELECT table_name, count(*) FILTER (WHERE why IS NULL AND before IS NULL AND after IS NOT NULL),
           count(*) FILTER (WHERE why IS NULL AND before IS NOT NULL AND after IS NOT NULL),
           count(*) FILTER (WHERE why IS NULL AND before IS NOT NULL AND after IS NULL), count(why)
    FROM undoing GROUP BY 1 ORDER BY 1"""

_KEPT = """
    SELECT table_name, row_id, CAST(image ->> 'employee_id' AS bigint),
           CAST(coalesce(image ->> 'nominal_date', image ->> 'date', image ->> 'start_date') AS date), why
    FROM undoing CROSS JOIN LATERAL (SELECT coalesce(after, before) AS image) images
    WHERE why IS NOT NULL ORDER BY 1, 4, 3, 2 LIMIT :most"""

_SPAN = """
    SELECT array_agg(DISTINCT CAST(image ->> 'employee_id' AS bigint)),
           min(CAST(coalesce(image ->> 'nominal_date', image ->> 'start_date') AS date)),
           max(CAST(coalesce(image ->> 'nominal_date', image ->> 'end_date') AS date))
    FROM undoing CROSS JOIN LATERAL (VALUES (before), (after)) images (image)
    WHERE why IS NULL AND image IS NOT NULL AND table_name IN ('schedules', 'leave_requests', 'exceptions')
    HAVING count(*) > 0"""

_MINE_TO_UNDO = "u.table_name = :table AND u.why IS NULL"
_REMOVE = f"""
    DELETE FROM {{table}} t USING undoing u
    WHERE {_MINE_TO_UNDO} AND t.{{key}} = CAST(u.row_id AS bigint) AND u.before IS NULL AND u.after IS NOT NULL"""
_CHANGE = f"""
    UPDATE {{table}} t SET ({{columns}}) = ROW({{values}})
    FROM undoing u CROSS JOIN LATERAL jsonb_populate_record(NULL::{{table}}, u.before) b
    WHERE {_MINE_TO_UNDO} AND t.{{key}} = CAST(u.row_id AS bigint) AND u.before IS NOT NULL AND u.after IS NOT NULL"""
_BRING = f"""
    INSERT INTO {{table}} ({{columns}}) SELECT {{values}}
    FROM undoing u CROSS JOIN LATERAL jsonb_populate_record(NULL::{{table}}, u.before) b
    WHERE {_MINE_TO_UNDO} AND u.before IS NOT NULL AND u.after IS NULL"""

_REVERSE = """
    INSERT INTO employee_rewards (employee_id, reason_id, points, date_awarded, notes, awarded_by, reverses)
    SELECT r.employee_id, r.reason_id, -r.points, :today, 'undone', :by, r.reward_id
    FROM employee_rewards r JOIN undoing u ON u.table_name = 'employee_rewards' AND u.why IS NULL
         AND u.row_id = CAST(r.reward_id AS text)"""
_REVERSED = """
    UPDATE undoing u SET why = CASE WHEN r.points < 0 THEN 'is a reversal: award it again' ELSE 'was reversed since' END
    FROM employee_rewards r LEFT JOIN employee_rewards later ON later.reverses = r.reward_id
    WHERE u.table_name = 'employee_rewards' AND u.row_id = CAST(r.reward_id AS text)
      AND (r.points < 0 OR later.reward_id IS NOT NULL)"""


def hold(conn: Connection) -> None:
    """Nothing is decided and no sheet is applied until the transaction ends."""
    conn.execute(text("SELECT pg_advisory_xact_lock(hashtext('schedules'))"))


def gather(conn: Connection, *, work: Work) -> list[str]:
    """Every row that the work touched, in `undoing`; the tables they are of."""
    given = {**msgspec.structs.asdict(work), "by_triggers": BY_TRIGGERS}
    conn.execute(text(_TOUCHED), given)
    for name, first in conn.execute(text(_COUNTED), given).all():
        made = _MADE.format(table=name, key=_key(metadata.tables[name]))
        conn.execute(text(made), {"table": name, "first": first, "upload_id": work.upload_id})
    conn.execute(text("ANALYZE undoing"))
    return list(conn.execute(text("SELECT DISTINCT table_name FROM undoing ORDER BY 1")).scalars())


def judge(conn: Connection, *, tables: list[Table], never: dict[str, str]) -> None:
    """Say why rows stay: those of tables that are `never` written back, those that are not what the work left behind,
    and of the plan what would find its place taken, and the rest of such a day."""
    conn.execute(text(_NEVER), {"never": msgspec.json.encode(never).decode()})
    for table in tables:
        conn.execute(text(_CHANGED.format(table=table.name, key=_key(table))), {"table": table.name})
    conn.execute(text(_REVERSED))
    if any(one.name == "schedules" for one in tables):
        # Each row that stays may be in another one's way.
        while conn.execute(text(_TAKEN)).rowcount + conn.execute(text(_SAME_DAY)).rowcount:
            pass


def counts(conn: Connection) -> list[Undone]:
    """What becomes of the rows, by table."""
    return [Undone(*row) for row in conn.execute(text(_COUNTS))]


def kept(conn: Connection, *, most: int) -> list[Kept]:
    """The rows that stay, by table and date, as many as are asked for."""
    return [Kept(*row) for row in conn.execute(text(_KEPT), {"most": most})]


def span(conn: Connection) -> Span | None:
    """Whose plan is put back, and when; None where none is."""
    row = conn.execute(text(_SPAN)).one_or_none()
    return Span(*row) if row else None


def put_back(conn: Connection, *, table: Table) -> None:
    """The table's rows as they were before, but for those that are kept: first what goes makes room."""
    names = [one.name for one in table.columns if one.computed is None]
    said = {
        "table": table.name,
        "key": _key(table),
        "columns": ", ".join(names),
        "values": ", ".join(f"b.{name}" for name in names),
    }
    for statement in (_REMOVE, _CHANGE, _BRING):
        conn.execute(text(statement.format(**said)), {"table": table.name})


def reverse_awards(conn: Connection, *, by: str, today: date) -> None:
    """A negative entry for each award: a ledger is never edited."""
    conn.execute(text(_REVERSE), {"by": by, "today": today})


def find_kind(conn: Connection, *, upload_id: int) -> str | None:
    kind = text("SELECT kind FROM uploads WHERE upload_id = :upload_id")
    return conn.execute(kind, {"upload_id": upload_id}).scalar()


def find_state(conn: Connection, *, upload_id: int) -> str | None:
    """An upload's state; held until the transaction ends."""
    return conn.execute(text("SELECT state FROM uploads WHERE upload_id = :id FOR UPDATE"), {"id": upload_id}).scalar()


def mark_undone(conn: Connection, *, upload_id: int) -> None:
    conn.execute(text("UPDATE uploads SET state = 'undone' WHERE upload_id = :id"), {"id": upload_id})


def _key(table: Table) -> str:
    return next(iter(table.primary_key)).name
