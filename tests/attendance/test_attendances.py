"""Attendance over HTTP: recorded by a lead, worked out from the shifts, corrected and taken away."""

from datetime import date, time
from typing import Any

import pytest

from chalicelib.core import auth
from tests import make
from tests.api import Answer, Api
from tests.conftest import Site

MONDAY = date(2026, 10, 5)
DERIVED = ("late_minutes", "early_minutes", "overtime_minutes")


@pytest.fixture
def ada(site: Site) -> int:
    with make.written() as conn:
        person = make.employee(conn, last_name="Lovelace")
        make.shift(conn, person, MONDAY, time(22), time(6))
        return person


def record(api: Api, employee_id: int, **said: Any) -> Answer:
    return api.post("/attendances", {"employee_id": employee_id, "date": "2026-10-05", **said})


def test_a_night_is_dated_and_worked_out_from_the_shift(api: Api, ada: int) -> None:
    made = record(api, ada, check_in="22:10", check_out="06:20")
    assert made.status == 201, made.body
    assert (made.body["check_in"], made.body["check_out"]) == ("2026-10-05T22:10:00", "2026-10-06T06:20:00")
    assert [made.body[one] for one in DERIVED] == [10, 0, 20]
    assert made.body["late_minutes_source"] == "derived"
    assert (made.body["check_in_source"], made.body["full_name"]) == ("lead", "Ada Lovelace")


def test_what_a_lead_gives_stays_until_it_is_taken_back(api: Api, ada: int) -> None:
    record(api, ada, check_in="22:10", late_minutes=3)
    path = f"/attendances/{ada}/2026-10-05"
    later = api.put(path, {"check_in": "22:30"}).body
    assert (later["late_minutes"], later["late_minutes_source"]) == (3, "lead")
    again = api.put(path, {"late_minutes": None}).body
    assert (again["late_minutes"], again["late_minutes_source"]) == (30, "derived")


def test_a_day_is_recorded_once_and_can_be_taken_away(api: Api, ada: int) -> None:
    assert record(api, ada, exception_type="Absent").status == 201
    assert record(api, ada).errors == ["date: this person already has an attendance on that day"]
    assert api.delete(f"/attendances/{ada}/2026-10-05").body["exception_type"] == "Absent"
    assert api.delete(f"/attendances/{ada}/2026-10-05").status == 404
    assert api.put(f"/attendances/{ada}/2026-13-05", {}).errors == ["date: must be YYYY-MM-DD, got '2026-13-05'"]


def test_what_cannot_be_meant_is_refused(api: Api, ada: int) -> None:
    refused = record(api, ada, exception_type="Abset", cover_up_for_employee_id=ada)
    assert (refused.status, refused.errors) == (
        400,
        [
            "exception_type: Abset: did you mean Absent?",
            "cover_up_for_employee_id: nobody covers for themselves",
        ],
    )
    assert record(api, 5).status == 404


def test_whoever_is_covered_for_is_somebody_known_here(api: Api, ada: int) -> None:
    day = {"employee_id": ada, "date": "2026-10-05", "cover_up_for_employee_id": 99}
    answer = api.post("/attendances", day)
    assert (answer.status, answer.errors) == (404, ["cover_up_for_employee_id: is nobody known here"])


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"late_only": "true"}, ["late"]),
        ({"absent_only": "true"}, ["absent"]),
        ({"overtime_only": "true"}, ["over"]),
        ({"cover_up_only": "true"}, ["cover"]),
        ({"has_check_in": "false"}, ["absent", "cover"]),
        ({"has_check_out": "true"}, ["over"]),
        ({"late_minutes_min": 31}, []),
        ({"late_minutes_min": 30, "late_minutes_max": 30}, ["late"]),
        ({"overtime_minutes_min": 60, "overtime_minutes_max": 60}, ["over"]),
        ({"exception_type": ["Absent", "Cover Up"]}, ["absent", "cover"]),
        ({"start_date": "2026-10-06"}, []),
        ({"end_date": "2026-10-04"}, []),
    ],
)
def test_each_filter_finds_its_own(api: Api, site: Site, filters: dict[str, Any], found: list[str]) -> None:
    with make.written() as conn:
        people = [make.employee(conn) for _ in range(4)]
        for person in people:
            make.shift(conn, person, MONDAY)
    late, absent, over, cover = people
    record(api, late, check_in="09:30", notes="late")
    record(api, absent, exception_type="Absent", notes="absent")
    record(api, over, check_in="09:00", check_out="18:00", notes="over")
    record(api, cover, exception_type="Cover Up", cover_up_for_employee_id=absent, notes="cover")
    assert [one["notes"] for one in api.get("/attendances", **filters).data] == found


def test_leads_write_about_their_own_people_and_nobody_about_themselves(ada: int, site: Site) -> None:
    with make.written() as conn:
        boss = make.employee(conn, first_name="Grace", last_name="Hopper")
        own = make.employee(conn, supervisor="Grace Hopper")
        lead = Api(auth.create_key(conn, name="lead", role="supervisor", employee_id=boss)[1])
        hr = Api(auth.create_key(conn, name="hr", role="hr")[1])
    assert [record(lead, one).status for one in (own, ada, boss)] == [201, 403, 403]
    assert record(hr, own).status == 403


def test_the_archive_is_a_list_of_its_own(api: Api, ada: int) -> None:
    record(api, ada)
    assert (api.get("/attendances").body["total"], api.get("/attendances/history").body["total"]) == (1, 0)
