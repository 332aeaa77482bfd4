"""The board's statement says of everybody what the pure definition says, also on the nights when clocks change."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select

from chalicelib.admin.queries import classes
from chalicelib.core import db
from chalicelib.core.inputs import EVERY_ROW
from chalicelib.core.tables import attendances, employees, exceptions, leave_requests, schedules
from chalicelib.floor.board_queries import BoardFilters, Found, list_board
from chalicelib.floor.standing_queries import Look
from chalicelib.floor.states import STANDS, STATES, Moment, Planned, Recorded, Standing, WorkingDay, standing, touches
from chalicelib.schedules.calendar_queries import calendars
from chalicelib.schedules.calendars import Calendar, effective_class
from chalicelib.schedules.rules import place
from tests import make
from tests.conftest import Site

PEOPLE = 600
TWO_HOURS = timedelta(hours=2)
MADRID, NEW_YORK = "Europe/Madrid", "America/New_York"
NIGHTS = {
    "a plain day": (MADRID, date(2026, 10, 6)),
    "forward in Madrid": (MADRID, date(2026, 3, 29)),
    "back in Madrid": (MADRID, date(2026, 10, 25)),
    "forward in New York": (NEW_YORK, date(2026, 3, 8)),
    "back in New York": (NEW_YORK, date(2026, 11, 1)),
}
CODES = ("REG", "REG", "REG", "NIGHT", "TRAIN", "NEST", "VACATION", "SICK", "OFF")
MARKS = ("Absent", "No Show", "Late", "Early Leave", "Overtime", "Cover Up", "Leave", "Sick", "Vacation")
EXCEPTIONS = ("Training", "Nesting", "Vacation", "Leave", "Cover Up", "Overtime")


def clock(some: random.Random) -> time:
    """Any time, the small hours most of all: that is when clocks change."""
    return time(some.choice([*range(24), *(0, 1, 2, 3, 4) * 6]), some.choice([0, 15, 30, 45]))


def plan_of(some: random.Random, employee_id: int, day: date) -> Iterator[dict[str, Any]]:
    """One row, or two that do not overlap, or a day without times."""
    if some.random() < 0.1:
        yield row(employee_id, day, None, None, some.choice(["OFF", "VACATION", "SICK"]))
        return
    first, second = (time(hour, some.choice([0, 30])) for hour in (some.randrange(0, 4), some.randrange(6, 12)))
    if some.random() < 0.2:
        yield row(employee_id, day, first, time(5), some.choice(CODES))
        yield row(employee_id, day, second, time(14), some.choice(CODES))
    else:
        yield row(employee_id, day, clock(some), clock(some), some.choice(CODES), given_away=some.random() < 0.05)


def row(
    employee_id: int, day: date, start: time | None, stop: time | None, code: str, *, given_away: bool = False
) -> dict[str, Any]:
    placed = place(nominal_date=day, start=start, stop=stop, day_start=time(0))
    found = {name: getattr(placed, name) for name in placed.__struct_fields__}
    return {"employee_id": employee_id, "work_code": code, "given_away": given_away, **found}


def leave_of(some: random.Random, employee_id: int, day: date) -> dict[str, Any]:
    hours = (clock(some), clock(some)) if some.random() < 0.7 else (None, None)
    return {
        "employee_id": employee_id,
        "leave_type": some.choice(["Vacation", "Sick", "Personal"]),
        "start_date": day,
        "end_date": day,
        "start_time": hours[0],
        "end_time": hours[1],
        "status": some.choice(["Approved", "Approved", "Approved", "Pending", "Rejected"]),
    }


def exception_of(some: random.Random, employee_id: int, day: date) -> dict[str, Any]:
    return {
        "employee_id": employee_id,
        "exception_type": some.choice(EXCEPTIONS),
        "start_date": day - timedelta(days=some.randrange(2)),
        "end_date": day + timedelta(days=some.randrange(2)),
        "work_code": None,
        "status": some.choice(["Completed", "Completed", "Pending"]),
    }


def seen_of(some: random.Random, shift: dict[str, Any]) -> dict[str, Any]:
    """Whatever may be on record, sensible or not; most of it near the edges of the shift."""
    day = shift["nominal_date"]
    start = datetime.combine(shift["start_date"], shift["start_time"] or clock(some))
    stop = datetime.combine(shift["stop_date"], shift["stop_time"] or clock(some))
    came = max(start + timedelta(minutes=some.randrange(-60, 120)), datetime.combine(day, time()))
    left = max(stop + timedelta(minutes=some.randrange(-120, 120)), came + timedelta(minutes=1))
    return {
        "employee_id": shift["employee_id"],
        "date": day,
        "check_in": came if some.random() < 0.5 else None,
        "check_out": left if some.random() < 0.4 else None,
        "exception_type": some.choice(MARKS) if some.random() < 0.3 else None,
        "expected_at": start + timedelta(minutes=some.randrange(0, 240)) if some.random() < 0.3 else None,
        "late_minutes": some.choice([None, 0, 7]),
    }


@pytest.fixture(params=NIGHTS)
def night(site: Site, request: pytest.FixtureRequest) -> tuple[ZoneInfo, date]:
    """A floor on which everything happens, all at once, to six hundred people."""
    name, day = NIGHTS[request.param]
    some, ids = random.Random(request.param), range(1, PEOPLE + 1)
    with make.written() as conn:
        conn.execute(
            insert(employees), [{"employee_id": one, "first_name": "Ada", "last_name": str(one)} for one in ids]
        )
        plan = [shift for one in ids for shift in plan_of(some, one, day)]
        conn.execute(insert(schedules), plan)
        on_leave = [one for one in ids if some.random() < 0.3]
        conn.execute(insert(leave_requests), [leave_of(some, one, day) for one in on_leave])
        others = [exception_of(some, one, day) for one in ids if some.random() < 0.2]
        away = {"Vacation", "Leave"}
        seen = {one["employee_id"]: seen_of(some, one) for one in plan if some.random() < 0.7}
        fit = [one for one in others if one["employee_id"] not in on_leave or one["exception_type"] not in away]
        conn.execute(insert(exceptions), fit)
        conn.execute(insert(attendances), list(seen.values()))
    return ZoneInfo(name), day


def moments(zone: ZoneInfo, day: date) -> list[Moment]:
    """Around midnight, in and after the hour that is missing or comes twice, at noon, and once the day is closed."""
    hours = (-1, 1.3, 1.8, 2.6, 3.6, 12.6, 36.1)
    midnight = datetime.combine(day, time(), zone).astimezone(UTC)
    return [Moment(midnight + timedelta(hours=one), zone, timedelta(minutes=5), time(12)) for one in hours]


def expected(zone: ZoneInfo, day: date) -> dict[int, WorkingDay]:
    """Everybody's day as the rules read it, by their own statements."""
    ids = range(1, PEOPLE + 1)
    with db.reading() as conn:
        plans = calendars(conn, employee_ids=ids, first=day, last=day, zone=zone)
        kinds = classes(conn, "attendance_type")
        seen = {one.employee_id: one for one in conn.execute(select(attendances))}
    return {one: working_day(plans[one], day, seen.get(one), kinds) for one in ids}


