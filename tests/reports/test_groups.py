"""What the reports by groups are asked for, and what they answer: ranges, order, clients, files."""

import csv
import io
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

import openpyxl
import pytest
from sqlalchemy import insert

from chalicelib.core import db
from chalicelib.core.tables import attendances, employee_rewards, holidays
from chalicelib.reports import breakdowns, plan_queries
from chalicelib.reports.filters import Filters
from chalicelib.reports.groups import MOST_DAYS
from chalicelib.reports.spans import Span
from chalicelib.reports.totals_queries import totals
from tests import make
from tests.api import Api
from tests.conftest import Site
from tests.reports.floors import random_floor
from tests.schedules.plans import MADRID, NEW_YORK

REPORTS = ("employees", "schedules", "attendances", "rewards", "redemptions", "leave_requests", "exceptions")
NOW = datetime(2026, 10, 14, 20, tzinfo=UTC)
MONDAY = date(2026, 10, 5)
WEEK = {"start_date": "2026-10-05", "end_date": "2026-10-11"}


@pytest.fixture(autouse=True)
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The site's clock stands on a Wednesday evening in the middle of October."""
    monkeypatch.setattr(breakdowns, "now", lambda: NOW)
    monkeypatch.setattr(breakdowns, "today", NOW.date)


@pytest.fixture
def floor(site: Site) -> list[int]:
    """Two of Support and one of nowhere, each with a shift on every day of October; on the first one of them came."""
    with make.written() as conn:
        people = [make.employee(conn, department=name, supervisor="Ann") for name in ("Support", "Support", None)]
        for number in range(31):
            day = date(2026, 10, 1) + timedelta(number)
            for one in people[: 2 if number else 3]:
                make.shift(conn, one, day)
        seen = {"check_in": datetime(2026, 10, 1, 9), "check_out": datetime(2026, 10, 1, 17)}
        conn.execute(insert(attendances).values(employee_id=people[0], date=date(2026, 10, 1), **seen))
        return people


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ({}, "2026-10-01", "2026-10-31"),
        ({"start_date": "2026-02-09"}, "2026-02-09", "2026-02-28"),
        ({"end_date": "2026-09-09"}, "2026-09-01", "2026-09-09"),
        (WEEK, "2026-10-05", "2026-10-11"),
    ],
)
def test_the_range_is_this_month_unless_said_or_the_rest_of_the_month_that_is(
    api: Api, asked: dict[str, str], first: str, last: str
) -> None:
    for report in REPORTS:
        body = api.get(f"/reports/{report}", **asked).body
        assert (body["start_date"], body["end_date"], body["group_by"]) == (first, last, ["department"])


@pytest.mark.parametrize("report", REPORTS)
def test_nobody_is_an_answer_too(api: Api, report: str) -> None:
    for by in ("department", "day"):
        body = api.get(f"/reports/{report}", group_by=by).body
        assert (body["total"], body["data"]) == (0, [])
        figures = {
            name: value for name, value in body["totals"].items() if name in breakdowns.ShiftGroup.__struct_fields__
        }
        assert not any(figures.values())


@pytest.mark.parametrize("report", REPORTS)
def test_what_cannot_be_answered_is_refused_with_every_problem(api: Api, report: str) -> None:
    told = {"group_by": ["supervisor", "day", "week"], "anonymous": "true", "sort": "nonsense"}
    refused = api.get(f"/reports/{report}", **told, start_date="2026-10-05", end_date="2026-10-04")
    assert refused.status == 400
    assert [one.partition(":")[0] for one in refused.errors] == ["group_by", "group_by", "end_date", "sort"]
    assert api.get(f"/reports/{report}", group_by="person").errors[0].startswith("group_by: must be one of: department")
    assert api.get(f"/reports/{report}", group_by=["day", "day"]).status == 400
    assert api.get(f"/reports/{report}", group_by="").status == 400


def test_a_year_is_the_most(api: Api) -> None:
    first = date(2026, 1, 1)
    for days, status in ((MOST_DAYS, 200), (MOST_DAYS + 1, 400)):
        last = first + timedelta(days - 1)
        assert api.get("/reports/rewards", start_date=str(first), end_date=str(last)).status == status


@pytest.mark.parametrize("report", REPORTS)
def test_clients_see_no_supervisors(api: Api, floor: list[int], report: str) -> None:
    refused = api.get(f"/reports/{report}", anonymous="true", group_by=["day", "supervisor"])
    assert refused.errors == ["group_by: supervisor is not for clients, as anonymous=true has it"]
    sorted_by = api.get(f"/reports/{report}", anonymous="true", sort="supervisor")
    assert sorted_by.status == 400
    assert "supervisor" not in sorted_by.errors[0].partition(" got ")[0]
    told = api.get(f"/reports/{report}", anonymous="true", group_by="department").body
    assert {row["supervisor"] for row in [*told["data"], told["totals"]]} == {None}


