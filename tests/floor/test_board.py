"""The live floor and the daily report over HTTP."""

import csv
import io
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.core import clock, db
from chalicelib.core.auth import create_key
from chalicelib.core.settings import settings
from tests import make
from tests.api import Api
from tests.conftest import Site
from tests.counting import statements

DAY = date(2026, 10, 6)
NIGHT = (time(22), time(6))


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> Any:
    """`now(13, 50)` makes it that time of the day."""

    def at(hour: int, minute: int = 0, *, days: int = 0) -> datetime:
        moment = datetime(2026, 10, 6, hour, minute, tzinfo=UTC) + timedelta(days=days)
        monkeypatch.setattr(clock, "now", lambda: moment)
        return moment

    at(13, 50)
    return at


def person(name: str, *times: Any, day: date = DAY, department: str = "Support", **facts: Any) -> int:
    """Somebody with a shift, from nine to five unless said."""
    with make.written() as conn:
        employee_id = make.employee(conn, first_name=name, last_name="Doe", department=department)
        make.shift(conn, employee_id, day, *times, **facts)
    return employee_id


def write(statement: str, **given: Any) -> Any:
    with make.written() as conn:
        found = conn.execute(text(statement), given)
        return found.scalar() if found.returns_rows else None


def recorded(employee_id: int, day: date = DAY, **facts: Any) -> None:
    names = ", ".join(facts)
    values = ", ".join(f":{name}" for name in facts)
    write(
        f"INSERT INTO attendances (employee_id, date, {names}) VALUES (:id, :day, {values})",
        id=employee_id,
        day=day,
        **facts,
    )


def on_leave(employee_id: int, *hours: str, leave_type: str = "Vacation") -> int:
    start, stop = hours or (None, None)
    found: int = write(
        """INSERT INTO leave_requests (employee_id, leave_type, start_date, end_date, start_time, end_time, status)
        VALUES (:id, :type, :day, :day, :start, :stop, 'Approved') RETURNING leave_id""",
        id=employee_id,
        type=leave_type,
        day=DAY,
        start=start,
        stop=stop,
    )
    return found


def states(api: Api, path: str = "/floor", **query: Any) -> dict[str, str]:
    answer = api.get(path, **query)
    assert answer.status == 200, answer.body
    return {one["first_name"]: one["state"] for one in answer.data}


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 10, 6, hour, minute)


@pytest.mark.usefixtures("now")
def test_the_floor_shows_everybody_whose_shift_touches_two_hours_either_way(api: Api) -> None:
    person("Early", time(4), time(11, 50))
    person("Just", time(4), time(11, 51))
    person("Soon", time(15, 50), time(20))
    person("Later", time(15, 51), time(20))
    person("Off", None, None)
    answer = api.get("/floor")
    assert [one["first_name"] for one in answer.data] == ["Just", "Soon"]
    assert answer.body["at"] == "2026-10-06T13:50:00Z"


@pytest.mark.usefixtures("now")
def test_each_state_has_its_people_and_all_eight_are_counted(api: Api) -> None:
    came = at(8, 58)
    recorded(person("In"), check_in=came)
    recorded(person("Late"), check_in=at(9, 20), late_minutes=20)
    recorded(person("Out"), check_in=came, check_out=at(13, 50))
    recorded(person("Missing"), exception_type="No Show")
    recorded(person("Sick"), exception_type="Sick")
    recorded(person("Coming", time(12), time(20)), expected_at=at(13, 45))
    person("Due", time(14, 5), time(20))
    person("Next", time(14, 6), time(20))
    assert states(api) == {
        "In": "in",
        "Late": "late",
        "Out": "out",
        "Missing": "no_show",
        "Sick": "away",
        "Coming": "expected",
        "Due": "awaited",
        "Next": "upcoming",
    }
    answer = api.get("/floor", limit=1, state=["late", "away"], order="desc", sort="state")
    assert (answer.body["total"], [one["first_name"] for one in answer.data]) == (2, ["Sick"])
    assert answer.body["states"] == dict.fromkeys(
        ["upcoming", "awaited", "expected", "in", "late", "out", "away", "no_show"], 1
    )


def test_who_said_when_they_come_is_awaited_once_that_and_the_grace_are_over(api: Api, now: Any) -> None:
    recorded(person("Ada"), expected_at=at(11))
    for minute, state in ((4, "expected"), (5, "expected"), (6, "awaited")):
        now(11, minute)
        answer = api.get("/floor").data[0]
        assert (answer["state"], answer["awaited_minutes"]) == (state, 120 + minute)
        assert answer["expected_at"] == "2026-10-06T11:00:00"


