"""What the next shift must know, over HTTP."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.core import clock
from chalicelib.floor import handover, handover_queries
from tests import make
from tests.api import Api
from tests.conftest import Site

DAY = date(2026, 10, 6)
MORNING, EVENING, NIGHT = (time(6), time(14)), (time(14), time(22)), (time(22), time(6))
LISTS = ("away", "no_show", "expected", "staying", "open_shifts", "notes")


@pytest.fixture
def floor(site: Site, api: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    """Ten past two: the morning shift goes, the evening shift is here."""
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 10, 6, 14, 10, tzinfo=UTC))
    with make.written() as conn:
        make.options(conn, "department", "Support", "Sales")
    return api


def person(name: str, times: tuple[time, time], day: date = DAY, department: str = "Support", **recorded: Any) -> int:
    with make.written() as conn:
        employee_id = make.employee(conn, first_name=name, department=department)
        make.shift(conn, employee_id, day, *times)
        if recorded:
            names, values = ", ".join(recorded), ", ".join(f":{one}" for one in recorded)
            statement = f"INSERT INTO attendances (employee_id, date, {names}) VALUES (:id, :day, {values})"
            conn.execute(text(statement), {"id": employee_id, "day": day, **recorded})
    return employee_id


def on_leave(employee_id: int, day: date = DAY) -> None:
    with make.written() as conn:
        conn.execute(
            text(
                """INSERT INTO leave_requests (employee_id, leave_type, start_date, end_date, status)
                VALUES (:id, 'Sick', :day, :day, 'Approved')"""
            ),
            {"id": employee_id, "day": day},
        )


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 10, 6, hour, minute)


def told(api: Api, **query: Any) -> dict[str, list[str]]:
    """The names of each list; of notes their texts."""
    answer = api.get("/reports/handover", **query)
    assert answer.status == 200, answer.body
    found = {}
    for name in LISTS:
        part = answer.body[name]
        assert part["total"] == len(part["data"])
        found[name] = [one.get("first_name", one.get("text")) for one in part["data"]]
    return found


def test_each_list_has_those_whom_the_next_shift_must_know_of(floor: Api) -> None:
    on_leave(person("Sick", EVENING))
    on_leave(person("SickOver", MORNING))
    on_leave(person("SickTomorrow", MORNING, DAY + timedelta(days=1)), DAY + timedelta(days=1))
    on_leave(person("SickTonight", NIGHT))
    person("Missing", MORNING, exception_type="No Show")
    person("Coming", EVENING, expected_at=at(14, 30))
    person("Overdue", EVENING, expected_at=at(14))
    person("Here", EVENING, check_in=at(13, 55))
    person("Gone", MORNING, check_in=at(6), check_out=at(14, 1))
    person("Staying", MORNING, check_in=at(6))
    person("Extra", EVENING, check_in=at(13), overtime_minutes=60)
    person("Next", NIGHT)
    assert floor.post("/floor/notes", {"text": "Queue 7 is down"}).status == 201
    found = told(floor)
    assert found["away"] == ["Sick", "SickTonight"]
    assert found["no_show"] == ["Missing"]
    assert found["expected"] == ["Coming", "Overdue"]
    assert found["staying"] == ["Staying", "Extra"]
    assert found["open_shifts"] == ["Sick", "SickTonight", "SickTomorrow"]
    assert found["notes"] == ["Queue 7 is down"]
    assert told(floor, at="2026-10-06T14:09")["notes"] == []


def test_who_is_away_is_told_with_the_reason_and_an_open_shift_with_its_id(floor: Api) -> None:
    on_leave(person("Sick", EVENING))
    body = floor.get("/reports/handover").body
    [away], [shift] = body["away"]["data"], body["open_shifts"]["data"]
    assert (away["work_code"], away["why"], away["why_type"]) == ("SICK", "leave", "Sick")
    assert (shift["schedule_id"], shift["reason"]) == (away["schedule_id"], "leave")
    assert floor.get(f"/schedules/{shift['schedule_id']}/candidates").status == 200


def test_a_department_is_told_of_its_own_people_and_of_notes_for_all(floor: Api) -> None:
    on_leave(person("Ada", EVENING))
    on_leave(person("Bea", EVENING, department="Sales"))
    for said, department in (("for all", None), ("sales", "Sales"), ("support", "Support")):
        assert floor.post("/floor/notes", {"text": said, "department": department}).status == 201
    assert told(floor, department="Sales")["away"] == ["Bea"]
    assert told(floor, department="Sales")["open_shifts"] == ["Bea"]
    assert told(floor, department="Sales")["notes"] == ["sales", "for all"]
    assert told(floor, department=["Sales", "Support"])["away"] == ["Ada", "Bea"]


def test_an_empty_site_has_nothing_to_hand_over(floor: Api) -> None:
    assert told(floor) == {name: [] for name in LISTS}


def test_long_lists_are_cut_and_say_how_long_they_are(floor: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "MOST", 2)
    monkeypatch.setattr(handover_queries, "MOST", 2)
    for number in range(4):
        on_leave(person(f"Ada{number}", EVENING))
    body = floor.get("/reports/handover").body
    assert {name: (body[name]["total"], len(body[name]["data"])) for name in ("away", "open_shifts")} == {
        "away": (4, 2),
        "open_shifts": (4, 2),
    }


def test_what_is_no_moment_is_refused_by_name(floor: Api) -> None:
    answer = floor.get("/reports/handover", at="soon", department="")
    assert (answer.status, answer.errors[0][:12]) == (400, "at: must be ")
