"""The weekly and the monthly report over HTTP."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text

from chalicelib.archive import queries as archive
from chalicelib.core.tables import attendances
from chalicelib.reports import periodic
from tests import make
from tests.api import Api
from tests.conftest import Site

MONDAY = date(2026, 10, 5)
NAMING = ("employee_id", "full_name", "first_name", "last_name", "supervisor")


@pytest.fixture(autouse=True)
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The site's clock stands in the middle of November, when every October day is closed."""
    noon = datetime(2026, 11, 15, 12, tzinfo=UTC)
    monkeypatch.setattr(periodic, "now", lambda: noon)
    monkeypatch.setattr(periodic, "today", noon.date)


@pytest.fixture
def floor(site: Site) -> list[int]:
    """Ann comes on five days, Bob on three of them, Cy is on vacation; each week of October."""
    with make.written() as conn:
        people = [
            make.employee(
                conn, first_name=name, last_name="Weeks", department="Support", supervisor="Zoe", batch="2025-01"
            )
            for name in ("Ann", "Bob", "Cy")
        ]
        for day in (date(2026, 10, 1) + timedelta(number) for number in range(31)):
            for one in people:
                if day.weekday() < 5:
                    make.shift(conn, one, day, work_code="VACATION" if one == people[2] else "REG")
            for one in people[: 2 if day.weekday() < 3 else 1]:
                seen = {"check_in": datetime.combine(day, datetime.min.time()) + timedelta(hours=9)}
                conn.execute(insert(attendances).values(employee_id=one, date=day, **seen))
        return people


def test_a_week_is_from_monday_to_sunday_per_day_and_per_person(api: Api, floor: list[int]) -> None:
    found = api.get("/reports/weekly", date="2026-10-08").body
    assert (found["start_date"], found["end_date"]) == ("2026-10-05", "2026-10-11")
    assert [(one["date"], one["present"], one["absent"]) for one in found["days"]] == [
        ("2026-10-05", 2, 0),
        ("2026-10-06", 2, 0),
        ("2026-10-07", 2, 0),
        ("2026-10-08", 1, 1),
        ("2026-10-09", 1, 1),
        ("2026-10-10", 0, 0),
        ("2026-10-11", 0, 0),
    ]
    assert found["whole"]["attendance_rate"] == 0.8
    assert found["whole"]["shrinkage_planned"] == 2400 / 7200
    assert [(one["full_name"], one["present"], one["net_people"], one["attendance_rate"]) for one in found["data"]] == [
        ("Ann Weeks", 5, 5, 1.0),
        ("Bob Weeks", 3, 5, 0.6),
        ("Cy Weeks", 0, 0, None),
    ]
    assert {one["department"] for one in found["data"]} == {"Support"}


def test_people_are_paged_and_sorted_by_any_figure_those_without_it_last(api: Api, floor: list[int]) -> None:
    def names(**query: Any) -> list[str]:
        return [one["first_name"] for one in api.get("/reports/weekly", date="2026-10-05", **query).data]

    assert names(sort="attendance_rate") == ["Bob", "Ann", "Cy"]
    assert names(sort="attendance_rate", order="desc") == ["Ann", "Bob", "Cy"]
    assert names(sort="employee_id", order="desc", limit=1, offset=1) == ["Bob"]
    page = api.get("/reports/weekly", date="2026-10-05", limit=1, offset=5).body
    assert (page["total"], page["data"]) == (3, [])
    refused = api.get("/reports/weekly", sort="nonsense")
    assert (refused.status, refused.errors[0].split(":")[0]) == (400, "sort")


def test_a_file_has_the_people_whatever_limit_says(api: Api, floor: list[int]) -> None:
    body = api.get("/reports/weekly", date="2026-10-05", format="csv", limit=1, sort="present").body
    table = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))
    assert [(one["full_name"], one["present"]) for one in table] == [
        ("Cy Weeks", "0"),
        ("Bob Weeks", "3"),
        ("Ann Weeks", "5"),
    ]


def test_clients_see_no_names_and_no_ids_and_no_order_that_tells_them(api: Api, floor: list[int]) -> None:
    told = api.get("/reports/weekly", date="2026-10-05", anonymous="true", sort="present").body
    assert {one[name] for one in told["data"] for name in NAMING} == {None}
    assert [(one["present"], one["batch"]) for one in told["data"]] == [(0, "2025-01"), (3, "2025-01"), (5, "2025-01")]
    for name in NAMING:
        assert api.get("/reports/weekly", anonymous="true", sort=name).status == 400
    # Ids are in the other order, and those who are equal otherwise are not told apart by them.
    assert [one["present"] for one in api.get("/reports/weekly", date="2026-10-05", anonymous="true").data] == [0, 3, 5]


def test_who_moves_in_the_middle_of_the_week_counts_where_they_were_each_day(api: Api, floor: list[int]) -> None:
    with make.written() as conn:
        make.options(conn, "department", "Support", "Sales")
    moved = api.put(f"/employees/{floor[0]}", {"department": "Sales", "effective_date": "2026-10-08"})
    assert moved.status == 200, moved.body

    def ann(**query: Any) -> list[int]:
        rows = api.get("/reports/weekly", date="2026-10-05", **query).data
        return [one["present"] for one in rows if one["first_name"] == "Ann"]

    assert ann() == [5]
    assert ann(department="Support") == [3]
    assert ann(department="Sales") == [2]
    assert ann(department="Sales", as_of="today") == [5]
    [row] = api.get("/reports/weekly", date="2026-10-05", employee_id=floor[0]).data
    assert row["department"] == "Sales"