def test_the_floor_of_an_empty_site_counts_nobody(api: Api) -> None:
    answer = api.get("/floor")
    assert (answer.body["total"], answer.data, sum(answer.body["states"].values())) == (0, [], 0)


@pytest.mark.usefixtures("now")
def test_a_row_says_who_it_is_and_where_they_belonged_that_day(api: Api) -> None:
    ada = person("Ada")
    assert api.put(f"/employees/{ada}", {"department": None, "effective_date": "2026-10-07"}).status == 200
    [one] = api.get("/floor", department="Support").data
    assert (one["full_name"], one["department"]) == ("Ada Doe", "Support")
    assert (one["starts_at"], one["stops_at"]) == ("2026-10-06T09:00:00Z", "2026-10-06T17:00:00Z")
    assert (one["start_time"], one["stop_time"], one["work_code"], one["why"]) == (
        "09:00:00",
        "17:00:00",
        "REG",
        "plan",
    )
    assert api.get("/floor", department="Sales").body["total"] == 0


def test_at_ten_to_six_the_night_shift_is_yesterdays(api: Api, now: Any) -> None:
    recorded(
        person("Nat", *NIGHT, day=DAY - timedelta(days=1)), DAY - timedelta(days=1), check_in=at(22) - timedelta(1)
    )
    person("Mo", time(6), time(14))
    now(5, 50)
    rows = {one["first_name"]: (one["nominal_date"], one["state"]) for one in api.get("/floor").data}
    assert rows == {"Nat": ("2026-10-05", "in"), "Mo": ("2026-10-06", "awaited")}


def test_two_shifts_of_a_day_are_one_row_from_the_first_start_to_the_last_stop(api: Api, now: Any) -> None:
    ada = person("Ada", time(6), time(9))
    with make.written() as conn:
        make.shift(conn, ada, DAY, time(17), time(20))
    now(13)
    [one] = api.get("/floor").data
    assert (one["start_time"], one["stop_time"], one["awaited_minutes"]) == ("06:00:00", "20:00:00", 420)


@pytest.mark.usefixtures("now")
def test_who_gave_the_shift_away_is_not_on_the_floor_and_who_took_it_is(api: Api) -> None:
    ada, bea = person("Ada"), person("Bea", None, None)
    cover = {"change_type": "Cover", "employee_id": ada, "replacement_id": bea, "schedule_date": "2026-10-06"}
    change = api.post("/schedule_changes", cover).body["change"]["change_id"]
    assert api.post(f"/schedule_changes/{change}/approve", {}).status == 200
    [one] = api.get("/floor").data
    assert (one["first_name"], one["covers_employee_id"], one["covers_name"]) == ("Bea", ada, "Ada Doe")


@pytest.mark.usefixtures("now")
def test_who_is_away_says_why_and_who_covers_for_them(api: Api) -> None:
    ada, bea, cy = person("Ada"), person("Bea", None, None), person("Cy")
    leave = on_leave(ada)
    exception = write(
        """INSERT INTO exceptions (employee_id, exception_type, start_date, end_date, status)
        VALUES (:id, 'Vacation', :day, :day, 'Completed') RETURNING exception_id""",
        id=cy,
        day=DAY,
    )
    recorded(bea, exception_type="Cover Up", cover_up_for_employee_id=ada)
    rows = {one["first_name"]: one for one in api.get("/floor").data}
    said = ("state", "work_code", "why", "why_type", "why_id", "covered_by_name")
    assert [rows["Ada"][name] for name in said] == ["away", "VACATION", "leave", "Vacation", leave, "Bea Doe"]
    assert [rows["Cy"][name] for name in said] == ["away", "VACATION", "exception", "Vacation", exception, None]
    assert rows["Ada"]["covered_by_employee_id"] == bea


def test_hours_on_leave_at_the_start_of_a_shift_are_not_waited_for(api: Api, now: Any) -> None:
    leave = on_leave(person("Ada"), "09:00", "13:00", leave_type="Personal")
    now(11)
    [one] = api.get("/floor").data
    assert (one["state"], one["start_time"], one["stop_time"]) == ("upcoming", "13:00:00", "17:00:00")
    assert (one["why"], one["why_type"], one["why_id"]) == ("leave", "Personal", leave)
    now(13, 20)
    assert [(one["state"], one["awaited_minutes"]) for one in api.get("/floor").data] == [("awaited", 20)]


@pytest.mark.usefixtures("now")
def test_hours_on_leave_over_the_whole_shift_make_it_an_away_one(api: Api) -> None:
    on_leave(person("Ada"), "08:00", "18:00")
    assert states(api) == {"Ada": "away"}


