"""What was worked out of a day follows when its shifts change, in the same transaction, and nothing else does."""

from datetime import date, time
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.attendance.following import follow
from chalicelib.core import db
from tests import make
from tests.api import Answer, Api
from tests.conftest import Site
from tests.counting import statements

MONDAY, TUESDAY = date(2026, 10, 5), date(2026, 10, 6)
MINUTES = ("late_minutes", "early_minutes", "overtime_minutes")
DAY = MONDAY.isoformat()


@pytest.fixture
def ada(site: Site) -> int:
    """Works Monday from nine to five."""
    with make.written() as conn:
        person = make.employee(conn, last_name="Lovelace", department="Support")
        make.shift(conn, person, MONDAY)
        return person


def done(answer: Answer) -> Any:
    assert answer.status in {200, 201}, answer.body
    return answer.body


def record(api: Api, person: int, day: date = MONDAY, **said: Any) -> None:
    done(api.post("/attendances", {"employee_id": person, "date": day.isoformat(), **said}))


def row(api: Api, person: int, day: date = MONDAY) -> dict[str, Any] | None:
    found = api.get("/attendances", employee_id=person, start_date=day, end_date=day).data
    return found[0] if found else None


def minutes(api: Api, person: int, day: date = MONDAY) -> list[int | None]:
    found = row(api, person, day)
    assert found is not None
    return [found[name] for name in MINUTES]


def shift_of(person: int) -> int:
    with db.reading() as conn:
        found: int = conn.execute(
            text("SELECT min(schedule_id) FROM schedules WHERE employee_id = :id AND NOT given_away"), {"id": person}
        ).scalar_one()
        return found


def closed_absent(person: int, **more: Any) -> None:
    """What the close of the day writes of somebody of whom nothing is recorded."""
    with make.written("schedule:close_day") as conn:
        conn.execute(
            text(
                """INSERT INTO attendances (employee_id, date, exception_type, exception_type_source, notes)
                VALUES (:id, :day, 'Absent', 'derived', :notes)"""
            ),
            {"id": person, "day": MONDAY, "notes": more.get("notes")},
        )


def test_minutes_follow_a_shift_that_is_moved_and_one_that_is_taken_away(api: Api, ada: int) -> None:
    record(api, ada, check_in="09:30", check_out="17:20")
    assert minutes(api, ada) == [30, 0, 20]
    done(api.put(f"/schedules/{shift_of(ada)}", {"start_time": "09:30", "stop_time": "18:00"}))
    assert minutes(api, ada) == [0, 40, 0]
    done(api.delete(f"/schedules/{shift_of(ada)}"))
    assert minutes(api, ada) == [None, None, None]
    shift = {"employee_id": ada, "nominal_date": DAY, "start_time": "09:00", "stop_time": "17:00", "work_code": "REG"}
    done(api.post("/schedules", shift))
    assert minutes(api, ada) == [30, 0, 20]


def test_a_shift_that_goes_to_another_date_is_followed_on_both(api: Api, ada: int) -> None:
    record(api, ada, check_in="09:30")
    record(api, ada, TUESDAY, check_in="09:10")
    done(api.put(f"/schedules/{shift_of(ada)}", {"nominal_date": TUESDAY.isoformat()}))
    assert (minutes(api, ada), minutes(api, ada, TUESDAY)) == ([None] * 3, [10, None, None])


def test_an_overtime_row_makes_staying_on_time_of_a_shift(api: Api, ada: int) -> None:
    record(api, ada, check_in="09:00", check_out="18:30")
    assert minutes(api, ada) == [0, 0, 90]
    more = {"employee_id": ada, "nominal_date": DAY, "start_time": "17:00", "stop_time": "19:00", "work_code": "OT"}
    done(api.post("/schedules", more))
    assert minutes(api, ada) == [0, 30, 0]


