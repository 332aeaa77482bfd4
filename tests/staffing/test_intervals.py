"""Forecasts and requirements: one per interval, the newest word wins."""

from typing import Any

import pytest

from tests import make
from tests.api import Api

FORECAST = {
    "date": "2026-10-05",
    "interval_start": "09:00",
    "department": "Support",
    "calls": 100,
    "handling_seconds": 180.5,
}
REQUIREMENT = {"date": "2026-10-05", "interval_start": "09:30", "department": "Support", "required": 14}


@pytest.fixture(autouse=True)
def _departments(api: Api) -> None:
    with make.written() as conn:
        make.options(conn, "department", "Support", "Sales")


@pytest.mark.parametrize(("path", "sent"), [("/forecasts", FORECAST), ("/requirements", REQUIREMENT)])
def test_what_is_stated_again_takes_the_place_of_what_was_there(api: Api, path: str, sent: dict[str, Any]) -> None:
    first = api.post(path, sent)
    assert first.status == 201
    number = "calls" if "calls" in sent else "required"
    again = api.post(path, {**sent, number: 120})
    assert again.body == {**first.body, number: 120}
    assert api.get(path).data == [again.body]


def test_intervals_are_listed_in_the_order_of_time_and_by_department(api: Api) -> None:
    for day, at, department in (("06", "08:00", "Support"), ("05", "09:30", "Support"), ("05", "09:00", "Sales")):
        sent = {**REQUIREMENT, "date": f"2026-10-{day}", "interval_start": at, "department": department}
        assert api.post("/requirements", sent).status == 201
    listed = api.get("/requirements").data
    assert [(one["date"], one["interval_start"]) for one in listed] == [
        ("2026-10-05", "09:00:00"),
        ("2026-10-05", "09:30:00"),
        ("2026-10-06", "08:00:00"),
    ]
    assert api.get("/requirements", department="Sales").body["total"] == 1
    assert api.get("/requirements", start_date="2026-10-06").body["total"] == 1
    assert api.get("/requirements", end_date="2026-10-05").body["total"] == 2


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            {"interval_start": "09:10"},
            "interval_start: must be a quarter of an hour, such as 09:00 or 09:30, got 09:10:00",
        ),
        (
            {"calls": 1_000_000, "handling_seconds": 86_400},
            "calls: 1e+06 of 86400 s are more than 20,000 people could handle",
        ),
        ({"department": "Suport"}, "department: Suport: did you mean Support?"),
        ({"calls": -1}, "calls: must be a number from 0 to 1000000, got -1"),
    ],
)
def test_a_forecast_that_cannot_be_meant_is_refused(api: Api, change: dict[str, Any], problem: str) -> None:
    refused = api.post("/forecasts", {**FORECAST, **change})
    assert (refused.status, refused.errors) == (400, [problem])


def test_a_range_that_ends_before_it_begins_is_refused(api: Api) -> None:
    assert api.get("/forecasts", start_date="2026-10-06", end_date="2026-10-05").status == 400
