"""Which employees a list is about: every filter of api.md, with people inside and outside of it."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from chalicelib.core.tables import attendances, employee_rewards
from chalicelib.people import routes
from chalicelib.people.queries import EmployeeFilters
from tests import make
from tests.api import Api

DAY = date(2026, 10, 5)
PAST, FUTURE = date(2025, 2, 3), date.today() + timedelta(days=400)

FLOOR: dict[str, dict[str, Any]] = {
    "Ada": {
        "employee_id": 101,
        "last_name": "Lovelace",
        "company_email": "ada.l@opsdb.example",
        "ruex_id": "alovelace",
        "agent_id": "A-7001",
        "axonify_id": "AX9",
        "department": "Support",
        "supervisor": "Grace Hopper",
        "manager": "Jean Bartik",
        "batch": "2025-01",
        "shift": "Night",
        "role": "Agent",
        "tier": 3,
        "phase_1_date": PAST,
        "phase_2_date": PAST,
        "hire_date": date(2025, 1, 6),
    },
    "Çağla": {
        "employee_id": 202,
        "last_name": "Öz_50%",
        "department": "Sales",
        "supervisor": "Alan Turing",
        "manager": "Kay McNulty",
        "batch": "2025-02",
        "shift": "Morning",
        "role": "Lead",
        "tier": 1,
        "phase_1_date": PAST,
        "phase_2_date": FUTURE,
        "hire_date": date(2025, 6, 2),
    },
    "Dan": {
        "employee_id": 303,
        "last_name": "Bricklin",
        "department": "Support",
        "status": "Inactive",
        "attrition_date": date(2026, 3, 31),
        "phase_3_date": PAST,
        "hire_date": date(2025, 1, 6),
    },
    "Eve": {"employee_id": 404, "last_name": "Li", "status": "On Leave", "hire_date": date(2026, 9, 1)},
    "Fay": {"employee_id": 505, "last_name": "Ajzen", "status": "Inactive", "attrition_date": date(2025, 12, 31)},
}
EVERYBODY = set(FLOOR)

FILTERS: list[tuple[dict[str, Any], set[str]]] = [
    ({}, {"Ada", "Çağla"}),
    ({"status": "Inactive"}, {"Dan", "Fay"}),
    ({"status": ["Inactive", "On Leave"]}, {"Dan", "Eve", "Fay"}),
    ({"status": "all"}, EVERYBODY),
    ({"employee_status": "On Leave"}, {"Eve"}),
    ({"employee_id": 303, "status": "all"}, {"Dan"}),
    ({"employee_id": [101, 202]}, {"Ada", "Çağla"}),
    ({"department": "Support"}, {"Ada"}),
    ({"department": "Support", "status": "all"}, {"Ada", "Dan"}),
    ({"department": ["Support", "Sales"]}, {"Ada", "Çağla"}),
    ({"department": "support"}, set()),
    ({"supervisor": "Grace Hopper"}, {"Ada"}),
    ({"manager": "Kay McNulty"}, {"Çağla"}),
    ({"batch": "2025-01"}, {"Ada"}),
    ({"shift": "Morning"}, {"Çağla"}),
    ({"role": "Agent"}, {"Ada"}),
    ({"tier": 3}, {"Ada"}),
    ({"tier": 0}, set()),
    ({"phase": 2}, {"Ada"}),
    ({"phase": 1}, {"Çağla"}),
    ({"phase": 3, "status": "all"}, {"Dan"}),
    ({"phase": 0, "status": "all"}, {"Eve", "Fay"}),
    ({"search": "lovelace"}, {"Ada"}),
    ({"search": "cagla oz"}, {"Çağla"}),
    ({"search": "OZ_50%"}, {"Çağla"}),
    ({"search": "%"}, {"Çağla"}),
    ({"search": "_"}, {"Çağla"}),
    ({"search": "\\"}, set()),
    ({"search": "ada.l@OPSDB"}, {"Ada"}),
    ({"search": "a-70"}, {"Ada"}),
    ({"search": "ax9"}, {"Ada"}),
    ({"search": "20"}, {"Çağla"}),
    ({"search": "lovelace oz"}, set()),
    ({"search": "dan"}, set()),
    ({"search": "dan", "status": "all"}, {"Dan"}),
    ({"point_balance_min": 40}, {"Ada"}),
    ({"point_balance_max": 10}, {"Çağla"}),
    ({"point_balance_min": 10, "point_balance_max": 50}, {"Ada", "Çağla"}),
    ({"point_balance_max": 0, "status": "all"}, {"Dan", "Eve", "Fay"}),
    ({"hire_date_min": "2025-06-02"}, {"Çağla"}),
    ({"hire_date_max": "2025-06-01"}, {"Ada"}),
    ({"inactive_since": "2026-01-01"}, {"Dan"}),
    ({"inactive_since": "2025-12-31"}, {"Dan", "Fay"}),
    ({"has_schedule": "2026-10-05"}, {"Ada"}),
    ({"has_schedule": "2026-10-06"}, set()),
    ({"has_attendance": "2026-10-05"}, {"Çağla"}),
    ({"department": "Support", "tier": 1}, set()),
]


@pytest.fixture
def floor(api: Api) -> Api:
    with make.written() as conn:
        for name, facts in FLOOR.items():
            make.employee(conn, first_name=name, **facts)
        make.shift(conn, 101, DAY)
        conn.execute(insert(attendances).values(employee_id=202, date=DAY, check_in=datetime(2026, 10, 5, 9)))
        for employee_id, points in ((101, 50), (202, 10)):
            conn.execute(
                insert(employee_rewards).values(
                    employee_id=employee_id, points=points, date_awarded=DAY, awarded_by="test"
                )
            )
    return api


def test_every_filter_finds_those_it_is_about_and_nobody_else(floor: Api) -> None:
    wrong = {}
    for query, expected in FILTERS:
        answer = floor.get("/employees", **query)
        assert answer.status == 200, (query, answer.body)
        found = {row["first_name"] for row in answer.data}
        if found != expected or answer.body["total"] != len(expected):
            wrong[str(query)] = found
    assert wrong == {}


def test_no_filter_of_the_contract_is_left_untried() -> None:
    tried = {name for query, _ in FILTERS for name in query}
    assert tried == set(EmployeeFilters.__struct_fields__) - {"limit", "offset", "sort", "order", "format"}


def test_a_row_shows_the_person_with_the_balance_of_their_points(floor: Api) -> None:
    row = floor.get("/employees/101").body
    assert (row["full_name"], row["department"], row["point_balance"]) == ("Ada Lovelace", "Support", 50)
    assert floor.get("/employees/404").body["point_balance"] == 0
    assert row == floor.get("/employees", employee_id=101).data[0]


def test_a_phase_is_finished_on_its_day_at_the_site(floor: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "today", lambda: FUTURE - timedelta(days=1))
    assert {row["first_name"] for row in floor.get("/employees", phase=2).data} == {"Ada"}
    monkeypatch.setattr(routes, "today", lambda: FUTURE)
    assert {row["first_name"] for row in floor.get("/employees", phase=2).data} == {"Ada", "Çağla"}


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"status": "Gone"}, 'status: must be one of: Active, Inactive, On Leave, all, got ["Gone"]'),
        ({"phase": 4}, 'phase: must be a whole number from 0 to 3, got "4"'),
        ({"tier": "three"}, 'tier: must be a whole number from 0 to 1000000, got "three"'),
        ({"has_schedule": "today"}, 'has_schedule: must be YYYY-MM-DD, got "today"'),
        ({"hire_date_min": "2025-02-30"}, 'hire_date_min: must be YYYY-MM-DD, got "2025-02-30"'),
        ({"start_date": "2026-10-05"}, "start_date: is not known here; did you mean hire_date_max?"),
    ],
)
def test_a_filter_that_makes_no_sense_is_named(api: Api, query: dict[str, Any], problem: str) -> None:
    answer = api.get("/employees", **query)
    assert (answer.status, [one.partition(";")[0] for one in answer.errors]) == (400, [problem.partition(";")[0]])
