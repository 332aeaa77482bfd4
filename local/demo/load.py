"""The demo floor goes into an empty database, in one transaction."""

import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text

from chalicelib.admin.queries import add_values
from chalicelib.core.db import Actor, act_as
from chalicelib.core.errors import Conflict
from chalicelib.people.queries import record_assignments, record_employments
from local.demo import points
from local.demo.attendance import attendance
from local.demo.changes import Change, changes, floor_notes
from local.demo.demand import forecasts, requirements
from local.demo.leave import Absences, Row, absences, allowances, holidays
from local.demo.people import Person, employee_row, everybody
from local.demo.plan import PersonDay, plan
from local.demo.window import Window

ACTOR = Actor("command:demo")

ONE_AT_A_TIME = 0x64656D6F
"""Advisory lock: two loads at once are one load and one polite refusal."""


def is_empty(conn: Connection) -> bool:
    """Whether nobody works here yet."""
    return not conn.execute(text("SELECT EXISTS (SELECT FROM employees)")).scalar()


def load(conn: Connection, *, now: datetime) -> dict[str, int]:
    """Write the demo floor as it stands at `now` (local to the site, without zone); rows by table.

    The same day gives the same floor; the time of day only decides how much of today has happened.
    Conflict when somebody works here already. The caller owns the transaction.
    """
    act_as(conn, ACTOR)
    conn.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ONE_AT_A_TIME})
    if not is_empty(conn):
        raise Conflict("There are employees in this database already, and the demo floor goes into an empty one")
    window = Window(now.date())
    people = everybody(window)
    planned = plan(people, window)
    away = absences(people, planned, window)
    return (
        _people(conn, people, window)
        | _time(conn, people, planned, away, window, now)
        | _rewards(conn, people, window)
        | _demand(conn, planned, window)
    )


def _people(conn: Connection, people: Sequence[Person], window: Window) -> dict[str, int]:
    add_values(
        conn,
        {
            "department": sorted({one.department for one in people}),
            "role": sorted({one.role for one in people}),
            "shift": sorted({one.shift for one in people}),
        },
    )
    written = copy(conn, "employees", [employee_row(one, window) for one in people])
    ids = [one.employee_id for one in people]
    record_assignments(conn, employee_ids=ids, effective_date=window.first)
    record_employments(conn, employee_ids=ids)
    _explain_departures(conn, people)
    _move(conn, [one for one in people if one.earlier_leader], window.from_monday(-14))
    return {"employees": written}


def _explain_departures(conn: Connection, people: Sequence[Person]) -> None:
    leaving = [one for one in people if one.last_day]
    conn.execute(
        text("UPDATE employments SET reason = :reason WHERE employee_id = :employee_id"),
        [{"employee_id": one.employee_id, "reason": one.reason_left} for one in leaving],
    )


def _move(conn: Connection, moved: Sequence[Person], effective_date: date) -> None:
    conn.execute(
        text("UPDATE employees SET supervisor = :leader WHERE employee_id = :employee_id"),
        [{"employee_id": one.employee_id, "leader": one.approver} for one in moved],
    )
    record_assignments(conn, employee_ids=[one.employee_id for one in moved], effective_date=effective_date)


def _time(
    conn: Connection,
    people: list[Person],
    planned: list[PersonDay],
    away: Absences,
    window: Window,
    now: datetime,
) -> dict[str, int]:
    rows: dict[str, list[Row]] = {
        "schedules": [one.row() for one in planned],
        "leave_requests": away.requests,
        "leave_allowances": allowances(people, window),
        "exceptions": away.exceptions,
        "holidays": holidays(window),
        "floor_notes": floor_notes(people, window),
        "attendances": attendance(planned, away, window, now),
    }
    written = {table: copy(conn, table, found) for table, found in rows.items()}
    asked = changes(planned, away, window)
    ids = _schedule_ids(conn, asked)
    written["schedule_changes"] = copy(conn, "schedule_changes", [one.row(ids, window) for one in asked])
    conn.execute(text(_SNAPSHOTS))
    return written


_SNAPSHOTS = """
    WITH kept AS (
        SELECT schedule_id, to_jsonb(shift) AS shift FROM (
            SELECT schedule_id, nominal_date, start_date, start_time, stop_date, stop_time, work_code FROM schedules
        ) shift
    )
    UPDATE schedule_changes c SET snapshot = jsonb_build_object(
        'shift', (SELECT shift FROM kept WHERE kept.schedule_id = c.schedule_id),
        'replacement_shift', (SELECT shift FROM kept WHERE kept.schedule_id = c.replacement_schedule_id))"""
"""Both shifts as they are when a change is asked for."""


def _schedule_ids(conn: Connection, asked: Sequence[Change]) -> dict[tuple[int, date], int]:
    """Person and nominal date -> schedule id, for everybody and every day that a change names."""
    found = conn.execute(
        text(
            "SELECT employee_id, nominal_date, schedule_id FROM schedules"
            " WHERE employee_id = ANY(:people) AND nominal_date = ANY(:days)"
        ),
        {
            "people": [person.employee_id for one in asked for person in (one.person, one.replacement)],
            "days": [one.day for one in asked],
        },
    )
    return {(row.employee_id, row.nominal_date): row.schedule_id for row in found}


def _rewards(conn: Connection, people: list[Person], window: Window) -> dict[str, int]:
    written = copy(conn, "reward_reasons", points.reasons(window))
    ids = {row.reason: row.reason_id for row in conn.execute(text("SELECT reason, reason_id FROM reward_reasons"))}
    awarded = points.awards(people, window)
    rows = [
        {**{name: value for name, value in row.items() if name != "reason"}, "reason_id": ids[row["reason"]]}
        for row in awarded
    ]
    given = copy(conn, "employee_rewards", rows)
    reversed_ = conn.execute(
        text(
            "INSERT INTO employee_rewards (employee_id, reason_id, points, date_awarded, notes, awarded_by, reverses,"
            " created_at) SELECT employee_id, reason_id, -points, date_awarded, 'Taken back: ' || notes, awarded_by,"
            " reward_id, created_at + interval '1 hour' FROM employee_rewards WHERE notes = :twice ORDER BY reward_id"
        ),
        {"twice": points.TWICE},
    )
    taken = copy(conn, "employee_reward_redemptions", points.redemptions(people, awarded, window))
    return {
        "reward_reasons": written,
        "employee_rewards": given + reversed_.rowcount,
        "employee_reward_redemptions": taken,
    }


def _demand(conn: Connection, planned: list[PersonDay], window: Window) -> dict[str, int]:
    calls = forecasts(planned, window)
    return {
        "forecasts": copy(conn, "forecasts", calls),
        "requirements": copy(conn, "requirements", requirements(calls)),
    }


def copy(conn: Connection, table: str, rows: Sequence[Mapping[str, object]]) -> int:
    """COPY rows, which all have the columns of the first, into a table; how many."""
    if rows:
        columns = list(rows[0])
        lines = io.StringIO("".join(_line(row[column] for column in columns) for row in rows))
        cursor: Any = conn.connection.cursor()
        with cursor:
            cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", lines)
    return len(rows)


def _line(values: Iterable[object]) -> str:
    return "\t".join(["\\N" if value is None else _escaped(str(value)) for value in values]) + "\n"


def _escaped(words: str) -> str:
    return words.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