@pytest.mark.usefixtures("now")
def test_a_moment_is_said_in_rfc_3339_or_by_the_clock_of_the_site(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSDB_TIMEZONE", "Europe/Madrid")
    settings.cache_clear()
    person("Ada", time(20), time(23))
    for said in ("2026-10-06T20:00", "2026-10-06T18:00:00Z", "2026-10-06T14:00:00-04:00"):
        answer = api.get("/floor", at=said)
        assert (answer.body["at"], len(answer.data)) == ("2026-10-06T18:00:00Z", 1)
        assert (answer.data[0]["start_time"], answer.data[0]["starts_at"]) == ("20:00:00", "2026-10-06T18:00:00Z")
    assert api.get("/floor", at="now").body["at"] == "2026-10-06T13:50:00Z"


@pytest.mark.parametrize(
    "said",
    ["yesterday", "2026-10-06", "2026-02-30T10:00", "1066-10-14T09:00", "2026-10-06T25:00", "2026-10-06T10:00\n"],
)
def test_what_is_no_moment_is_refused_by_name(api: Api, said: str) -> None:
    answer = api.get("/floor", at=said)
    assert answer.status == 400
    assert answer.errors[0].startswith("at: must be")


def test_the_ends_of_the_calendar_are_moments_too(api: Api) -> None:
    for said in (
        "1900-01-01T00:00:00Z",
        "2999-12-31T23:59:59Z",
        "1900-01-01T00:00:00+23:59",
        "2999-12-31T23:59:59-23:59",
    ):
        assert api.get("/floor", at=said).status == 200


def test_of_the_past_the_floor_knows_what_is_on_record_today(api: Api, now: Any) -> None:
    recorded(person("Ada"), check_in=at(9, 2), check_out=at(17))
    person("Bea")
    now(13, days=9)
    assert states(api, at="2026-10-06T16:00") == {"Ada": "in", "Bea": "awaited"}
    assert states(api, at="2026-10-06T18:00") == {"Ada": "out", "Bea": "awaited"}


@pytest.mark.usefixtures("now")
def test_unknown_sorts_states_and_parameters_are_named(api: Api) -> None:
    assert api.get("/floor", sort="mood").errors[0].startswith("sort: must be one of: starts_at, stops_at")
    assert api.get("/floor", state="asleep").errors[0].startswith("state: must be one of: upcoming, awaited")
    assert api.get("/floor", day="today").errors[0].startswith("day: is not known here")


@pytest.mark.usefixtures("now")
def test_the_floor_is_a_file_too_with_everybody_in_it(api: Api) -> None:
    for number in range(3):
        person(f"Ada{number}")
    answer = api.get("/floor", format="csv", limit=1)
    rows = list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"))))
    assert [(one["first_name"], one["state"]) for one in rows] == [(f"Ada{number}", "awaited") for number in range(3)]
    assert api.get("/attendances/daily-report", format="xlsx").body[:2] == b"PK"


def test_the_daily_report_has_everybody_scheduled_that_date_however_far_away(api: Api, now: Any) -> None:
    recorded(person("Ada", time(0), time(4)), check_in=at(0))
    person("Bea", time(20), time(23))
    on_leave(person("Cy"))
    person("Dee", None, None, work_code="SICK")
    person("Eve", None, None)
    person("Flo", day=DAY + timedelta(days=1))
    now(13, 50)
    answer = api.get("/attendances/daily-report")
    assert {one["first_name"]: (one["state"], one["stand"]) for one in answer.data} == {
        "Ada": ("in", "present"),
        "Bea": ("upcoming", None),
        "Cy": ("away", "away"),
        "Dee": ("away", "away"),
    }
    assert [one["starts_at"] for one in answer.data if one["first_name"] == "Dee"] == [None]
    assert answer.body["date"] == "2026-10-06"
    assert answer.body["summary"] == {
        "scheduled": 4,
        "net_scheduled": 1,
        "present": 1,
        "unmarked": 0,
        "absent": 0,
        "away": 2,
        "attendance_rate": 1.0,
    }
    assert states(api, "/attendances/daily-report", date="2026-10-07") == {"Flo": "upcoming"}


def test_who_is_unmarked_is_absent_from_noon_of_the_next_day(api: Api, now: Any) -> None:
    person("Ada")
    recorded(person("Bea"), check_in=at(9))
    recorded(person("Cy"), exception_type="Sick")
    person("Dee", work_code="TRAIN")

    def summary() -> list[Any]:
        found = api.get("/attendances/daily-report", date="2026-10-06").body["summary"]
        return [found[name] for name in ("net_scheduled", "present", "unmarked", "absent", "attendance_rate")]

    now(8, 59)
    assert summary() == [0, 0, 0, 0, None]
    now(9)
    assert summary() == [3, 1, 1, 1, 1 / 3]
    now(11, 59, days=1)
    assert summary() == [3, 1, 1, 1, 1 / 3]
    now(12, days=1)
    assert summary() == [3, 1, 0, 2, 1 / 3]
    assert states(api, "/attendances/daily-report", date="2026-10-06", state="no_show", stand="absent") == {
        "Ada": "no_show"
    }


@pytest.mark.usefixtures("now")
def test_the_daily_report_names_the_holidays_of_its_date(api: Api) -> None:
    with make.written() as conn:
        make.options(conn, "department", "Support", "Sales")
    for name, department in (("Founders", None), ("Sales Day", "Sales"), ("Fair", "Support")):
        assert api.post("/holidays", {"date": "2026-10-06", "name": name, "department": department}).status == 201
    named = [(one["name"], one["department"]) for one in api.get("/attendances/daily-report").body["holidays"]]
    assert named == [("Founders", None), ("Sales Day", "Sales"), ("Fair", "Support")]
    of_support = api.get("/attendances/daily-report", department="Support").body["holidays"]
    assert [one["name"] for one in of_support] == ["Founders", "Fair"]


def test_who_has_left_is_not_waited_for(api: Api, now: Any) -> None:
    ada, bea = person("Ada"), person("Bea")
    write("UPDATE employees SET status = 'Inactive', attrition_date = '2026-10-05' WHERE employee_id = :id", id=ada)
    write("UPDATE employees SET status = 'Inactive', attrition_date = '2026-10-06' WHERE employee_id = :id", id=bea)
    assert states(api) == {"Bea": "awaited"}


def test_everybody_who_may_come_in_may_read_the_floor(site: Site, now: Any) -> None:
    with db.writing(db.Actor("test")) as conn:
        viewer = Api(create_key(conn, name="screen", role="viewer")[1])
    for path in ("/floor", "/attendances/daily-report", "/floor/notes", "/reports/handover"):
        assert viewer.get(path).status == 200
        assert Api(None).get(path).status == 401


@pytest.mark.usefixtures("now")
@pytest.mark.parametrize(("path", "most"), [("/floor", 2), ("/attendances/daily-report", 3), ("/reports/handover", 4)])
def test_a_thousand_people_cost_as_many_statements_as_a_hundred(api: Api, path: str, most: int) -> None:
    sent = []
    for first, last in ((1, 100), (101, 1000)):
        with make.written() as conn:
            conn.execute(
                text(
                    f"""INSERT INTO employees (employee_id, first_name)
                    SELECT n, 'Ada' FROM generate_series({first}, {last}) n;
                    INSERT INTO schedules
                        (employee_id, nominal_date, start_date, start_time, stop_date, stop_time, work_code)
                    SELECT n, date '2026-10-06', date '2026-10-06', '09:00', date '2026-10-06', '17:00', 'REG'
                    FROM generate_series({first}, {last}) n;
                    INSERT INTO attendances (employee_id, date, exception_type)
                    SELECT n, date '2026-10-06', 'Sick' FROM generate_series({first}, {last}, 2) n"""
                )
            )
        with statements() as noted:
            assert api.get(path).status == 200
        sent.append(len(noted))
    assert sent == [most, most]


@pytest.mark.usefixtures("now")
def test_every_filter_of_people_chooses_by_the_nominal_date(api: Api) -> None:
    ada, bea = person("Ada"), person("Bea", department="Sales")
    facts = {"supervisor": "Sue Pervisor", "manager": "Max Manager", "shift": "Morning", "role": "Agent"}
    with make.written() as conn:
        make.options(conn, "role", "Agent", "Coach")
        make.options(conn, "department", "Support", "Sales")
    done = api.put(f"/employees/{ada}", {**facts, "batch": "2025-01", "effective_date": "2026-10-06"})
    assert done.status == 200, done.body
    later = {"supervisor": "Una Other", "department": "Sales", "role": "Coach", "effective_date": "2026-10-07"}
    assert api.put(f"/employees/{ada}", later).status == 200
    for wanted in ({name: value} for name, value in facts.items()):
        assert states(api, **wanted) == {"Ada": "awaited"}, wanted
    assert states(api, department="Support") == states(api, batch="2025-01") == states(api, employee_id=ada)
    assert states(api, supervisor="Una Other") == states(api, role="Coach") == {}
    assert states(api, department="Sales", employee_id=[ada, bea]) == {"Bea": "awaited"}
    assert states(api, employee_status="Active").keys() == {"Ada", "Bea"}
    assert states(api, employee_status="Inactive") == {}