def test_rows_are_in_the_order_of_their_groups_unless_sorted_those_without_a_value_last(
    api: Api, floor: list[int]
) -> None:
    def rows(*names: str, **query: Any) -> list[Any]:
        found = [tuple(row[name] for name in names) for row in api.get("/reports/schedules", **query).data]
        return [one[0] for one in found] if len(names) == 1 else found

    assert rows("department") == ["Support", None]
    assert rows("department", "shifts", order="desc", sort="department") == [("Support", 62), (None, 1)]
    assert rows("department", sort="shifts") == [None, "Support"]
    days = rows("day", group_by="day", limit=2, offset=1, order="desc")
    assert days == ["2026-10-30", "2026-10-29"]
    assert rows("week", "department", group_by=["week", "department"], limit=3) == [
        ("2026-09-28", "Support"),
        ("2026-09-28", None),
        ("2026-10-05", "Support"),
    ]
    by_type = api.get("/reports/leave_requests", sort="days_by_type")
    assert (by_type.status, by_type.errors[0].split(":")[0]) == (400, "sort")


def test_the_plan_counts_what_is_ahead_and_attendance_what_has_begun(api: Api, floor: list[int]) -> None:
    assert api.get("/reports/schedules").body["totals"]["shifts"] == 63
    attended = api.get("/reports/attendances", group_by="day").body
    assert attended["totals"]["gross_people"] == 29
    assert attended["total"] == 14
    assert [row["attendance_rate"] for row in attended["data"][:2]] == [1 / 3, 0]
    heads = api.get("/reports/employees", group_by="month").body
    assert [(row["month"], row["headcount"], row["person_days"]) for row in heads["data"]] == [("2026-10-01", 3.0, 42)]


def test_a_day_says_which_holidays_it_is_and_no_other_department_has_them(api: Api, floor: list[int]) -> None:
    with make.written() as conn:
        for name, department in (("Founders", None), ("Sales Day", "Sales"), ("Support Day", "Support")):
            conn.execute(insert(holidays).values(date=date(2026, 10, 1), name=name, department=department))

    def told(**query: Any) -> list[str | None]:
        return [row["holiday"] for row in api.get("/reports/schedules", **query, limit=2).data]

    assert told(group_by="day") == ["Founders, Sales Day (Sales), Support Day (Support)", None]
    assert told(group_by=["day", "department"]) == ["Founders, Support Day (Support)", "Founders"]
    assert told(group_by="day", department="Sales") == []
    assert told(group_by="day", department="Support") == ["Founders, Support Day (Support)", None]
    assert told(group_by="week") == [None, None]


