"""People: addresses, assignments and employments that cannot contradict each other, ids that stay."""

from datetime import date

import pytest
from psycopg2.errors import CheckViolation, ExclusionViolation, ForeignKeyViolation, UniqueViolation
from sqlalchemy import Connection

from tests import make
from tests.migrations.refusal import change, refused


def test_an_address_is_one_persons_however_it_is_written(conn: Connection) -> None:
    make.employee(conn, company_email="Ada@opsdb.example")
    refused(
        conn,
        UniqueViolation,
        "employees_company_email_key",
        lambda: make.employee(conn, company_email="ada@OPSDB.example"),
    )


def test_any_number_of_people_have_no_address(conn: Connection) -> None:
    assert make.employee(conn, company_email=None) != make.employee(conn, company_email=None)


def test_a_name_is_made_of_what_is_there(conn: Connection) -> None:
    make.employee(conn, first_name="Ada", last_name=None)
    make.employee(conn, first_name=None, last_name="Lovelace")
    assert [row.full_name for row in change(conn, "SELECT full_name FROM employees ORDER BY 1")] == ["Ada", "Lovelace"]
    refused(
        conn, CheckViolation, "employees_full_name_check", lambda: make.employee(conn, first_name=" ", last_name=None)
    )


def test_everybody_ever_here_is_remembered(conn: Connection) -> None:
    ada = make.employee(conn)
    change(conn, "DELETE FROM employees WHERE employee_id = :ada", ada=ada)
    assert [row.employee_id for row in change(conn, "SELECT employee_id FROM people")] == [ada]
    refused(
        conn,
        ForeignKeyViolation,
        "schedules_employee_id_fkey",
        lambda: change(
            conn,
            "INSERT INTO schedules (employee_id, nominal_date, start_date, stop_date, work_code)"
            " VALUES (1, '2026-10-05', '2026-10-05', '2026-10-05', 'OFF')",
        ),
    )


def test_somebody_is_in_one_assignment_at_a_time(conn: Connection) -> None:
    ada = make.employee(conn)
    more = "INSERT INTO assignments (employee_id, valid_from, valid_to) VALUES (:ada, :first, :last)"
    refused(
        conn,
        ExclusionViolation,
        "assignments_no_overlap",
        lambda: change(conn, more, ada=ada, first=date(2026, 1, 1), last=None),
    )
    change(conn, "UPDATE assignments SET valid_to = '2026-01-01' WHERE employee_id = :ada", ada=ada)
    change(conn, more, ada=ada, first=date(2026, 1, 1), last=None)
    refused(
        conn,
        CheckViolation,
        "assignments_valid_to_check",
        lambda: change(conn, more, ada=ada, first=date(2020, 1, 2), last=date(2020, 1, 2)),
    )
    assert change(conn, "SELECT count(*) FROM assignments WHERE employee_id = :ada", ada=ada)[0][0] == 2


def test_an_employment_ends_before_the_next_begins(conn: Connection) -> None:
    ada = make.employee(conn, hire_date=date(2025, 1, 6))
    more = "INSERT INTO employments (employee_id, hire_date) VALUES (:ada, :day)"
    refused(
        conn, ExclusionViolation, "employments_no_overlap", lambda: change(conn, more, ada=ada, day=date(2026, 1, 5))
    )
    change(conn, "UPDATE employments SET last_day = '2025-12-31' WHERE employee_id = :ada", ada=ada)
    # The last day is still worked.
    refused(
        conn, ExclusionViolation, "employments_no_overlap", lambda: change(conn, more, ada=ada, day=date(2025, 12, 31))
    )
    change(conn, more, ada=ada, day=date(2026, 1, 1))
    assert change(conn, "SELECT count(*) FROM employments")[0][0] == 2


@pytest.mark.parametrize(
    ("constraint", "assignment"),
    [
        ("employees_status_check", "status = 'Retired'"),
        ("employees_attrition_date_check", "attrition_date = hire_date - 1"),
        ("employees_tier_check", "tier = -1"),
    ],
)
def test_an_employee_that_makes_no_sense_is_refused_from_everywhere(
    conn: Connection, constraint: str, assignment: str
) -> None:
    make.employee(conn)
    refused(conn, CheckViolation, constraint, lambda: change(conn, f"UPDATE employees SET {assignment}"))


def test_a_dropdown_value_is_tidy_unique_and_classed_where_figures_need_it(conn: Connection) -> None:
    more = "INSERT INTO admin_options (category, value, class) VALUES (:category, :value, :class)"
    for error, constraint, row in [
        (UniqueViolation, "admin_options_category_value_key", ("shift", "Night", None)),
        (CheckViolation, "admin_options_value_check", ("shift", " Late ", None)),
        (CheckViolation, "admin_options_value_check", ("shift", "", None)),
        (CheckViolation, "admin_options_class_needed_check", ("work_code", "STANDBY", None)),
        (CheckViolation, "admin_options_class_check", ("work_code", "STANDBY", "waiting")),
        (CheckViolation, "admin_options_category_check", ("mood", "good", None)),
    ]:
        given = dict(zip(("category", "value", "class"), row, strict=True))
        refused(conn, error, constraint, lambda given=given: change(conn, more, **given))
    change(conn, more, category="work_code", value="STANDBY", **{"class": "work"})
    assert change(conn, "SELECT class FROM admin_options WHERE value = 'STANDBY'")[0][0] == "work"


def test_a_holiday_for_everybody_is_there_once_a_day(conn: Connection) -> None:
    more = "INSERT INTO holidays (date, name, department) VALUES ('2026-12-25', 'Christmas', :department)"
    change(conn, more, department=None)
    change(conn, more, department="Support")
    refused(conn, UniqueViolation, "holidays_date_department_key", lambda: change(conn, more, department=None))


def test_accents_and_case_are_folded_in_a_search(conn: Connection) -> None:
    assert change(conn, "SELECT folded('Þórsdóttir Çağla ŁUKASZ')")[0][0] == "thorsdottir cagla lukasz"
