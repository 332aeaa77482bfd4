"""The rewards sheet: points that are awarded. A ledger is only added to, so no row ever changes an award."""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection, text

from chalicelib.imports.people import Directory
from chalicelib.imports.queries import wait_for_table
from chalicelib.imports.readers import cells
from chalicelib.imports.sheets import places
from chalicelib.imports.sheets.differences import tell_verdicts
from chalicelib.imports.sheets.sheet import Column, Counts, Job, Problem, Values
from chalicelib.imports.sheets.verdicts import count, day, gather, judge, meant, refuse_oneself, refuse_others

MOST = 100_000
"""Points of one entry."""

COLUMNS = (
    Column("Employee - ID", "person", cells.text),
    Column("Reason ID", "reason_id", cells.employee_id),
    Column("Points", "points", cells.whole_number),
    Column("Date Awarded", "date_awarded", day),
    Column("Notes", "notes", cells.text, required=False),
    *places.COLUMNS,
)


class Rewards:
    name = "rewards"
    columns = COLUMNS
    staged = (
        ("employee_id", "bigint"),
        ("reason_id", "bigint"),
        ("date_awarded", "date"),
        ("points", "integer"),
        ("notes", "text"),
        *places.STAGED,
    )

    def checker(self, conn: Connection, job: Job) -> "AwardChecker":
        reasons = conn.execute(text("SELECT reason_id, is_active FROM reward_reasons"))
        return AwardChecker(find=Directory(conn).find, reasons={row.reason_id: row.is_active for row in reasons})

    def decide(self, conn: Connection, job: Job) -> Counts:
        """Awards to add, those that are on record, and those that are so with other points."""
        wait_for_table(conn, table="employee_rewards")
        gather(conn, job, self)
        conn.execute(text("UPDATE incoming SET verdict = 'error' WHERE points IS NULL"))
        refuse_oneself(conn, job)
        refuse_others(conn, job)
        places.number(conn, job)
        conn.execute(text(_COMPARE))
        judge(conn, job, finding="duplicate", rows=_OTHERWISE)
        conn.execute(text("UPDATE incoming SET verdict = 'new' WHERE verdict IS NULL"))
        standing = "LEFT JOIN LATERAL (SELECT i.stood AS points, NULL::text AS notes) o ON true"
        tell_verdicts(conn, job, key=places.KEY, facts=("points", "notes"), standing=standing)
        return count(conn)

    def write(self, conn: Connection, job: Job) -> None:
        conn.execute(text(_AWARD), {"upload_id": job.upload_id, "again": _AGAIN})
        places.keep_corrected(conn)


class AwardChecker:
    """Checks one row by itself. A bad one with a readable key is staged without points, to count among its like."""

    def __init__(self, *, find: Callable[[str], int], reasons: Mapping[int, bool]) -> None:
        self._find = find
        self._reasons = reasons

    def __call__(self, values: Values, problems: list[Problem]) -> Sequence[str | None] | None:
        employee_id = meant(values, problems, find=self._find)
        reason, points, awarded = (values.get(name) for name in ("reason_id", "points", "date_awarded"))
        if reason is not None and not self._reasons.get(reason):
            why = (
                "is no longer awarded" if reason in self._reasons else f"is unknown: rewards need reason {reason} first"
            )
            problems.append(Problem("Reason ID", str(reason), why))
        if points is not None and not 1 <= points <= MOST:
            problems.append(Problem("Points", str(points), f"must be from 1 to {MOST:,}"))
        problems += places.problems(values)
        if employee_id is None or reason is None or awarded is None:
            return None
        given = None if problems else str(points)
        said = (str(employee_id), str(reason), awarded.isoformat(), given, values.get("notes"))
        return (*said, *places.staged(values))


_AGAIN = 2_000_000
"""Added to the key of an award that is given once more, since undoing its upload took it back; more rows than a sheet
has."""

_COMPARE = """
    ALTER TABLE incoming ADD stood integer;
    UPDATE incoming i SET stood = r.points, verdict = CASE WHEN r.points = i.points THEN 'unchanged' END
    FROM employee_rewards r LEFT JOIN employee_rewards back ON back.reverses = r.reward_id
    LEFT JOIN uploads u ON u.upload_id = r.upload_id
    WHERE r.employee_id = i.employee_id AND r.reason_id = i.reason_id AND r.date_awarded = i.date_awarded
      AND r.sheet_key % 2000000 = i.place AND i.verdict IS NULL
      -- What undoing an upload took back may come again; what somebody has reversed by hand stays reversed.
      AND NOT (back.reward_id IS NOT NULL AND coalesce(u.state, '') = 'undone')"""
_OTHERWISE = """
    SELECT row_number, 'Points', points::text,
           'was awarded already, with ' || stood || ' points: reverse that award if it was a mistake'
    FROM incoming WHERE verdict IS NULL AND stood IS NOT NULL"""
_AWARD = """
    INSERT INTO employee_rewards
        (employee_id, reason_id, points, date_awarded, notes, awarded_by, upload_id, sheet_key)
    SELECT i.employee_id, i.reason_id, i.points, i.date_awarded, i.notes, audit_actor(), :upload_id,
           i.place + :again * (SELECT count(*) FROM employee_rewards r
                               WHERE r.employee_id = i.employee_id AND r.reason_id = i.reason_id
                                 AND r.date_awarded = i.date_awarded AND r.sheet_key % :again = i.place)
    FROM incoming i WHERE i.verdict = 'new' ORDER BY i.row_number"""
