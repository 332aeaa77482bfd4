"""The demo floor: believable, the same for the same day, and within every rule of the schema."""

import secrets
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, text

from chalicelib.core import db
from chalicelib.core.errors import Conflict
from chalicelib.migrations import steps
from chalicelib.people.rules import date_problems
from chalicelib.routes import ALL
from local import demo, postgres
from local.demo.attendance import attendance
from local.demo.changes import changes, floor_notes
from local.demo.demand import forecasts
from local.demo.leave import absences
from local.demo.people import employee_row, everybody, plain
from local.demo.plan import plan
from local.demo.points import awards
from local.demo.window import Window
from tests import make
from tests.api import Api
from tests.conftest import PASSWORDS, administer

NOON = datetime(2026, 11, 18, 12, 30)
"""A Wednesday."""


def made(now: datetime) -> dict[str, list[Any]]:
    """Everything the demo is made of, without a database."""
    window = Window(now.date())
    people = everybody(window)
    planned = plan(people, window)
    away = absences(people, planned, window)
    return {
        "employees": [employee_row(one, window) for one in people],
        "schedules": [one.row() for one in planned],
        "leave": away.requests,
        "exceptions": away.exceptions,
        "attendance": attendance(planned, away, window, now),
        "changes": [(one.person.full_name, one.day, one.status) for one in changes(planned, away, window)],
        "awards": awards(people, window),
        "forecasts": forecasts(planned, window),
        "notes": floor_notes(people, window),
    }


