"""What cannot be in a plan: the sheet's rows among themselves, and against what stays.

SQL only finds which rows are worth a look, and rather too many than too few; the engine looks at them, decides and
words it.
"""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, text

from chalicelib.core.settings import settings
from chalicelib.imports.queries import note
from chalicelib.imports.sheets.sheet import Job
from chalicelib.imports.sheets.turning import SLACK, Turning
from chalicelib.schedules.calendars import Calendar, Person, Shift
from chalicelib.schedules.conflicts import clashes
from chalicelib.schedules.findings import Finding
from chalicelib.schedules.instants import edges, shift_interval
from chalicelib.schedules.rules import Placed

_PLACED = "{0}.nominal_date, {0}.start_date, {0}.start_time, {0}.stop_date, {0}.stop_time"

# Rows that may meet another of the sheet: the person's next, or of those before it the one that ends last. And every
# row of a person-day that has a day off and something else.
_CLOSE = f"""
    WITH ordered AS (
        SELECT row_number, nominal_date, starts, stops, lead(starts) OVER person AS next,
               max(stops) OVER (person ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS latest
        FROM incoming WHERE starts IS NOT NULL
        WINDOW person AS (PARTITION BY employee_id ORDER BY starts, row_number)
    ),
    close AS (
        SELECT row_number FROM ordered o
        WHERE latest > starts - {SLACK.format("o")} OR next < stops + {SLACK.format("o")}
        UNION
        SELECT row_number FROM incoming
        WHERE siblings > 1 AND work_code IS NOT NULL AND (employee_id, nominal_date) IN (
            SELECT employee_id, nominal_date FROM incoming
            WHERE siblings > 1 AND work_code IS NOT NULL AND starts IS NULL)
    )
    SELECT i.employee_id, p.full_name, i.row_number, {_PLACED.format("i")}, i.work_code
    FROM close JOIN incoming i USING (row_number) LEFT JOIN employees p ON p.employee_id = i.employee_id
    ORDER BY i.employee_id, i.row_number"""

_NEIGHBOURS = f"""
    SELECT employee_id, schedule_id, {_PLACED.format("s")}, work_code, starts, stops FROM {{0}} s
    WHERE starts IS NOT NULL AND NOT given_away"""

# Rows that would be written, each with what stays and may meet it.
_IN_THE_WAY = f"""
    SELECT i.row_number, i.employee_id, p.full_name, {_PLACED.format("i")}, i.work_code,
           n.schedule_id, {_PLACED.format("n")}, n.work_code
    FROM days d JOIN incoming i USING (employee_id, nominal_date)
    JOIN neighbours n ON n.employee_id = i.employee_id
        AND n.starts < i.stops + {SLACK.format("i")} AND i.starts < n.stops + {SLACK.format("i")}
    LEFT JOIN employees p ON p.employee_id = i.employee_id
    WHERE d.verdict IS NULL
    ORDER BY i.row_number, n.starts"""


def refuse_what_meets_in_the_sheet(conn: Connection, job: Job, turning: Turning) -> None:
    """Rows of one person that cannot stand together are errors, each of which names another."""
    noted = []
    for (employee_id, name), rows in groupby(conn.execute(text(_CLOSE), turning), key=lambda row: (row[0], row[1])):
        number_by_shift = {_shift(None, row[3:]): row.row_number for row in rows}
        plan = Calendar(Person(employee_id, name or "somebody"), tuple(number_by_shift))
        noted += [
            _error(job, number_by_shift[one], one, finding, f"; see row {number_by_shift[other]}")
            for one, other, finding in clashes(plan)
        ]
    note(conn, findings=noted)


def refuse_what_meets_the_rest(conn: Connection, job: Job, turning: Turning) -> None:
    """Shifts that would overlap what stays in the plan are errors.

    Holding one back may bring its old rows into another's way, so this repeats until nothing collides; each round
    holds at least one more day back.
    """
    conn.execute(
        text(
            f"""CREATE TEMPORARY TABLE neighbours ON COMMIT DROP AS {_NEIGHBOURS.format("near")}
              AND schedule_id NOT IN (SELECT schedule_id FROM going)
              AND NOT EXISTS (SELECT 1 FROM days d WHERE d.employee_id = s.employee_id
                              AND d.nominal_date = s.nominal_date AND d.verdict IS NULL)"""
        )
    )
    conn.execute(text("ANALYZE neighbours"))
    while errors := _against_the_rest(conn, job, turning):
        note(conn, findings=errors)
        _hold_back(conn, [one["row_number"] for one in errors])


def _against_the_rest(conn: Connection, job: Job, turning: Turning) -> list[dict[str, Any]]:
    errors = []
    for number, pairs in groupby(conn.execute(text(_IN_THE_WAY), turning), key=lambda pair: pair.row_number):
        found = list(pairs)
        mine = _shift(None, found[0][3:9])
        others = (_shift(pair[9], pair[10:]) for pair in found)
        plan = Calendar(Person(found[0].employee_id, found[0].full_name or "somebody"), (mine, *others))
        errors += [
            _error(job, number, one, finding, ", which stays in the plan")
            for one, _, finding in clashes(plan)
            if one is mine
        ][:1]
    return errors


def _hold_back(conn: Connection, row_numbers: Iterable[int]) -> None:
    """Leave the person-days of these rows as they stand, so that their shifts are among what stays."""
    conn.execute(
        text(
            f"""WITH held AS (
                UPDATE days SET verdict = 'error' WHERE (employee_id, nominal_date) IN (
                    SELECT employee_id, nominal_date FROM incoming WHERE row_number = ANY(:rows))
                RETURNING employee_id AS person, nominal_date AS day
            )
            INSERT INTO neighbours
            SELECT stays.* FROM ({_NEIGHBOURS.format("standing")}) stays
            JOIN held ON held.person = stays.employee_id AND held.day = stays.nominal_date"""
        ),
        {"rows": list(row_numbers)},
    )


def _shift(schedule_id: int | None, row: Any) -> Shift:
    """Of `_PLACED` and the work code; its class is nothing that rows collide by."""
    *dates, code = row
    placed = Placed(*dates)
    return Shift(schedule_id, placed, shift_interval(placed, zone=settings().timezone), code, None)


def _error(job: Job, number: int, shift: Shift, finding: Finding, rest: str) -> dict[str, Any]:
    """The engine's words, with where to look."""
    times = edges(shift.placed) if finding.code == "overlap" else None
    return {
        "upload_id": job.upload_id,
        "finding": "error",
        "row_number": number,
        "column_name": "Earliest - Start" if times else "Date - Nominal Date",
        "value": " to ".join(f"{one:%Y-%m-%d %H:%M}" for one in times) if times else str(shift.nominal_date),
        "reason": f"{finding.text}{rest}",
    }
