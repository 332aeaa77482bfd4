"""Which shifts a list is about: every filter of api.md, with shifts inside and outside of it."""

from datetime import date, time
from typing import Any

import pytest
from sqlalchemy import insert, text

from chalicelib.core.tables import leave_requests
from chalicelib.schedules.queries import ScheduleFilters
from tests import make
from tests.api import Api

FRIDAY, SATURDAY, SUNDAY, MONDAY = (date(2026, 10, day) for day in (2, 3, 4, 5))

PEOPLE: dict[int, dict[str, Any]] = {
    101: {
        "first_name": "Ada",
        "department": "Support",
        "supervisor": "Grace Hopper",
        "manager": "Jean Bartik",
        "batch": "2025-01",
        "shift": "Night",
        "role": "Agent",
    },
    202: {
        "first_name": "Bob",
        "department": "Sales",
        "supervisor": "Alan Turing",
        "manager": "Kay McNulty",
        "batch": "2025-02",
        "shift": "Morning",
        "role": "Lead",
        "status": "Inactive",
    },
}
SHIFTS: dict[str, tuple[int, date, time | None, time | None]] = {
    "night": (101, FRIDAY, time(22), time(6)),
    "off": (101, SUNDAY, None, None),
    "sick": (101, MONDAY, time(5), time(13)),
    "early": (202, FRIDAY, time(4, 59), time(12)),
    "noon": (202, SATURDAY, time(12), time(17)),
    "evening": (202, SUNDAY, time(17), time(0)),
    "late": (202, MONDAY, time(20, 59), time(21, 30)),
}
ALL = set(SHIFTS)
TIMED = ALL - {"off"}

FILTERS: list[tuple[dict[str, Any], set[str]]] = [
    ({}, ALL),
    ({"employee_id": 101}, {"night", "off", "sick"}),
    ({"department": "Sales"}, {"early", "noon", "evening", "late"}),
    ({"supervisor": "Grace Hopper"}, {"night", "off", "sick"}),
    ({"manager": "Kay McNulty"}, {"early", "noon", "evening", "late"}),
    ({"batch": "2025-01"}, {"night", "off", "sick"}),
    ({"shift": ["Night", "Evening"]}, {"night", "off", "sick"}),
    ({"role": "Lead"}, {"early", "noon", "evening", "late"}),
    ({"employee_status": "Inactive"}, {"early", "noon", "evening", "late"}),
    ({"start_date": "2026-10-04"}, {"off", "evening", "sick", "late"}),
    ({"end_date": "2026-10-02"}, {"night", "early"}),
    ({"start_date": "2026-10-03", "end_date": "2026-10-03"}, {"noon"}),
    ({"work_code": "SICK"}, {"sick"}),
    ({"work_code": ["OFF", "REG"]}, ALL - {"sick"}),
    ({"work_code": "NIGHT"}, set()),
    ({"start_time_min": "17:00"}, {"night", "evening", "late"}),
    ({"start_time_max": "05:00"}, {"early", "sick"}),
    ({"stop_time_min": "17:00"}, {"noon", "late"}),
    ({"stop_time_max": "06:00:00"}, {"night", "evening"}),
    ({"has_start_time": "true"}, TIMED),
    ({"has_start_time": "false"}, {"off"}),
    ({"has_stop_time": "true"}, TIMED),
    ({"has_stop_time": "false"}, {"off"}),
    ({"overnight": "true"}, {"night", "evening"}),
    ({"overnight": "false"}, ALL - {"night", "evening"}),
    ({"time_slot": "morning"}, {"sick"}),
    ({"time_slot": "afternoon"}, {"noon"}),
    ({"time_slot": "evening"}, {"evening", "late"}),
    ({"time_slot": "night"}, {"night", "early"}),
    ({"weekend": "true"}, {"off", "noon", "evening"}),
    ({"weekend": "false"}, {"night", "early", "sick", "late"}),
    # Half open: what stops at FROM or starts at TO does not touch.
    ({"overlaps": "2026-10-03T06:00,2026-10-03T12:00"}, set()),
    ({"overlaps": "2026-10-03T05:59,2026-10-03T12:01"}, {"night", "noon"}),
    ({"overlaps": "2026-10-05,2026-10-06"}, {"sick", "late"}),
    ({"overlaps": "2026-10-04T23:59:59,2026-10-05T05:00:01"}, {"evening", "sick"}),
    ({"employee_id": 202, "weekend": "true", "time_slot": "evening"}, {"evening"}),
]


