"""Leave and away exceptions share one calendar; the plan is seen through both."""

from datetime import date, time
from typing import Any

from psycopg2.errors import CheckViolation, ExclusionViolation, UniqueViolation
from sqlalchemy import Connection, insert

from chalicelib.core.tables import exceptions, leave_requests
from tests import make
from tests.migrations.refusal import change, refused

MONDAY, TUESDAY, FRIDAY = date(2026, 10, 5), date(2026, 10, 6), date(2026, 10, 9)


def leave(conn: Connection, ada: int, first: date, last: date, **facts: Any) -> int:
    row = {"employee_id": ada, "leave_type": "Vacation", "start_date": first, "end_date": last, **facts}
    return conn.execute(insert(leave_requests).values(**row).returning(leave_requests.c.leave_id)).scalar_one()


def exception(conn: Connection, ada: int, first: date, last: date, **facts: Any) -> int:
    row = {"employee_id": ada, "exception_type": "Vacation", "start_date": first, "end_date": last, **facts}
    return conn.execute(insert(exceptions).values(**row).returning(exceptions.c.exception_id)).scalar_one()


def decide(conn: Connection, leave_id: int, status: str) -> None:
    change(conn, "UPDATE leave_requests SET status = :status WHERE leave_id = :id", status=status, id=leave_id)


def lived(conn: Connection, schedule_id: int) -> tuple[str, str, str, int | None]:
    """The effective code of a shift, its class and why."""
    found = change(
        conn,
        "SELECT effective_work_code, effective_class, why, why_id FROM effective_schedules WHERE schedule_id = :id",
        id=schedule_id,
    )
    return tuple(found[0])


def test_two_live_requests_of_one_person_never_overlap(conn: Connection) -> None:
    ada = make.employee(conn)
    leave(conn, ada, MONDAY, TUESDAY)
    # The last day is included.
    refused(conn, ExclusionViolation, "absences_no_overlap", lambda: leave(conn, ada, TUESDAY, FRIDAY))
    assert leave(conn, make.employee(conn), TUESDAY, FRIDAY) > 0


def test_a_request_that_was_cancelled_or_rejected_frees_its_days(conn: Connection) -> None:
    ada = make.employee(conn)
    first = leave(conn, ada, MONDAY, FRIDAY, status="Approved")
    decide(conn, first, "Cancelled")
    second = leave(conn, ada, MONDAY, FRIDAY)
    decide(conn, second, "Rejected")
    leave(conn, ada, MONDAY, FRIDAY)
    refused(conn, ExclusionViolation, "absences_no_overlap", lambda: decide(conn, first, "Approved"))
    assert len(change(conn, "SELECT 1 FROM absences WHERE employee_id = :ada", ada=ada)) == 1


def test_leave_and_a_vacation_exception_exclude_each_other_both_ways(conn: Connection) -> None:
    ada, bob = make.employee(conn), make.employee(conn)
    leave(conn, ada, MONDAY, FRIDAY)
    refused(conn, ExclusionViolation, "absences_no_overlap", lambda: exception(conn, ada, FRIDAY, FRIDAY))
    exception(conn, bob, MONDAY, FRIDAY, exception_type="Leave")
    refused(conn, ExclusionViolation, "absences_no_overlap", lambda: leave(conn, bob, FRIDAY, FRIDAY))


def test_an_exception_that_is_no_absence_stands_beside_leave(conn: Connection) -> None:
    ada = make.employee(conn)
    leave(conn, ada, MONDAY, FRIDAY)
    assert exception(conn, ada, MONDAY, FRIDAY, exception_type="Training") > 0
    assert exception(conn, ada, MONDAY, FRIDAY, status="Rejected") > 0


def test_a_request_whose_days_move_takes_its_absence_along(conn: Connection) -> None:
    ada = make.employee(conn)
    moved = leave(conn, ada, MONDAY, TUESDAY)
    change(conn, "UPDATE leave_requests SET start_date = :f, end_date = :f WHERE leave_id = :id", f=FRIDAY, id=moved)
    assert leave(conn, ada, MONDAY, TUESDAY) > 0
    refused(conn, ExclusionViolation, "absences_no_overlap", lambda: leave(conn, ada, FRIDAY, FRIDAY))


def test_an_absence_goes_with_the_request_it_came_from(conn: Connection) -> None:
    ada = make.employee(conn)
    gone = leave(conn, ada, MONDAY, FRIDAY)
    change(conn, "DELETE FROM leave_requests WHERE leave_id = :id", id=gone)
    assert change(conn, "SELECT 1 FROM absences WHERE employee_id = :ada", ada=ada) == []


def test_only_a_request_for_one_day_has_times(conn: Connection) -> None:
    ada = make.employee(conn)
    hours = {"start_time": time(9), "end_time": time(13)}
    for facts in ({"start_time": time(9)}, {"end_time": time(9)}):
        refused(
            conn,
            CheckViolation,
            "leave_requests_times_check",
            lambda facts=facts: leave(conn, ada, MONDAY, MONDAY, **facts),
        )
    refused(conn, CheckViolation, "leave_requests_times_check", lambda: leave(conn, ada, MONDAY, TUESDAY, **hours))
    refused(conn, CheckViolation, "leave_requests_end_date_check", lambda: leave(conn, ada, TUESDAY, MONDAY))
    assert leave(conn, ada, MONDAY, MONDAY, **hours) > 0


