"""Redemptions over HTTP: asked for, decided by somebody else, and given back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.people.queries import record_assignments
from chalicelib.rewards import redemptions, routes
from tests import make
from tests.api import Answer, Api
from tests.conftest import Site
from tests.rewards.points import TODAY, balance, caller, given


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (routes, redemptions):
        monkeypatch.setattr(module, "today", lambda: TODAY)


@pytest.fixture
def ada(site: Site) -> int:
    """Somebody with a hundred points."""
    with make.written() as conn:
        made = make.employee(conn, last_name="Lovelace", department="Support")
        given(conn, made, 100)
        return made


def redeem(api: Api, employee_id: int, points: int = 40, **more: Any) -> Answer:
    sent = {"employee_id": employee_id, "points_redeemed": points, "redemption_type": "Gift Card", **more}
    return api.post("/rewards/redemptions", sent)


def test_points_that_are_asked_for_are_gone_at_once_and_come_back_when_it_is_rejected_or_reversed(
    api: Api, ada: int
) -> None:
    asked = redeem(api, ada, redemption_details="book token")
    assert (asked.status, asked.body["status"], asked.body["redemption_date"]) == (201, "Pending", "2026-10-05")
    assert (asked.body["full_name"], asked.body["is_approved"]) == ("Ada Lovelace", False)
    assert balance(api, ada) == 60
    path = f"/rewards/redemptions/{asked.body['redemption_id']}"
    approved = api.post(f"{path}/approve", {"notes": "handed over"}).body
    assert (approved["status"], approved["is_approved"], approved["notes"]) == ("Approved", True, "handed over")
    assert approved["approved_by"].startswith("key:")
    assert balance(api, ada) == 60
    reversed_ = api.post(f"{path}/reverse", {"notes": "came back"}).body
    assert (reversed_["status"], reversed_["approved_by"]) == ("Reversed", approved["approved_by"])
    assert balance(api, ada) == 100
    other = redeem(api, ada, 100).body["redemption_id"]
    assert api.post(f"/rewards/redemptions/{other}/reject", {}).body["status"] == "Rejected"
    assert balance(api, ada) == 100


@pytest.mark.parametrize(
    ("moves", "last", "said"),
    [
        ([], "reverse", "status: is Pending and cannot become Reversed, only Approved or Rejected"),
        (["approve"], "reject", "status: is Approved and cannot become Rejected, only Reversed"),
        (["reject"], "approve", "status: is Rejected and cannot become Approved; that is final"),
        (["approve", "reverse"], "approve", "status: is Reversed and cannot become Approved; that is final"),
    ],
)
def test_nothing_else_moves(api: Api, ada: int, moves: list[str], last: str, said: str) -> None:
    path = f"/rewards/redemptions/{redeem(api, ada).body['redemption_id']}"
    for move in moves:
        assert api.post(f"{path}/{move}", {}).status == 200
    refused = api.post(f"{path}/{last}", {})
    assert (refused.status, refused.errors) == (409, [said])


def test_what_the_balance_does_not_cover_or_nobody_offers_is_refused(api: Api, ada: int) -> None:
    refused = redeem(api, ada, 101)
    assert (refused.status, refused.errors) == (409, ["points_redeemed: the balance is 100, and this would take 101"])
    assert redeem(api, ada, redemption_type="Gift Cart").errors == [
        "redemption_type: Gift Cart: did you mean Gift Card?"
    ]
    assert redeem(api, ada, 0).status == redeem(api, ada, -1).status == 400
    assert redeem(api, 41).status == api.post("/rewards/redemptions/99/approve", {}).status == 404
    [option] = [one for one in api.get("/admin/options", category="redemption_type").data if one["value"] == "Donation"]
    api.put(f"/admin/options/{option['option_id']}", {"is_active": False})
    assert redeem(api, ada, redemption_type="Donation").status == 400
    assert balance(api, ada) == 100


def test_of_decisions_at_once_one_holds(api: Api, ada: int) -> None:
    path = f"/rewards/redemptions/{redeem(api, ada).body['redemption_id']}"
    with ThreadPoolExecutor(20) as pool:
        moves = [f"{path}/{('approve', 'reject')[number % 2]}" for number in range(20)]
        statuses = sorted(one.status for one in pool.map(lambda one: api.post(one, {}), moves))
    assert statuses == [200, *[409] * 19]


def test_a_lead_may_ask_for_themselves_and_is_decided_about_by_somebody_else(api: Api, ada: int) -> None:
    with make.written() as conn:
        grace = make.employee(conn, first_name="Grace", last_name="Hopper")
        stranger = make.employee(conn)
        for one in (grace, stranger):
            given(conn, one, 100)
        record_assignments(conn, employee_ids=[ada, grace], effective_date=date(2025, 1, 6))
        mine = "UPDATE assignments SET supervisor_id = :grace WHERE employee_id IN (:ada, :grace)"
        conn.execute(text(mine), {"grace": grace, "ada": ada})
    lead = caller("duty_lead", grace)
    own, hers = redeem(lead, grace), redeem(lead, ada)
    assert (own.status, hers.status, redeem(lead, stranger).status) == (201, 201, 403)
    for move in ("approve", "reject", "reverse"):
        refused = lead.post(f"/rewards/redemptions/{own.body['redemption_id']}/{move}", {})
        assert (refused.status, refused.errors) == (403, ["employee_id: nobody decides about themselves"])
    assert lead.post(f"/rewards/redemptions/{hers.body['redemption_id']}/approve", {}).status == 200
    theirs = redeem(api, stranger).body["redemption_id"]
    assert lead.post(f"/rewards/redemptions/{theirs}/approve", {}).status == 403
    assert caller("viewer").post(f"/rewards/redemptions/{theirs}/approve", {}).status == 403


def test_only_a_machine_of_hr_may_name_whom_it_decides_for(api: Api, ada: int) -> None:
    path = f"/rewards/redemptions/{redeem(api, ada).body['redemption_id']}/approve"
    with make.written() as conn:
        person = make.employee(conn)
    assert caller("hr", person).post(path, {"approved_by": "The Pope"}).status == 403
    assert caller("hr").post(path, {"approved_by": "Grace Hopper"}).body["approved_by"] == "Grace Hopper"


def test_redemptions_are_filtered(api: Api, ada: int) -> None:
    first = redeem(api, ada, 40, redemption_date="2026-09-01").body["redemption_id"]
    second = redeem(api, ada, 50, redemption_date="2026-09-02", redemption_type="Donation").body["redemption_id"]
    api.post(f"/rewards/redemptions/{second}/approve", {})

    def found(**query: Any) -> list[int]:
        return [one["redemption_id"] for one in api.get("/rewards/redemptions", **query).data]

    assert found() == found(department="Support") == [first, second]
    assert found(status="Approved") == found(is_approved=True) == found(redemption_type="Donation") == [second]
    assert found(points_min=41) == found(date_min="2026-09-02") == found(redemption_id=second) == [second]
    assert found(points_max=49) == found(date_max="2026-09-01") == found(is_approved=False) == [first]
    assert found(sort="points_redeemed", order="desc") == [second, first]
