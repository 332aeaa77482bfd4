"""Nobody is in two places: what the database itself refuses on schedules and attendances."""

from datetime import date, datetime, time
from typing import Any

import pytest
from psycopg2.errors import CheckViolation, ExclusionViolation, UniqueViolation
from sqlalchemy import Connection, insert

from chalicelib.core.tables import attendances
from tests import make
from tests.migrations.refusal import change, refused

MONDAY, TUESDAY, WEDNESDAY = date(2026, 10, 5), date(2026, 10, 6), date(2026, 10, 7)


def test_a_night_shift_and_an_early_one_on_the_next_day_collide(conn: Connection) -> None:
    ada = make.employee(conn)
    make.shift(conn, ada, MONDAY, time(22), time(6))
    refused(conn, ExclusionViolation, "schedules_no_overlap", lambda: make.shift(conn, ada, TUESDAY, time(5), time(13)))


def test_a_shift_may_start_in_the_minute_in_which_another_stops(conn: Connection) -> None:
    ada = make.employee(conn)
    make.shift(conn, ada, MONDAY, time(22), time(6))
    assert make.shift(conn, ada, TUESDAY, time(6), time(14)) > 0


def test_two_people_may_work_at_the_same_time(conn: Connection) -> None:
    assert make.shift(conn, make.employee(conn), MONDAY) != make.shift(conn, make.employee(conn), MONDAY)


def test_a_split_shift_is_two_rows_of_one_day(conn: Connection) -> None:
    ada = make.employee(conn)
    assert make.shift(conn, ada, MONDAY, time(8), time(12)) != make.shift(conn, ada, MONDAY, time(16), time(20))


def test_a_shift_given_away_frees_its_time(conn: Connection) -> None:
    ada = make.employee(conn)
    given = make.shift(conn, ada, MONDAY, time(9), time(17))
    change(conn, "UPDATE schedules SET given_away = true WHERE schedule_id = :id", id=given)
    make.shift(conn, ada, MONDAY, time(10), time(18), origin="change")
    refused(
        conn,
        ExclusionViolation,
        "schedules_no_overlap",
        lambda: change(conn, "UPDATE schedules SET given_away = false WHERE schedule_id = :id", id=given),
    )


def test_a_day_off_and_a_shift_exclude_each_other_on_one_nominal_date(conn: Connection) -> None:
    ada, bob = make.employee(conn), make.employee(conn)
    make.shift(conn, ada, MONDAY, None, None)
    refused(
        conn, ExclusionViolation, "schedules_timed_or_untimed", lambda: make.shift(conn, ada, MONDAY, time(9), time(17))
    )
    make.shift(conn, bob, MONDAY, time(9), time(17))
    refused(conn, ExclusionViolation, "schedules_timed_or_untimed", lambda: make.shift(conn, bob, MONDAY, None, None))
    assert make.shift(conn, ada, TUESDAY, time(9), time(17)) > 0


def test_there_is_only_one_day_off_on_a_date(conn: Connection) -> None:
    ada = make.employee(conn)
    make.shift(conn, ada, MONDAY, None, None)
    refused(conn, ExclusionViolation, "schedules_timed_or_untimed", lambda: make.shift(conn, ada, MONDAY, None, None))


def test_somebody_whose_shift_was_given_away_may_have_the_day_off(conn: Connection) -> None:
    ada = make.employee(conn)
    make.shift(conn, ada, MONDAY, time(9), time(17), given_away=True)
    assert make.shift(conn, ada, MONDAY, None, None) > 0


def test_two_shifts_trade_places_in_one_update(conn: Connection) -> None:
    ada = make.employee(conn)
    first = make.shift(conn, ada, MONDAY, time(8), time(12))
    second = make.shift(conn, ada, MONDAY, time(14), time(18))
    done = change(
        conn,
        """UPDATE schedules SET start_time = CASE schedule_id WHEN :first THEN time '14:00' ELSE time '08:00' END,
                                stop_time = CASE schedule_id WHEN :first THEN time '18:00' ELSE time '12:00' END
           WHERE schedule_id IN (:first, :second) RETURNING start_time""",
        first=first,
        second=second,
    )
    assert sorted(row.start_time for row in done) == [time(8), time(14)]


def test_two_people_trade_shifts_in_one_update(conn: Connection) -> None:
    ada, bob = make.employee(conn), make.employee(conn)
    hers, his = make.shift(conn, ada, MONDAY), make.shift(conn, bob, MONDAY, time(12), time(20))
    statement = """UPDATE schedules SET employee_id = CASE employee_id WHEN :ada THEN :bob ELSE :ada END
                   WHERE schedule_id IN (:hers, :his) RETURNING employee_id"""
    assert len(change(conn, statement, ada=ada, bob=bob, hers=hers, his=his)) == 2


