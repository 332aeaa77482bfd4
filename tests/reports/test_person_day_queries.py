"""Person-days read from the database: what the plan, its layers and attendance make of each."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, text

from chalicelib.core import db
from chalicelib.core.tables import attendances, exceptions, leave_requests
from chalicelib.reports.filters import Filters
from chalicelib.reports.person_day_queries import person_days
from chalicelib.reports.person_days import Attendance, Excused, Keys, PersonDay, Stretch
from chalicelib.reports.spans import Span
from chalicelib.schedules.instants import Interval
from tests import make
from tests.conftest import Site
from tests.reports.days import interval
from tests.reports.floors import random_floor
from tests.schedules.plans import MADRID, MONDAY, SUNDAY, TUESDAY, UTC_SITE, WEDNESDAY

LATER = datetime(2026, 12, 1, tzinfo=UTC)


def read(
    first: date = MONDAY, last: date = MONDAY, *, zone: ZoneInfo = UTC_SITE, now: datetime = LATER, **asked: Any
) -> list[PersonDay]:
    with db.reading() as conn:
        return list(person_days(conn, span=Span(first, last, now, zone, time(12)), asked=Filters(**asked)))


def leave(person: int, day: date = MONDAY, kind: str = "Vacation", **facts: Any) -> None:
    with make.written() as conn:
        row = {"employee_id": person, "leave_type": kind, "start_date": day, "end_date": day, "status": "Approved"}
        conn.execute(insert(leave_requests).values(**row | facts))


@pytest.fixture
def ada(site: Site) -> int:
    """Nine to five on Monday, six hours on Tuesday night, nothing on Wednesday."""
    with make.written() as conn:
        person = make.employee(conn, department="Support", supervisor="Bob", batch="2025-01", shift="Night")
        make.shift(conn, person, MONDAY)
        make.shift(conn, person, TUESDAY, time(22), time(4), work_code="NIGHT")
        return person


def test_a_day_has_its_shift_its_attendance_and_where_somebody_belongs(ada: int) -> None:
    came, left = datetime(2026, 10, 5, 9, 10), datetime(2026, 10, 5, 17, 30)
    with make.written() as conn:
        seen = {"check_in": came, "check_out": left, "late_minutes": 10, "overtime_minutes": 30}
        told = {**seen, "overtime_approved": True, "exception_type": "Overtime"}
        conn.execute(insert(attendances).values(employee_id=ada, date=MONDAY, **told))
    [day] = read()
    assert day == PersonDay(
        employee_id=ada,
        day=MONDAY,
        keys=Keys("Support", "Bob", "2025-01", "Night"),
        shifts=(Stretch("work", interval("09:00-17:00")),),
        attendance=Attendance(came.replace(tzinfo=UTC), left.replace(tzinfo=UTC), "work", 10, 0, 30, True),
        stage="closed",
    )


def test_there_is_a_day_for_each_row_of_the_plan_or_of_attendance(ada: int) -> None:
    with make.written() as conn:
        conn.execute(insert(attendances).values(employee_id=ada, date=WEDNESDAY))
    days = read(MONDAY, SUNDAY)
    assert [(one.day, len(one.shifts)) for one in days] == [(MONDAY, 1), (TUESDAY, 1), (WEDNESDAY, 0)]


@pytest.mark.parametrize(
    ("now", "stage"),
    [
        (datetime(2026, 10, 4, 23, 59, tzinfo=UTC), "ahead"),
        (datetime(2026, 10, 5, 0, tzinfo=UTC), "open"),
        (datetime(2026, 10, 6, 11, 59, tzinfo=UTC), "open"),
        (datetime(2026, 10, 6, 12, tzinfo=UTC), "closed"),
    ],
)
def test_a_day_is_ahead_open_or_closed(ada: int, now: datetime, stage: str) -> None:
    assert read(now=now)[0].stage == stage


def test_leave_lies_over_an_exception_both_over_the_plan_and_a_day_off_stays_one(ada: int) -> None:
    def classes() -> list[str | None]:
        return [one.work_class for day in read(MONDAY, WEDNESDAY) for one in day.shifts]

    with make.written() as conn:
        make.shift(conn, ada, WEDNESDAY, None, None)
        row = {"employee_id": ada, "start_date": MONDAY, "end_date": WEDNESDAY, "status": "Completed"}
        conn.execute(insert(exceptions).values(**row, exception_type="Training"))
    assert classes() == ["training", "training", "off"]
    leave(ada, TUESDAY, "Sick")
    assert classes() == ["training", "away_unplanned", "off"]
    with make.written() as conn:
        conn.execute(text("UPDATE exceptions SET status = 'Pending'; UPDATE leave_requests SET status = 'Cancelled'"))
    assert classes() == ["work", "work", "off"]


def test_a_shift_that_was_given_away_is_off_and_stands_beside_what_was_taken(ada: int) -> None:
    with make.written() as conn:
        conn.execute(text("UPDATE schedules SET given_away = true WHERE nominal_date = :day"), {"day": MONDAY})
        make.shift(conn, ada, MONDAY, time(18), time(22), work_code="NEST")
    [day] = read()
    assert day.shifts == (Stretch("off", interval("09:00-17:00")), Stretch("nesting", interval("18:00-22:00")))


def test_hours_on_leave_are_cut_to_the_shift_also_after_midnight(ada: int) -> None:
    leave(ada, MONDAY, "Personal", start_time=time(7), end_time=time(10))
    leave(ada, TUESDAY, "Sick", start_time=time(2), end_time=time(6))
    one, other = read(MONDAY, TUESDAY)
    assert one.excused == (Excused("away_planned", interval("09:00-10:00")),)
    assert other.excused == (Excused("away_unplanned", interval("02:00-04:00", WEDNESDAY)),)


def test_an_untimed_away_day_is_as_long_as_the_last_shift_before_it_archived_or_not(ada: int) -> None:
    with make.written() as conn:
        for day in (WEDNESDAY, MONDAY - timedelta(1)):
            make.shift(conn, ada, day, None, None, work_code="VACATION")
        make.shift(conn, ada, WEDNESDAY + timedelta(1), time(9), time(10))
    assert [one.usual_minutes for one in read(WEDNESDAY, WEDNESDAY)] == [360]
    assert [one.usual_minutes for one in read(MONDAY - timedelta(1), MONDAY - timedelta(1))] == [480]
    with make.written() as conn:
        conn.execute(
            text(
                """INSERT INTO schedules_history SELECT *, date '2026-12-01' FROM schedules WHERE nominal_date <= :day;
                DELETE FROM schedules WHERE nominal_date <= :day"""
            ),
            {"day": TUESDAY},
        )
    assert [one.usual_minutes for one in read(WEDNESDAY, WEDNESDAY)] == [360]


def test_the_last_shift_is_as_long_as_it_took_when_the_clocks_changed(site: Site) -> None:
    saturday = date(2026, 10, 24)
    with make.written() as conn:
        person = make.employee(conn)
        make.shift(conn, person, saturday, time(22), time(6))
        make.shift(conn, person, saturday + timedelta(1), None, None, work_code="SICK")
    [night, day] = read(saturday, saturday + timedelta(1), zone=MADRID)
    assert day.usual_minutes == 540
    assert [one.interval.length for one in night.shifts if one.interval] == [timedelta(hours=9)]


def test_in_the_repeated_hour_somebody_came_and_left_near_their_shifts_edges(site: Site) -> None:
    sunday = date(2026, 10, 25)
    with make.written() as conn:
        early, late = make.employee(conn), make.employee(conn)
        make.shift(conn, early, sunday, time(0), time(2, 30))
        make.shift(conn, late, sunday, time(3), time(11))
        row = {"date": sunday, "check_in": datetime(2026, 10, 25, 0), "check_out": datetime(2026, 10, 25, 2, 40)}
        conn.execute(insert(attendances).values(employee_id=early, **row))
        row = {"date": sunday, "check_in": datetime(2026, 10, 25, 2, 50), "check_out": datetime(2026, 10, 25, 11)}
        conn.execute(insert(attendances).values(employee_id=late, **row))
    one, other = read(sunday, sunday, zone=MADRID)
    # Left ten minutes after the first 02:30, and came ten minutes before three: at the second 02:50.
    assert one.attendance.check_out == datetime(2026, 10, 25, 0, 40, tzinfo=UTC)
    assert other.attendance.check_in == datetime(2026, 10, 25, 1, 50, tzinfo=UTC)
    assert one.shifts[0].interval == Interval(
        datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    )


def test_who_has_left_has_no_days_after_it_and_keeps_those_before(ada: int) -> None:
    with make.written() as conn:
        conn.execute(text("UPDATE employees SET status = 'Inactive', attrition_date = :day"), {"day": MONDAY})
    assert [one.day for one in read(MONDAY, TUESDAY)] == [MONDAY]
    with make.written() as conn:
        conn.execute(text("UPDATE employees SET attrition_date = NULL"))
    assert [one.day for one in read(MONDAY, TUESDAY)] == [MONDAY, TUESDAY]
    assert [one.day for one in read(MONDAY, TUESDAY, now=datetime(2026, 10, 6, 9, tzinfo=UTC))] == [MONDAY]


def test_somebody_who_was_deleted_keeps_the_days_that_are_over(ada: int) -> None:
    with make.written() as conn:
        conn.execute(text("DELETE FROM employees"))
    assert [(one.day, one.keys.department) for one in read()] == [(MONDAY, "Support")]


@pytest.mark.parametrize("seed", range(3))
def test_effective_classes_are_those_of_the_view(site: Site, seed: int) -> None:
    first, days = date(2026, 9, 25), 8
    with make.written() as conn:
        random_floor(conn, Random(seed), people=40, first=first, days=days)
        conn.execute(text("UPDATE employees SET status = 'Active', attrition_date = NULL"))
    found = [
        (day.employee_id, day.day, one.work_class)
        for day in read(first, first + timedelta(days - 1))
        for one in day.shifts
    ]
    with db.reading() as conn:
        rows = conn.execute(text("SELECT employee_id, nominal_date, effective_class FROM effective_schedules"))
        view = [tuple(row) for row in rows]
    assert sorted(found, key=str) == sorted(view, key=str)
    assert len(found) > 200
