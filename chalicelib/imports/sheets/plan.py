"""The set-based half of the schedules sheet: compare person-days, judge them, carry the judgement out.

Works on temporary tables that live as long as the transaction: `incoming` (the good rows of the sheet), `near` (the
plan around them), `standing` (the plan's rows of the same person-days), `days` (one row per person-day, with its
verdict) and `going` (rows that the sheet lacks, if they are to be removed).
"""

from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, text

from chalicelib.core.errors import Invalid
from chalicelib.imports.sheets import clashes
from chalicelib.imports.sheets.differences import changes
from chalicelib.imports.sheets.sheet import Counts, Job, record
from chalicelib.imports.sheets.turning import Turning
from chalicelib.schedules.calendar_queries import AROUND


class Attended(NamedTuple):
    """People with attendance, and the dates between which theirs lies."""

    employee_ids: list[int]
    first: date
    last: date


PLACES = """, start_date + start_time AS starts, stop_date + stop_time AS stops,
    dense_rank() OVER (PARTITION BY employee_id, nominal_date
                       ORDER BY start_date, start_time, stop_date, stop_time, work_code) AS place,
    count(*) OVER (PARTITION BY employee_id, nominal_date) AS siblings"""
"""What `incoming` has beside the staged values: the interval, and which of the day's rows this is. A row that could not
be read but for its person and date has no work code: it is there to hold its person-day back. Most days have one row:
what only concerns several of a day looks at rows with siblings."""

DUPLICATES = """
    SELECT i.row_number, 'Employee - ID', NULL::text, 'is the same as row ' || min(o.row_number)
    FROM incoming i JOIN incoming o USING (employee_id, nominal_date, place)
    WHERE i.siblings > 1 AND o.siblings > 1 AND o.row_number < i.row_number AND i.work_code IS NOT NULL
    GROUP BY i.row_number"""

_SAME = """i.start_date = s.start_date AND i.stop_date = s.stop_date AND i.work_code = s.work_code
    AND i.start_time IS NOT DISTINCT FROM s.start_time AND i.stop_time IS NOT DISTINCT FROM s.stop_time"""


def drop_duplicates(conn: Connection, job: Job) -> None:
    conn.execute(
        text(
            """DELETE FROM incoming i USING upload_errors e
            WHERE e.upload_id = :upload_id AND e.row_number = i.row_number AND e.finding = 'duplicate'"""
        ),
        {"upload_id": job.upload_id},
    )


def gather_days(conn: Connection, job: Job) -> None:
    """`near`, `standing`, `days`, `going`: what the plan has around the sheet's person-days, and how the two differ."""
    # Read once and analysed: the planner knows nothing yet of a table that an import has just filled.
    conn.execute(
        text(
            """CREATE TEMPORARY TABLE near ON COMMIT DROP AS
            SELECT s.*, s.start_date + s.start_time AS starts, s.stop_date + s.stop_time AS stops
            FROM schedules s
            WHERE s.nominal_date BETWEEN (SELECT min(nominal_date) - :around FROM incoming)
                                     AND (SELECT max(nominal_date) + :around FROM incoming)
              AND s.employee_id IN (SELECT employee_id FROM incoming)"""
        ),
        {"around": AROUND.days},
    )
    conn.execute(text("ANALYZE near"))
    conn.execute(
        text(
            """CREATE TEMPORARY TABLE standing ON COMMIT DROP AS
            SELECT s.*, row_number() OVER (PARTITION BY s.employee_id, s.nominal_date
                                           ORDER BY s.start_date, s.start_time, s.schedule_id) AS place
            FROM near s
            WHERE EXISTS (SELECT 1 FROM incoming i
                          WHERE i.employee_id = s.employee_id AND i.nominal_date = s.nominal_date)"""
        )
    )
    conn.execute(text("ANALYZE standing"))
    conn.execute(
        text(
            f"""CREATE TEMPORARY TABLE days ON COMMIT DROP AS
            SELECT employee_id, nominal_date, count(i.row_number) AS rows,
                   min(i.row_number) AS row_number, count(s.schedule_id) AS stood,
                   CASE WHEN bool_and(coalesce({_SAME}, false)) THEN 'unchanged' END AS verdict
            FROM incoming i FULL JOIN standing s USING (employee_id, nominal_date, place)
            GROUP BY employee_id, nominal_date"""
        )
    )
    conn.execute(text("ANALYZE days"))
    conn.execute(
        text(f"CREATE TEMPORARY TABLE going ON COMMIT DROP AS SELECT * FROM ({_REMOVABLE}) gone WHERE :replace_period"),
        {
            "replace_period": job.options.replace_period,
            "correct_past": job.options.correct_past,
            "local_now": job.local_now,
        },
    )
    # One bad row holds its whole person-day back: half a day would be a plan that nobody made.
    _hold_back(conn, job, finding="error")