def test_what_a_lead_or_a_sheet_gave_stays(api: Api, ada: int) -> None:
    record(api, ada, check_in="09:30", check_out="17:20", late_minutes=3)
    with make.written() as conn:
        conn.execute(text("UPDATE attendances SET overtime_minutes = 7, overtime_minutes_source = 'sheet'"))
    done(api.put(f"/schedules/{shift_of(ada)}", {"start_time": "08:00", "stop_time": "18:00"}))
    assert minutes(api, ada) == [3, 40, 7]


@pytest.mark.parametrize(
    ("hours", "expected"),
    [({}, [None, None, None]), ({"start_time": "09:00", "end_time": "12:00"}, [30, 0, 20])],
)
def test_minutes_follow_leave_of_a_day_and_of_hours_and_its_end(
    api: Api, ada: int, hours: dict[str, str], expected: list[int | None]
) -> None:
    record(api, ada, check_in="12:30", check_out="17:20")
    asked = {"employee_id": ada, "leave_type": "Personal", "start_date": DAY, "end_date": DAY, **hours}
    path = f"/leave_requests/{done(api.post('/leave_requests', asked))['leave_id']}"
    assert minutes(api, ada) == [210, 0, 20]
    done(api.post(f"{path}/approve", {}))
    assert minutes(api, ada) == expected
    done(api.delete(path))
    assert minutes(api, ada) == [210, 0, 20]


def test_minutes_follow_a_cover_and_its_end(api: Api, ada: int) -> None:
    with make.written() as conn:
        bea = make.employee(conn, first_name="Bea", department="Support")
    record(api, ada, check_in="09:30")
    record(api, bea, check_in="09:40")
    asked = {"change_type": "Cover", "employee_id": ada, "schedule_date": DAY, "replacement_id": bea}
    path = f"/schedule_changes/{done(api.post('/schedule_changes', asked))['change']['change_id']}"
    done(api.post(f"{path}/approve", {}))
    assert (minutes(api, ada)[0], minutes(api, bea)[0]) == (None, 40)
    done(api.delete(path))
    assert (minutes(api, ada)[0], minutes(api, bea)[0]) == (30, None)


def test_minutes_follow_a_swap_of_two_dates_and_its_end(api: Api, ada: int) -> None:
    with make.written() as conn:
        bea = make.employee(conn, first_name="Bea", department="Support")
        make.shift(conn, bea, TUESDAY, time(10), time(18))
    days = [(ada, MONDAY), (bea, MONDAY), (ada, TUESDAY), (bea, TUESDAY)]
    for person, day in days:
        record(api, person, day, check_in="10:30")
    asked = {"change_type": "Swap", "employee_id": ada, "schedule_date": DAY, "replacement_id": bea}
    made = done(api.post("/schedule_changes", {**asked, "replacement_date": TUESDAY.isoformat()}))
    path = f"/schedule_changes/{made['change']['change_id']}"

    def late() -> list[int | None]:
        return [minutes(api, person, day)[0] for person, day in days]

    assert late() == [90, None, None, 30]
    done(api.post(f"{path}/approve", {}))
    assert late() == [None, 90, 30, None]
    done(api.delete(path))
    assert late() == [90, None, None, 30]


def test_minutes_follow_an_exception_and_its_end(api: Api, ada: int) -> None:
    record(api, ada, check_in="09:30")
    asked = {"employee_id": ada, "exception_type": "Vacation", "start_date": DAY, "end_date": DAY}
    path = f"/exceptions/{done(api.post('/exceptions', asked))['exception_id']}"
    done(api.post(f"{path}/process", {}))
    assert minutes(api, ada)[0] is None
    done(api.post(f"{path}/revert"))
    assert minutes(api, ada)[0] == 30


def test_who_was_absent_by_the_close_only_is_not_once_they_need_not_have_been_there(api: Api, ada: int) -> None:
    closed_absent(ada)
    done(api.put(f"/schedules/{shift_of(ada)}", {"start_time": "10:00"}))
    found = row(api, ada)
    assert found is not None
    assert found["exception_type"] == "Absent"
    done(api.delete(f"/schedules/{shift_of(ada)}"))
    assert row(api, ada) is None


