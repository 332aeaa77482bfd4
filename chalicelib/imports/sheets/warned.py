"""What people should know of a plan that a sheet brings: too little rest, too many days or hours, leave and the like.

As in clashes.py, SQL finds what is worth a look, rather too much than too little, and the engine looks. Works on more
temporary tables: `planned` (every shift as it will be, of the people of whom something is written), `suspects` (the
sheet's rows that are looked at, each with the dates that must be seen for it) and `seen` (the shifts of those dates).
"""

from collections.abc import Iterator
from heapq import nsmallest
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from chalicelib.core.settings import settings
from chalicelib.imports.queries import note
from chalicelib.imports.sheets.sheet import LISTED, Job
from chalicelib.imports.sheets.turning import MISSING, SLACK, Turning
from chalicelib.schedules.calendar_queries import AROUND, calendars
from chalicelib.schedules.calendars import Calendar
from chalicelib.schedules.conflicts import REST_REACH, judge_rows
from chalicelib.schedules.instants import warnings
from chalicelib.schedules.limits import limits
from chalicelib.schedules.rules import ONE_DAY, Placed

PEOPLE = 200
"""So many people's calendars at a time, so that memory is bounded."""

HEADERS = {
    "nominal_date": "Date - Nominal Date",
    "start_time": "Earliest - Start",
    "stop_time": "Latest - Stop",
}
_PLACED = "nominal_date, start_date, start_time, stop_date, stop_time, work_code"

# Whoever stayed longer than planned rests from then on.
_PLANNED = f"""
    CREATE TEMPORARY TABLE planned ON COMMIT DROP AS
    SELECT p.*, greatest(p.stops, t.check_out) AS ends
    FROM (
        SELECT i.row_number, NULL::bigint AS schedule_id, i.employee_id, {_PLACED}, i.starts, i.stops
        FROM incoming i
        WHERE i.starts IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM days d WHERE d.employee_id = i.employee_id
                          AND d.nominal_date = i.nominal_date AND d.verdict IS NOT NULL)
        UNION ALL
        SELECT NULL, n.schedule_id, n.employee_id, {_PLACED}, n.starts, n.stops
        FROM neighbours n WHERE n.employee_id IN (SELECT employee_id FROM days WHERE verdict IS NULL)
    ) p
    LEFT JOIN attendances t ON t.employee_id = p.employee_id AND t.date = p.nominal_date AND t.check_out IS NOT NULL
    ORDER BY p.employee_id, p.starts"""

# Each of these asks for less than the engine does: every class of work code counts, and local times have slack.
_SHORT_RESTS = f"""
    SELECT employee_id, row_number, nominal_date - :reach AS first, nominal_date + :reach AS last
    FROM (
        SELECT employee_id, row_number, nominal_date, starts, ends, lead(starts) OVER person AS next,
               max(ends) OVER (person ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS latest
        FROM planned WINDOW person AS (PARTITION BY employee_id ORDER BY starts)
    ) ordered
    WHERE row_number IS NOT NULL
      AND (latest > starts - :rest - {SLACK.format("ordered")} OR next < ends + :rest + {SLACK.format("ordered")})"""
_LONG_STRETCHES = f"""
    SELECT p.employee_id, p.row_number, s.first, s.last
    FROM planned p
    JOIN (
        SELECT employee_id, min(nominal_date) AS first, max(nominal_date) AS last
        FROM (SELECT employee_id, nominal_date, nominal_date - dense_rank() OVER (
                         PARTITION BY employee_id ORDER BY nominal_date)::integer AS run FROM planned) numbered
        GROUP BY employee_id, run HAVING max(nominal_date) - min(nominal_date) >= :most_days
        UNION ALL
        SELECT employee_id, monday, monday + 6
        FROM (SELECT employee_id, nominal_date - (nominal_date - DATE '0001-01-01') % 7 AS monday,
                     stops - starts + {SLACK.format("planned")} AS length FROM planned) lengths
        GROUP BY employee_id, monday HAVING sum(length) > :week
    ) s ON s.employee_id = p.employee_id AND p.nominal_date BETWEEN s.first AND s.last
    WHERE p.row_number IS NOT NULL"""