def judge_days(conn: Connection, job: Job, turning: Turning) -> None:
    """Which person-days are held back, and why; what is left without a verdict will be written."""
    for keep, applies in (
        (_CHANGED_HERE, True),
        (_BY_HAND, not job.options.override_local),
        (_NEWER, True),
    ):
        if applies and record(conn, job, finding="kept", rows=keep):
            _hold_back(conn, job, finding="kept")
    if not job.options.correct_past and record(conn, job, finding="error", rows=_STARTED):
        _hold_back(conn, job, finding="error")
    clashes.refuse_what_meets_the_rest(conn, job, turning)
    record(conn, job, finding="error", rows=_HALF_DAYS)


def _hold_back(conn: Connection, job: Job, *, finding: str) -> None:
    """Give the person-days of rows with this finding its name as their verdict."""
    conn.execute(
        text(
            """UPDATE days SET verdict = :finding WHERE (employee_id, nominal_date) IN (
                SELECT i.employee_id, i.nominal_date FROM incoming i JOIN upload_errors e USING (row_number)
                WHERE e.upload_id = :upload_id AND e.finding = :finding)"""
        ),
        {"finding": finding, "upload_id": job.upload_id},
    )


_KEPT = """
    SELECT d.row_number, 'Date - Nominal Date', d.nominal_date::text, {reason}
    FROM days d JOIN standing s USING (employee_id, nominal_date) {join}
    WHERE d.verdict IS NULL AND {where} GROUP BY d.row_number, d.nominal_date"""
_CHANGED_HERE = _KEPT.format(
    reason="""'kept: ' || coalesce(min(CASE c.change_type WHEN 'Swap' THEN 'swapped with ' ELSE 'covered by ' END
              || p.full_name), 'changed here')""",
    join="""LEFT JOIN schedule_changes c ON c.change_id = s.change_id
            LEFT JOIN employees p ON p.employee_id IN (c.employee_id, c.replacement_id)
                                 AND p.employee_id <> s.employee_id""",
    where="(s.origin = 'change' OR s.given_away)",
)
_BY_HAND = _KEPT.format(
    reason="'kept: entered by hand here; override-local takes the sheet''s'", join="", where="s.origin = 'manual'"
)
_NEWER = _KEPT.format(
    reason="'kept: upload ' || max(u.upload_id) || ' is newer and has set this day'",
    join="JOIN uploads u ON u.upload_id = s.upload_id JOIN uploads this ON this.upload_id = :upload_id",
    where="u.object_modified > this.object_modified",
)
_STARTED = """
    SELECT d.row_number, 'Date - Nominal Date', d.nominal_date::text,
           'has started and stands otherwise; correct-past changes it'
    FROM days d JOIN standing s USING (employee_id, nominal_date)
    WHERE d.verdict IS NULL
    GROUP BY d.row_number, d.nominal_date
    HAVING min(coalesce(s.starts, s.nominal_date)) <= :local_now"""


# Good rows that were held back with a bad one of the same person-day say so.
_HALF_DAYS = """
    SELECT i.row_number, 'Date - Nominal Date', i.nominal_date::text,
           'another row of this person''s day failed: row ' || failed.row_number
    FROM days d JOIN incoming i USING (employee_id, nominal_date)
    JOIN (SELECT o.employee_id, o.nominal_date, min(o.row_number) AS row_number
          FROM incoming o JOIN upload_errors e USING (row_number)
          WHERE e.upload_id = :upload_id AND e.finding = 'error'
          GROUP BY o.employee_id, o.nominal_date) failed USING (employee_id, nominal_date)
    WHERE d.verdict = 'error'
      AND NOT EXISTS (SELECT 1 FROM upload_errors x
                      WHERE x.upload_id = :upload_id AND x.row_number = i.row_number AND x.finding = 'error')"""


_GONE = """
    FROM near s LEFT JOIN employees p USING (employee_id)
    WHERE s.nominal_date BETWEEN (SELECT min(nominal_date) FROM days) AND (SELECT max(nominal_date) FROM days)
      AND s.origin = 'plan' AND NOT s.given_away
      AND NOT EXISTS (SELECT 1 FROM days d WHERE d.employee_id = s.employee_id AND d.nominal_date = s.nominal_date)"""
_DISAPPEARED = f"""
    SELECT NULL::integer, 'Date - Nominal Date', s.nominal_date::text,
           coalesce(min(p.full_name), 'somebody') || ' (' || s.employee_id || ') is planned then, but not in the sheet'
    {_GONE} GROUP BY s.employee_id, s.nominal_date"""
_REMOVABLE = f"""
    SELECT s.schedule_id {_GONE}
      AND NOT EXISTS (SELECT 1 FROM attendances a WHERE a.employee_id = s.employee_id AND a.date = s.nominal_date)
      AND (:correct_past OR coalesce(s.starts, s.nominal_date) > :local_now)"""


