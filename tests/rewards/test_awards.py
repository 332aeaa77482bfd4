"""Reasons, awards and the ledger over HTTP: what is given, taken back, and what it comes to."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.core import db
from chalicelib.people.queries import record_assignments
from chalicelib.rewards import redemptions, routes
from tests import make
from tests.api import Answer, Api
from tests.conftest import Site
from tests.rewards.points import TODAY, balance, caller, given, reason


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (routes, redemptions):
        monkeypatch.setattr(module, "today", lambda: TODAY)


@pytest.fixture
def ada(site: Site) -> int:
    with make.written() as conn:
        return make.employee(conn, last_name="Lovelace", department="Support", batch="2025-01")


@pytest.fixture
def compliment(site: Site) -> int:
    with make.written() as conn:
        return reason(conn)


def award(api: Api, employee_id: int, reason_id: int, **more: Any) -> Answer:
    return api.post("/rewards/award", {"employee_id": employee_id, "reason_id": reason_id, **more})


def test_an_award_has_the_reasons_points_and_todays_date_unless_told_otherwise(
    api: Api, ada: int, compliment: int
) -> None:
    plain = award(api, ada, compliment)
    assert plain.status == 201
    assert (plain.body["points"], plain.body["date_awarded"], plain.body["reason"]) == (30, "2026-10-05", "Compliment")
    assert (plain.body["full_name"], plain.body["department"], plain.body["batch"]) == (
        "Ada Lovelace",
        "Support",
        "2025-01",
    )
    assert plain.body["awarded_by"].startswith("key:")
    more = award(api, ada, compliment, points=70, date_awarded="2026-09-30", notes="twice as kind").body
    assert (more["points"], more["date_awarded"], more["notes"]) == (70, "2026-09-30", "twice as kind")
    assert balance(api, ada) == 100


@pytest.mark.parametrize("points", [0, -5, 100_001, 1.5, "30"])
def test_points_are_whole_and_neither_none_nor_too_many(api: Api, ada: int, compliment: int, points: Any) -> None:
    refused = award(api, ada, compliment, points=points)
    assert (refused.status, refused.errors[0].partition(", got")[0]) == (
        400,
        "points: must be a whole number from 1 to 100000",
    )


def test_what_is_not_there_or_no_longer_in_use_is_not_awarded(api: Api, ada: int, compliment: int) -> None:
    assert award(api, ada, 99).errors == ["reason_id: 99 is no reason"]
    assert award(api, 41, compliment).errors == ["employee_id: 41 is no employee"]
    assert api.put(f"/rewards/reasons/{compliment}", {"is_active": False}).status == 200
    refused = award(api, ada, compliment)
    assert (refused.status, refused.errors) == (409, ["reason_id: Compliment is inactive and cannot be awarded"])


def test_an_award_is_reversed_once_by_an_entry_that_points_at_it(api: Api, ada: int, compliment: int) -> None:
    wrong = award(api, ada, compliment).body["reward_id"]
    back = api.post(f"/rewards/awards/{wrong}/reverse", {"notes": "entered twice"})
    assert back.status == 200
    assert (back.body["points"], back.body["reverses"], back.body["notes"]) == (-30, wrong, "entered twice")
    reversal = back.body["reward_id"]
    seen = {one["reward_id"]: one for one in api.get("/rewards/awards").data}
    assert (seen[wrong]["points"], seen[wrong]["reversed_by"]) == (30, reversal)
    for entry, said in [
        (wrong, f"reward_id: {wrong} is reversed already, by {reversal}"),
        (reversal, f"reward_id: {reversal} is itself the reversal of {wrong}: award again instead"),
    ]:
        refused = api.post(f"/rewards/awards/{entry}/reverse", {})
        assert (refused.status, refused.errors) == (409, [said])
    assert api.post("/rewards/awards/99/reverse", {}).status == 404
    assert balance(api, ada) == 0


def test_of_twenty_reversals_at_once_one_stands(api: Api, ada: int, compliment: int) -> None:
    award(api, ada, compliment, points=1000)
    path = f"/rewards/awards/{award(api, ada, compliment).body['reward_id']}/reverse"
    with ThreadPoolExecutor(20) as pool:
        statuses = sorted(one.status for one in pool.map(lambda _: api.post(path, {}), range(20)))
    assert statuses == [200, *[409] * 19]
    assert balance(api, ada) == 1000


def test_what_was_spent_already_is_taken_back_only_by_an_admin_who_allows_the_debt(
    api: Api, ada: int, compliment: int
) -> None:
    wrong = award(api, ada, compliment).body["reward_id"]
    taken = {"employee_id": ada, "points_redeemed": 20, "redemption_type": "Donation"}
    pending = api.post("/rewards/redemptions", taken).body["redemption_id"]
    path = f"/rewards/awards/{wrong}/reverse"
    refused = api.post(path, {})
    assert (refused.status, refused.errors) == (
        409,
        ["points: the balance is 10, and without these 30 it would be -20"],
    )
    assert caller("hr").post(path, {"allow_debt": True}).errors == [
        "allow_debt: only an admin may leave somebody in debt"
    ]
    assert api.post(path, {"allow_debt": True}).status == 200
    assert balance(api, ada) == -20
    in_debt = api.post(f"/rewards/redemptions/{pending}/approve", {})
    assert (in_debt.status, in_debt.errors) == (409, ["status: cannot become Approved while the balance is -20"])
    assert api.post(f"/rewards/redemptions/{pending}/reject", {}).status == 200
    assert balance(api, ada) == 0


def test_the_ledger_is_everything_newest_first_and_comes_to_the_balance(api: Api, ada: int, compliment: int) -> None:
    first = award(api, ada, compliment, points=100, date_awarded="2026-09-01").body["reward_id"]
    wrong = award(api, ada, compliment, date_awarded="2026-09-02").body["reward_id"]
    back = api.post(f"/rewards/awards/{wrong}/reverse", {}).body["reward_id"]
    asked = {"employee_id": ada, "redemption_type": "Gift Card", "redemption_date": "2026-09-03"}
    kept, given_up = (
        api.post("/rewards/redemptions", {**asked, "points_redeemed": points}).body["redemption_id"]
        for points in (40, 25)
    )
    api.post(f"/rewards/redemptions/{given_up}/reject", {})
    ledger = api.get(f"/rewards/employee/{ada}")
    assert [(one["kind"], one["reward_id"] or one["redemption_id"], one["points"]) for one in ledger.data] == [
        ("reversal", back, -30),
        ("redemption", given_up, 0),
        ("redemption", kept, -40),
        ("award", wrong, 30),
        ("award", first, 100),
    ]
    assert [(one["reason"], one["status"], one["points_redeemed"]) for one in ledger.data[1:4]] == [
        ("Gift Card", "Rejected", 25),
        ("Gift Card", "Pending", 40),
        ("Compliment", None, None),
    ]
    found = api.get(f"/rewards/employee/{ada}/balance").body
    assert found == {
        "employee_id": ada,
        "full_name": "Ada Lovelace",
        "awarded": 130,
        "reversed": 30,
        "redeemed": 0,
        "pending": 40,
        "point_balance": 60,
    }
    assert sum(one["points"] for one in ledger.data) == 60
    total = {"employee_id": ada, "full_name": "Ada Lovelace", "total_points": 100}
    assert api.get(f"/rewards/employee/{ada}/total").body == total
    assert [one["kind"] for one in api.get(f"/rewards/employee/{ada}", kind="award", order="asc").data] == ["award"] * 2
    dated = api.get(f"/rewards/employee/{ada}", date_min="2026-09-02", date_max="2026-09-02").data
    assert [one["reward_id"] for one in dated] == [wrong]
    as_csv = api.get(f"/rewards/employee/{ada}", format="csv").body.decode().splitlines()
    assert (len(as_csv), as_csv[0].split(",")[0].strip("\ufeff")) == (6, "kind")


def test_points_survive_a_departure_and_nobody_unknown_has_any(api: Api, ada: int, compliment: int) -> None:
    award(api, ada, compliment)
    assert api.delete(f"/employees/{ada}").status == 200
    [entry] = api.get(f"/rewards/employee/{ada}").data
    assert (entry["points"], entry["full_name"]) == (30, None)
    assert balance(api, ada) == 30
    with make.written() as conn:
        empty = make.employee(conn)
    assert api.get(f"/rewards/employee/{empty}").data == []
    assert api.get(f"/rewards/employee/{empty}/total").body["total_points"] == 0
    for path in ("", "/total", "/balance"):
        assert api.get(f"/rewards/employee/41{path}").errors == ["employee_id: 41 was never here"]


def test_leads_reward_their_own_people_and_nobody_rewards_themselves(api: Api, ada: int, compliment: int) -> None:
    with make.written() as conn:
        grace = make.employee(conn, first_name="Grace", last_name="Hopper")
        stranger = make.employee(conn)
        record_assignments(conn, employee_ids=[ada, grace], effective_date=date(2025, 1, 6))
        mine = "UPDATE assignments SET supervisor_id = :grace WHERE employee_id IN (:ada, :grace)"
        conn.execute(text(mine), {"grace": grace, "ada": ada})
    lead = caller("supervisor", grace)
    hers = award(lead, ada, compliment)
    assert hers.status == 201
    for api_ in (lead, caller("hr", grace), caller("admin", grace)):
        refused = award(api_, grace, compliment)
        assert (refused.status, refused.errors) == (403, ["employee_id: nobody decides about themselves"])
    assert award(lead, stranger, compliment).errors == [f"employee_id: {stranger} is not in your team"]
    theirs, own = (award(api, one, compliment).body["reward_id"] for one in (stranger, grace))
    assert lead.post(f"/rewards/awards/{theirs}/reverse", {}).status == 403
    assert lead.post(f"/rewards/awards/{own}/reverse", {}).status == 403
    assert lead.post(f"/rewards/awards/{hers.body['reward_id']}/reverse", {}).status == 200
    for role in ("viewer", "planner"):
        assert award(caller(role), ada, compliment).status == 403
    assert lead.post("/rewards/reasons", {"reason": "Whim", "points": 5}).status == 403


def test_only_a_machine_of_hr_may_name_who_awards(api: Api, ada: int, compliment: int) -> None:
    with make.written() as conn:
        person = make.employee(conn)
    assert award(caller("hr", person), ada, compliment, awarded_by="The Pope").status == 403
    named = award(caller("hr"), ada, compliment, awarded_by="Grace Hopper")
    assert named.body["awarded_by"] == "Grace Hopper"
    with db.reading() as conn:
        actor = "SELECT actor FROM audit_log WHERE table_name = 'employee_rewards' AND row_id = :id"
        assert conn.execute(text(actor), {"id": str(named.body["reward_id"])}).scalar_one().startswith("key:")


def test_awards_are_filtered_and_sorted(api: Api, ada: int, compliment: int) -> None:
    with make.written() as conn:
        quality = reason(conn, "Quality", 50)
        bea = make.employee(conn, department="Sales")
    first = award(api, ada, compliment, date_awarded="2026-09-01").body["reward_id"]
    second = award(api, bea, quality, date_awarded="2026-09-02").body["reward_id"]

    def found(**query: Any) -> list[int]:
        return [one["reward_id"] for one in api.get("/rewards/awards", **query).data]

    assert found() == [first, second]
    assert found(sort="points", order="desc") == found(sort="reason", order="desc") == [second, first]
    assert found(reason_id=quality) == found(points_min=31) == found(date_min="2026-09-02") == [second]
    assert found(points_max=49) == found(date_max="2026-09-01") == found(department="Support") == [first]
    assert found(employee_id=bea) == found(reason_id=[quality, 99]) == [second]
    assert api.get("/rewards/awards", sort="nonsense").status == 400


def test_reasons_are_added_changed_retired_and_found(api: Api, ada: int, compliment: int) -> None:
    made = api.post("/rewards/reasons", {"reason": "  Überstunden   gerettet ", "points": 45})
    assert (made.status, made.body["reason"], made.body["is_active"]) == (201, "Überstunden gerettet", True)
    again = api.post("/rewards/reasons", {"reason": "Compliment", "points": 5})
    assert (again.status, again.errors) == (409, ["reason: exists already"])
    award(api, ada, compliment)
    changed = api.put(f"/rewards/reasons/{compliment}", {"points": 35, "is_active": False, "reason": "Praise"})
    assert (changed.body["points"], changed.body["is_active"]) == (35, False)
    assert [(one["reason"], one["points"]) for one in api.get("/rewards/awards").data] == [("Praise", 30)]
    assert api.put("/rewards/reasons/99", {"points": 5}).status == 404
    assert api.put(f"/rewards/reasons/{compliment}", {}).errors == ["body: says nothing to change"]

    def found(**query: Any) -> list[str]:
        return [one["reason"] for one in api.get("/rewards/reasons", **query).data]

    assert found() == ["Praise", "Überstunden gerettet"]
    assert found(is_active=True) == found(points_min=40) == found(search="uber GERETTET") == ["Überstunden gerettet"]
    assert found(is_active=False) == found(points_max=40) == ["Praise"]
    assert found(search="%") == []


def test_no_number_of_awards_keeps_the_lists_from_showing_people(api: Api, ada: int) -> None:
    with make.written() as conn:
        for _ in range(30):
            given(conn, ada, 100_000)
    assert balance(api, ada) == api.get(f"/employees/{ada}").body["point_balance"] == 3_000_000