_ALONE = (
    "SELECT p.employee_id, p.row_number, p.nominal_date, p.nominal_date FROM planned p {} AND p.row_number IS NOT NULL"
)
_AWAY = _ALONE.format(
    "JOIN absences a ON a.employee_id = p.employee_id WHERE p.nominal_date BETWEEN a.start_date AND a.end_date"
)
_NOT_EMPLOYED = _ALONE.format(
    """JOIN employees e ON e.employee_id = p.employee_id
    WHERE (e.status = 'Inactive' OR e.hire_date > p.nominal_date OR e.attrition_date < p.nominal_date)"""
)
_NOT_THERE = _ALONE.format(MISSING.format("p"))
_SUSPECTS = f"""
    CREATE TEMPORARY TABLE suspects ON COMMIT DROP AS
    {_SHORT_RESTS} UNION {_LONG_STRETCHES} UNION {_AWAY} UNION {_NOT_EMPLOYED} UNION {_NOT_THERE}"""

_SUSPECTED = f"""
    SELECT employee_id, row_number, {_PLACED} FROM planned WHERE row_number IN (SELECT row_number FROM suspects)"""

_SEEN = """
    CREATE TEMPORARY TABLE seen ON COMMIT DROP AS
    SELECT p.*, false AS given_away FROM planned p
    WHERE (employee_id, nominal_date) IN (
        SELECT employee_id, CAST(day AS date)
        FROM (SELECT DISTINCT employee_id, first, last FROM suspects) stretches,
             generate_series(first, last, interval '1 day') AS day)"""


class Warned(NamedTuple):
    """One thing to know of one row."""

    row_number: int
    column: str
    reason: str


def warn(conn: Connection, job: Job, turning: Turning) -> int:
    """Note what people should know of the shifts that will be written; how many things there are to know."""
    plan_ahead(conn)
    find_suspects(conn, turning)
    count, first = 0, list[Warned]()
    for told in judged(conn):
        count += len(told)
        first = nsmallest(LISTED, [*first, *told])
    note(conn, findings=[_noted(job, one) for one in first])
    return count


def plan_ahead(conn: Connection) -> None:
    """`planned`, of the people of whom something is written."""
    conn.execute(text(_PLANNED))


def find_suspects(conn: Connection, turning: Turning) -> None:
    """`suspects`, of the sheet's rows that are in `planned`."""
    asked = limits()
    given = {
        "rest": asked.rest,
        "most_days": asked.most_days,
        "week": asked.week,
        "reach": (asked.rest + REST_REACH) // ONE_DAY,
    }
    conn.execute(text(_SUSPECTS), {**turning, **given})


def judged(conn: Connection) -> Iterator[list[Warned]]:
    """What the engine says of the suspects, some people at a time."""
    rows_by_person: dict[int, dict[tuple[Placed, str], int]] = {}
    for employee_id, row_number, *placed, code in conn.execute(text(_SUSPECTED)):
        rows_by_person.setdefault(employee_id, {})[Placed(*placed), code] = row_number
    if not rows_by_person:
        return
    conn.execute(text(_SEEN))
    people = sorted(rows_by_person)
    for number in range(0, len(people), PEOPLE):
        yield _told(conn, {one: rows_by_person[one] for one in people[number : number + PEOPLE]})


def _told(conn: Connection, rows_by_person: dict[int, dict[tuple[Placed, str], int]]) -> list[Warned]:
    dates = [placed.nominal_date for rows in rows_by_person.values() for placed, _ in rows]
    found = calendars(
        conn,
        employee_ids=rows_by_person,
        first=min(dates),
        last=max(dates),
        zone=settings().timezone,
        around=AROUND,
        plan="seen",
    )
    return [
        warned
        for employee_id, calendar in found.items()
        for warned in _of_person(calendar, rows_by_person[employee_id])
    ]


def _of_person(calendar: Calendar, numbers: dict[tuple[Placed, str], int]) -> Iterator[Warned]:
    asked = limits()
    rows = {
        one: numbers[one.placed, one.work_code]
        for one in calendar.shifts
        if one.schedule_id is None and (one.placed, one.work_code) in numbers
    }
    for shift, finding in judge_rows(calendar, tuple(rows), limits=asked):
        column = "start_time" if finding.code == "rest" else "nominal_date"
        yield Warned(rows[shift], HEADERS[column], finding.text)
    for shift, number in rows.items():
        for said in warnings(shift.placed, zone=asked.zone):
            column, _, reason = said.partition(": ")
            yield Warned(number, HEADERS[column], reason)


def _noted(job: Job, warned: Warned) -> dict[str, Any]:
    row_number, column, reason = warned
    return {
        "upload_id": job.upload_id,
        "finding": "warning",
        "row_number": row_number,
        "column_name": column,
        "reason": reason,
    }