# Where a day is kept, the sheet's plan stands beside what stays. Rows that a written day has too many go.
_FACTS = ("start_date", "start_time", "stop_date", "stop_time", "work_code")
OUTCOMES = f"""
    SELECT i.row_number,
           CASE WHEN d.verdict IS NOT NULL THEN d.verdict WHEN s.schedule_id IS NULL THEN 'new'
                WHEN i.row_number IS NULL THEN 'removed' WHEN {_SAME} THEN 'unchanged' ELSE 'changed' END AS outcome,
           employee_id || ' ' || nominal_date AS key, {changes(_FACTS, old="s")} AS changes
    FROM incoming i FULL JOIN standing s USING (employee_id, nominal_date, place)
    JOIN days d USING (employee_id, nominal_date)
    WHERE i.row_number IS NOT NULL OR d.verdict IS NULL
    UNION ALL
    SELECT NULL, CASE WHEN s.schedule_id IN (SELECT schedule_id FROM going) THEN 'removed' ELSE 'disappeared' END,
           s.employee_id || ' ' || s.nominal_date, {changes(_FACTS, new="gone", old="s")}
    FROM (SELECT s.* {_GONE}) s LEFT JOIN incoming gone ON false"""


def note_disappeared(conn: Connection, job: Job) -> int:
    """Planned person-days of the sheet's people, inside its span, that it lacks.

    Invalid if they are to be removed and suspiciously many.
    """
    gone = record(conn, job, finding="disappeared", rows=_DISAPPEARED)
    stood = conn.execute(text("SELECT count(*) FROM days WHERE stood > 0")).scalar_one()
    if job.options.replace_period and not job.options.confirm and gone * 10 > gone + stood:
        raise Invalid(
            f"{gone:,} of {gone + stood:,} planned days would disappear, more than a tenth: "
            "if that is meant, upload the sheet again with confirm"
        )
    return gone


def count(conn: Connection, *, disappeared: int, duplicate: int, warned: int) -> Counts:
    found = {
        row.verdict: int(row.rows)
        for row in conn.execute(
            text("SELECT coalesce(verdict, 'write') AS verdict, sum(rows) AS rows FROM days GROUP BY 1")
        )
    }
    return Counts(
        success=found.get("write", 0),
        unchanged=found.get("unchanged", 0),
        kept=found.get("kept", 0),
        duplicate=duplicate,
        disappeared=disappeared,
        warned=warned,
    )


def attended(conn: Connection, job: Job) -> Attended | None:
    """Whose days that the sheet changes have attendance already, from the first to the last; None where nobody's.

    What the sheet lacks is never removed where it has been attended.
    """
    found = conn.execute(
        text(
            """SELECT array_agg(DISTINCT t.employee_id), min(t.date), max(t.date)
            FROM days d JOIN attendances t ON t.employee_id = d.employee_id AND t.date = d.nominal_date
            WHERE d.verdict IS NULL AND d.nominal_date <= :today HAVING count(*) > 0"""
        ),
        # Attendance of days to come is a day's at most.
        {"today": job.local_now.date() + timedelta(1)},
    ).one_or_none()
    return Attended(*found) if found else None


def carry_out(conn: Connection, job: Job) -> None:
    """Deletions first, then changes in place as far as the rows of a day match, then insertions."""
    facts = {"upload_id": job.upload_id}
    written = "JOIN days d USING (employee_id, nominal_date) WHERE d.verdict IS NULL"
    conn.execute(text("DELETE FROM schedules WHERE schedule_id IN (SELECT schedule_id FROM going)"))
    conn.execute(
        text(
            f"""DELETE FROM schedules WHERE schedule_id IN (
                SELECT s.schedule_id FROM standing s {written} AND NOT EXISTS (
                    SELECT 1 FROM incoming i WHERE i.employee_id = s.employee_id
                    AND i.nominal_date = s.nominal_date AND i.place = s.place))"""
        )
    )
    conn.execute(
        text(
            f"""UPDATE schedules t
            SET start_date = i.start_date, start_time = i.start_time, stop_date = i.stop_date, stop_time = i.stop_time,
                work_code = i.work_code, origin = 'plan', upload_id = :upload_id
            FROM standing s JOIN incoming i USING (employee_id, nominal_date, place) {written}
              AND t.schedule_id = s.schedule_id AND NOT ({_SAME})"""
        ),
        facts,
    )
    conn.execute(
        text(
            f"""INSERT INTO schedules (employee_id, nominal_date, start_date, start_time, stop_date, stop_time,
                                       work_code, origin, upload_id)
            SELECT i.employee_id, i.nominal_date, i.start_date, i.start_time, i.stop_date, i.stop_time,
                   i.work_code, 'plan', :upload_id
            FROM incoming i {written} AND NOT EXISTS (
                SELECT 1 FROM standing s WHERE s.employee_id = i.employee_id
                AND s.nominal_date = i.nominal_date AND s.place = i.place)
            ORDER BY i.employee_id, i.nominal_date, i.place"""
        ),
        facts,
    )
