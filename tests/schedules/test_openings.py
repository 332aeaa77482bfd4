"""Shifts that nobody works, and who may take one."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.core import auth
from chalicelib.schedules import openings
from tests import make
from tests.api import Answer, Api
from tests.conftest import forget
from tests.counting import statements
from tests.schedules.crowd import crowd

TODAY = date(2026, 10, 5)
MONDAY = date(2026, 10, 12)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openings, "today", lambda: TODAY)


def person(name: str = "Ada", **facts: Any) -> int:
    with make.written() as conn:
        return make.employee(conn, **{"first_name": name, "last_name": "Voss", "department": "Support", **facts})


def shift(employee_id: int, day: date = MONDAY, start: int | None = 9, stop: int | None = 17, **facts: Any) -> int:
    times = [None if one is None else time(one) for one in (start, stop)]
    with make.written() as conn:
        return make.shift(conn, employee_id, day, *times, **facts)


def write(statement: str, **given: Any) -> None:
    with make.written() as conn:
        conn.execute(text(statement), {"day": MONDAY, **given})


def leave(employee_id: int, status: str = "Approved", **given: Any) -> None:
    write(
        """INSERT INTO leave_requests (employee_id, leave_type, start_date, end_date, start_time, end_time, status)
        VALUES (:id, 'Vacation', :day, :day, :start, :end, :status)""",
        id=employee_id,
        **{"status": status, "start": None, "end": None, **given},
    )


def exception(employee_id: int, kind: str, status: str = "Completed") -> None:
    write(
        """INSERT INTO exceptions (employee_id, exception_type, start_date, end_date, status)
        VALUES (:id, :kind, :day, :day, :status)""",
        id=employee_id,
        kind=kind,
        status=status,
    )


def mark(employee_id: int, kind: str, covers: int | None = None) -> None:
    write(
        """INSERT INTO attendances (employee_id, date, exception_type, cover_up_for_employee_id)
        VALUES (:id, :day, :kind, :covers)""",
        id=employee_id,
        kind=kind,
        covers=covers,
    )


def reasons(api: Api, **query: Any) -> dict[int, str]:
    """Reason by shift."""
    answer = api.get("/schedules/open", **query)
    assert answer.status == 200
    assert answer.body["total"] == len(answer.data)
    return {one["schedule_id"]: one["reason"] for one in answer.data}


def test_a_shift_is_open_when_its_person_is_away(api: Api) -> None:
    on_leave, away, left, gone, absent, sick = (person() for _ in range(6))
    numbers = [shift(one) for one in (on_leave, away, left, gone, absent, sick)]
    leave(on_leave)
    exception(away, "Vacation")
    write("UPDATE employees SET attrition_date = '2026-10-11' WHERE employee_id = :id", id=left)
    write("UPDATE employees SET status = 'Inactive' WHERE employee_id = :id", id=gone)
    mark(absent, "No Show")
    mark(sick, "Sick")
    said = ["leave", "exception", "left", "left", "No Show", "Sick"]
    assert reasons(api) == dict(zip(numbers, said, strict=True))
    first = api.get("/schedules/open").data[0]
    assert [first[name] for name in ("work_code", "planned_work_code", "full_name")] == ["VACATION", "REG", "Ada Voss"]


def test_a_shift_that_somebody_works_or_nobody_should_is_not_open(api: Api) -> None:
    here, pending, half, training, late, last, off, given, sleeping = (person() for _ in range(9))
    for one in (here, pending, half, training, late, last):
        shift(one)
    shift(off, start=None, stop=None)
    shift(given, given_away=True)
    shift(sleeping, start=None, stop=None, work_code="VACATION")
    leave(pending, "Pending")
    leave(half, start="09:00", end="12:00")
    exception(training, "Training")
    mark(late, "Late")
    write("UPDATE employees SET attrition_date = :day WHERE employee_id = :id", id=last)
    for one in (off, given, sleeping):
        leave(one)
    assert reasons(api) == {}


def test_a_shift_that_is_covered_is_open_no_longer_and_again_when_the_cover_is_given_away(api: Api) -> None:
    ada, bea = person(), person("Bea")
    number = shift(ada)
    leave(ada)
    taken = shift(bea, covers_schedule_id=number)
    assert reasons(api) == {}
    write("UPDATE schedules SET given_away = true WHERE schedule_id = :id", id=taken)
    assert reasons(api) == {number: "leave"}
    mark(bea, "Cover Up", covers=ada)
    assert reasons(api) == {}


def test_a_cover_that_is_approved_closes_it(api: Api) -> None:
    ada, bea = person(), person("Bea")
    number = shift(ada)
    leave(ada)
    assert list(reasons(api)) == [number]
    asked = {"change_type": "Cover", "employee_id": ada, "replacement_id": bea, "schedule_id": number}
    change = api.post("/schedule_changes", asked).body["change"]["change_id"]
    assert api.post(f"/schedule_changes/{change}/approve", {}).status == 200
    assert reasons(api) == {}


def test_open_shifts_are_those_of_the_next_two_weeks_unless_said(api: Api) -> None:
    ada = person()
    write("UPDATE employees SET attrition_date = '2026-09-01' WHERE employee_id = :id", id=ada)
    days = [TODAY + timedelta(number) for number in (-1, 0, 14, 15)]
    numbers = [shift(ada, day) for day in days]
    assert list(reasons(api)) == numbers[1:3]
    assert list(reasons(api, start_date=days[0])) == numbers[:2]
    assert list(reasons(api, start_date=days[3])) == numbers[3:]
    assert list(reasons(api, end_date=days[1])) == numbers[1:2]
    assert list(reasons(api, end_date=days[0])) == numbers[:1]
    assert list(reasons(api, sort="nominal_date", order="desc")) == [numbers[2], numbers[1]]
    assert api.get("/schedules/open", start_date="2026-10-06", end_date="2026-10-05").status == 400


def test_open_shifts_are_filtered_by_where_their_people_belong_that_day(api: Api) -> None:
    ada, bea = person(supervisor="Grace Hopper"), person("Bea", department="Sales")
    mine, theirs = shift(ada), shift(bea)
    leave(ada)
    leave(bea)
    write("UPDATE assignments SET valid_to = :day WHERE employee_id = :id", id=ada)
    write("INSERT INTO assignments (employee_id, valid_from, department) VALUES (:id, :day, 'Back')", id=ada)
    assert list(reasons(api, department="Back")) == list(reasons(api, supervisor="Grace Hopper")) == [mine]
    assert list(reasons(api, department="Sales")) == list(reasons(api, employee_id=bea)) == [theirs]
    assert reasons(api, department="Support") == {}
    assert api.get("/schedules/open", department="Back").data[0]["department"] == "Back"


def candidates(api: Api, number: int, **query: Any) -> Answer:
    return api.get(f"/schedules/{number}/candidates", **query)


def test_those_allowed_come_first_then_those_warned_of_then_those_refused(api: Api) -> None:
    ada, bea, cleo, dora, eve = (person(name) for name in ("Ada", "Bea", "Cleo", "Dora", "Eve"))
    person("Sal", department="Sales")
    person("Zoe", status="Inactive")
    number = shift(ada)
    shift(bea, MONDAY - timedelta(1), 15, 23)
    shift(cleo, MONDAY, 12, 20)
    shift(eve, MONDAY + timedelta(1), 12, 20)
    found = candidates(api, number)
    assert (found.status, found.body["total"]) == (200, 4)
    shown = ("full_name", "allowed", "rest_before_minutes", "rest_after_minutes", "week_hours")
    assert [[one[name] for name in shown] for one in found.data] == [
        ["Dora Voss", True, None, None, 8.0],
        ["Eve Voss", True, None, 19 * 60, 16.0],
        ["Bea Voss", False, 10 * 60, None, 8.0],
        ["Cleo Voss", False, None, None, 11.0],
    ]
    codes = [[(one["code"], one["refused"]) for one in row["findings"]] for row in found.data]
    assert codes == [[], [], [("rest", False)], [("overlap", True)]]
    assert [one["employee_id"] for one in found.data] == [dora, eve, bea, cleo]
    assert "overlaps 2026-10-12 12:00-20:00 (REG)" in found.data[3]["findings"][0]["text"]
    assert [one["full_name"] for one in candidates(api, number, limit=1).data] == ["Dora Voss"]


def test_candidates_are_those_who_belong_to_the_department_that_day(api: Api) -> None:
    ada, moved, came = person(), person("Moved"), person("Came", department="Sales")
    number = shift(ada)
    for one, department in ((moved, "Sales"), (came, "Support")):
        write("UPDATE assignments SET valid_to = :day WHERE employee_id = :id", id=one)
        write(
            "INSERT INTO assignments (employee_id, valid_from, department) VALUES (:id, :day, :department)",
            id=one,
            department=department,
        )
    assert [one["employee_id"] for one in candidates(api, number).data] == [came]


@pytest.mark.parametrize(
    ("zone", "day", "minutes"),
    [
        ("Europe/Madrid", date(2026, 10, 25), 600),
        ("Europe/Madrid", date(2026, 3, 29), 480),
        ("America/New_York", date(2026, 11, 1), 600),
        ("America/New_York", date(2026, 3, 8), 480),
        ("America/New_York", date(2026, 6, 7), 540),
    ],
    ids=str,
)
def test_rest_is_elapsed_time(api: Api, monkeypatch: pytest.MonkeyPatch, zone: str, day: date, minutes: int) -> None:
    monkeypatch.setenv("OPSDB_TIMEZONE", zone)
    forget()
    ada, bea = person(), person("Bea")
    number = shift(ada, day, 8, 16)
    shift(bea, day - timedelta(1), 15, 23)
    [found] = candidates(api, number).data
    assert (found["rest_before_minutes"], [one["code"] for one in found["findings"]]) == (minutes, ["rest"])


def test_what_is_no_shift_has_no_candidates(api: Api) -> None:
    ada = person()
    off, given = shift(ada, start=None, stop=None), shift(ada, MONDAY + timedelta(1), given_away=True)
    for number, problem in ((off, "has nothing to give"), (given, "given 2026-10-13 09:00-17:00 (REG) away already")):
        refused = candidates(api, number)
        assert (refused.status, problem in refused.errors[0]) == (409, True)
    assert candidates(api, 999).errors == ["schedule_id: 999 is no shift"]
    write("DELETE FROM employees WHERE employee_id = :id", id=ada)
    assert candidates(api, off).status == 409


def test_a_word_is_not_taken_for_a_shift(api: Api) -> None:
    assert api.get("/schedules/open").status == api.get("/schedules/history").status == 200
    assert api.get("/schedules/coverage").status == 200
    assert api.put("/schedules/open", {"work_code": "OFF"}).status == 405
    assert api.delete("/schedules/history").status == 405
    assert api.get("/schedules/closed/candidates").status == 404
    assert api.get("/schedules/12").status == 405


def test_everybody_may_look(api: Api) -> None:
    number = shift(person())
    with make.written() as conn:
        viewer = Api(auth.create_key(conn, name="viewer", role="viewer")[1])
    assert [viewer.get("/schedules/open").status, candidates(viewer, number).status] == [200, 200]
    assert [Api(None).get("/schedules/open").status, candidates(Api(None), number).status] == [401, 401]


def test_it_costs_the_same_however_many_they_are(api: Api) -> None:
    sent = []
    for first, last in ((1, 100), (101, 1000)):
        crowd(first, last, MONDAY)
        with statements() as looked:
            opened = api.get("/schedules/open", limit=1000)
        number = opened.data[0]["schedule_id"]
        with statements() as asked:
            found = candidates(api, number)
        assert (opened.body["total"], found.body["total"], len(found.data)) == (last // 10, last - 1, 50)
        sent.append((len(looked), len(asked)))
    assert sent == [(2, 6), (2, 6)]
