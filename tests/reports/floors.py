"""Floors written to the database at random: person-days of every kind there is."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from sqlalchemy import Connection, insert, text

from chalicelib.core.tables import attendances, exceptions, leave_requests, schedules
from tests import make

CODES = ("REG", "REG", "REG", "NIGHT", "NEST", "TRAIN", "VACATION", "SICK", "OFF", "ODD")
MARKS = (*[None] * 12, "Late", "Absent", "No Show", "Sick", "Vacation", "Leave", "Overtime", "ODD")
MINUTE = timedelta(minutes=1)


def random_floor(conn: Connection, draw: Random, *, people: int, first: date, days: int) -> None:
    """People who move, leave and are away, with every kind of plan and attendance on each of the days."""
    for number in range(people):
        facts = {"department": draw.choice(["Support", "Sales", None]), "supervisor": draw.choice(["Ann", "Bob", None])}
        facts |= {"batch": draw.choice(["2025-01", None]), "shift": draw.choice(["Night", "Morning", None])}
        person = make.employee(conn, employee_id=7_000 + number, **facts)
        if draw.random() < 0.3:
            _moves(conn, person, first + timedelta(draw.randrange(days)))
        if draw.random() < 0.1:
            _leaves(conn, person, draw.choice([None, first + timedelta(draw.randrange(days))]))
        _layers(conn, draw, person, first, days)
        for day in range(days):
            _day(conn, draw, person, first + timedelta(day))


def _moves(conn: Connection, person: int, day: date) -> None:
    conn.execute(
        text(
            """UPDATE assignments SET valid_to = :day WHERE employee_id = :person;
            INSERT INTO assignments (employee_id, valid_from, department, supervisor, shift)
            VALUES (:person, :day, 'Billing', 'Cy', 'Evening');
            UPDATE employees SET department = 'Billing', supervisor = 'Cy' WHERE employee_id = :person"""
        ),
        {"person": person, "day": day},
    )


def _leaves(conn: Connection, person: int, day: date | None) -> None:
    conn.execute(
        text("UPDATE employees SET status = 'Inactive', attrition_date = :day WHERE employee_id = :person"),
        {"person": person, "day": day},
    )


def _layers(conn: Connection, draw: Random, person: int, first: date, days: int) -> None:
    start = first + timedelta(draw.randrange(days))
    whole = {"employee_id": person, "start_date": start, "end_date": start + timedelta(draw.randrange(3))}
    kind, status = draw.choice(["Vacation", "Sick", "Unpaid"]), draw.choice(["Approved", "Approved", "Pending"])
    match draw.randrange(5):
        case 0:
            conn.execute(insert(leave_requests).values(**whole, leave_type=kind, status=status))
        case 1:
            hours = {"start_time": _clock(draw), "end_time": _clock(draw)}
            told = {**whole, "end_date": start, **hours, "leave_type": kind, "status": status}
            conn.execute(insert(leave_requests).values(**told))
        case 2:
            kind = draw.choice(["Training", "Nesting", "Vacation", "Overtime"])
            code = draw.choice([None, {"Training": "TRAIN", "Nesting": "NEST"}.get(kind)])
            done = draw.choice(["Completed", "Pending"])
            conn.execute(insert(exceptions).values(**whole, exception_type=kind, work_code=code, status=done))


def _day(conn: Connection, draw: Random, person: int, day: date) -> None:
    shifts: Sequence[tuple[datetime, datetime]] = ()
    kind = draw.choice(["none", "off", "away", *["one"] * 7, "two", "given", "traded"])
    if kind in {"off", "away"}:
        _row(conn, person, day, None, work_code="OFF" if kind == "off" else draw.choice(["VACATION", "SICK", "REG"]))
    elif kind != "none":
        shifts = _stretches(draw, day, 1 if kind in {"one", "given"} else 2)
        for number, shift in enumerate(shifts):
            given = kind == "given" or (kind == "traded" and number == 0)
            _row(conn, person, day, shift, work_code=draw.choice(CODES), given_away=given)
    if draw.random() < 0.8:
        conn.execute(insert(attendances).values(employee_id=person, date=day, **_attended(draw, day, shifts)))


def _stretches(draw: Random, day: date, count: int) -> list[tuple[datetime, datetime]]:
    """Shifts from six in the morning to six of the next, a few of them to the second."""
    minutes = sorted(draw.sample(range(360, 1790, 5), 2 * count))
    odd = timedelta(seconds=draw.choice([0, 0, 0, 20]))
    edges = [datetime.combine(day, time()) + one * MINUTE + odd for one in minutes]
    return [(edges[2 * number], edges[2 * number + 1]) for number in range(count)]


def _row(conn: Connection, person: int, day: date, shift: tuple[datetime, datetime] | None, **facts: Any) -> None:
    start, stop = shift or (None, None)
    conn.execute(
        insert(schedules).values(
            employee_id=person,
            nominal_date=day,
            start_date=start.date() if start else day,
            start_time=start.time() if start else None,
            stop_date=stop.date() if stop else day,
            stop_time=stop.time() if stop else None,
            **facts,
        )
    )


def _attended(draw: Random, day: date, shifts: Sequence[tuple[datetime, datetime]]) -> dict[str, Any]:
    first = shifts[0][0] if shifts else datetime.combine(day, _clock(draw))
    last = shifts[-1][1] if shifts else first + 300 * MINUTE
    came = draw.choice([None, first, first, first, first + draw.randrange(-120, 400) * MINUTE])
    went = draw.choice([None, last, *(last + draw.randrange(-100, 200) * MINUTE for _ in range(4))])
    if draw.random() < 0.1:
        came, went = last + 10 * MINUTE, last + draw.choice([50 * MINUTE, timedelta(days=5)])
    if came and went and went <= came:
        went = None
    small = (None, 0, 10, 45, 700)
    return {
        "check_in": came,
        "check_out": went,
        "exception_type": draw.choice(MARKS),
        "late_minutes": draw.choice(small),
        "early_minutes": draw.choice(small),
        "overtime_minutes": draw.choice((*small, 10, 30, 30, 5000)),
        "overtime_approved": draw.choice([None, True, False]),
    }


def _clock(draw: Random) -> time:
    return time(draw.randrange(24), draw.choice([0, 15, 30]))
