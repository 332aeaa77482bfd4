"""The plan corrected by hand: judged by the rules, kept by later sheets, and never behind a swap's or cover's back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.core import auth, db
from tests import make
from tests.api import Answer, Api
from tests.conftest import Site, forget

ADA, BEA = 41031748911, 41031748912
MONDAY = date(2026, 10, 5)
TUESDAY = MONDAY + timedelta(1)


@pytest.fixture
def floor(api: Api) -> Api:
    with make.written() as conn:
        make.employee(conn, employee_id=ADA, first_name="Ada", last_name="Voss", department="Support")
        make.employee(conn, employee_id=BEA, first_name="Bea", last_name="Voss", department="Support")
    return api


def shift(day: date = MONDAY, start: time | None = time(9), stop: time | None = time(17), **facts: Any) -> int:
    with make.written() as conn:
        return make.shift(conn, facts.pop("employee_id", ADA), day, start, stop, **facts)


def create(api: Api, day: str, start: str, stop: str, **facts: Any) -> Answer:
    row = {"employee_id": ADA, "nominal_date": day, "start_time": start, "stop_time": stop, "work_code": "REG"}
    return api.post("/schedules", row | facts)


def at(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    monkeypatch.setenv("OPSDB_TIMEZONE", zone)
    forget()


def test_what_is_sent_changes_and_the_rest_stays(floor: Api) -> None:
    number = shift(upload_id=7)
    made = floor.put(f"/schedules/{number}", {"stop_time": "18:30"})
    assert (made.status, made.body["warnings"]) == (200, [])
    shown = ("start_time", "stop_time", "work_code", "origin", "upload_id", "nominal_date")
    assert [made.body[name] for name in shown] == ["09:00:00", "18:30:00", "REG", "manual", 7, "2026-10-05"]
    made.body.pop("warnings")
    assert floor.get("/schedules").data == [made.body]


def test_null_times_make_a_day_off_and_times_a_shift_again(floor: Api) -> None:
    number = shift()
    off = floor.put(f"/schedules/{number}", {"start_time": None, "stop_time": None, "work_code": "OFF"})
    assert (off.status, off.body["start_time"], off.body["work_code"]) == (200, None, "OFF")
    back = floor.put(f"/schedules/{number}", {"start_time": "22:00", "stop_time": "06:00", "work_code": "NIGHT"})
    assert (back.body["start_date"], back.body["stop_date"]) == ("2026-10-05", "2026-10-06")


def test_a_row_moves_by_its_nominal_date_or_by_the_date_of_its_start(
    floor: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPSDB_DAY_START", "04:00")
    forget()
    number = shift(start=time(22), stop=time(6))
    by_nominal = floor.put(f"/schedules/{number}", {"nominal_date": "2026-10-07", "start_time": "02:00"}).body
    assert (by_nominal["nominal_date"], by_nominal["start_date"]) == ("2026-10-07", "2026-10-08")
    by_start = floor.put(f"/schedules/{number}", {"start_date": "2026-10-10"}).body
    assert (by_start["nominal_date"], by_start["start_date"]) == ("2026-10-09", "2026-10-10")
    # Where days start is a setting; a row stays where it was put under another one.
    monkeypatch.setenv("OPSDB_DAY_START", "00:00")
    forget()
    recoded = floor.put(f"/schedules/{number}", {"work_code": "NIGHT"}).body
    assert (recoded["nominal_date"], recoded["start_date"]) == ("2026-10-09", "2026-10-10")


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        ({}, "body: says nothing to change"),
        ({"work_code": "OFF"}, "start_time: a day off (OFF) has no times"),
        ({"stop_time": None}, "stop_time: start_time and stop_time come together, or neither for a day off"),
        ({"start_time": None, "stop_time": None}, "start_time: is required, since REG is a shift and not a day off"),
        ({"work_code": "REGULAR"}, "work_code: REGULAR: did you mean REG?"),
        ({"nominal_date": None}, "nominal_date: must be YYYY-MM-DD, got null"),
        ({"employee_id": BEA}, "employee_id: is not known here; known are nominal_date, start_date"),
        (
            {"nominal_date": "2026-10-06", "start_date": "2026-10-07"},
            "start_date: must be 2026-10-06 for that nominal_date, got 2026-10-07",
        ),
    ],
)
def test_a_correction_that_makes_no_sense_is_refused(floor: Api, sent: dict[str, Any], problem: str) -> None:
    number = shift()
    before = floor.get("/schedules").data
    refused = floor.put(f"/schedules/{number}", sent)
    assert refused.status == 400
    assert [one.startswith(problem) for one in refused.errors] == [True]
    assert floor.get("/schedules").data == before


def test_a_retired_code_stays_where_it_is_and_is_not_chosen_again(floor: Api) -> None:
    number, other = shift(work_code="NIGHT"), shift(TUESDAY)
    with make.written() as conn:
        conn.execute(text("UPDATE admin_options SET is_active = false WHERE value = 'NIGHT'"))
    assert floor.put(f"/schedules/{number}", {"stop_time": "18:00"}).body["work_code"] == "NIGHT"
    assert floor.put(f"/schedules/{other}", {"work_code": "NIGHT"}).status == 400


def test_two_places_at_once_are_refused_and_both_shifts_named(floor: Api) -> None:
    shift(start=time(22), stop=time(6), work_code="NIGHT")
    number = shift(TUESDAY, time(6), time(14))
    refused = floor.put(f"/schedules/{number}", {"start_time": "05:00"})
    assert (refused.status, refused.errors) == (
        409,
        ["Ada Voss would be in two places: 2026-10-06 05:00-14:00 (REG) overlaps 2026-10-05 22:00-06:00 (NIGHT)"],
    )


def test_too_little_rest_is_told_and_no_obstacle(floor: Api) -> None:
    shift(start=time(15), stop=time(23))
    told = create(floor, "2026-10-06", "07:00", "15:00")
    assert (told.status, told.body["warnings"]) == (
        201,
        ["Ada Voss would rest 8 h, not 11 h, between 2026-10-05 15:00-23:00 (REG) and 2026-10-06 07:00-15:00 (REG)"],
    )
    eased = floor.put(f"/schedules/{told.body['schedule_id']}", {"start_time": "10:00"})
    assert eased.body["warnings"] == []


@pytest.mark.parametrize(
    ("zone", "day", "start", "told"),
    [
        ("Europe/Madrid", date(2026, 10, 24), "09:00", []),
        ("Europe/Madrid", date(2026, 3, 28), "10:00", ["10 h"]),
        ("Europe/Madrid", date(2026, 6, 27), "10:00", []),
        ("America/New_York", date(2026, 10, 31), "09:00", []),
        ("America/New_York", date(2026, 3, 7), "10:00", ["10 h"]),
        ("America/New_York", date(2026, 6, 27), "09:00", ["10 h"]),
    ],
    ids=str,
)
def test_rest_is_as_long_as_the_night_is(
    floor: Api, monkeypatch: pytest.MonkeyPatch, zone: str, day: date, start: str, told: list[str]
) -> None:
    at(monkeypatch, zone)
    shift(day, time(15), time(23))
    made = create(floor, (day + timedelta(1)).isoformat(), start, "18:00")
    assert made.status == 201
    assert [one.removeprefix("Ada Voss would rest ").partition(",")[0] for one in made.body["warnings"]] == told


def test_a_time_that_the_clocks_never_show_is_told(floor: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, "America/New_York")
    made = create(floor, "2026-03-08", "02:30", "10:00")
    assert (made.status, made.body["warnings"]) == (
        201,
        [
            "start_time: 02:30 does not exist on 2026-03-08 at the site, since the clocks go forward; "
            "it is taken as 03:30"
        ],
    )


def test_a_removed_row_is_gone_and_the_answer_says_what_it_was(floor: Api) -> None:
    number = shift()
    before = floor.get("/schedules").data
    removed = floor.delete(f"/schedules/{number}")
    assert (removed.status, [removed.body]) == (200, before)
    assert floor.get("/schedules").body["total"] == 0
    again = floor.delete(f"/schedules/{number}")
    assert (again.status, again.errors) == (404, [f"schedule_id: {number} is no shift"])


def test_what_changed_hands_is_the_changes_to_move(floor: Api) -> None:
    given = shift()
    asked = {"change_type": "Cover", "employee_id": ADA, "replacement_id": BEA, "schedule_date": MONDAY.isoformat()}
    change = floor.post("/schedule_changes", asked).body["change"]["change_id"]
    assert floor.post(f"/schedule_changes/{change}/approve", {}).status == 200
    [taken] = [one["schedule_id"] for one in floor.get("/schedules", employee_id=BEA).data]
    before = floor.get("/schedules").data
    for number in (given, taken):
        for refused in (
            floor.put(f"/schedules/{number}", {"stop_time": "18:00"}),
            floor.delete(f"/schedules/{number}"),
        ):
            assert (refused.status, refused.errors) == (
                409,
                [f"schedule_id: changed hands by change {change}: cancel change {change} instead"],
            )
    assert floor.get("/schedules").data == before


def test_a_day_off_that_makes_room_for_an_exception_is_the_exceptions(floor: Api) -> None:
    aside = shift(start=None, stop=None, given_away=True)
    refused = floor.delete(f"/schedules/{aside}")
    assert (refused.status, "revert that exception instead" in refused.errors[0]) == (409, True)


def archive(number: int, **facts: Any) -> None:
    row = {"schedule_id": number, "employee_id": ADA, "nominal_date": date(2025, 3, 3), "work_code": "REG", **facts}
    with make.written() as conn:
        conn.execute(
            text(
                """INSERT INTO schedules_history (schedule_id, employee_id, nominal_date, start_date, start_time,
                                                  stop_date, stop_time, work_code, archived_date)
                VALUES (:schedule_id, :employee_id, :nominal_date, :nominal_date, '09:00', :nominal_date, '17:00',
                        :work_code, '2026-04-01')"""
            ),
            row,
        )


def test_what_is_archived_is_read_and_not_written(floor: Api) -> None:
    archive(900)
    for refused in (floor.put("/schedules/900", {"stop_time": "18:00"}), floor.delete("/schedules/900")):
        assert (refused.status, refused.errors) == (
            404,
            ["schedule_id: 900 is in history since 2026-04-01, which is not written to"],
        )
    number = shift()
    moved = floor.put(f"/schedules/{number}", {"nominal_date": "2025-03-03"})
    assert (moved.status, moved.errors) == (409, ["nominal_date: that day is archived and cannot be written to"])
    [row] = floor.get("/schedules/history").data
    assert (row["full_name"], row["start_time"], row["archived_date"]) == ("Ada Voss", "09:00:00", "2026-04-01")


def test_history_goes_by_where_people_belonged_then(floor: Api) -> None:
    with make.written() as conn:
        conn.execute(
            text(
                """INSERT INTO assignments (employee_id, valid_from, valid_to, department, supervisor)
                VALUES (:id, '2024-01-01', '2025-01-06', 'Sales', 'Grace Hopper')"""
            ),
            {"id": ADA},
        )
    archive(901, nominal_date=date(2024, 12, 2))
    archive(902)
    archive(903, employee_id=BEA, work_code="TRAIN")

    def found(**query: Any) -> list[int]:
        answer = floor.get("/schedules/history", **query)
        assert answer.status == 200
        return [one["schedule_id"] for one in answer.data]

    assert found() == [901, 902, 903] == found(start_date="2024-12-02")
    assert found(department="Sales") == found(supervisor="Grace Hopper") == found(end_date="2024-12-31") == [901]
    assert found(department="Support") == [902, 903]
    assert found(employee_id=BEA) == found(work_code="TRAIN") == found(schedule_id=903) == [903]
    assert found(sort="employee_id", order="desc") == [903, 902, 901]
    assert floor.get("/schedules/history", start_date="2025-01-01", end_date="2024-01-01").status == 400
    assert b"Sales" in floor.get("/schedules/history", format="csv").body


def test_planners_correct_the_plan_and_others_look_at_it(floor: Api) -> None:
    number = shift()
    for role in ("viewer", "supervisor", "duty_lead", "hr"):
        with make.written() as conn:
            caller = Api(auth.create_key(conn, name=role, role=role)[1])
        refused = caller.put(f"/schedules/{number}", {"stop_time": "18:00"}), caller.delete(f"/schedules/{number}")
        assert [one.status for one in refused] == [403, 403]
        assert caller.get("/schedules/history").status == 200


def test_a_correction_is_audited_as_whose_it_is(floor: Api) -> None:
    number = shift()
    request = floor.put(f"/schedules/{number}", {"stop_time": "18:00"}).headers["X-Request-Id"]
    with db.reading() as conn:
        rows = conn.execute(
            text(
                """SELECT actor, action, before ->> 'stop_time', after ->> 'stop_time'
                FROM audit_log WHERE request_id = :id"""
            ),
            {"id": request},
        )
        assert [tuple(row) for row in rows] == [("key:1", "update", "17:00:00", "18:00:00")]


def test_of_overlapping_shifts_entered_at_once_one_lands(floor: Api) -> None:
    with ThreadPoolExecutor(8) as pool:
        starts = [f"{9 + number % 4:02}:00" for number in range(8)]
        made = list(pool.map(lambda start: create(floor, "2026-10-05", start, "17:00"), starts))
    assert sorted(one.status for one in made) == [201, *[409] * 7]
    assert all("would be in two places" in one.errors[0] for one in made if one.status == 409)
    assert floor.get("/schedules").body["total"] == 1


def test_two_rows_moved_over_each_other_at_once_never_overlap(floor: Api, site: Site) -> None:
    numbers = shift(start=time(6), stop=time(10)), shift(start=time(14), stop=time(18))
    times = {"start_time": "11:00", "stop_time": "13:00"}
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda number: floor.put(f"/schedules/{number}", times).status, numbers))
    assert sorted(made) == [200, 409]