def test_a_note_outlives_the_absence_that_it_stands_beside(api: Api, ada: int) -> None:
    closed_absent(ada, notes="called at ten")
    done(api.delete(f"/schedules/{shift_of(ada)}"))
    found = row(api, ada)
    assert found is not None
    assert (found["exception_type"], found["exception_type_source"], found["notes"]) == (None, None, "called at ten")


def test_an_absence_that_a_lead_has_marked_stays(api: Api, ada: int) -> None:
    record(api, ada, exception_type="Absent")
    done(api.delete(f"/schedules/{shift_of(ada)}"))
    found = row(api, ada)
    assert found is not None
    assert found["exception_type"] == "Absent"


def test_times_that_stand_for_the_shift_move_with_it(api: Api, ada: int) -> None:
    record(api, ada, check_in="09:00", check_out="17:00")
    with make.written() as conn:
        conn.execute(text("UPDATE attendances SET check_in_source = 'derived', check_out_source = 'derived'"))
    done(api.put(f"/schedules/{shift_of(ada)}", {"start_time": "22:00", "stop_time": "06:00"}))
    found = row(api, ada)
    assert found is not None
    assert (found["check_in"], found["check_out"]) == ("2026-10-05T22:00:00", "2026-10-06T06:00:00")
    done(api.delete(f"/schedules/{shift_of(ada)}"))
    found = row(api, ada)
    assert found is not None
    assert (found["check_in"], found["late_minutes"]) == ("2026-10-05T22:00:00", None)


def test_a_time_of_the_shift_never_crosses_one_that_a_lead_gave(api: Api, ada: int) -> None:
    record(api, ada, check_in="09:00", check_out="12:00")
    with make.written() as conn:
        conn.execute(text("UPDATE attendances SET check_in_source = 'derived'"))
    done(api.put(f"/schedules/{shift_of(ada)}", {"start_time": "13:00"}))
    found = row(api, ada)
    assert found is not None
    assert (found["check_in"], found["check_out"]) == ("2026-10-05T09:00:00", "2026-10-05T12:00:00")


def test_a_plan_that_changes_nothing_of_a_day_writes_nothing_of_it(api: Api, ada: int) -> None:
    record(api, ada, check_in="08:00")
    with statements() as sent:
        done(api.put(f"/schedules/{shift_of(ada)}", {"start_time": "08:30"}))
    assert not [one for one in sent if "INTO attendances" in one]


def test_following_costs_as_much_for_a_hundred_people_as_for_one(api: Api, site: Site) -> None:
    with make.written() as conn:
        people = [make.employee(conn) for _ in range(100)]
        for person in people:
            make.shift(conn, person, MONDAY)
        conn.execute(
            text(
                """INSERT INTO attendances (employee_id, date, check_in)
                SELECT employee_id, :day, :day + time '09:30' FROM employees"""
            ),
            {"day": MONDAY},
        )
    sent = []
    for some in (people[:1], people[1:], people):
        with make.written() as conn, statements() as noted:
            follow(conn, employee_ids=some, first=MONDAY, last=MONDAY)
        sent.append(len(noted))
    with db.reading() as conn:
        late = conn.execute(text("SELECT late_minutes, late_minutes_source, count(*) FROM attendances GROUP BY 1, 2"))
        assert list(late) == [(30, "derived", 100)]
    # The days, three for the calendars, one that writes; the last time there is nothing left to write.
    assert sent == [5, 5, 4]


def test_days_in_the_archive_stay_what_they_are(api: Api, ada: int) -> None:
    with make.written() as conn:
        conn.execute(
            text(
                """INSERT INTO attendances_history (attendance_id, employee_id, date, late_minutes, archived_date)
                VALUES (1, :id, :day, 77, :day)"""
            ),
            {"id": ada, "day": MONDAY},
        )
    done(api.put(f"/schedules/{shift_of(ada)}", {"start_time": "10:00"}))
    [kept] = api.get("/attendances/history").data
    assert kept["late_minutes"] == 77
    assert row(api, ada) is None
