"""The dashboard over HTTP: a day of a small floor, worked out by hand."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text

from chalicelib.core.tables import attendances
from chalicelib.reports import dashboard
from tests import make
from tests.api import Api
from tests.conftest import Site
from tests.counting import statements

MONDAY = date(2026, 10, 5)
EVENING = datetime(2026, 10, 5, 18, tzinfo=UTC)


@pytest.fixture(autouse=True)
def stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The site's clock stands on Monday evening: its shifts are over, the working day is not closed."""
    monkeypatch.setattr(dashboard, "now", lambda: EVENING)
    monkeypatch.setattr(dashboard, "today", EVENING.date)


@pytest.fixture
def floor(site: Site) -> list[int]:
    """On Monday four of Support and one of Sales: in, half an hour late, absent by mark, not seen, and in."""
    with make.written() as conn:
        people = [make.employee(conn, department="Support", batch="2025-01") for _ in range(4)]
        people.append(make.employee(conn, department="Sales"))
        for one in people:
            make.shift(conn, one, MONDAY)
        in_time = {"check_in": datetime(2026, 10, 5, 9), "check_out": datetime(2026, 10, 5, 17)}
        late = {**in_time, "check_in": datetime(2026, 10, 5, 9, 30), "late_minutes": 30}
        for person, seen in zip(people, (in_time, late, {"exception_type": "Absent"}, None, in_time), strict=True):
            if seen:
                conn.execute(insert(attendances).values(employee_id=person, date=MONDAY, **seen))
        return people


def test_a_day_has_every_figure(api: Api, floor: list[int]) -> None:
    found = api.get("/reports/dashboard").body
    assert found["date"] == "2026-10-05"
    day = found["day"]
    assert {name: day[name] for name in ("gross_people", "net_people", "present", "unmarked", "absent", "late")} == {
        "gross_people": 5,
        "net_people": 5,
        "present": 3,
        "unmarked": 1,
        "absent": 1,
        "late": 1,
    }
    assert (day["gross_minutes"], day["net_minutes"], day["inside_minutes"]) == (2400, 2400, 1410)
    assert (day["unplanned_minutes"], day["lost_minutes"]) == (480, 30)
    rates = {name: value for name, value in day.items() if isinstance(value, float)}
    assert rates == pytest.approx(
        {
            "attendance_rate": 3 / 5,
            "late_rate": 1 / 3,
            "absenteeism": 480 / 2400,
            "adherence": 1410 / 2400,
            "conformance": 1410 / 2400,
            "shrinkage": 510 / 2400,
            "shrinkage_planned": 0,
            "shrinkage_unplanned": 510 / 2400,
        }
    )
    assert day["stage"] == "open"


def test_the_next_afternoon_who_was_not_seen_is_absent(
    api: Api, floor: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dashboard, "now", lambda: EVENING + timedelta(days=1))
    day = api.get("/reports/dashboard", date="2026-10-05").body["day"]
    assert (day["stage"], day["unmarked"], day["absent"]) == ("closed", 0, 2)


def test_departments_are_of_the_day_and_add_up(api: Api, floor: list[int]) -> None:
    found = api.get("/reports/dashboard").body
    by_name = {one["department"]: one for one in found["departments"]}
    assert [(name, one["present"], one["net_people"]) for name, one in by_name.items()] == [
        ("Sales", 1, 1),
        ("Support", 2, 4),
    ]
    assert sum(one["net_minutes"] for one in by_name.values()) == found["day"]["net_minutes"]


def test_the_seven_days_before_stand_beside_it_and_empty_ones_have_no_rates(api: Api, floor: list[int]) -> None:
    before = api.get("/reports/dashboard", date="2026-10-07").body["before"]
    assert [one["date"] for one in before] == [f"{MONDAY + timedelta(days)}" for days in range(-5, 2)]
    assert [one["gross_people"] for one in before] == [0, 0, 0, 0, 0, 5, 0]
    nobody = before[0]
    rates = ("attendance_rate", "late_rate", "absenteeism", "adherence", "conformance", "shrinkage")
    assert {nobody[name] for name in rates} == {None}
    assert before[-1]["stage"] == "ahead"


