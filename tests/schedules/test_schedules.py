"""Shifts made by hand over HTTP."""

from datetime import date, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some
from sqlalchemy import text

from chalicelib.core import auth
from chalicelib.schedules.rules import nominal_date_of, place
from tests import make
from tests.api import Api
from tests.conftest import Site, forget

ADA = 41031748911
NAME = "Ada Person911"
MONDAY = "2026-10-05"


@pytest.fixture
def floor(api: Api) -> Api:
    with make.written() as conn:
        make.employee(conn, employee_id=ADA)
    return api


def create(api: Api, **facts: Any) -> Any:
    row = {"employee_id": ADA, "nominal_date": MONDAY, "start_time": "09:00", "stop_time": "17:00", "work_code": "REG"}
    return api.post("/schedules", {name: value for name, value in (row | facts).items() if value is not None})


def test_a_shift_by_hand_is_there_as_such(floor: Api) -> None:
    made = create(floor)
    assert made.status == 201
    shown = {"nominal_date", "start_date", "start_time", "stop_date", "stop_time", "work_code", "origin", "work_class"}
    assert {name: made.body[name] for name in shown} == {
        "nominal_date": MONDAY,
        "start_date": MONDAY,
        "start_time": "09:00:00",
        "stop_date": MONDAY,
        "stop_time": "17:00:00",
        "work_code": "REG",
        "origin": "manual",
        "work_class": "work",
    }
    assert made.body.pop("warnings") == []
    assert floor.get("/schedules").data == [made.body]


def test_a_stop_at_or_before_the_start_is_on_the_next_day(floor: Api) -> None:
    night = create(floor, start_time="22:00", stop_time="06:00").body
    assert (night["start_date"], night["stop_date"]) == (MONDAY, "2026-10-06")
    round_the_clock = create(floor, nominal_date="2026-10-07", start_time="08:00", stop_time="08:00").body
    assert round_the_clock["stop_date"] == "2026-10-08"


def test_a_night_and_the_early_shift_after_it_collide(floor: Api) -> None:
    create(floor, start_time="22:00", stop_time="06:00")
    refused = create(floor, nominal_date="2026-10-06", start_time="05:00", stop_time="13:00")
    assert (refused.status, refused.errors) == (
        409,
        [f"{NAME} would be in two places: 2026-10-06 05:00-13:00 (REG) overlaps 2026-10-05 22:00-06:00 (REG)"],
    )
    assert create(floor, nominal_date="2026-10-06", start_time="06:00", stop_time="14:00").status == 201


def test_a_day_off_has_no_times_and_excludes_shifts(floor: Api) -> None:
    off = create(floor, start_time=None, stop_time=None, work_code="OFF")
    assert (off.status, off.body["start_time"], off.body["stop_time"]) == (201, None, None)
    both = create(floor)
    assert (both.status, both.errors) == (
        409,
        [f"{NAME} has 2026-10-05 (OFF): that nominal date cannot hold 2026-10-05 09:00-17:00 (REG) as well"],
    )
    assert create(floor, nominal_date="2026-10-06", start_time=None, stop_time=None, work_code="VACATION").status == 201


@pytest.mark.parametrize(
    ("facts", "problem"),
    [
        ({"work_code": "OFF"}, "start_time: a day off (OFF) has no times"),
        (
            {"start_time": None, "stop_time": None},
            "start_time: is required, since REG is a shift and not a day off",
        ),
        ({"stop_time": None}, "stop_time: start_time and stop_time come together, or neither for a day off"),
        ({"nominal_date": None}, "nominal_date: is required and must be YYYY-MM-DD"),
        ({"work_code": "REGULAR"}, "work_code: REGULAR: did you mean REG?"),
        ({"start_date": "2026-10-06"}, "start_date: must be 2026-10-05 for that nominal_date, got 2026-10-06"),
        ({"start_time": "9:00"}, 'start_time: must be HH:MM or HH:MM:SS, got "9:00"'),
        ({"stop_date": "2026-10-06"}, "stop_date: is not known here; did you mean stop_time?"),
    ],
)
def test_a_shift_that_makes_no_sense_is_refused_and_not_guessed(
    floor: Api, facts: dict[str, Any], problem: str
) -> None:
    answer = create(floor, **facts)
    assert (answer.status, answer.errors) == (400, [problem])
    assert floor.get("/schedules").body["total"] == 0


def test_the_date_of_the_start_is_enough(floor: Api) -> None:
    made = create(floor, nominal_date=None, start_date=MONDAY)
    assert (made.status, made.body["nominal_date"]) == (201, MONDAY)


def test_before_the_days_start_a_shift_belongs_to_the_day_before(
    floor: Api, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPSDB_DAY_START", "04:00")
    forget()
    by_nominal = create(floor, start_time="02:00", stop_time="10:00").body
    assert (by_nominal["nominal_date"], by_nominal["start_date"]) == (MONDAY, "2026-10-06")
    by_start = create(floor, nominal_date=None, start_date="2026-10-09", start_time="02:00", stop_time="10:00").body
    assert (by_start["nominal_date"], by_start["start_date"]) == ("2026-10-08", "2026-10-09")


def test_a_shift_is_somebodys(floor: Api) -> None:
    answer = create(floor, employee_id=7)
    assert (answer.status, answer.errors) == (404, ["employee_id: 7 is no employee"])


def test_an_archived_day_is_closed(floor: Api) -> None:
    with make.written() as conn:
        conn.execute(
            text(
                """INSERT INTO schedules_history (schedule_id, employee_id, nominal_date, start_date, stop_date,
                                                  work_code, archived_date)
                   VALUES (900, :ada, :day, :day, :day, 'OFF', now())"""
            ),
            {"ada": ADA, "day": MONDAY},
        )
    answer = create(floor)
    assert (answer.status, answer.errors) == (409, ["nominal_date: that day is archived and cannot be written to"])


def test_planners_make_shifts_and_others_look_at_them(floor: Api) -> None:
    may = {}
    for number, role in enumerate(("viewer", "supervisor", "duty_lead", "hr", "planner", "admin"), start=1):
        with make.written() as conn:
            caller = Api(auth.create_key(conn, name=role, role=role)[1])
        assert caller.get("/schedules").status == 200
        may[role] = create(caller, nominal_date=f"2026-11-0{number}").status
    assert {role for role, status in may.items() if status == 201} == {"planner", "admin"}
    assert {status for role, status in may.items() if role not in {"planner", "admin"}} == {403}
    assert create(Api(None)).status == 401


times = some.times()


@given(some.dates(date(2000, 1, 1), date(2100, 1, 1)), times, times, times)
def test_a_placed_shift_is_one_stretch_of_at_most_a_day_and_its_start_leads_back(
    day: date, start: time, stop: time, day_start: time
) -> None:
    placed = place(nominal_date=day, start=start, stop=stop, day_start=day_start)
    assert (placed.start_date - day).days == (1 if start < day_start else 0)
    assert (placed.stop_date - placed.start_date).days == (0 if stop > start else 1)
    assert nominal_date_of(start_date=placed.start_date, start=start, day_start=day_start) == day


@given(some.dates(date(2000, 1, 1), date(2100, 1, 1)), times)
def test_a_day_off_is_on_its_own_date_whenever_days_start(day: date, day_start: time) -> None:
    placed = place(nominal_date=day, start=None, stop=None, day_start=day_start)
    assert (placed.start_date, placed.stop_date, placed.start_time, placed.stop_time) == (day, day, None, None)
    assert nominal_date_of(start_date=day, start=None, day_start=day_start) == day
