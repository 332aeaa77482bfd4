"""Many people at once, for what must cost the same however many they are."""

from datetime import date

from sqlalchemy import text

from tests import make


def crowd(first: int, last: int, day: date) -> None:
    """People with the ids `first` to `last`, of Support, with a shift of 09:00-17:00 on `day` and on the weekdays of
    the week before and after it; every tenth is on leave on `day`."""
    given = {"first": first, "last": last, "day": day}
    with make.written() as conn:
        for statement in (
            """INSERT INTO employees (employee_id, first_name, last_name, department, supervisor, hire_date)
            SELECT n, 'P' || n, 'Voss', 'Support', 'Grace Hopper', '2020-01-06'
            FROM generate_series(:first, :last) n""",
            """INSERT INTO assignments (employee_id, valid_from, department, supervisor)
            SELECT n, '2020-01-06', 'Support', 'Grace Hopper' FROM generate_series(:first, :last) n""",
            """INSERT INTO schedules
                (employee_id, nominal_date, start_date, start_time, stop_date, stop_time, work_code)
            SELECT n, d, d, '09:00', d, '17:00', 'REG'
            FROM generate_series(:first, :last) n,
                 LATERAL (SELECT CAST(:day AS date) + k AS d FROM generate_series(-7, 7) k) days
            WHERE extract(isodow FROM d) < 6""",
            """INSERT INTO leave_requests (employee_id, leave_type, start_date, end_date, status)
            SELECT n, 'Vacation', :day, :day, 'Approved' FROM generate_series(:first, :last) n WHERE n % 10 = 0""",
        ):
            conn.execute(text(statement), given)