@pytest.fixture(scope="module")
def engine(server: postgres.Server, migrated: str) -> Iterator[Engine]:
    """A database with the demo as of a Wednesday noon; loaded once, since it takes seconds, and never changed."""
    name = f"demo_{secrets.token_hex(4)}"
    administer(server, f"CREATE DATABASE {name} OWNER opsdb_owner TEMPLATE {migrated}")
    steps.bootstrap(server.admin_url, database=name, passwords={})
    made = db.make_engine(server.url("opsdb_app", PASSWORDS["opsdb_app"], name), statement_timeout_seconds=0)
    with made.begin() as conn:
        demo.load(conn, now=NOON)
    yield made
    made.dispose()
    administer(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def floor(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as conn:
        yield conn


def count(conn: Connection, question: str) -> int:
    return int(conn.execute(text(f"SELECT count(*) FROM {question}")).scalar_one())


def test_the_same_day_gives_the_same_floor() -> None:
    assert made(NOON) == made(NOON)


def test_the_next_day_has_the_same_people_and_the_same_plan() -> None:
    today, tomorrow = made(NOON), made(datetime(2026, 11, 19, 12, 30))
    assert [one["employee_id"] for one in today["employees"]] == [one["employee_id"] for one in tomorrow["employees"]]
    assert today["schedules"] == tomorrow["schedules"]


def test_the_time_of_day_decides_only_how_much_has_happened() -> None:
    noon, evening = made(NOON)["attendance"], made(NOON.replace(hour=20))["attendance"]
    assert len(noon) < len(evening)
    before = [one for one in noon if one["date"] < date(2026, 11, 17)]
    assert before == [one for one in evening if one["date"] < date(2026, 11, 17)]


@pytest.mark.parametrize(
    "now", [datetime(2026, 1, 1, 0, 0), datetime(2026, 3, 29, 3, 0), datetime(2028, 2, 29, 23, 59)]
)
def test_nothing_is_clocked_in_the_future(now: datetime) -> None:
    rows = made(now)["attendance"]
    assert rows
    clocked = [row[edge] for row in rows for edge in ("check_in", "check_out") if row[edge] is not None]
    assert max(clocked) <= now


def test_at_any_hour_somebody_at_work_is_not_marked_yet() -> None:
    window = Window(NOON.date())
    people = everybody(window)
    planned = plan(people, window)
    away = absences(people, planned, window)
    for hour in range(24):
        now = NOON.replace(hour=hour)
        on_record = {(row["employee_id"], row["date"]) for row in attendance(planned, away, window, now)}
        working = [one for one in planned if one.begins and one.ends and one.begins <= now < one.ends]
        assert any((one.person.employee_id, one.day) not in on_record for one in working), hour


def test_there_are_300_people_with_different_names_and_possible_dates() -> None:
    people = made(NOON)["employees"]
    assert len({plain(f"{one['first_name']} {one['last_name']}") for one in people}) == 300
    assert len({one["company_email"] for one in people}) == 300
    assert [date_problems(one) for one in people] == [[]] * 300


def test_lateness_is_rare_with_a_long_tail() -> None:
    came = [row["late_minutes"] for row in made(NOON)["attendance"] if row["late_minutes"] is not None]
    late = sorted(minutes for minutes in came if minutes)
    assert 0.02 < len(late) / len(came) < 0.12
    assert late[0] > 5
    assert late[-1] > 3 * late[len(late) // 2]


def test_weeks_are_whole_and_lie_around_today(floor: Connection) -> None:
    first, last = floor.execute(text("SELECT min(nominal_date), max(nominal_date) FROM schedules")).one()
    assert (first, last) == (date(2026, 10, 19), date(2026, 12, 13))


def test_a_floor_has_everything_that_the_console_shows(floor: Connection) -> None:
    assert count(floor, "employees") == 300
    assert count(floor, "employees WHERE status = 'Inactive'") == 7
    assert count(floor, "employments WHERE last_day < '2026-11-18' AND reason IS NOT NULL") == 7
    assert count(floor, "(SELECT DISTINCT department FROM employees) d") == 5
    assert count(floor, "(SELECT DISTINCT status FROM leave_requests) s") == 4
    assert count(floor, "(SELECT DISTINCT status FROM exceptions) s") == 3
    assert count(floor, "schedule_changes WHERE status = 'Pending'") >= 5
    assert count(floor, "attendances WHERE cover_up_for_employee_id IS NOT NULL") >= 3
    for table in ("holidays", "floor_notes", "leave_allowances", "requirements", "forecasts", "reward_reasons"):
        assert count(floor, table) > 0, table


def test_night_shifts_end_on_the_day_after(floor: Connection) -> None:
    assert count(floor, "schedules WHERE work_code = 'NIGHT'") > 500
    assert count(floor, "schedules WHERE work_code = 'NIGHT' AND stop_date <> nominal_date + 1") == 0


def test_five_days_on_are_followed_by_two_off(floor: Connection) -> None:
    off = count(floor, "schedules WHERE work_code IN ('OFF', 'OT')")
    assert 0.27 < off / count(floor, "schedules") < 0.3


def test_nobody_rests_less_than_eleven_hours(floor: Connection) -> None:
    short = """(SELECT start_date + start_time - lag(stop_date + stop_time) OVER (
                    PARTITION BY employee_id ORDER BY start_date + start_time) AS rest
                FROM schedules WHERE start_time IS NOT NULL) s WHERE rest < interval '11 hours'"""
    assert count(floor, short) == 0


def test_nobody_works_outside_their_employment(floor: Connection) -> None:
    outside = "s JOIN employees e USING (employee_id) WHERE {day} < hire_date OR {day} > attrition_date"
    assert count(floor, "schedules " + outside.format(day="nominal_date")) == 0
    assert count(floor, "attendances " + outside.format(day="date")) == 0


def test_nobody_on_approved_leave_clocks_in(floor: Connection) -> None:
    clocked = """attendances a JOIN leave_requests l USING (employee_id)
                 WHERE a.date BETWEEN l.start_date AND l.end_date AND l.status = 'Approved'
                   AND l.start_time IS NULL AND a.check_in IS NOT NULL"""
    assert count(floor, clocked) == 0


def test_nobody_decides_for_themselves(floor: Connection) -> None:
    for table, column in (
        ("leave_requests", "approved_by"),
        ("employee_rewards", "awarded_by"),
        ("employee_reward_redemptions", "approved_by"),
        ("exceptions", "processed_by"),
        ("schedule_changes", "decided_by"),
    ):
        assert count(floor, f"{table} t JOIN employees e USING (employee_id) WHERE t.{column} = e.full_name") == 0, (
            table
        )


def test_balances_never_fall_below_zero(floor: Connection) -> None:
    assert count(floor, "point_balances") > 100
    assert count(floor, "point_balances WHERE point_balance < 0") == 0
    assert count(floor, "employee_rewards WHERE reverses IS NOT NULL") >= 2


def test_every_dropdown_value_is_an_active_option(floor: Connection) -> None:
    for table, column, category in (
        ("employees", "department", "department"),
        ("employees", "role", "role"),
        ("employees", "shift", "shift"),
        ("schedules", "work_code", "work_code"),
        ("attendances", "exception_type", "attendance_type"),
        ("leave_requests", "leave_type", "leave_type"),
        ("exceptions", "exception_type", "exception_type"),
        ("exceptions", "work_code", "work_code"),
        ("employee_reward_redemptions", "redemption_type", "redemption_type"),
    ):
        unknown = f"""{table} t WHERE {column} IS NOT NULL AND NOT EXISTS (SELECT FROM admin_options o
                      WHERE o.category = '{category}' AND o.value = t.{column} AND o.is_active)"""
        assert count(floor, unknown) == 0, (table, column)


def test_every_supervisor_and_manager_is_an_employee(floor: Connection) -> None:
    assert count(floor, "assignments WHERE supervisor IS NOT NULL AND supervisor_id IS NULL") == 0
    assert count(floor, "assignments WHERE manager IS NOT NULL AND manager_id IS NULL") == 0
    moved = "(SELECT FROM assignments GROUP BY employee_id HAVING count(DISTINCT supervisor_id) > 1) m"
    assert count(floor, moved) == 10


def test_the_audit_names_the_demo(floor: Connection) -> None:
    assert count(floor, "audit_log WHERE table_name = 'schedules' AND actor <> 'command:demo'") == 0
    assert count(floor, "audit_log WHERE actor = 'command:demo'") > 10_000


def test_a_second_load_is_refused_and_changes_nothing(floor: Connection, engine: Engine) -> None:
    before = count(floor, "audit_log")
    with pytest.raises(Conflict, match="employees in this database already"), engine.begin() as conn:
        demo.load(conn, now=NOON)
    assert count(floor, "audit_log") == before


NEEDED = {"/employees/search": {"q": "a"}, "/schedules/coverage": {"date": "2026-11-18"}}
"""What a list cannot do without."""
NO_LIST = {"/schedule_changes/verdict"}
"""Asks about shifts of certain people."""


def test_every_list_of_the_api_can_show_the_floor(api: Api) -> None:
    with make.written() as conn:
        demo.load(conn, now=NOON)
    lists = [one for feature in ALL for one in feature.declared if one.method == "GET" and "{" not in one.path]
    lists = [one for one in lists if one.path not in NO_LIST]
    answers = {one.path: api.get(one.path, **NEEDED.get(one.path, {})).status for one in lists}
    assert {path: status for path, status in answers.items() if status != 200} == {}