def test_who_moves_counts_where_they_were_unless_today_is_asked_for(
    api: Api, floor: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with make.written() as conn:
        make.options(conn, "department", "Support", "Sales")
        given = {"points": 30, "date_awarded": MONDAY, "awarded_by": "test"}
        conn.execute(insert(employee_rewards).values(employee_id=floor[0], **given))
    moved = api.put(f"/employees/{floor[0]}", {"department": "Sales", "effective_date": "2026-10-08"})
    assert moved.status == 200, moved.body

    def by_department(report: str, field: str, **query: Any) -> dict[str, int]:
        rows = api.get(f"/reports/{report}", **WEEK, **query).data
        return {row["department"]: row[field] for row in rows if row["department"]}

    assert by_department("schedules", "shifts") == {"Sales": 4, "Support": 10}
    assert by_department("employees", "person_days") == {"Sales": 4, "Support": 10}
    assert by_department("rewards", "points") == {"Support": 30}
    for report, field, sales in (
        ("schedules", "shifts", 7),
        ("employees", "person_days", 7),
        ("rewards", "points", 30),
    ):
        assert by_department(report, field, as_of="today")["Sales"] == sales
        assert by_department(report, field, as_of="today", department="Sales") == {"Sales": sales}


def test_who_was_deleted_is_in_the_headcount_until_then_and_no_leaver(api: Api, floor: list[int]) -> None:
    assert api.delete(f"/employees/{floor[2]}").status in {200, 204}
    whole = api.get("/reports/employees", start_date="2026-10-01", end_date="2026-10-10").body["totals"]
    assert (whole["person_days"], whole["left"], whole["attrition"]) == (30, 0, 0.0)


def test_reports_are_of_what_is_asked_for(api: Api, floor: list[int]) -> None:
    facts = {"start_date": "2026-10-05", "end_date": "2026-10-06"}
    for person, kind in zip(floor, ("Vacation", "Sick", "Vacation"), strict=True):
        made = api.post("/leave_requests", {"employee_id": person, "leave_type": kind, **facts})
        assert made.status == 201, made.body
    assert api.post(f"/leave_requests/{made.body['leave_id']}/reject", {"reason": "no"}).status == 200

    def requests(**query: Any) -> tuple[int, int]:
        whole = api.get("/reports/leave_requests", **query).body["totals"]
        return whole["pending"], whole["rejected"]

    assert requests() == (2, 1)
    assert requests(status="Pending") == (2, 0)
    assert requests(status=["Pending", "Rejected"], leave_type="Vacation") == (1, 1)
    assert requests(employee_id=floor[:2]) == (2, 0)
    assert requests(start_date="2026-10-06", end_date="2026-10-06") == (2, 1)
    assert requests(start_date="2026-10-07") == (0, 0)
    assert api.get("/reports/leave_requests", status="Completed").status == 400


# Files


@pytest.fixture
def odd(floor: list[int]) -> None:
    """A department whose name a spreadsheet would run."""
    with make.written() as conn:
        one = make.employee(conn, department="=1+1")
        make.shift(conn, one, MONDAY)
        given = {"points": 30, "date_awarded": MONDAY, "awarded_by": "test"}
        conn.execute(insert(employee_rewards).values(employee_id=one, **given))


def test_a_workbook_has_its_head_in_sight_rates_in_per_cent_and_nothing_that_runs(api: Api, odd: None) -> None:
    answer = api.get("/reports/attendances", group_by=["department", "day"], format="xlsx", limit=1, **WEEK)
    page = openpyxl.load_workbook(io.BytesIO(answer.body)).active
    assert page.freeze_panes == "A2"
    head = [cell.value for cell in page[1]]
    assert head[:8] == ["department", "supervisor", "batch", "shift", "day", "week", "month", "holiday"]
    rows = [dict(zip(head, line, strict=True)) for line in page.iter_rows(min_row=2)]
    assert len(rows) == 8
    first = rows[0]
    assert (first["department"].value, first["department"].data_type) == ("=1+1", "s")
    assert (first["day"].value, first["day"].number_format) == (datetime(2026, 10, 5), "yyyy-mm-dd")
    assert (first["gross_minutes"].value, first["gross_minutes"].number_format) == (480, "0")
    assert (first["attendance_rate"].value, first["attendance_rate"].number_format) == (0, "0.0%")
    assert first["late_rate"].value is None
    heads = openpyxl.load_workbook(io.BytesIO(api.get("/reports/employees", format="xlsx").body)).active
    assert [cell.number_format for cell in heads[2][9:13]] == ["0.00", "0", "0", "0.0%"]


def test_csv_has_every_group_and_no_cell_that_runs(api: Api, odd: None) -> None:
    body = api.get("/reports/rewards", format="csv", limit=1, **WEEK).body
    [row] = csv.DictReader(io.StringIO(body.decode("utf-8-sig")))
    assert (row["department"], row["points"], row["day"]) == ("'=1+1", "30", "")


def test_files_have_a_column_for_each_type(api: Api, floor: list[int]) -> None:
    for person, kind in zip(floor[:2], ("Vacation", "Sick"), strict=True):
        told = {"employee_id": person, "leave_type": kind, "start_date": "2026-10-05", "end_date": "2026-10-06"}
        made = api.post("/leave_requests", told)
        assert api.post(f"/leave_requests/{made.body['leave_id']}/approve", {}).status == 200
    body = api.get("/reports/leave_requests", format="csv", group_by="day", **WEEK).body
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig"))))
    assert [(row["day"], row["days"], row["days_by_type: Sick"], row["days_by_type: Vacation"]) for row in rows] == [
        ("2026-10-05", "2", "1", "1"),
        ("2026-10-06", "2", "1", "1"),
    ]


# The plan's minutes


@pytest.mark.parametrize(("zone", "first"), [(MADRID, date(2026, 10, 20)), (NEW_YORK, date(2026, 3, 2))], ids=str)
def test_the_plan_has_the_minutes_that_the_figures_have_once_all_is_over(site: Site, zone: Any, first: date) -> None:
    with make.written() as conn:
        random_floor(conn, Random(3), people=40, first=first, days=10)
    over = Span(first, first + timedelta(9), datetime(2027, 6, 1, tzinfo=UTC), zone, time(12))
    names = ("gross_minutes", "net_minutes", "training_minutes")
    with db.reading() as conn:
        plan = plan_queries.shifts(conn, span=over, asked=Filters(), by=["day", "department"])
        [figures] = totals(conn, span=over, asked=Filters(), by=[("day", "department")])
    assert len(figures) > 20
    for key, one in figures.items():
        assert [plan.groups[key].by_name[name] if key in plan.groups else 0 for name in names] == [
            getattr(one, name) for name in names
        ]
    assert plan.whole.by_name["gross_minutes"] == sum(one.gross_minutes for one in figures.values()) > 0
