"""Dropdown values over HTTP: added, retired, and never taken from under what stands on them."""

from typing import Any

import pytest

from tests.api import Api


def option(api: Api, category: str, value: str) -> dict[str, Any]:
    [found] = [one for one in api.get("/admin/options", category=category, limit=1000).data if one["value"] == value]
    return found


def test_the_values_a_floor_starts_with_are_listed_by_category(api: Api) -> None:
    listed = api.get("/admin/options", category="leave_type")
    assert [one["value"] for one in listed.data] == ["Bereavement", "Personal", "Sick", "Unpaid", "Vacation"]
    assert listed.data[2].items() >= {"class": "away_unplanned", "work_code": "SICK", "is_active": True}.items()
    assert api.get("/admin/options", **{"class": "nesting"}).body["total"] == 2


def test_a_value_that_is_added_may_be_chosen_at_once(api: Api) -> None:
    made = api.post("/admin/options", {"category": "department", "value": " Customer  Support "})
    assert (made.status, made.body["value"], made.body["class"]) == (201, "Customer Support", None)
    person = {"employee_id": 7, "first_name": "Ada", "last_name": "Lovelace", "department": "Customer Support"}
    assert api.post("/employees", person).status == 201


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        ({"category": "work_code", "value": "FLEX"}, "class: is required for a work_code"),
        ({"category": "shift", "value": "Split", "class": "work"}, "class: a shift has none"),
        ({"category": "shift", "value": "Split", "work_code": "REG"}, "work_code: a shift has none"),
        (
            {"category": "leave_type", "value": "Jury", "class": "away_planned"},
            "work_code: is required for a leave_type",
        ),
        (
            {"category": "leave_type", "value": "Jury", "class": "away_planned", "work_code": "SICK"},
            "work_code: SICK is of class away_unplanned, which contradicts away_planned",
        ),
        (
            {"category": "exception_type", "value": "Course", "class": "training", "work_code": "TRIAN"},
            "work_code: TRIAN: did you mean TRAIN?",
        ),
        ({"category": "status", "value": "Gone"}, "category: the values of status are fixed"),
    ],
)
def test_a_value_that_contradicts_itself_is_refused(api: Api, sent: dict[str, Any], problem: str) -> None:
    refused = api.post("/admin/options", sent)
    assert (refused.status, refused.errors) == (400, [problem])


def test_a_value_is_there_only_once(api: Api) -> None:
    assert api.post("/admin/options", {"category": "shift", "value": "Night"}).status == 409


def test_a_retired_value_cannot_be_chosen_and_comes_back(api: Api) -> None:
    path = f"/admin/options/{option(api, 'shift', 'Night')['option_id']}"
    person = {"employee_id": 7, "first_name": "Ada", "last_name": "Lovelace", "shift": "Night"}
    assert api.put(path, {"is_active": False}).body["is_active"] is False
    assert api.post("/employees", person).status == 400
    assert api.put(path, {"is_active": True}).status == 200
    assert api.post("/employees", person).status == 201


def test_a_work_code_that_a_leave_type_stands_on_neither_goes_nor_changes_class(api: Api) -> None:
    path = f"/admin/options/{option(api, 'work_code', 'VACATION')['option_id']}"
    said = "value: VACATION is the work code of Vacation, Vacation: give those another one first"
    for change in ({"is_active": False}, {"class": "off"}):
        refused = api.put(path, change)
        assert (refused.status, refused.errors) == (409, [said])


def test_the_day_off_of_those_who_gave_a_shift_away_stays(api: Api) -> None:
    path = f"/admin/options/{option(api, 'work_code', 'OFF')['option_id']}"
    assert api.put(path, {"is_active": False}).status == 409
    assert api.put(path, {"class": "work"}).status == 400


def test_what_is_no_value_is_not_found(api: Api) -> None:
    assert api.put("/admin/options/999999", {"is_active": False}).status == 404
