"""Leaving: what ends with somebody's last day, by night and at once, and what of theirs goes back to others."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.changes import routes as changes
from chalicelib.core import auth, db
from chalicelib.people import leaving, leaving_queries, routes
from tests import make
from tests.api import Api
from tests.conftest import Site

TODAY = date(2026, 10, 5)
LAST = TODAY - timedelta(1)
NOW = datetime(2026, 10, 5, 0, 30, tzinfo=UTC)
MONDAY = TODAY + timedelta(7)
TUESDAY = MONDAY + timedelta(1)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "today", lambda: TODAY)
    monkeypatch.setattr(changes, "now", lambda: datetime.combine(TODAY, time(12), UTC))


def rows(statement: str, **given: Any) -> list[tuple[Any, ...]]:
    with db.reading() as conn:
        return [tuple(row) for row in conn.execute(text(statement), given)]


def write(statement: str, **given: Any) -> None:
    with make.written() as conn:
        conn.execute(text(statement), given)


def person(name: str = "Ada", **facts: Any) -> int:
    with make.written() as conn:
        return make.employee(conn, first_name=name, last_name="Voss", **facts)


def shift(employee_id: int, day: date, *times: time) -> int:
    with make.written() as conn:
        return make.shift(conn, employee_id, day, *times)


def leaves(employee_id: int, day: date = LAST) -> None:
    write("UPDATE employees SET attrition_date = :day WHERE employee_id = :id", id=employee_id, day=day)


def run() -> int:
    return leaving.end_employments(now=NOW, today=TODAY)


def plan(employee_id: int) -> list[tuple[Any, ...]]:
    return rows(
        """SELECT nominal_date, given_away, change_id, covers_schedule_id FROM schedules
        WHERE employee_id = :id ORDER BY 1""",
        id=employee_id,
    )


def approved(api: Api, kind: str, giver: int, taker: int, day: date, **more: Any) -> int:
    asked = {"change_type": kind, "employee_id": giver, "replacement_id": taker, "schedule_date": str(day), **more}
    change_id: int = api.post("/schedule_changes", asked).body["change"]["change_id"]
    assert api.post(f"/schedule_changes/{change_id}/approve", {}).status == 200
    return change_id


def statuses() -> list[tuple[Any, ...]]:
    return rows("SELECT change_id, status FROM schedule_changes ORDER BY 1")


def everything_of(ada: int, bea: int) -> None:
    """What is asked for, and every way in."""
    given = {"ada": ada, "bea": bea, "day": MONDAY}
    with make.written() as conn:
        auth.create_key(conn, name="hers", role="viewer", employee_id=ada)
    write("INSERT INTO users (username, employee_id) VALUES ('ada', :ada)", **given)
    write("INSERT INTO calendar_feeds (employee_id, secret_hash) VALUES (:ada, 'x')", **given)
    for status, days in (("Pending", 0), ("Approved", 5)):
        day = MONDAY + timedelta(days)
        write(
            "INSERT INTO leave_requests (employee_id, leave_type, start_date, end_date, status)"
            " VALUES (:ada, 'Vacation', :day, :day, :status)",
            **{**given, "day": day, "status": status},
        )
    write(
        "INSERT INTO exceptions (employee_id, exception_type, start_date, end_date)"
        " VALUES (:ada, 'Training', :day, :day)",
        **given,
    )
    write(
        "INSERT INTO schedule_changes (employee_id, schedule_id, replacement_id, schedule_date, change_type)"
        " VALUES (:bea, 1, :ada, :day, 'Cover')",
        **given,
    )
    write(
        "INSERT INTO employee_rewards (employee_id, points, date_awarded, awarded_by) VALUES (:ada, 50, :day, 'test')",
        **given,
    )
    for status in ("Pending", "Approved"):
        write(
            "INSERT INTO employee_reward_redemptions (employee_id, points_redeemed, redemption_date, redemption_type,"
            " status) VALUES (:ada, 20, :day, 'Donation', :status)",
            **{**given, "status": status},
        )


def ended(ada: int) -> list[Any]:
    asked = {
        "status": "SELECT status FROM employees WHERE employee_id = :id",
        "stay": "SELECT last_day FROM employments WHERE employee_id = :id",
        "keys": "SELECT revoked_at IS NOT NULL FROM api_keys WHERE employee_id = :id",
        "users": "SELECT is_active FROM users WHERE employee_id = :id",
        "feeds": "SELECT revoked_at IS NOT NULL FROM calendar_feeds WHERE employee_id = :id",
        "leave": "SELECT status FROM leave_requests WHERE employee_id = :id ORDER BY leave_id",
        "exceptions": "SELECT status FROM exceptions WHERE employee_id = :id",
        "changes": "SELECT status FROM schedule_changes WHERE replacement_id = :id",
        "points": "SELECT status FROM employee_reward_redemptions WHERE employee_id = :id ORDER BY redemption_id",
    }
    return [[row[0] for row in rows(statement, id=ada)] for statement in asked.values()]


ASKED = ["Pending", "Approved"]
STAYS = [["Active"], [None], [False], [True], [False], ASKED, ["Pending"], ["Pending"], ASKED]
CANCELLED, REJECTED = ["Cancelled", "Approved"], ["Rejected", "Approved"]
GONE = [["Inactive"], [LAST], [True], [False], [True], CANCELLED, ["Rejected"], ["Cancelled"], REJECTED]


def test_on_the_last_day_nothing_ends_and_after_it_everything_once(site: Site) -> None:
    ada, bea = person(), person("Bea")
    everything_of(ada, bea)
    for day in (LAST, MONDAY):
        shift(ada, day)
    leaves(ada, TODAY)
    assert (run(), ended(ada)) == (0, STAYS)
    leaves(ada)
    assert (run(), ended(ada)) == (1, GONE)
    assert [day for day, *_ in plan(ada)] == [LAST]
    written = rows("SELECT count(*) FROM audit_log")
    assert run() == 0
    assert rows("SELECT count(*) FROM audit_log") == written
    audited = rows("SELECT DISTINCT table_name FROM audit_log WHERE actor = 'schedule:end_employments'")
    assert {table for [table] in audited} == {
        "absences",
        "api_keys",
        "calendar_feeds",
        "employee_reward_redemptions",
        "employees",
        "employments",
        "exceptions",
        "leave_requests",
        "schedule_changes",
        "schedules",
        "users",
    }


def test_a_last_day_that_is_told_late_ends_everything_at_once(api: Api) -> None:
    ada, bea = person(), person("Bea")
    everything_of(ada, bea)
    shift(ada, MONDAY)
    answer = api.put(f"/employees/{ada}", {"attrition_date": str(LAST)})
    assert (answer.body["status"], ended(ada), plan(ada)) == ("Inactive", GONE, [])
    coming = api.put(f"/employees/{bea}", {"attrition_date": str(TODAY)})
    assert coming.body["status"] == "Active"


def test_a_cover_they_took_over_is_the_givers_shift_again(api: Api) -> None:
    ada, bea = person(), person("Bea")
    mine = shift(ada, MONDAY)
    change = approved(api, "Cover", ada, bea, MONDAY)
    assert [one[1] for one in plan(ada)] == [True]
    leaves(bea)
    run()
    assert rows("SELECT schedule_id, given_away FROM schedules") == [(mine, False)]
    assert statuses() == [(change, "Cancelled")]


def test_where_the_giver_works_something_else_by_now_the_shift_stays_given_away(api: Api) -> None:
    ada, bea = person(), person("Bea")
    shift(ada, MONDAY)
    change = approved(api, "Cover", ada, bea, MONDAY)
    shift(ada, MONDAY, time(12), time(20))
    leaves(bea)
    run()
    assert sorted(one[1] for one in plan(ada)) == [False, True]
    assert (plan(bea), statuses()) == ([], [(change, "Cancelled")])


def test_a_shift_that_somebody_covers_for_them_is_worked_still(api: Api) -> None:
    ada, bea = person(), person("Bea")
    mine = shift(ada, MONDAY)
    change = approved(api, "Cover", ada, bea, MONDAY)
    leaves(ada)
    run()
    assert plan(bea) == [(MONDAY, False, change, mine)]
    assert statuses() == [(change, "Approved")]
    assert plan(ada) == [(MONDAY, True, change, None)]


def test_a_swap_to_come_is_taken_back_whole(api: Api) -> None:
    ada, bea = person(), person("Bea")
    shift(ada, MONDAY), shift(bea, TUESDAY)
    change = approved(api, "Swap", ada, bea, MONDAY, replacement_date=str(TUESDAY))
    leaves(ada)
    run()
    assert (plan(ada), plan(bea)) == ([], [(TUESDAY, False, None, None)])
    assert statuses() == [(change, "Cancelled")]


def test_somebody_hired_again_is_left_alone(api: Api) -> None:
    ada = person()
    leaves(ada)
    assert run() == 1
    api.put(f"/employees/{ada}", {"hire_date": str(TODAY), "attrition_date": None, "status": "Active"})
    shift(ada, MONDAY)
    assert run() == 0
    assert [one[0] for one in plan(ada)] == [MONDAY]
    assert rows("SELECT hire_date, last_day FROM employments ORDER BY 1") == [(date(2025, 1, 6), LAST), (TODAY, None)]


class Killed(BaseException):
    pass


def test_killed_anywhere_a_person_has_left_or_not_and_the_next_run_goes_on(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [person(name) for name in ("Ada", "Bea", "Cleo")]
    for one in people:
        shift(one, MONDAY)
        leaves(one)
    steps = ("take_shifts", "cancel_changes", "cancel_pending", "shut_out", "end_employment")
    for step in steps:
        with monkeypatch.context() as patch:
            patch.setattr(leaving_queries, step, dying(getattr(leaving_queries, step), people[1]))
            with pytest.raises(Killed):
                run()
        assert [len(plan(one)) for one in people] == [0, 1, 1]
    assert (run(), run()) == (2, 0)
    assert [plan(one) for one in people] == [[], [], []]


def dying(step: Any, employee_id: int) -> Any:
    def die(conn: Any, **given: Any) -> Any:
        done = step(conn, **given)
        if given["employee_id"] == employee_id:
            raise Killed
        return done

    return die