@pytest.mark.parametrize(
    ("constraint", "assignment"),
    [
        ("schedules_times_check", "stop_time = NULL"),
        ("schedules_stop_after_start_check", "stop_time = start_time"),
        ("schedules_one_day_check", "stop_date = start_date + 2"),
        ("schedules_nominal_date_check", "nominal_date = start_date + 2"),
        ("schedules_origin_check", "origin = 'rumour'"),
    ],
)
def test_a_shift_that_makes_no_sense_is_refused_from_everywhere(
    conn: Connection, constraint: str, assignment: str
) -> None:
    shift = make.shift(conn, make.employee(conn), MONDAY)
    statement = f"UPDATE schedules SET {assignment} WHERE schedule_id = :id"
    refused(conn, CheckViolation, constraint, lambda: change(conn, statement, id=shift))


def archive_schedule(conn: Connection, ada: int, day: date) -> None:
    change(
        conn,
        """INSERT INTO schedules_history (schedule_id, employee_id, nominal_date, start_date, stop_date, work_code,
                                          archived_date)
           VALUES (9000000, :ada, :day, :day, :day, 'OFF', :day)""",
        ada=ada,
        day=day,
    )


def test_a_day_in_the_archive_takes_no_shift(conn: Connection) -> None:
    ada = make.employee(conn)
    archive_schedule(conn, ada, MONDAY)
    refused(conn, CheckViolation, "schedules_archived", lambda: make.shift(conn, ada, MONDAY))
    assert make.shift(conn, make.employee(conn), MONDAY) > 0


def test_no_shift_is_moved_into_the_archive_either(conn: Connection) -> None:
    ada = make.employee(conn)
    archive_schedule(conn, ada, MONDAY)
    shift = make.shift(conn, ada, TUESDAY)
    back = "UPDATE schedules SET nominal_date = :day WHERE schedule_id = :id RETURNING 1"
    refused(conn, CheckViolation, "schedules_archived", lambda: change(conn, back, day=MONDAY, id=shift))
    assert change(conn, back, day=WEDNESDAY, id=shift)
    other = make.shift(conn, make.employee(conn), MONDAY)
    hers = "UPDATE schedules SET employee_id = :ada WHERE schedule_id = :id"
    refused(conn, CheckViolation, "schedules_archived", lambda: change(conn, hers, ada=ada, id=other))


def attended(conn: Connection, employee_id: int, day: date, **facts: Any) -> int:
    made = insert(attendances).values(employee_id=employee_id, date=day, **facts)
    return conn.execute(made.returning(attendances.c.attendance_id)).scalar_one()


def test_a_person_has_one_attendance_a_day(conn: Connection) -> None:
    ada = make.employee(conn)
    attended(conn, ada, MONDAY)
    refused(conn, UniqueViolation, "attendances_employee_id_date_key", lambda: attended(conn, ada, MONDAY))


def test_an_archived_attendance_takes_no_second_one(conn: Connection) -> None:
    ada = make.employee(conn)
    change(
        conn,
        "INSERT INTO attendances_history (attendance_id, employee_id, date, archived_date)"
        " VALUES (1, :ada, :day, :day)",
        ada=ada,
        day=MONDAY,
    )
    refused(conn, CheckViolation, "attendances_archived", lambda: attended(conn, ada, MONDAY))
    other = attended(conn, ada, TUESDAY)
    move = "UPDATE attendances SET date = :day WHERE attendance_id = :id"
    refused(conn, CheckViolation, "attendances_archived", lambda: change(conn, move, day=MONDAY, id=other))


def test_people_leave_after_they_came_and_near_their_nominal_date(conn: Connection) -> None:
    ada, came = make.employee(conn), datetime(2026, 10, 5, 9)
    for constraint, facts in {
        "attendances_check_out_check": {"check_in": came, "check_out": came},
        "attendances_check_in_check": {"check_in": datetime(2026, 10, 8, 9)},
        "attendances_minutes_check": {"late_minutes": -1},
        "attendances_cover_up_for_employee_id_check": {"cover_up_for_employee_id": ada},
        "attendances_check_in_source_check": {"check_in_source": "hearsay"},
    }.items():
        refused(conn, CheckViolation, constraint, lambda facts=facts: attended(conn, ada, MONDAY, **facts))
    assert attended(conn, ada, MONDAY, check_in=came, check_out=datetime(2026, 10, 6, 1)) > 0
