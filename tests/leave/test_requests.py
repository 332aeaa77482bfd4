"""Leave over HTTP: asked for, decided by somebody else, laid over the plan and taken off again."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.core import auth, db
from chalicelib.leave import routes
from chalicelib.people.queries import record_assignments
from tests import make
from tests.api import Answer, Api
from tests.conftest import Site

TODAY = date(2026, 10, 5)
MONDAY = date(2026, 10, 12)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "now", lambda: datetime.combine(TODAY, time(12), UTC))


@pytest.fixture
def ada(site: Site) -> int:
    with make.written() as conn:
        return make.employee(conn, last_name="Lovelace", supervisor="Grace Hopper")


def ask(api: Api, employee_id: int, **change: Any) -> Answer:
    sent = {"leave_type": "Vacation", "start_date": "2026-10-12", "end_date": "2026-10-16", **change}
    return api.post("/leave_requests", {"employee_id": employee_id, **sent})


def codes(api: Api, employee_id: int) -> list[str]:
    return [one["work_code"] for one in api.get("/schedules", employee_id=employee_id, sort="nominal_date").data]


def lead(employee_id: int | None, role: str = "supervisor") -> Api:
    with make.written() as conn:
        return Api(auth.create_key(conn, name="lead", role=role, employee_id=employee_id)[1])


def test_leave_waits_for_a_decision_and_then_lies_over_the_plan(api: Api, ada: int) -> None:
    with make.written() as conn:
        make.shift(conn, ada, MONDAY)
    asked = ask(api, ada, reason="wedding")
    assert (asked.status, asked.body["status"], asked.body["full_name"]) == (201, "Pending", "Ada Lovelace")
    assert codes(api, ada) == ["REG"]
    approved = api.post(f"/leave_requests/{asked.body['leave_id']}/approve", {})
    assert (approved.status, approved.body["status"], approved.body["reason"]) == (200, "Approved", "wedding")
    assert approved.body["approved_by"].startswith("key:")
    assert codes(api, ada) == ["VACATION"]


def test_leave_approved_ahead_of_the_plan_covers_it_when_it_arrives_and_not_once_it_is_cancelled(
    api: Api, ada: int
) -> None:
    leave_id = ask(api, ada).body["leave_id"]
    api.post(f"/leave_requests/{leave_id}/approve", {})
    with make.written() as conn:
        for day in range(5):
            make.shift(conn, ada, MONDAY + timedelta(day))
    assert codes(api, ada) == ["VACATION"] * 5
    assert api.delete(f"/leave_requests/{leave_id}", reason="ill-timed").body["status"] == "Cancelled"
    assert codes(api, ada) == ["REG"] * 5


@pytest.mark.parametrize(
    ("moves", "last", "said"),
    [
        (["reject"], "approve", "status: is Rejected and cannot become Approved; that is final"),
        (["approve"], "reject", "status: is Approved and cannot become Rejected, only Cancelled"),
        (["approve"], "approve", "status: is Approved and cannot become Approved, only Cancelled"),
    ],
)
def test_nothing_else_moves(api: Api, ada: int, moves: list[str], last: str, said: str) -> None:
    path = f"/leave_requests/{ask(api, ada).body['leave_id']}"
    for move in moves:
        assert api.post(f"{path}/{move}", {}).status == 200
    refused = api.post(f"{path}/{last}", {})
    assert (refused.status, refused.errors) == (409, [said])


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"end_date": "2026-10-11"}, "end_date: must not be before start_date (2026-10-12), got 2026-10-11"),
        ({"start_time": "09:00"}, "end_time: start_time and end_time come together, or neither for whole days"),
        ({"start_time": "09:00", "end_time": "12:00"}, "start_time: only a request for one day may have hours"),
        ({"end_date": "2027-10-13"}, "end_date: must be within 366 days of start_date (2026-10-12), got 2027-10-13"),
        ({"leave_type": "Vacaton"}, "leave_type: Vacaton: did you mean Vacation?"),
    ],
)
def test_what_cannot_be_meant_is_refused(api: Api, ada: int, change: dict[str, Any], problem: str) -> None:
    refused = ask(api, ada, **change)
    assert (refused.status, refused.errors) == (400, [problem])


def test_two_live_requests_never_overlap_and_a_rejected_one_is_in_nobodys_way(api: Api, ada: int) -> None:
    first = ask(api, ada).body["leave_id"]
    refused = ask(api, ada, leave_type="Sick", start_date="2026-10-16", end_date="2026-10-18")
    assert refused.status == 409
    assert refused.errors == [
        "start_date: Ada Lovelace has Vacation from 2026-10-12 to 2026-10-16 (pending) already, which"
        " Sick from 2026-10-16 to 2026-10-18 (pending) would overlap"
    ]
    api.post(f"/leave_requests/{first}/reject", {"reason": "peak week"})
    assert ask(api, ada, leave_type="Sick", start_date="2026-10-16", end_date="2026-10-18").status == 201


def test_of_twenty_requests_at_once_for_the_same_day_one_stands(api: Api, ada: int) -> None:
    with ThreadPoolExecutor(20) as pool:
        statuses = sorted(one.status for one in pool.map(lambda _: ask(api, ada), range(20)))
    assert statuses == [201, *[409] * 19]


def test_of_decisions_at_once_one_holds(api: Api, ada: int) -> None:
    path = f"/leave_requests/{ask(api, ada).body['leave_id']}"
    with ThreadPoolExecutor(20) as pool:
        statuses = list(
            pool.map(lambda number: api.post(f"{path}/{('approve', 'reject')[number % 2]}", {}).status, range(20))
        )
    assert sorted(statuses) == [200, *[409] * 19]


def test_some_hours_leave_the_days_code_as_it_is(api: Api, ada: int) -> None:
    with make.written() as conn:
        make.shift(conn, ada, MONDAY)
    asked = ask(api, ada, leave_type="Personal", end_date="2026-10-12", start_time="09:00", end_time="11:00")
    assert api.post(f"/leave_requests/{asked.body['leave_id']}/approve", {}).status == 200
    assert codes(api, ada) == ["REG"]


def test_whoever_decides_sees_the_cost_the_allowance_and_who_else_is_away(api: Api, ada: int) -> None:
    with make.written() as conn:
        for day in range(3):
            make.shift(conn, ada, MONDAY + timedelta(day))
        make.shift(conn, ada, MONDAY + timedelta(3), None, None)
        other = make.employee(conn, last_name="Noether")
    sent = {"employee_id": ada, "leave_type": "Vacation", "year": 2026, "days": 22.5}
    assert api.post("/leave_allowances", sent).body["used"] == 0
    ask(api, other, start_date="2026-10-14", end_date="2026-10-20")
    leave_id = ask(api, ada).body["leave_id"]
    seen = api.get(f"/leave_requests/{leave_id}").body
    assert (seen["days"], seen["unknown_days"]) == (3, 1)
    assert [(one["days"], one["used"]) for one in seen["allowances"]] == [(22.5, 0)]
    assert [(one["full_name"], one["kind"], one["status"]) for one in seen["also_away"]] == [
        ("Ada Noether", "Vacation", "Pending")
    ]
    api.post(f"/leave_requests/{leave_id}/approve", {})
    assert api.get("/leave_allowances", employee_id=ada).data[0]["used"] == 3


def test_nobody_decides_about_themselves_and_a_lead_only_about_their_team(api: Api, ada: int) -> None:
    with make.written() as conn:
        grace = make.employee(conn, first_name="Grace", last_name="Hopper", supervisor="Grace Hopper")
        stranger = make.employee(conn)
        record_assignments(conn, employee_ids=[ada, grace], effective_date=date(2025, 1, 6))
        conn.execute(
            text("UPDATE assignments SET supervisor_id = :id WHERE employee_id = :ada"), {"id": grace, "ada": ada}
        )
        conn.execute(text("UPDATE assignments SET supervisor_id = :id WHERE employee_id = :id"), {"id": grace})
    supervisor = lead(grace)
    hers, own = ask(supervisor, ada).body["leave_id"], ask(supervisor, grace).body["leave_id"]
    assert supervisor.post(f"/leave_requests/{hers}/approve", {}).status == 200
    refused = supervisor.post(f"/leave_requests/{own}/approve", {})
    assert (refused.status, refused.errors) == (403, ["employee_id: nobody decides about themselves"])
    assert ask(supervisor, stranger).status == 403
    assert lead(grace, "hr").post(f"/leave_requests/{own}/approve", {}).status == 403
    assert supervisor.delete(f"/leave_requests/{own}").status == 200


def test_only_a_machine_of_hr_may_name_whom_it_decides_for(api: Api, ada: int) -> None:
    path = f"/leave_requests/{ask(api, ada).body['leave_id']}"
    with make.written() as conn:
        person = make.employee(conn)
    assert lead(person, "hr").post(f"{path}/approve", {"approved_by": "The Pope"}).status == 403
    assert (
        lead(None, "hr").post(f"{path}/approve", {"approved_by": "Grace Hopper"}).body["approved_by"] == "Grace Hopper"
    )
    with db.reading() as conn:
        actor = conn.execute(
            text("SELECT actor FROM audit_log WHERE table_name = 'leave_requests' AND action = 'update'")
        )
        assert actor.scalar_one().startswith("key:")


def test_somebody_who_has_left_by_then_takes_no_leave(api: Api, ada: int) -> None:
    api.put(f"/employees/{ada}", {"attrition_date": "2026-10-13"})
    assert ask(api, ada).errors == ["end_date: Ada Lovelace has 2026-10-13 as last day"]
    assert ask(api, 41).status == 404


def test_requests_are_filtered(api: Api, ada: int) -> None:
    first = ask(api, ada).body["leave_id"]
    second = ask(api, ada, leave_type="Sick", start_date="2026-10-20", end_date="2026-10-21").body["leave_id"]
    api.post(f"/leave_requests/{second}/approve", {})

    def found(**query: Any) -> list[int]:
        return [one["leave_id"] for one in api.get("/leave_requests", **query).data]

    assert found() == [first, second]
    assert found(status="Approved") == found(is_approved=True) == found(leave_type="Sick") == [second]
    assert found(start_date_min="2026-10-13") == found(end_date_min="2026-10-17") == [second]
    assert found(start_date_max="2026-10-13") == found(end_date_max="2026-10-17") == found(status="Pending") == [first]
    assert found(department="Elsewhere") == []
