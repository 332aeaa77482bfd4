"""Lists: sorted, counted and cut the same way everywhere, in as many statements whatever their length."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.people.queries import Employee
from tests import make
from tests.api import Api
from tests.counting import statements

MONDAY = date(2026, 10, 5)


def floor(size: int) -> None:
    """So many people, a shift each, some points each, one upload each."""
    with make.written() as conn:
        first = make.employee(conn, employee_id=1)
        make.shift(conn, first, MONDAY)
        conn.execute(
            text("INSERT INTO employees (employee_id, first_name) SELECT n, 'P' || n FROM generate_series(2, :size) n"),
            {"size": size},
        )
        conn.execute(
            text(
                """INSERT INTO schedules
                    (employee_id, nominal_date, start_date, start_time, stop_date, stop_time, work_code)
                SELECT n, :day, :day, '09:00', :day, '17:00', 'REG' FROM generate_series(2, :size) n"""
            ),
            {"size": size, "day": MONDAY},
        )
        conn.execute(
            text(
                """INSERT INTO employee_rewards (employee_id, points, date_awarded, awarded_by)
                SELECT n, n, :day, 'test' FROM generate_series(1, :size) n"""
            ),
            {"size": size, "day": MONDAY},
        )
        conn.execute(
            text(
                """INSERT INTO uploads (kind, filename, bucket, key, uploaded_by)
                SELECT 'schedules', n || '.csv', 'b', n::text, 'test' FROM generate_series(1, :size) n"""
            ),
            {"size": size},
        )


@pytest.mark.parametrize("size", [10, 1000])
def test_a_list_costs_two_statements_however_long_it_is(api: Api, size: int) -> None:
    floor(size)
    api.get("/health/ready")
    for path, filters in [
        ("/employees", {}),
        ("/employees", {"search": "p", "has_schedule": "2026-10-05", "sort": "point_balance"}),
        ("/schedules", {}),
        ("/schedules", {"work_code": "REG", "time_slot": "morning", "sort": "full_name"}),
        ("/uploads", {}),
    ]:
        with statements() as sent:
            answer = api.get(path, limit=1000, **filters)
        assert (answer.status, len(sent)) == (200, 2), (path, answer.body, sent)
        assert len(answer.data) == size


def test_what_is_unknown_comes_last_whichever_way_one_sorts(api: Api) -> None:
    with make.written() as conn:
        for employee_id, tier in ((1, None), (2, 3), (3, 1), (4, None)):
            make.employee(conn, employee_id=employee_id, tier=tier)
    assert [row["employee_id"] for row in api.get("/employees", sort="tier").data] == [3, 2, 1, 4]
    assert [row["employee_id"] for row in api.get("/employees", sort="tier", order="desc").data] == [2, 3, 4, 1]


@pytest.mark.parametrize("path", ["/employees", "/schedules", "/uploads"])
def test_past_the_end_there_is_no_row_and_still_the_total(api: Api, path: str) -> None:
    floor(5)
    answer = api.get(path, offset=7, limit=3)
    assert answer.body == {"total": 5, "limit": 3, "offset": 7, "data": []}


@pytest.mark.parametrize("path", ["/employees", "/schedules", "/uploads"])
def test_an_empty_list_is_a_list(api: Api, path: str) -> None:
    assert api.get(path).body == {"total": 0, "limit": 100, "offset": 0, "data": []}


@pytest.mark.parametrize(
    ("path", "key", "sort"),
    [
        ("/employees", "employee_id", "department"),
        ("/schedules", "schedule_id", "start_time"),
        ("/schedules", "schedule_id", "work_code"),
        ("/uploads", "upload_id", "state"),
    ],
)
@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_of_rows_that_sort_alike_hold_every_row_once(
    api: Api, path: str, key: str, sort: str, order: str
) -> None:
    floor(23)
    pages = [api.get(path, sort=sort, order=order, limit=5, offset=offset) for offset in range(0, 25, 5)]
    assert {page.body["total"] for page in pages} == {23}
    found = [row[key] for page in pages for row in page.data]
    assert found == sorted(found, reverse=order == "desc")
    assert len(set(found)) == 23


def test_every_field_of_an_employee_can_be_sorted_by_and_no_other(api: Api) -> None:
    floor(3)
    for field in Employee.__struct_fields__:
        assert len(api.get("/employees", sort=field, order="desc").data) == 3, field
    refused = api.get("/employees", sort="employee_id; DROP TABLE employees")
    assert refused.status == 400
    assert refused.errors[0].startswith("sort: must be one of: employee_id, first_name,")


def test_every_sort_of_schedules_can_be_asked_for(api: Api) -> None:
    floor(3)
    listed = api.get("/schedules", sort="nonsense").errors[0].removeprefix("sort: must be one of: ")
    names = listed.partition(";")[0].split(", ")
    assert {"nominal_date", "start_time", "work_code", "full_name", "supervisor"} <= set(names)
    for name in names:
        for more in ({}, {"work_code": "REG"}):
            assert len(api.get("/schedules", sort=name, **more).data) == 3, name


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"limit": 0}, 'limit: must be a whole number from 1 to 1000, got "0"'),
        ({"limit": 1001}, 'limit: must be a whole number from 1 to 1000, got "1001"'),
        ({"offset": -1}, 'offset: must be a whole number of at least 0, got "-1"'),
        ({"order": "up"}, 'order: must be one of: asc, desc, got "up"'),
        ({"departmnt": "x"}, "departmnt: is not known here; did you mean department?"),
    ],
)
def test_a_page_that_makes_no_sense_is_refused(api: Api, query: dict[str, Any], problem: str) -> None:
    for path in ("/employees", "/schedules"):
        answer = api.get(path, **query)
        assert (answer.status, answer.errors) == (400, [problem])