def test_filters_are_by_where_people_belong(api: Api, floor: list[int]) -> None:
    def people(**query: Any) -> int:
        found: int = api.get("/reports/dashboard", **query).body["day"]["net_people"]
        return found

    assert people(department="Sales") == 1
    assert people(department=["Sales", "Support"]) == 5
    assert people(employee_id=floor[:2]) == 2
    assert people(batch="2025-01", employee_status="Active") == 4
    assert people(supervisor="Nobody") == 0


def test_who_moves_afterwards_stays_where_they_were_unless_today_is_asked_for(
    api: Api, floor: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with make.written() as conn:
        make.options(conn, "department", "Support", "Sales")
    moved = api.put(f"/employees/{floor[0]}", {"department": "Sales", "effective_date": "2026-10-06"})
    assert moved.status == 200, moved.body
    monkeypatch.setattr(dashboard, "now", lambda: EVENING + timedelta(days=1))

    def people(**query: Any) -> dict[str, int]:
        rows = api.get("/reports/dashboard", date="2026-10-05", **query).body["departments"]
        return {one["department"]: one["net_people"] for one in rows}

    assert people() == {"Sales": 1, "Support": 4}
    assert people(as_of="today") == {"Sales": 2, "Support": 3}
    assert people(as_of="today", department="Sales") == {"Sales": 2}


def test_holidays_what_waits_and_the_age_of_the_newest_backup_are_told(api: Api, floor: list[int]) -> None:
    empty = api.get("/reports/dashboard").body
    assert set(empty["waiting"].values()) == {0}
    assert empty["backup_age_minutes"] is None
    with make.written() as conn:
        conn.execute(
            text(
                """INSERT INTO holidays (date, name, department)
                VALUES ('2026-10-05', 'Founders', NULL), ('2026-10-05', 'Sales Day', 'Sales'),
                       ('2026-10-01', 'Early', NULL);
                INSERT INTO leave_requests (employee_id, leave_type, start_date, end_date)
                VALUES (:support, 'Vacation', '2026-11-02', '2026-11-03'),
                       (:sales, 'Vacation', '2026-11-02', '2026-11-03');
                INSERT INTO exceptions (employee_id, exception_type, start_date, end_date)
                VALUES (:support, 'Training', '2026-11-09', '2026-11-09');
                INSERT INTO schedule_changes (employee_id, schedule_id, replacement_id, schedule_date, change_type)
                VALUES (:support, 1, :sales, '2026-10-05', 'Cover');
                INSERT INTO new_employee_reviews (first_name, last_name) VALUES ('Cy', 'New');
                INSERT INTO uploads (kind, filename, bucket, key, state, uploaded_by, finished_at)
                VALUES ('schedules', 'a.xlsx', 'b', 'a', 'failed', 'test', '2026-10-05T10:00Z'),
                       ('schedules', 'b.xlsx', 'b', 'b', 'failed', 'test', '2026-10-04T10:00Z');
                INSERT INTO backups (backup_id, tier, state, started_at, finished_at)
                VALUES ('a', 'daily', 'good', '2026-10-05T01:30Z', '2026-10-05T02:00Z'),
                       ('b', 'daily', 'failed', '2026-10-05T03:30Z', '2026-10-05T04:00Z')"""
            ),
            {"support": floor[0], "sales": floor[4]},
        )
    found = api.get("/reports/dashboard").body
    assert found["waiting"] == {
        "leave_requests": 2,
        "schedule_changes": 1,
        "exceptions": 1,
        "redemptions": 0,
        "reviews": 1,
        "failed_uploads": 1,
    }
    assert found["backup_age_minutes"] == 16 * 60
    assert [one["name"] for one in found["day"]["holidays"]] == ["Founders", "Sales Day"]
    assert [one["name"] for one in found["before"][3]["holidays"]] == ["Early"]
    support = api.get("/reports/dashboard", department="Support").body
    assert (support["waiting"]["leave_requests"], support["waiting"]["reviews"]) == (1, 1)
    assert [one["name"] for one in support["day"]["holidays"]] == ["Founders"]


def test_leave_days_are_those_that_the_plan_has_as_work_and_unknown_without_a_plan(api: Api, floor: list[int]) -> None:
    with make.written() as conn:
        make.shift(conn, floor[1], date(2026, 10, 6), None, None)
        for person, first in zip(floor[:3], ("2026-10-05", "2026-10-05", "2026-10-06"), strict=True):
            conn.execute(
                text(
                    """INSERT INTO leave_requests (employee_id, leave_type, start_date, end_date, status)
                    VALUES (:person, 'Vacation', :first, '2026-10-06', 'Approved')"""
                ),
                {"person": person, "first": first},
            )

    def leave(**query: Any) -> list[tuple[int, int]]:
        before = api.get("/reports/dashboard", date="2026-10-07", **query).body["before"]
        return [(one["leave_days"], one["unknown_leave_days"]) for one in before[-3:]]

    assert leave() == [(0, 0), (2, 0), (0, 2)]
    assert leave(employee_id=floor[0]) == [(0, 0), (1, 0), (0, 1)]
    assert leave(department="Sales") == [(0, 0), (0, 0), (0, 0)]
    with make.written() as conn:
        conn.execute(
            text("INSERT INTO schedules_history SELECT *, date '2026-12-01' FROM schedules; DELETE FROM schedules")
        )
    assert leave() == [(0, 0), (2, 0), (0, 2)]


def test_what_cannot_be_meant_is_refused_with_every_problem(api: Api) -> None:
    refused = api.get("/reports/dashboard", date="5.10.", limit=3, as_of="yesterday")
    assert refused.status == 400
    assert len(refused.errors) == 3


def test_a_thousand_people_cost_as_many_statements_as_a_hundred(api: Api) -> None:
    sent = []
    for first, last in ((1, 100), (101, 1000)):
        with make.written() as conn:
            conn.execute(
                text(
                    """INSERT INTO employees (employee_id, first_name, last_name, hire_date, department)
                    SELECT n, 'Ada', 'Person' || n, '2025-01-06', 'Support' FROM generate_series(:first, :last) n;
                    INSERT INTO schedules
                        (employee_id, nominal_date, start_date, start_time, stop_date, stop_time, work_code)
                    SELECT n, '2026-10-05', '2026-10-05', '09:00', '2026-10-05', '17:00', 'REG'
                    FROM generate_series(:first, :last) n"""
                ),
                {"first": first, "last": last},
            )
        with statements() as noted:
            assert api.get("/reports/dashboard").body["day"]["net_people"] == last
        sent.append(len(noted))
    # The key, what is unusual, the sums, and what stands beside them.
    assert sent == [4, 4]


def test_a_night_in_progress_counts_what_is_over(api: Api, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with make.written() as conn:
        person = make.employee(conn)
        make.shift(conn, person, MONDAY, time(22), time(6))
        conn.execute(insert(attendances).values(employee_id=person, date=MONDAY, check_in=datetime(2026, 10, 5, 22)))
    assert api.get("/reports/dashboard").body["day"]["gross_people"] == 0
    monkeypatch.setattr(dashboard, "now", lambda: datetime(2026, 10, 6, 1, tzinfo=UTC))
    day = api.get("/reports/dashboard", date="2026-10-05").body["day"]
    assert (day["net_minutes"], day["due_minutes"], day["inside_minutes"], day["adherence"]) == (480, 180, 180, 1.0)
