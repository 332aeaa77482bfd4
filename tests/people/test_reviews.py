"""The roster queue: rows wait, are corrected, and become employees once HR says so."""

from typing import Any

import pytest
from sqlalchemy import insert

from chalicelib.core.tables import new_employee_reviews
from tests import make
from tests.api import Api

ADA = {"first_name": "Ada", "last_name": "Lovelace", "batch": "2026-10", "hire_date": "2026-10-05"}


@pytest.fixture(autouse=True)
def _departments(api: Api) -> None:
    with make.written() as conn:
        make.options(conn, "department", "Support")


def waiting(**change: Any) -> int:
    row = {**ADA, "department": "Support", "notes": "speaks French", **change}
    with make.written() as conn:
        made = insert(new_employee_reviews).values(**row).returning(new_employee_reviews.c.review_id)
        return int(conn.execute(made).scalar_one())


def test_an_approved_row_is_an_employee_with_what_the_sheet_lacked(api: Api) -> None:
    review = waiting()
    done = api.post(
        f"/employees/reviews/{review}/approve", {"employee_id": 41031748911, "company_email": "ada@opsdb.example"}
    )
    assert (done.status, done.body["warnings"]) == (200, [])
    assert (done.body["review"]["status"], done.body["review"]["employee_id"]) == ("Verified", 41031748911)
    assert api.get("/employees/41031748911").body == done.body["employee"]
    assert done.body["employee"]["hire_date"] == "2026-10-05"
    assert api.get("/employees/41031748911/assignments").data[0]["department"] == "Support"


def test_namesakes_are_told(api: Api) -> None:
    with make.written() as conn:
        other = make.employee(conn, first_name="Ada", last_name="Lovelacé")
    done = api.post(f"/employees/reviews/{waiting()}/approve", {"employee_id": 7})
    assert done.body["warnings"] == [f"employee_id: {other} is called Ada Lovelacé, too"]


def test_a_row_is_corrected_before_it_is_approved(api: Api) -> None:
    review = waiting(department="Suport", last_name=None)
    refused = api.post(f"/employees/reviews/{review}/approve", {"employee_id": 7})
    assert refused.errors == ["first_name: first_name and last_name are required before somebody joins"]
    api.put(f"/employees/reviews/{review}", {"last_name": " Lovelace  King"})
    refused = api.post(f"/employees/reviews/{review}/approve", {"employee_id": 7})
    assert (refused.status, refused.errors) == (400, ["department: Suport: did you mean Support?"])
    assert api.get("/employees/reviews", status="Pending").body["total"] == 1
    api.put(f"/employees/reviews/{review}", {"department": "Support"})
    done = api.post(f"/employees/reviews/{review}/approve", {"employee_id": 7})
    assert done.body["employee"]["full_name"] == "Ada Lovelace King"


def test_what_is_decided_stays_decided(api: Api) -> None:
    review = waiting()
    assert api.post(f"/employees/reviews/{review}/reject").body["status"] == "Rejected"
    said = ["status: is Rejected; only a row that waits can be changed or decided"]
    assert api.post(f"/employees/reviews/{review}/approve", {"employee_id": 7}).errors == said
    assert api.put(f"/employees/reviews/{review}", {"batch": "2026-11"}).errors == said
    assert api.post("/employees/reviews/999/reject").status == 404


def test_of_many_each_that_can_be_is_approved_and_the_others_are_named(api: Api) -> None:
    good, twice, wrong = waiting(), waiting(first_name="Bea"), waiting(first_name="Cleo", department="Nowhere")
    asked = [
        {"review_id": good, "employee_id": 7},
        {"review_id": twice, "employee_id": 7},
        {"review_id": wrong, "employee_id": 9},
    ]
    done = api.post("/employees/reviews/approve", {"reviews": asked}).body
    assert (done["approved"], done["refused"]) == (1, 2)
    assert [one["problems"] for one in done["data"]] == [
        [],
        ["employee_id: is already an employee"],
        ["department: Nowhere: must be one of: Support"],
    ]
    assert [one["review_id"] for one in api.get("/employees/reviews", status="Pending").data] == [twice, wrong]


def test_the_queue_is_filtered(api: Api) -> None:
    first, second = waiting(), waiting(batch="2026-11")
    assert [one["review_id"] for one in api.get("/employees/reviews", batch="2026-11").data] == [second]
    assert [one["review_id"] for one in api.get("/employees/reviews", department="Support").data] == [first, second]
