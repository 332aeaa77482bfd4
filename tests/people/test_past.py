"""What people were: history, assignments and employments over time."""

from datetime import date

import pytest

from chalicelib.people import routes
from tests import make
from tests.api import Api


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "today", lambda: date(2026, 10, 5))


def test_history_shows_people_as_they_were_until_they_are_brought_back(api: Api) -> None:
    with make.written() as conn:
        ada = make.employee(conn, last_name="Lovelace")
        make.shift(conn, ada, date(2026, 10, 6))
    api.delete(f"/employees/{ada}", reason="entered twice")
    [gone] = api.get("/employees/history").data
    assert (gone["full_name"], gone["reason"], gone["future_shifts"]) == ("Ada Lovelace", "entered twice", 1)
    assert gone["archived_date"] == "2026-10-05"
    assert api.get("/employees/history", employee_id=[1]).data == []
    api.post(f"/employees/{ada}/restore")
    assert api.get("/employees/history").data == []
    assert api.get("/employees/history", restored=True).data[0]["restored_at"]


def test_assignments_follow_each_other_without_a_gap(api: Api) -> None:
    with make.written() as conn:
        make.options(conn, "department", "Support", "Sales")
        ada = make.employee(conn, department="Support")
    api.put(f"/employees/{ada}", {"department": "Sales", "effective_date": "2026-10-15"})
    listed = api.get(f"/employees/{ada}/assignments").data
    assert [(one["valid_from"], one["valid_to"], one["department"]) for one in listed] == [
        ("2025-01-06", "2026-10-15", "Support"),
        ("2026-10-15", None, "Sales"),
    ]


def test_employments_show_each_stay(api: Api) -> None:
    with make.written() as conn:
        ada = make.employee(conn)
    api.put(f"/employees/{ada}", {"attrition_date": "2026-10-02"})
    [stay] = api.get(f"/employees/{ada}/employments").data
    assert (stay["hire_date"], stay["last_day"]) == ("2025-01-06", "2026-10-02")


def test_the_past_of_somebody_in_history_is_still_there_and_nobodys_is_not_found(api: Api) -> None:
    with make.written() as conn:
        ada = make.employee(conn)
    api.delete(f"/employees/{ada}")
    assert api.get(f"/employees/{ada}/assignments").body["total"] == 1
    for what in ("assignments", "employments"):
        assert api.get(f"/employees/41/{what}").status == 404