def working_day(plan: Calendar, day: date, seen: Any, kinds: dict[str, str]) -> WorkingDay:
    rows = tuple(Planned(effective_class(one, plan.layers), one.interval) for one in plan.on(day))
    hours = next((one.hours for one in plan.layers if one.in_force and one.hours and one.covers(day)), None)
    names = ("check_in", "check_out", "expected_at", "late_minutes")
    facts = {name: getattr(seen, name) for name in names} if seen else {}
    mark = seen.exception_type if seen else None
    recorded = Recorded(**facts, mark=mark, mark_class=kinds[mark] if mark else None)
    return WorkingDay(day, rows, hours, recorded)


def asked(look: Look) -> Found:
    with db.reading() as conn:
        return list_board(conn, query=BoardFilters(limit=EVERY_ROW), look=look)


def by_person(found: Found) -> dict[int, Standing]:
    return {one.employee_id: Standing(one.starts_at, one.stops_at, one.state, one.stand) for one in found.rows}


def test_the_statement_says_what_the_definition_says(night: tuple[ZoneInfo, date]) -> None:
    zone, day = night
    days = expected(zone, day)
    states: set[str] = set()
    stands: set[str | None] = set()
    for at in moments(zone, day):
        stood = {one: found for one, each in days.items() if (found := standing(each, at))}
        report = asked(Look(at, day, day))
        assert by_person(report) == stood
        near = {
            one: found
            for one, found in stood.items()
            if touches(found, first=at.now - TWO_HOURS, last=at.now + TWO_HOURS)
        }
        assert by_person(asked(Look.around(at, before=TWO_HOURS, after=TWO_HOURS))) == near
        counts = {name: sum(each.state == name for each in stood.values()) for name in STATES}
        assert report.tally.states == counts
        states |= {each.state for each in stood.values()}
        stands |= {each.stand for each in stood.values()}
    assert states == set(STATES)
    assert stands == {*STANDS, None}
