"""Marking over HTTP: one or many, all or nobody, by whom it may be, for the shift that is meant."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.core import auth, clock, db
from tests import make
from tests.api import Answer, Api
from tests.conftest import Site
from tests.counting import statements

MONDAY, SUNDAY = date(2026, 10, 5), date(2026, 10, 4)
DAY = MONDAY.isoformat()


@pytest.fixture
def ada(site: Site) -> int:
    """Works Monday from nine to five, and the night to Monday."""
    with make.written() as conn:
        person = make.employee(conn, last_name="Lovelace", department="Support")
        make.shift(conn, person, MONDAY)
        make.shift(conn, person, SUNDAY, time(22), time(6))
        return person


def mark(api: Api, people: int | list[int], how: str, **said: Any) -> Answer:
    return api.post("/attendances/mark", {"employee_id": people, "mark": how, "date": DAY, **said})


def held() -> list[Any]:
    with db.reading() as conn:
        return list(conn.execute(text("SELECT attendance_id, date FROM attendances")))


def crowd(size: int) -> list[int]:
    with make.written() as conn:
        people = [make.employee(conn) for _ in range(size)]
        for person in people:
            make.shift(conn, person, MONDAY)
    return people


def test_a_day_is_marked_and_marked_again(api: Api, ada: int) -> None:
    absent = mark(api, ada, "absent", notes="no call")
    assert absent.status == 200, absent.body
    [row] = absent.data
    assert (row["exception_type"], row["notes"], row["check_in"]) == ("Absent", "no call", None)
    [row] = mark(api, ada, "late", time="09:20").data
    assert (row["exception_type"], row["late_minutes"], row["check_in"]) == ("Late", 20, "2026-10-05T09:20:00")
    [row] = mark(api, ada, "present").data
    assert (row["exception_type"], row["late_minutes"], row["check_in"]) == (None, 20, "2026-10-05T09:20:00")
    assert (row["check_out"], row["check_out_source"], row["notes"]) == ("2026-10-05T17:00:00", "derived", "no call")


def test_a_mark_that_says_what_stands_writes_nothing(api: Api, ada: int) -> None:
    first = mark(api, ada, "present").data
    with statements() as sent:
        assert mark(api, ada, "present").data == first
    assert not [one for one in sent if "INTO attendances" in one]


def test_without_a_date_the_night_shift_in_progress_is_yesterdays(
    api: Api, ada: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for at, day in (((5, 50), SUNDAY), ((8, 0), MONDAY), ((20, 0), MONDAY)):
        monkeypatch.setattr(clock, "now", lambda at=at: datetime(2026, 10, 5, *at, tzinfo=UTC))
        answer = api.post("/attendances/mark", {"employee_id": ada, "mark": "present"})
        assert (answer.status, answer.data[0]["date"]) == (200, day.isoformat())


def test_sick_is_leave_of_that_day_by_who_marks(api: Api, ada: int) -> None:
    mark(api, ada, "late", time="10:00")
    [row] = mark(api, ada, "sick", notes="fever").data
    assert (row["exception_type"], row["check_in"], row["late_minutes"]) == ("Sick", None, None)
    [leave] = api.get("/leave_requests").data
    assert (leave["leave_type"], leave["start_date"], leave["end_date"]) == ("Sick", DAY, DAY)
    assert (leave["status"], leave["approved_by"], leave["reason"]) == ("Approved", "key:1", "fever")
    assert leave["approved_at"] is not None
    assert api.get("/schedules", start_date=DAY, end_date=DAY).data[0]["work_code"] == "SICK"
    again = mark(api, ada, "sick")
    assert (again.status, again.errors) == (
        409,
        [f"employee_id: {ada}: Ada Lovelace is on that leave already: Sick on 2026-10-05"],
    )
    assert mark(api, ada, "present").errors == [
        f"employee_id: {ada}: Ada Lovelace has Sick on 2026-10-05, which present never ends"
    ]
    api.delete(f"/leave_requests/{leave['leave_id']}")
    assert mark(api, ada, "present").data[0]["exception_type"] is None


def test_leave_marked_over_an_absence_is_refused_in_words(api: Api, ada: int) -> None:
    asked = {"employee_id": ada, "leave_type": "Vacation", "start_date": DAY, "end_date": "2026-10-09"}
    assert api.post("/leave_requests", asked).status == 201
    refused = mark(api, ada, "on_leave", leave_type="Personal")
    assert (refused.status, refused.errors) == (
        409,
        [
            f"employee_id: {ada}: Ada Lovelace has Vacation from 2026-10-05 to 2026-10-09 (pending) already, "
            "which Personal on 2026-10-05 would overlap"
        ],
    )


def test_sick_needs_a_type_where_several_are_unplanned(api: Api, ada: int) -> None:
    option = {"category": "leave_type", "value": "Emergency", "class": "away_unplanned", "work_code": "SICK"}
    assert api.post("/admin/options", option).status == 201
    refused = mark(api, ada, "sick")
    assert (refused.status, refused.errors) == (
        400,
        ["leave_type: is required for sick, since Emergency, Sick could be meant"],
    )
    assert mark(api, ada, "sick", leave_type="Sik").errors == ["leave_type: Sik: did you mean Sick?"]
    assert mark(api, ada, "sick", leave_type="Emergency").status == 200


def test_a_mark_whose_value_is_retired_cannot_be_put(api: Api, ada: int) -> None:
    with make.written() as conn:
        conn.execute(text("UPDATE admin_options SET is_active = false WHERE value = 'No Show'"))
    refused = mark(api, ada, "no_show")
    assert (refused.status, refused.errors[0][:13]) == (400, "mark: No Show")


def test_what_a_mark_does_not_take_or_lacks_is_named(api: Api, ada: int) -> None:
    refused = mark(api, ada, "overtime", time="10:00", leave_type="Sick")
    assert (refused.status, refused.errors) == (
        400,
        [
            "leave_type: overtime does not take it; sick and on_leave do",
            "time: overtime does not take it; present, late, expected, early_leave and cover_up do",
            "minutes: is required for overtime",
        ],
    )
    assert mark(api, ada, "overtime", minutes=0).errors == ["minutes: must be a whole number from 1 to 1440, got 0"]
    assert mark(api, [], "present").status == 400
    assert mark(api, list(range(1, 502)), "present").status == 400


def test_all_are_marked_or_nobody_and_every_problem_has_its_employee(api: Api, ada: int) -> None:
    one, other = crowd(2)
    with make.written() as conn:
        free = make.employee(conn, first_name="Bea", last_name="Free")
        gone = make.employee(conn, first_name="Cy", last_name="Gone", attrition_date=date(2026, 9, 30))
    refused = mark(api, [one, free, other, gone, free], "present")
    assert (refused.status, refused.errors) == (
        409,
        [
            f"employee_id: {free}: Bea Free is neither scheduled on 2026-10-05 nor under an exception: "
            "only cover_up, overtime or on_leave can be marked",
            f"employee_id: {gone}: Cy Gone has 2026-09-30 as last day, and cannot be marked on 2026-10-05",
        ],
    )
    assert mark(api, [one, 5, 6], "present").errors == [
        "employee_id: 5 is no employee",
        "employee_id: 6 is no employee",
    ]
    # Who is not late and who need not be there are told at once.
    mixed = mark(api, [one, free], "late", time="09:02")
    assert (mixed.status, len(mixed.errors)) == (400, 2)
    assert held() == []
    done = mark(api, [other, ada, one, other], "present")
    assert [row["employee_id"] for row in done.data] == [other, ada, one]


def test_somebody_who_need_not_be_there_covers_for_somebody(api: Api, ada: int) -> None:
    with make.written() as conn:
        bea = make.employee(conn, first_name="Bea")
    [row] = mark(api, bea, "cover_up", cover_up_for_employee_id=ada, time="09:10").data
    assert (row["exception_type"], row["cover_up_for_employee_id"]) == ("Cover Up", ada)
    assert (row["check_in"], row["late_minutes"]) == ("2026-10-05T09:10:00", None)
    assert mark(api, bea, "cover_up", cover_up_for_employee_id=bea).status == 400
    unknown = mark(api, bea, "cover_up", cover_up_for_employee_id=5)
    assert (unknown.status, unknown.errors) == (404, ["cover_up_for_employee_id: 5 is no employee"])


def test_the_future_and_the_archive_are_not_marked(api: Api, ada: int) -> None:
    tomorrow = clock.today() + timedelta(1)
    refused = mark(api, ada, "overtime", minutes=30, date=(tomorrow + timedelta(1)).isoformat())
    assert (refused.status, refused.errors[0][:20]) == (400, f"date: must be {tomorrow}"[:20])
    assert mark(api, ada, "overtime", minutes=30, date=tomorrow.isoformat()).status == 200
    with make.written() as conn:
        conn.execute(
            text(
                """INSERT INTO attendances_history (attendance_id, employee_id, date, archived_date)
                VALUES (1, :id, '2026-10-05', '2026-10-05'), (2, :id, '2026-10-06', '2026-10-06')"""
            ),
            {"id": ada},
        )
    for day in (DAY, "2026-10-06"):
        refused = mark(api, ada, "present", date=day)
        assert (refused.status, refused.errors) == (409, ["date: that day is archived and cannot be written to"])


def test_leads_mark_their_own_people_and_nobody_marks_themselves(ada: int, site: Site) -> None:
    with make.written() as conn:
        boss = make.employee(conn, first_name="Grace", last_name="Hopper", supervisor="Grace Hopper")
        own = make.employee(conn, supervisor="Grace Hopper")
        for person in (boss, own):
            make.shift(conn, person, MONDAY)
        lead = Api(auth.create_key(conn, name="lead", role="supervisor", employee_id=boss)[1])
        viewer = Api(auth.create_key(conn, name="viewer", role="viewer")[1])
    assert [mark(lead, one, "present").status for one in (own, ada, boss)] == [200, 403, 403]
    assert mark(lead, [own, ada], "absent").status == 403
    assert mark(viewer, own, "present").status == 403


def test_in_a_closed_month_only_an_admin_marks(api: Api, site: Site) -> None:
    with make.written() as conn:
        boss = make.employee(conn, first_name="Grace", last_name="Hopper")
        own = make.employee(conn, supervisor="Grace Hopper")
        make.shift(conn, own, MONDAY)
        lead = Api(auth.create_key(conn, name="lead", role="supervisor", employee_id=boss)[1])
        conn.execute(text("INSERT INTO periods (month, closed_by) VALUES ('2026-10-01', 'test')"))
    for how in ("absent", "sick"):
        assert (mark(lead, own, how).status, held()) == (409, [])
    assert mark(api, own, "sick").status == 200
    assert {one["table_name"] for one in api.get("/periods/2026-10/adjustments").data} == {
        "attendances",
        "leave_requests",
    }


def test_the_absence_that_the_close_of_the_day_found_gives_way(api: Api, ada: int) -> None:
    with make.written() as conn:
        conn.execute(
            text(
                """INSERT INTO attendances (employee_id, date, exception_type, exception_type_source)
                VALUES (:id, '2026-10-05', 'Absent', 'derived')"""
            ),
            {"id": ada},
        )
    [row] = mark(api, ada, "present").data
    assert (row["exception_type"], row["exception_type_source"]) == (None, None)


@pytest.mark.parametrize("how", ["present", "sick"])
def test_marking_five_hundred_costs_as_many_statements_as_one(api: Api, how: str) -> None:
    people = crowd(500)
    sent = []
    for some in (people[:1], people[1:]):
        with statements() as noted:
            answer = mark(api, some, how)
        assert (answer.status, len(answer.data)) == (200, len(some)), answer.body
        sent.append(len(noted))
    assert sent[0] == sent[1] <= 14
