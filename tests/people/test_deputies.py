"""Who stands in for a lead, and who may say so."""

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.core import auth, clock
from tests import make
from tests.api import Api
from tests.conftest import Site


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 10, 5, 12, 0, tzinfo=UTC))


@pytest.fixture
def people(site: Site) -> tuple[int, int]:
    """Grace, who leads, and Dan."""
    with make.written() as conn:
        grace = make.employee(conn, first_name="Grace", last_name="Hopper")
        return grace, make.employee(conn, first_name="Dan", last_name="Deputy")


def days(lead: int, deputy: int, **more: Any) -> dict[str, Any]:
    return {"lead_id": lead, "employee_id": deputy, "start_date": "2026-10-05", "end_date": "2026-10-09", **more}


def caller(role: str, employee_id: int | None = None) -> Api:
    with make.written() as conn:
        return Api(auth.create_key(conn, name=role, role=role, employee_id=employee_id)[1])


def test_a_deputy_is_named_listed_and_dismissed(people: tuple[int, int], api: Api) -> None:
    made = api.post("/deputies", days(*people))
    assert made.status == 201, made.body
    assert (made.body["lead"], made.body["full_name"]) == ("Grace Hopper", "Dan Deputy")
    assert api.get("/deputies", date="2026-10-09").data == [made.body]
    assert api.get("/deputies", date="2026-10-10").data == []
    number = made.body["deputy_id"]
    assert [api.delete(f"/deputies/{number}").status for _ in range(2)] == [200, 404]


def test_leads_name_their_own_deputies_only(people: tuple[int, int], api: Api) -> None:
    grace, dan = people
    assert caller("supervisor", dan).post("/deputies", days(grace, dan)).status == 403
    assert caller("supervisor", grace).post("/deputies", days(grace, dan)).status == 201
    number = api.get("/deputies").data[0]["deputy_id"]
    assert caller("supervisor", dan).delete(f"/deputies/{number}").status == 403
    assert [caller(role).post("/deputies", days(*people)).status for role in ("viewer", "planner")] == [403, 403]


def test_nobody_names_themselves(people: tuple[int, int]) -> None:
    grace, dan = people
    assert caller("hr", dan).post("/deputies", days(grace, dan)).errors == ["employee_id: nobody names themselves"]


def test_every_problem_is_named(people: tuple[int, int], api: Api) -> None:
    grace, _ = people
    wrong = api.post("/deputies", days(grace, grace, start_date="2026-10-03", end_date="2026-10-02"))
    assert wrong.status == 400
    assert [one.partition(":")[0] for one in wrong.errors] == ["end_date", "end_date", "employee_id"]
    assert api.post("/deputies", days(grace, 99)).errors == ["employee_id: 99 is no employee"]


def test_the_same_days_twice_are_a_conflict(people: tuple[int, int], api: Api) -> None:
    assert api.post("/deputies", days(*people)).status == 201
    again = api.post("/deputies", days(*people, start_date="2026-10-09", end_date="2026-10-20"))
    assert (again.status, again.errors) == (409, ["start_date: this person already stands in for that lead then"])