@pytest.fixture
def floor(api: Api) -> Api:
    with make.written() as conn:
        for employee_id, facts in PEOPLE.items():
            make.employee(conn, employee_id=employee_id, **facts)
        ids = {name: make.shift(conn, *shift) for name, shift in SHIFTS.items()}
        conn.execute(
            insert(leave_requests).values(
                employee_id=101, leave_type="Sick", start_date=MONDAY, end_date=MONDAY, status="Approved"
            )
        )
    api.names = {number: name for name, number in ids.items()}  # type: ignore[attr-defined]
    return api


def test_every_filter_finds_the_shifts_it_is_about_and_no_others(floor: Api) -> None:
    wrong = {}
    by_id: dict[int, str] = floor.names  # type: ignore[attr-defined]
    one = next(iter(by_id))
    for query, expected in [*FILTERS, ({"schedule_id": one}, {by_id[one]})]:
        answer = floor.get("/schedules", **query)
        assert answer.status == 200, (query, answer.body)
        found = {by_id[row["schedule_id"]] for row in answer.data}
        if found != expected or answer.body["total"] != len(expected):
            wrong[str(query)] = found
    assert wrong == {}


def test_no_filter_of_the_contract_is_left_untried() -> None:
    tried = {name for query, _ in FILTERS for name in query} | {"schedule_id"}
    assert tried == set(ScheduleFilters.__struct_fields__) - {"limit", "offset", "sort", "order", "format"}


def test_a_row_shows_plan_effect_reason_and_person(floor: Api) -> None:
    (row,) = floor.get("/schedules", work_code="SICK").data
    shown = {"work_code", "planned_work_code", "work_class", "why", "full_name", "department", "supervisor", "batch"}
    assert {name: row[name] for name in shown} == {
        "work_code": "SICK",
        "planned_work_code": "REG",
        "work_class": "away_unplanned",
        "why": "leave",
        "full_name": "Ada Person101",
        "department": "Support",
        "supervisor": "Grace Hopper",
        "batch": "2025-01",
    }
    assert (row["start_time"], row["stop_time"], row["origin"]) == ("05:00:00", "13:00:00", "plan")


def test_the_shifts_of_somebody_who_is_gone_are_still_listed(floor: Api) -> None:
    with make.written() as conn:
        conn.execute(text("DELETE FROM employees WHERE employee_id = 101"))
    answer = floor.get("/schedules")
    row = next(row for row in answer.data if row["employee_id"] == 101)
    assert (answer.body["total"], row["full_name"], row["department"]) == (7, None, None)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"start_date": "2026-10-05", "end_date": "2026-10-04"}, "end_date: must not be before start_date"),
        ({"start_date": "2026-13-01"}, 'start_date: must be YYYY-MM-DD, got "2026-13-01"'),
        (
            {"overlaps": "2026-10-05"},
            "overlaps: must be FROM,TO: local times such as 2026-10-05T22:00,2026-10-06T06:00",
        ),
        ({"overlaps": "2026-02-30,2026-03-01"}, "overlaps: day is out of range for month"),
        ({"overlaps": "2026-10-05T25:00,2026-10-06"}, "overlaps: hour must be in 0..23"),
        ({"overlaps": "2026-10-06,2026-10-05"}, "overlaps: TO must be after FROM"),
        ({"overlaps": "2026-10-05,2026-10-05"}, "overlaps: TO must be after FROM"),
        ({"time_slot": "dawn"}, "time_slot: must be one of: afternoon, evening, morning, night"),
        ({"start_time_min": "25:00"}, "start_time_min: must be HH:MM or HH:MM:SS"),
        ({"workcode": "REG"}, "workcode: is not known here; did you mean work_code?"),
    ],
)
def test_a_filter_that_makes_no_sense_is_named(api: Api, query: dict[str, Any], problem: str) -> None:
    answer = api.get("/schedules", **query)
    assert answer.status == 400
    assert len(answer.errors) == 1
    assert answer.errors[0].startswith(problem.replace("afternoon, evening, morning, night", ""))
