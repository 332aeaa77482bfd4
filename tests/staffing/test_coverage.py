"""Coverage over HTTP: who is needed, who is scheduled, who came, and who is missing."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.staffing import coverage
from tests import make
from tests.api import Api
from tests.conftest import forget
from tests.counting import statements
from tests.schedules.crowd import crowd

MONDAY = date(2026, 10, 5)
SUNDAY = MONDAY - timedelta(1)


@pytest.fixture(autouse=True)
def _before_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, datetime(2026, 1, 1, tzinfo=UTC))


@pytest.fixture
def floor(api: Api) -> Api:
    with make.written() as conn:
        make.options(conn, "department", "Support", "Sales")
    return api


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr(coverage, "now", lambda: moment)
    monkeypatch.setattr(coverage, "today", moment.date)


def person(department: str | None = "Support", **facts: Any) -> int:
    with make.written() as conn:
        return make.employee(conn, department=department, **facts)


def shift(employee_id: int, day: date = MONDAY, start: int = 9, stop: int = 17, **facts: Any) -> int:
    with make.written() as conn:
        return make.shift(conn, employee_id, day, time(start), time(stop), **facts)


def write(statement: str, **given: Any) -> None:
    with make.written() as conn:
        conn.execute(text(statement), given)


def stated(api: Api, path: str, clock: str = "09:00", **facts: Any) -> None:
    row = {"date": MONDAY.isoformat(), "interval_start": clock, "department": "Support", **facts}
    assert api.post(path, row).status == 201


def cells(api: Api, day: date = MONDAY, **query: Any) -> list[dict[str, Any]]:
    answer = api.get("/schedules/coverage", date=day.isoformat(), **query)
    assert (answer.status, answer.body["date"]) == (200, day.isoformat())
    found: list[dict[str, Any]] = answer.data
    return found


def scheduled(api: Api, day: date = MONDAY, **query: Any) -> dict[str, float]:
    """Net scheduled people by the clock, where there are any."""
    return {one["interval_start"][:5]: one["scheduled"] for one in cells(api, day, **query) if one["scheduled"]}


def hours(api: Api, day: date, minutes: int = 30) -> float:
    return sum(one["scheduled"] for one in cells(api, day, interval=minutes)) * minutes / 60


def test_required_scheduled_present_and_gap_stand_side_by_side(floor: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    shift(person())
    stated(floor, "/requirements", required=3)
    at(monkeypatch, datetime(2026, 10, 5, 12, tzinfo=UTC))
    found = cells(floor)
    assert len(found) == 48
    assert found[18] == {
        "start": "2026-10-05T09:00:00Z",
        "stop": "2026-10-05T09:30:00Z",
        "interval_start": "09:00:00",
        "department": "Support",
        "required": 3,
        "scheduled": 1.0,
        "present": 0.0,
        "gap": 2.0,
    }
    assert [found[19][name] for name in ("required", "gap")] == [None, None]
    assert [found[24][name] for name in ("scheduled", "present")] == [1.0, None]


def test_the_forecast_says_where_nobody_stated_a_requirement(floor: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for clock in ("09:00", "09:30"):
        stated(floor, "/forecasts", clock, calls=100, handling_seconds=180)
    stated(floor, "/requirements", "09:30", required=2)
    assert [one["required"] for one in cells(floor)[17:21]] == [None, 14, 2, None]
    assert [one["required"] for one in cells(floor, interval=60)[8:11]] == [None, 14, None]
    # 14 are needed at their places, so that 20 must be scheduled when three in ten are away.
    monkeypatch.setenv("OPSDB_PLANNING_SHRINKAGE", "30")
    forget()
    assert cells(floor)[18]["required"] == 20
    monkeypatch.setenv("OPSDB_PLANNING_SHRINKAGE", "0")
    monkeypatch.setenv("OPSDB_SERVICE_LEVEL", "79")
    forget()
    assert cells(floor)[18]["required"] == 13


def test_gaps_only_leaves_out_where_nobody_is_missing(floor: Api) -> None:
    shift(person())
    stated(floor, "/requirements", "09:00", required=1)
    stated(floor, "/requirements", "09:30", required=2)
    assert [(one["interval_start"], one["gap"]) for one in cells(floor, gaps_only="true")] == [("09:30:00", 1.0)]


@pytest.mark.parametrize("minutes", [15, 30, 60])
def test_the_hours_are_the_same_whatever_the_interval(floor: Api, minutes: int) -> None:
    shift(person(), start=9, stop=17)
    assert (hours(floor, MONDAY, minutes), len(cells(floor, interval=minutes))) == (8, 24 * 60 // minutes)


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ({"interval": 20}, "interval: must be one of: 15, 30, 60, got"),
        ({"date": "5.10."}, "date: must be YYYY-MM-DD, got"),
        ({"gaps": "true"}, "gaps: is not known here; did you mean gaps_only?"),
    ],
)
def test_what_cannot_be_meant_is_refused(floor: Api, query: dict[str, Any], problem: str) -> None:
    refused = floor.get("/schedules/coverage", **query)
    assert (refused.status, refused.errors[0].startswith(problem)) == (400, True)


def test_only_net_scheduled_time_counts(floor: Api) -> None:
    ada, bea = person(), person()
    shift(ada, start=9, stop=10)
    shift(ada, start=10, stop=11, work_code="TRAIN")
    shift(ada, start=11, stop=12, work_code="NEST")
    shift(ada, start=13, stop=14, given_away=True)
    shift(bea)
    away = "INSERT INTO leave_requests (employee_id, leave_type, start_date, end_date, status)"
    write(f"{away} VALUES (:id, 'Vacation', :day, :day, 'Approved')", id=bea, day=MONDAY)
    assert scheduled(floor, interval=60) == {"09:00": 1, "11:00": 1}


def test_hours_on_leave_are_not_scheduled(floor: Api) -> None:
    ada = person()
    shift(ada, start=9, stop=17)
    write(
        """INSERT INTO leave_requests (employee_id, leave_type, start_date, end_date, start_time, end_time, status)
        VALUES (:id, 'Personal', :day, :day, '08:00', '12:30', 'Approved')""",
        id=ada,
        day=MONDAY,
    )
    assert scheduled(floor, interval=60) == {"12:00": 0.5, "13:00": 1, "14:00": 1, "15:00": 1, "16:00": 1}


def test_who_has_left_by_then_covers_nothing(floor: Api) -> None:
    for facts in (
        {"attrition_date": SUNDAY},
        {"attrition_date": MONDAY, "status": "Inactive"},
        {"status": "Inactive"},
    ):
        shift(person(**facts), start=9, stop=10)
    assert scheduled(floor, interval=60) == {"09:00": 1}


def test_people_count_where_they_belonged_that_day(floor: Api) -> None:
    ada = person("Support")
    write("UPDATE assignments SET valid_to = '2026-10-05' WHERE employee_id = :id", id=ada)
    write("INSERT INTO assignments (employee_id, valid_from, department) VALUES (:id, '2026-10-05', 'Sales')", id=ada)
    shift(ada, SUNDAY)
    shift(ada, MONDAY)
    assert {one["department"] for one in cells(floor, SUNDAY)} == {"Support"}
    assert {one["department"] for one in cells(floor, MONDAY)} == {"Sales"}
    assert cells(floor, MONDAY, department="Support") == []
    stated(floor, "/requirements", required=1)
    stated(floor, "/requirements", required=1, department="Sales")
    assert {one["department"] for one in cells(floor, department=["Support", "Sales"])} == {"Support", "Sales"}
    assert {one["department"] for one in cells(floor, department="Support")} == {"Support"}


def test_present_is_who_came_for_as_long_as_they_were_there(floor: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    late, marked, sick, missing = (person() for _ in range(4))
    for one in (late, marked, sick, missing):
        shift(one, start=9, stop=12)
    recorded = "INSERT INTO attendances (employee_id, date, check_in, check_out, exception_type)"
    write(f"{recorded} VALUES (:id, :day, '2026-10-05 09:15', '2026-10-05 11:00', 'Late')", id=late, day=MONDAY)
    write(f"{recorded} VALUES (:id, :day, NULL, NULL, 'Overtime')", id=marked, day=MONDAY)
    write(f"{recorded} VALUES (:id, :day, '2026-10-05 09:00', NULL, 'Sick')", id=sick, day=MONDAY)
    at(monkeypatch, datetime(2026, 10, 5, 11, 30, tzinfo=UTC))
    found = {one["interval_start"][:5]: one for one in cells(floor, interval=30)}
    assert [found[clock]["present"] for clock in ("08:30", "09:00", "10:30", "11:00", "11:30")] == [0, 1.5, 2, 1, None]
    assert found["09:00"]["scheduled"] == 4


@pytest.mark.parametrize(
    ("zone", "day", "half_hours", "evening", "morning"),
    [
        ("Europe/Madrid", date(2026, 3, 29), 46, 2, 5),
        ("Europe/Madrid", date(2026, 10, 25), 50, 2, 7),
        ("America/New_York", date(2026, 3, 8), 46, 2, 5),
        ("America/New_York", date(2026, 11, 1), 50, 2, 7),
        ("America/New_York", date(2026, 6, 7), 48, 2, 6),
    ],
    ids=str,
)
def test_a_night_on_which_the_clock_changes_is_as_long_as_it_lasts(
    floor: Api,
    monkeypatch: pytest.MonkeyPatch,
    zone: str,
    day: date,
    half_hours: int,
    evening: float,
    morning: float,
) -> None:
    monkeypatch.setenv("OPSDB_TIMEZONE", zone)
    forget()
    shift(person(), day - timedelta(1), 22, 6)
    assert len(cells(floor, day)) == half_hours
    assert (hours(floor, day - timedelta(1)), hours(floor, day)) == (evening, morning)
    clocks = [one["interval_start"] for one in cells(floor, day)]
    assert len({one["start"] for one in cells(floor, day)}) == half_hours
    assert (len(set(clocks)), clocks[0]) == (min(half_hours, 48), "00:00:00")


def test_a_shift_that_belongs_to_the_day_before_covers_the_day_it_lies_on(
    floor: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = person()
    write(
        """INSERT INTO schedules (employee_id, nominal_date, start_date, start_time, stop_date, stop_time, work_code)
        VALUES (:id, '2026-10-03', '2026-10-04', '23:00', '2026-10-05', '01:00', 'NIGHT')""",
        id=ada,
    )
    assert scheduled(floor, MONDAY) == {"00:00": 1, "00:30": 1}


def test_it_costs_the_same_however_many_they_are(floor: Api) -> None:
    stated(floor, "/requirements", required=800)
    sent = []
    for first, last in ((1, 100), (101, 1000)):
        crowd(first, last, MONDAY)
        with statements() as asked:
            found = cells(floor, interval=60)
        assert found[9]["scheduled"] == last * 0.9
        sent.append(len(asked))
    assert sent == [4, 4]
