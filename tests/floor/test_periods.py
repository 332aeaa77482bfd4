"""Months that close: whose word still counts, and what is kept of a correction."""

import threading
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.archive import run as archive
from chalicelib.core import auth, db
from chalicelib.floor import closing, periods
from tests import make
from tests.api import Api
from tests.conftest import Site

DAY = date(2026, 9, 14)
NOW = datetime(2026, 10, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _now(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(periods, "now", lambda: NOW)


@pytest.fixture
def ada(site: Site) -> int:
    with make.written() as conn:
        employee_id = make.employee(conn)
        make.shift(conn, employee_id, DAY, time(9), time(17))
        make.shift(conn, employee_id, date(2026, 10, 5), time(9), time(17))
    return employee_id


def close(api: Api, month: str = "2026-09") -> None:
    answer = api.post(f"/periods/{month}/close")
    assert answer.status == 201, answer.body


def rows(statement: str, **given: Any) -> list[tuple[Any, ...]]:
    with db.reading() as conn:
        return [tuple(row) for row in conn.execute(text(statement), given)]


def lead_of(person: int) -> Api:
    """Whoever leads this person, with a key of their own."""
    with make.written() as conn:
        lead = make.employee(conn, first_name="Lee", last_name="Lead")
        conn.execute(
            text("UPDATE assignments SET supervisor = 'Lee Lead', supervisor_id = :lead WHERE employee_id = :id"),
            {"lead": lead, "id": person},
        )
        return Api(auth.create_key(conn, name="lead", role="supervisor", employee_id=lead)[1])


def planner() -> Api:
    with make.written() as conn:
        return Api(auth.create_key(conn, name="planner", role="planner")[1])


def attended(person: int, day: date = DAY, **facts: Any) -> dict[str, Any]:
    return {"employee_id": person, "date": day.isoformat(), "check_in": "09:00", **facts}


def test_a_month_is_closed_once_and_says_by_whom(api: Api, ada: int) -> None:
    answer = api.post("/periods/2026-09/close")
    assert answer.status == 201
    assert answer.body["month"] == "2026-09-01"
    assert answer.body["closed_by"].startswith("key:")
    assert answer.body["adjustments"] == 0
    again = api.post("/periods/2026-09/close")
    assert (again.status, again.errors) == (409, ["month: 2026-09 is closed already"])
    assert [one["month"] for one in api.get("/periods").data] == ["2026-09-01"]


def test_a_month_is_over_before_it_is_closed(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(periods, "now", lambda: NOW.replace(hour=11))
    answer = api.post("/periods/2026-09/close")
    assert (answer.status, answer.errors) == (
        409,
        ["month: 2026-09 can be closed once 2026-09-30 is, at 12:00 of the day after"],
    )


@pytest.mark.parametrize("said", ["2026-13", "2026-9", "september", "0001-01", "2026-09-01"])
def test_what_is_no_month_is_not_found(api: Api, said: str) -> None:
    assert api.post(f"/periods/{said}/close").status == 404


def test_only_an_admin_closes(site: Site) -> None:
    assert planner().post("/periods/2026-09/close").status == 403


def test_a_lead_s_correction_is_refused_and_an_admin_s_is_an_adjustment(api: Api, ada: int) -> None:
    lead = lead_of(ada)
    assert lead.post("/attendances", attended(ada)).status == 201
    close(api)
    refused = lead.put(f"/attendances/{ada}/{DAY}", {"check_in": "09:30"})
    assert (refused.status, refused.errors) == (
        409,
        ["date: that month is closed; an admin may correct it, as an adjustment"],
    )
    assert api.get("/periods/2026-09/adjustments").data == []
    assert api.put(f"/attendances/{ada}/{DAY}", {"check_in": "09:30"}).status == 200
    [made] = api.get("/periods/2026-09/adjustments").data
    assert (made["table_name"], made["employee_id"], made["date"], made["action"]) == (
        "attendances",
        ada,
        DAY.isoformat(),
        "update",
    )
    assert (made["before"]["check_in"], made["after"]["check_in"]) == ("2026-09-14T09:00:00", "2026-09-14T09:30:00")
    assert made["actor"].startswith("key:")
    assert made["request_id"]
    assert [one["adjustments"] for one in api.get("/periods").data] == [1]


def test_days_of_open_months_are_written_as_before(api: Api, ada: int) -> None:
    lead = lead_of(ada)
    close(api)
    assert lead.post("/attendances", attended(ada, date(2026, 10, 5))).status == 201
    assert lead.post("/attendances", attended(ada, date(2026, 8, 31))).status == 201
    assert lead.post("/attendances", attended(ada, date(2026, 9, 1))).status == 409
    assert api.get("/periods/2026-09/adjustments").data == []


def test_the_plan_of_a_closed_month_is_kept_too(api: Api, ada: int) -> None:
    plans = planner()
    close(api)
    [(shift,)] = rows("SELECT schedule_id FROM schedules WHERE nominal_date = :day", day=DAY)
    assert plans.put(f"/schedules/{shift}", {"work_code": "OT"}).status == 409
    assert plans.delete(f"/schedules/{shift}").status == 409
    new = {"employee_id": ada, "nominal_date": "2026-09-15", "work_code": "OFF"}
    assert plans.post("/schedules", new).status == 409
    assert api.put(f"/schedules/{shift}", {"work_code": "OT"}).status == 200
    assert api.delete(f"/schedules/{shift}").status == 200
    assert api.post("/schedules", new).status == 201
    found = api.get("/periods/2026-09/adjustments").data
    assert [(one["table_name"], one["action"]) for one in found] == [
        ("schedules", "update"),
        ("schedules", "delete"),
        ("schedules", "insert"),
    ]


def test_a_shift_does_not_move_out_of_a_closed_month_unseen(api: Api, ada: int) -> None:
    close(api)
    [(shift,)] = rows("SELECT schedule_id FROM schedules WHERE nominal_date = :day", day=DAY)
    assert planner().put(f"/schedules/{shift}", {"nominal_date": "2026-10-06"}).status == 409


def test_leave_counts_once_it_is_approved(api: Api, ada: int) -> None:
    lead = lead_of(ada)
    close(api)
    asked = lead.post(
        "/leave_requests",
        {"employee_id": ada, "leave_type": "Vacation", "start_date": "2026-09-28", "end_date": "2026-10-02"},
    )
    assert asked.status == 201
    number = asked.body["leave_id"]
    assert lead.post(f"/leave_requests/{number}/approve", {}).status == 409
    assert api.post(f"/leave_requests/{number}/approve", {}).status == 200
    [made] = api.get("/periods/2026-09/adjustments").data
    assert (made["table_name"], made["row_id"], made["date"]) == ("leave_requests", str(number), "2026-09-28")
    assert lead.delete(f"/leave_requests/{number}").status == 409


def test_a_sheet_about_a_closed_month_is_refused_as_a_whole(api: Api, ada: int) -> None:
    close(api)
    with pytest.raises(Exception, match="closed month"), db.writing(db.Actor("s3:sheet", upload_id=1)) as conn:
        make.shift(conn, ada, date(2026, 9, 20))


def test_what_moves_to_the_archive_is_no_correction(api: Api, ada: int) -> None:
    assert api.post("/attendances", attended(ada)).status == 201
    close(api)
    archive.archive(today=date(2027, 12, 2))
    assert rows("SELECT count(*) FROM attendances_history") == [(1,)]
    assert api.get("/periods/2026-09/adjustments").data == []


def test_a_closed_month_is_not_closed_day_by_day_any_more(api: Api, ada: int) -> None:
    close(api)
    assert closing.close_day(now=NOW) == 0


def test_closing_waits_for_what_is_being_written(api: Api, ada: int) -> None:
    written, told = threading.Event(), []

    def closes() -> None:
        written.wait()
        told.append(api.post("/periods/2026-09/close").status)

    one = threading.Thread(target=closes)
    one.start()
    with db.writing(db.Actor("planner")) as conn:
        make.shift(conn, ada, date(2026, 9, 21))
        written.set()
        one.join(0.5)
        assert one.is_alive()
    one.join()
    assert told == [201]
    with pytest.raises(Exception, match="closed month"), db.writing(db.Actor("planner")) as conn:
        make.shift(conn, ada, date(2026, 9, 22))
