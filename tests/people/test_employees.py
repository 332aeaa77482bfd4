"""Employees over HTTP: joining, changing, going by mistake and coming back."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.core import auth, db
from chalicelib.people import routes
from tests import make
from tests.api import Api
from tests.conftest import Site

TODAY = date(2026, 10, 5)
ADA = {"employee_id": 41031748911, "first_name": "Ada", "last_name": "Lovelace"}
PATH = "/employees/41031748911"


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "today", lambda: TODAY)


def rows(statement: str, **given: Any) -> list[tuple[Any, ...]]:
    with db.reading() as conn:
        return [tuple(row) for row in conn.execute(text(statement), given)]


def assignments() -> list[tuple[Any, ...]]:
    return rows("SELECT valid_from, valid_to, department, supervisor FROM assignments ORDER BY valid_from")


def employments() -> list[tuple[Any, ...]]:
    return rows("SELECT hire_date, last_day FROM employments ORDER BY hire_date")


def options(category: str, *values: str) -> None:
    with make.written() as conn:
        make.options(conn, category, *values)


def test_somebody_who_joins_is_active_assigned_and_employed_from_the_day_of_hire(api: Api) -> None:
    options("department", "Support")
    made = api.post("/employees", {**ADA, "hire_date": "2026-09-01", "department": "Support", "tier": 2})
    assert made.status == 201
    assert (made.body["full_name"], made.body["status"], made.body["point_balance"]) == ("Ada Lovelace", "Active", 0)
    assert api.get(PATH).body == made.body
    assert assignments() == [(date(2026, 9, 1), None, "Support", None)]
    assert employments() == [(date(2026, 9, 1), None)]


def test_without_a_day_of_hire_they_join_today(api: Api) -> None:
    assert api.post("/employees", ADA).body["hire_date"] == "2026-10-05"


def test_names_lose_spaces_that_nobody_sees(api: Api) -> None:
    made = api.post("/employees", {**ADA, "first_name": "  Ada  Mary ", "last_name": "Lovelac\u0065\u0301"})
    assert (made.body["first_name"], made.body["last_name"]) == ("Ada Mary", "Lovelac\u00e9")
    assert api.put(PATH, {"supervisor": " Grace   Hopper "}).body["supervisor"] == "Grace Hopper"


def test_a_name_of_spaces_is_no_name(api: Api) -> None:
    answer = api.post("/employees", {**ADA, "first_name": " ", "last_name": "\u00a0"})
    assert answer.status == 400
    assert [problem.partition(":")[0] for problem in answer.errors] == ["first_name", "last_name"]


def test_the_longest_id_that_can_be_given_can_also_be_asked_for(api: Api) -> None:
    longest = 2**53 - 1
    assert api.post("/employees", {**ADA, "employee_id": longest}).status == 201
    assert api.get(f"/employees/{longest}").body["employee_id"] == longest
    assert api.post("/employees", {**ADA, "employee_id": longest + 1}).status == 400
    assert api.get(f"/employees/{longest}0").status == 404


def test_an_id_and_an_address_belong_to_one_person(api: Api) -> None:
    api.post("/employees", {**ADA, "company_email": "ada@opsdb.example"})
    again = api.post("/employees", ADA)
    assert (again.status, again.errors) == (409, ["employee_id: is already an employee"])
    other = api.post("/employees", {**ADA, "employee_id": 7, "company_email": "ADA@opsdb.example"})
    assert (other.status, other.errors) == (409, ["company_email: belongs to another employee"])
    assert api.get("/employees").body["total"] == 1
    assert rows("SELECT count(*) FROM people") == [(1,)]


def test_an_unknown_dropdown_value_names_the_nearest(api: Api) -> None:
    options("department", "Customer Support", "Sales")
    options("role", "Agent")
    answer = api.post("/employees", {**ADA, "department": "Custmer Support", "role": "Pilot", "shift": "night"})
    assert (answer.status, answer.errors) == (
        400,
        [
            "department: Custmer Support: did you mean Customer Support?",
            "role: Pilot: must be one of: Agent",
            "shift: night: did you mean Night?",
        ],
    )
    changed = api.post("/employees", ADA)
    assert changed.status == 201
    assert api.put(PATH, {"department": "Sails"}).errors == ["department: Sails: did you mean Sales?"]


def test_a_retired_dropdown_value_cannot_be_chosen_and_stays_with_those_who_have_it(api: Api) -> None:
    options("department", "Support")
    api.post("/employees", {**ADA, "department": "Support"})
    with make.written() as conn:
        conn.execute(text("UPDATE admin_options SET is_active = false WHERE value = 'Support'"))
    assert api.put(PATH, {"department": "Support"}).errors == ["department: Support: no value is set up yet"]
    assert api.put(PATH, {"batch": "2026-10"}).body["department"] == "Support"


def test_dates_that_contradict_each_other_are_named_together(api: Api) -> None:
    options("department", "Support")
    answer = api.post(
        "/employees",
        {**ADA, "phase_1_date": "2026-03-01", "phase_2_date": "2026-02-01", "phase_3_date": "2026-01-01", "shift": "x"},
    )
    assert [problem.partition(":")[0] for problem in answer.errors] == ["phase_2_date", "phase_3_date", "shift"]
    api.post("/employees", {**ADA, "hire_date": "2026-09-01", "phase_1_date": "2026-09-10"})
    late = api.put(PATH, {"phase_2_date": "2026-09-09"})
    assert late.errors == ["phase_2_date: must not be before phase_1_date (2026-09-10), got 2026-09-09"]
    left = api.put(PATH, {"attrition_date": "2026-08-31"})
    assert left.errors == ["attrition_date: must not be before hire_date (2026-09-01), got 2026-08-31"]


def test_a_field_that_is_not_sent_stays_and_null_empties_it(api: Api) -> None:
    api.post("/employees", {**ADA, "batch": "2026-01", "agent_id": "A1"})
    changed = api.put(PATH, {"batch": None}).body
    assert (changed["batch"], changed["agent_id"]) == (None, "A1")
    assert api.put(PATH, {"first_name": None}).status == 400
    assert api.put(PATH, {}).body == api.get(PATH).body


def test_a_move_closes_an_assignment_and_opens_the_next_on_its_effective_date(api: Api) -> None:
    options("department", "Support", "Sales", "Claims")
    api.post("/employees", {**ADA, "hire_date": "2026-01-05", "department": "Support"})
    api.put(PATH, {"department": "Sales", "effective_date": "2026-06-15"})
    api.put(PATH, {"department": "Claims"})
    history = [
        (date(2026, 1, 5), date(2026, 6, 15), "Support", None),
        (date(2026, 6, 15), TODAY, "Sales", None),
        (TODAY, None, "Claims", None),
    ]
    assert assignments() == history
    # On the same day it is a correction, and what is no assignment leaves it alone.
    api.put(PATH, {"department": "Sales"})
    api.put(PATH, {"batch": "2026-02", "effective_date": "2026-10-06"})
    assert assignments() == [*history[:2], (TODAY, None, "Sales", None)]


def test_a_move_cannot_reach_behind_the_assignment_it_changes(api: Api) -> None:
    options("department", "Support")
    api.post("/employees", {**ADA, "hire_date": "2026-01-05"})
    answer = api.put(PATH, {"department": "Support", "effective_date": "2026-01-04"})
    assert answer.errors == [
        "effective_date: must not be before 2026-01-05, when the current assignment began; got 2026-01-04"
    ]
    assert api.get(PATH).body["department"] is None


def test_a_supervisor_is_linked_when_exactly_one_employee_has_the_name(api: Api) -> None:
    for number, name in enumerate(("Grace Hopper", "Jo Doe", "Jo Doe"), start=1):
        first, last = name.split()
        api.post("/employees", {"employee_id": number, "first_name": first, "last_name": last})
    for number, supervisor in ((11, "grace HOPPER"), (12, "Jo Doe"), (13, "Nobody Here")):
        api.post("/employees", {**ADA, "employee_id": number, "supervisor": supervisor})
    linked = "SELECT employee_id, supervisor_id FROM assignments WHERE supervisor IS NOT NULL ORDER BY 1"
    assert rows(linked) == [(11, 1), (12, None), (13, None)]


def test_people_may_supervise_themselves_in_the_data(api: Api) -> None:
    assert api.post("/employees", {**ADA, "supervisor": "Ada Lovelace"}).status == 201
    api.put(PATH, {"supervisor": "Ada Lovelace", "tier": 1})
    assert rows("SELECT supervisor_id FROM assignments") == [(41031748911,)]


def test_leaving_ends_the_employment_and_coming_again_opens_another(api: Api) -> None:
    api.post("/employees", {**ADA, "hire_date": "2025-01-06"})
    api.put(PATH, {"attrition_date": "2026-03-31", "status": "Inactive"})
    assert employments() == [(date(2025, 1, 6), date(2026, 3, 31))]
    again = api.put(PATH, {"hire_date": "2026-09-01", "attrition_date": None, "status": "Active"})
    assert again.status == 200
    assert employments() == [(date(2025, 1, 6), date(2026, 3, 31)), (date(2026, 9, 1), None)]


def test_a_day_of_hire_that_was_wrong_is_corrected_in_the_employment_too(api: Api) -> None:
    api.post("/employees", {**ADA, "hire_date": "2025-01-06"})
    api.put(PATH, {"hire_date": "2025-01-13"})
    assert employments() == [(date(2025, 1, 13), None)]
    api.put(PATH, {"attrition_date": "2026-03-31"})
    assert employments() == [(date(2025, 1, 13), date(2026, 3, 31))]
    api.put(PATH, {"attrition_date": None})
    assert employments() == [(date(2025, 1, 13), None)]


def test_a_status_is_one_of_three(api: Api) -> None:
    api.post("/employees", ADA)
    assert api.put(PATH, {"status": "Inactiv"}).errors == ["status: Inactiv: did you mean Inactive?"]
    assert api.put(PATH, {"status": "On Leave"}).body["status"] == "On Leave"


def test_a_mistake_goes_to_history_with_the_future_and_both_come_back(api: Api) -> None:
    options("department", "Support")
    api.post("/employees", {**ADA, "hire_date": "2026-01-05", "department": "Support", "company_email": "a@b.example"})
    before = api.get(PATH).body
    with make.written() as conn:
        for days in (-1, 0, 1, 2):
            make.shift(conn, ADA["employee_id"], TODAY + timedelta(days=days))
    planned = rows("SELECT * FROM schedules ORDER BY schedule_id")
    gone = api.delete(PATH, reason="entered twice")
    assert (gone.status, gone.body) == (200, {"employee_id": 41031748911, "archived_date": "2026-10-05"})
    assert api.get(PATH).status == 404
    assert rows("SELECT nominal_date FROM schedules ORDER BY 1") == [(TODAY - timedelta(days=1),), (TODAY,)]
    assert rows("SELECT reason, department, jsonb_array_length(future_schedule) FROM employees_history") == [
        ("entered twice", "Support", 2)
    ]
    back = api.post(f"{PATH}/restore")
    assert (back.status, {**back.body, "updated_at": ""}) == (200, {**before, "updated_at": ""})
    assert rows("SELECT * FROM schedules ORDER BY schedule_id") == planned
    assert assignments() == [(date(2026, 1, 5), None, "Support", None)]
    assert employments() == [(date(2026, 1, 5), None)]


def test_what_came_back_is_not_brought_back_twice(api: Api) -> None:
    api.post("/employees", ADA)
    api.delete(PATH)
    assert api.post(f"{PATH}/restore").status == 200
    twice = api.post(f"{PATH}/restore")
    assert (twice.status, twice.errors) == (
        409,
        ["employee_id: 41031748911 is an employee; there is nothing to restore"],
    )
    assert api.delete(PATH).status == 200
    assert api.post(f"{PATH}/restore").status == 200
    assert rows("SELECT count(*) FROM employees_history WHERE restored_at IS NOT NULL") == [(2,)]


def test_nobody_is_restored_over_somebody_who_has_their_address(api: Api) -> None:
    api.post("/employees", {**ADA, "company_email": "ada@opsdb.example"})
    api.delete(PATH)
    api.post("/employees", {**ADA, "employee_id": 7, "company_email": "Ada@opsdb.example"})
    refused = api.post(f"{PATH}/restore")
    assert (refused.status, refused.errors) == (409, ["company_email: belongs to another employee"])
    assert rows("SELECT restored_at FROM employees_history") == [(None,)]


def test_points_survive_a_deletion(api: Api) -> None:
    api.post("/employees", ADA)
    with make.written() as conn:
        conn.execute(
            text(
                "INSERT INTO employee_rewards (employee_id, points, date_awarded, awarded_by)"
                " VALUES (41031748911, 30, '2026-10-05', 'test')"
            )
        )
    api.delete(PATH)
    api.post(f"{PATH}/restore")
    assert api.get(PATH).body["point_balance"] == 30


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/employees/7"), ("PUT", "/employees/7"), ("DELETE", "/employees/7"), ("POST", "/employees/7/restore")],
)
def test_who_is_not_here_is_not_found(api: Api, method: str, path: str) -> None:
    answer = api.call(method, path, body={} if method == "PUT" else None)
    assert answer.status == 404
    assert answer.errors[0].startswith("employee_id: 7 is ")


def test_who_may_write_and_who_may_only_read(api: Api, site: Site) -> None:
    api.post("/employees", ADA)
    may = {}
    for role in ("viewer", "supervisor", "duty_lead", "planner", "hr", "admin"):
        with make.written() as conn:
            caller = Api(auth.create_key(conn, name=role, role=role)[1])
        number = len(may) + 1
        reads = [caller.get("/employees").status, caller.get(PATH).status]
        writes = [
            caller.post("/employees", {**ADA, "employee_id": number}).status,
            caller.put(PATH, {"tier": number}).status,
            caller.delete(f"/employees/{number}").status,
            caller.post(f"/employees/{number}/restore").status,
        ]
        assert reads == [200, 200]
        may[role] = writes
    assert {role for role, writes in may.items() if writes == [201, 200, 200, 200]} == {"hr", "admin"}
    assert all(writes == [403] * 4 for role, writes in may.items() if role not in {"hr", "admin"})


def test_nobody_without_a_key_reads_or_writes(site: Site) -> None:
    nobody = Api(None)
    calls = [
        nobody.get("/employees"),
        nobody.get(PATH),
        nobody.post("/employees", ADA),
        nobody.put(PATH, {}),
        nobody.delete(PATH),
        nobody.post(f"{PATH}/restore"),
    ]
    assert [answer.status for answer in calls] == [401] * 6
    assert rows("SELECT count(*) FROM employees") == [(0,)]


def test_a_refused_change_changes_nothing_and_audits_nothing(api: Api) -> None:
    options("department", "Support")
    api.post("/employees", {**ADA, "company_email": "a@b.example"})
    api.post("/employees", {**ADA, "employee_id": 7, "company_email": "c@d.example"})
    audited = rows("SELECT count(*) FROM audit_log")
    assert api.put(PATH, {"company_email": "C@D.example", "department": "Support"}).status == 409
    assert rows("SELECT count(*) FROM audit_log") == audited
    assert assignments() == [(TODAY, None, None, None)] * 2


def test_a_change_says_when_it_was(api: Api) -> None:
    made = api.post("/employees", ADA).body
    changed = api.put(PATH, {"tier": 1}).body
    assert changed["updated_at"] > made["updated_at"]
    assert changed["created_at"] == made["created_at"]