def test_without_a_layer_the_plan_holds(conn: Connection) -> None:
    shift = make.shift(conn, make.employee(conn), MONDAY)
    assert lived(conn, shift) == ("REG", "work", "plan", None)


def test_approved_leave_covers_the_plan_and_withdrawing_shows_it_again(conn: Connection) -> None:
    ada = make.employee(conn)
    asked = leave(conn, ada, MONDAY, TUESDAY)
    # Whether the sheet arrives before or after the approval makes no difference.
    shift = make.shift(conn, ada, TUESDAY, time(22), time(6))
    outside = make.shift(conn, ada, FRIDAY)
    assert lived(conn, shift) == ("REG", "work", "plan", None)
    decide(conn, asked, "Approved")
    assert lived(conn, shift) == ("VACATION", "away_planned", "leave", asked)
    assert lived(conn, outside) == ("REG", "work", "plan", None)
    decide(conn, asked, "Cancelled")
    assert lived(conn, shift) == ("REG", "work", "plan", None)


def test_sick_leave_is_unplanned(conn: Connection) -> None:
    ada = make.employee(conn)
    shift = make.shift(conn, ada, MONDAY)
    ill = leave(conn, ada, MONDAY, MONDAY, leave_type="Sick", status="Approved")
    assert lived(conn, shift) == ("SICK", "away_unplanned", "leave", ill)


def test_half_a_day_of_leave_does_not_change_the_days_code(conn: Connection) -> None:
    ada = make.employee(conn)
    shift = make.shift(conn, ada, MONDAY)
    leave(conn, ada, MONDAY, MONDAY, start_time=time(9), end_time=time(13), status="Approved")
    assert lived(conn, shift) == ("REG", "work", "plan", None)


def test_a_day_off_stays_a_day_off(conn: Connection) -> None:
    ada = make.employee(conn)
    off = make.shift(conn, ada, MONDAY, None, None)
    leave(conn, ada, MONDAY, FRIDAY, status="Approved")
    exception(conn, ada, MONDAY, MONDAY, exception_type="Training", status="Completed")
    assert lived(conn, off) == ("OFF", "off", "plan", None)


def test_a_processed_exception_lays_its_own_code_or_its_types_over_the_plan(conn: Connection) -> None:
    ada = make.employee(conn)
    shifts = [make.shift(conn, ada, day) for day in (MONDAY, TUESDAY)]
    trained = exception(conn, ada, MONDAY, MONDAY, exception_type="Training")
    assert lived(conn, shifts[0]) == ("REG", "work", "plan", None)
    change(conn, "UPDATE exceptions SET status = 'Completed' WHERE exception_id = :id", id=trained)
    nested = exception(conn, ada, TUESDAY, TUESDAY, exception_type="Nesting", work_code="NEST", status="Completed")
    assert lived(conn, shifts[0]) == ("TRAIN", "training", "exception", trained)
    assert lived(conn, shifts[1]) == ("NEST", "nesting", "exception", nested)


def test_leave_beats_an_exception(conn: Connection) -> None:
    ada = make.employee(conn)
    shift = make.shift(conn, ada, MONDAY)
    exception(conn, ada, MONDAY, MONDAY, exception_type="Training", status="Completed")
    ill = leave(conn, ada, MONDAY, MONDAY, leave_type="Sick", status="Approved")
    assert lived(conn, shift) == ("SICK", "away_unplanned", "leave", ill)


def test_a_shift_given_away_is_off_whatever_else_holds(conn: Connection) -> None:
    ada, bob = make.employee(conn), make.employee(conn)
    given = make.shift(conn, ada, MONDAY, given_away=True)
    taken = make.shift(conn, bob, MONDAY, origin="change", covers_schedule_id=given)
    leave(conn, ada, MONDAY, MONDAY, status="Approved")
    assert lived(conn, given) == ("OFF", "off", "given away", None)
    assert lived(conn, taken) == ("REG", "work", "change", None)


def test_one_shift_is_one_row_of_the_view(conn: Connection) -> None:
    ada = make.employee(conn)
    make.shift(conn, ada, MONDAY)
    exception(conn, ada, MONDAY, MONDAY, exception_type="Training", status="Completed")
    exception(conn, ada, MONDAY, TUESDAY, exception_type="Nesting", status="Completed")
    exception(conn, ada, MONDAY, FRIDAY, exception_type="Vacation", status="Completed")
    assert len(change(conn, "SELECT 1 FROM effective_schedules WHERE employee_id = :ada", ada=ada)) == 1


def test_of_two_changes_of_the_same_shift_one_is_approved(conn: Connection) -> None:
    ada, bob, cyd = (make.employee(conn) for _ in range(3))
    shift = make.shift(conn, ada, MONDAY)
    cover = """INSERT INTO schedule_changes
               (employee_id, schedule_id, replacement_id, schedule_date, change_type, status)
               VALUES (:ada, :shift, :other, '2026-10-05', 'Cover', 'Approved')"""
    change(conn, cover, ada=ada, shift=shift, other=bob)
    refused(
        conn,
        UniqueViolation,
        "schedule_changes_schedule_id_key",
        lambda: change(conn, cover, ada=ada, shift=shift, other=cyd),
    )
    refused(
        conn,
        CheckViolation,
        "schedule_changes_replacement_id_check",
        lambda: change(conn, cover, ada=ada, shift=shift, other=ada),
    )
