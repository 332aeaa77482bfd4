"""Holidays are shown; they change nothing."""

from tests import make
from tests.api import Api


def test_a_holiday_is_everybodys_or_one_departments(api: Api) -> None:
    with make.written() as conn:
        make.options(conn, "department", "Support", "Sales")
    everybodys = api.post("/holidays", {"date": "2026-12-25", "name": "Christmas"})
    assert everybodys.status == 201
    support = api.post("/holidays", {"date": "2026-12-26", "name": "Boxing Day", "department": "Support"})
    assert [one["name"] for one in api.get("/holidays", department="Support").data] == ["Christmas", "Boxing Day"]
    assert api.get("/holidays", department="Sales").data == [everybodys.body]
    assert api.get("/holidays", start_date="2026-12-26", end_date="2026-12-31").data == [support.body]


def test_a_date_has_one_name_for_each_department(api: Api) -> None:
    first = api.post("/holidays", {"date": "2026-12-25", "name": "Xmas"}).body
    assert api.post("/holidays", {"date": "2026-12-25", "name": "Christmas"}).body == {**first, "name": "Christmas"}


def test_a_holiday_goes_and_is_then_not_found(api: Api) -> None:
    path = f"/holidays/{api.post('/holidays', {'date': '2026-12-25', 'name': 'Xmas'}).body['holiday_id']}"
    assert api.delete(path).status == 200
    assert api.delete(path).status == 404


def test_a_department_that_nobody_set_up_is_refused(api: Api) -> None:
    refused = api.post("/holidays", {"date": "2026-12-25", "name": "Xmas", "department": "Nowhere"})
    assert (refused.status, refused.errors) == (400, ["department: Nowhere: no value is set up yet"])