def test_half_a_month_archived_is_the_same_month(api: Api, floor: list[int]) -> None:
    before = api.get("/reports/monthly", month="2026-10").body
    with make.written() as conn:
        for table in archive.HISTORIES:
            moved = archive.move(
                conn, table=table, before=date(2026, 10, 16), most=10_000, archived_date=date(2026, 11, 15)
            )
            assert moved > 10
    assert api.get("/reports/monthly", month="2026-10").body == before
    assert before["whole"]["net_people"] == 2 * 22


def test_holidays_are_flagged_on_their_day(api: Api, floor: list[int]) -> None:
    with make.written() as conn:
        conn.execute(text("INSERT INTO holidays (date, name) VALUES ('2026-10-12', 'Columbus Day')"))
    days = api.get("/reports/weekly", date="2026-10-12").body["days"]
    assert [[one["name"] for one in day["holidays"]] for day in days] == [["Columbus Day"], [], [], [], [], [], []]


def test_a_month_has_its_attrition_whole_by_department_and_early_by_batch(api: Api, floor: list[int]) -> None:
    with make.written() as conn:
        gone = make.employee(
            conn, department="Sales", batch="2026-09", hire_date=date(2026, 9, 1), attrition_date=date(2026, 10, 10)
        )
        make.employee(conn, department="Sales", batch="2026-09", hire_date=date(2026, 9, 1))
        deleted = make.employee(conn, department="Sales", batch="2026-09", hire_date=date(2026, 9, 1))
    assert api.delete(f"/employees/{deleted}").status == 200
    with make.written() as conn:
        conn.execute(text("UPDATE employees_history SET archived_date = '2026-11-10'"))
    found = api.get("/reports/monthly", month="2026-10").body
    # Three of Support, one of Sales all month, one until the tenth, and one who is deleted in the month after.
    sales = (31 + 31 + 10) / 31
    assert found["attrition"]["leavers"] == 1, gone
    assert found["attrition"]["headcount"] == pytest.approx(3 + sales)
    assert found["attrition"]["attrition"] == pytest.approx(1 / (3 + sales))
    assert found["attrition"]["annualised"] == pytest.approx(12 / (3 + sales))
    by_name = {one["department"]: (one["leavers"], one["attrition"]) for one in found["attrition_by_department"]}
    assert by_name == {"Sales": (1, pytest.approx(1 / sales)), "Support": (0, 0)}
    assert found["early_attrition"] == [
        {"batch": "2025-01", "hired": 3, "left_early": 0, "early_attrition": 0.0},
        {"batch": "2026-09", "hired": 2, "left_early": 1, "early_attrition": 0.5},
    ]
    only = api.get("/reports/monthly", month="2026-10", department="Support").body
    assert (only["attrition"]["leavers"], only["attrition"]["headcount"]) == (0, 3)


def test_a_transfer_is_no_leaver_and_a_rehire_is_one_of_each(api: Api, floor: list[int]) -> None:
    with make.written() as conn:
        conn.execute(
            text(
                """UPDATE assignments SET valid_to = '2026-10-11' WHERE employee_id = :moved;
                INSERT INTO assignments (employee_id, valid_from, department) VALUES (:moved, '2026-10-11', 'Sales');
                UPDATE employments SET last_day = '2026-10-10' WHERE employee_id = :back;
                INSERT INTO employments (employee_id, hire_date) VALUES (:back, '2026-10-21')"""
            ),
            {"moved": floor[0], "back": floor[1]},
        )
    found = api.get("/reports/monthly", month="2026-10").body
    assert found["attrition"]["leavers"] == 1
    heads = {one["department"]: one["headcount"] for one in found["attrition_by_department"]}
    assert heads == {"Sales": pytest.approx(21 / 31), "Support": pytest.approx((10 + 21 + 31) / 31)}
    found = api.get("/reports/monthly", month="2026-10", as_of="today").body
    heads = {one["department"]: one["headcount"] for one in found["attrition_by_department"]}
    assert heads == {"Sales": 1, "Support": pytest.approx((21 + 31) / 31)}


def test_a_month_that_is_closed_says_since_when_and_how_often_it_was_corrected(api: Api, floor: list[int]) -> None:
    is_open = api.get("/reports/monthly", month="2026-10").body
    assert (is_open["closed_at"], is_open["adjustments"]) == (None, 0)
    with make.written() as conn:
        conn.execute(text("INSERT INTO periods (month, closed_by) VALUES ('2026-10-01', 'test')"))
    corrected = api.put(f"/attendances/{floor[0]}/2026-10-05", {"late_minutes": 7})
    assert corrected.status == 200, corrected.body
    closed = api.get("/reports/monthly", month="2026-10").body
    assert closed["closed_at"] is not None
    assert closed["adjustments"] == 1
    assert closed["whole"]["late"] == 1


def test_without_a_date_it_is_the_week_or_month_that_is_now(api: Api, floor: list[int]) -> None:
    assert api.get("/reports/weekly").body["start_date"] == "2026-11-09"
    month = api.get("/reports/monthly").body
    assert (month["start_date"], month["end_date"]) == ("2026-11-01", "2026-11-30")
    assert month["attrition"]["headcount"] == 3
    assert [one["stage"] for one in month["days"][12:17]] == ["closed", "closed", "open", "ahead", "ahead"]
    later = api.get("/reports/monthly", month="2027-02").body
    assert (later["total"], later["attrition"]["headcount"], later["attrition"]["attrition"]) == (0, None, None)


@pytest.mark.parametrize("month", ["2026-13", "2026", "202610", "3026-01", "October"])
def test_a_month_that_is_none_is_refused(api: Api, month: str) -> None:
    assert api.get("/reports/monthly", month=month).errors == [f'month: must be YYYY-MM, got "{month}"']
