"""Exceptions over HTTP: layers over the plan, and what overtime and covering up stand for."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.core import auth, db
from chalicelib.exceptions import routes
from tests import make
from tests.api import Answer, Api
from tests.conftest import Site

TODAY = date(2026, 10, 14)
MONDAY = date(2026, 10, 12)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "today", lambda: TODAY)


@pytest.fixture
def ada(site: Site) -> int:
    with make.written() as conn:
        return make.employee(conn, last_name="Lovelace")


def add(api: Api, employee_id: int, kind: str = "Training", **change: Any) -> Answer:
    sent = {"exception_type": kind, "start_date": "2026-10-12", "end_date": "2026-10-16", **change}
    return api.post("/exceptions", {"employee_id": employee_id, **sent})


def process(api: Api, added: Answer) -> Answer:
    return api.post(f"/exceptions/{added.body['exception_id']}/process", {})


def revert(api: Api, added: Answer) -> Answer:
    return api.post(f"/exceptions/{added.body['exception_id']}/revert")


def rows(statement: str) -> list[tuple[Any, ...]]:
    with db.reading() as conn:
        return [tuple(row) for row in conn.execute(text(statement))]


def plan(api: Api) -> list[tuple[Any, ...]]:
    listed = api.get("/schedules", sort="nominal_date").data
    return [(one["nominal_date"], one["start_time"], one["work_code"]) for one in listed if not one["given_away"]]


def marks() -> list[tuple[Any, ...]]:
    return rows("SELECT date::text, exception_type, exception_type_source FROM attendances ORDER BY date")


def test_processing_lays_the_types_code_over_the_plan_and_reverting_takes_it_off(api: Api, ada: int) -> None:
    with make.written() as conn:
        make.shift(conn, ada, MONDAY)
    added = add(api, ada)
    assert (added.status, added.body["status"]) == (201, "Pending")
    assert plan(api) == [("2026-10-12", "09:00:00", "REG")]
    processed = process(api, added)
    assert (processed.status, processed.body["status"]) == (200, "Completed")
    assert processed.body["processed_by"].startswith("key:")
    with make.written() as conn:
        make.shift(conn, ada, MONDAY + timedelta(1))
    assert [one[2] for one in plan(api)] == ["TRAIN", "TRAIN"]
    reverted = revert(api, added)
    assert (reverted.body["status"], reverted.body["processed_by"]) == ("Pending", None)
    assert [one[2] for one in plan(api)] == ["REG", "REG"]


def test_a_work_code_of_its_own_goes_before_the_types(api: Api, ada: int) -> None:
    with make.written() as conn:
        make.shift(conn, ada, MONDAY)
    process(api, add(api, ada, "Leave", work_code="PERSONAL"))
    assert plan(api)[0][2] == "PERSONAL"


def test_a_code_of_another_class_is_an_error(api: Api, ada: int) -> None:
    refused = add(api, ada, "Vacation", work_code="TRAIN")
    assert refused.status == 400
    assert refused.errors == ["work_code: TRAIN is of class training, which contradicts Vacation (away_planned)"]


def test_an_absence_neither_overlaps_leave_nor_another_absence(api: Api, ada: int) -> None:
    leave = {"employee_id": ada, "leave_type": "Sick", "start_date": "2026-10-16", "end_date": "2026-10-16"}
    assert api.post("/leave_requests", leave).status == 201
    refused = add(api, ada, "Vacation")
    assert (refused.status, len(refused.errors)) == (409, 1)
    assert add(api, ada, "Training").status == 201
    assert add(api, ada, "Vacation", end_date="2026-10-15").status == 201


def test_the_same_exception_is_there_once_until_it_is_rejected(api: Api, ada: int) -> None:
    first = add(api, ada)
    assert add(api, ada).errors == ["start_date: this person already has that exception"]
    assert api.post(f"/exceptions/{first.body['exception_id']}/reject", {}).body["status"] == "Rejected"
    assert add(api, ada).status == 201
    assert process(api, first).errors == ["status: is Rejected and cannot become Completed; that is final"]


def test_overtime_to_come_is_a_shift_at_the_persons_usual_times(api: Api, ada: int) -> None:
    with make.written() as conn:
        make.shift(conn, ada, date(2026, 10, 13), time(22), time(6))
        make.shift(conn, ada, date(2026, 10, 15), time(14), time(22))
        make.shift(conn, ada, date(2026, 10, 16), None, None)
    before = plan(api)
    added = add(api, ada, "Overtime", start_date="2026-10-15", end_date="2026-10-16")
    assert process(api, added).status == 200
    assert plan(api)[1:] == [("2026-10-15", "14:00:00", "OT"), ("2026-10-16", "14:00:00", "OT")]
    assert marks() == []
    assert revert(api, added).status == 200
    assert plan(api) == before


def test_overtime_that_is_over_and_covering_up_are_attendance(api: Api, ada: int) -> None:
    late = add(api, ada, "Overtime", end_date="2026-10-13")
    cover = add(api, ada, "Cover Up", start_date="2026-10-10", end_date="2026-10-10")
    assert (process(api, late).status, process(api, cover).status) == (200, 200)
    assert marks() == [
        ("2026-10-10", "Cover Up", "lead"),
        ("2026-10-12", "Overtime", "lead"),
        ("2026-10-13", "Overtime", "lead"),
    ]
    revert(api, late)
    assert marks() == [("2026-10-10", "Cover Up", "lead")]


def test_a_mark_that_somebody_gave_is_neither_overwritten_nor_taken_away(api: Api, ada: int) -> None:
    with make.written() as conn:
        given = """INSERT INTO attendances (employee_id, date, exception_type, exception_type_source)
            VALUES (:id, :day, 'Late', 'lead')"""
        conn.execute(text(given), {"id": ada, "day": MONDAY})
    added = add(api, ada, "Overtime", end_date="2026-10-13")
    process(api, added)
    assert marks() == [("2026-10-12", "Late", "lead"), ("2026-10-13", "Overtime", "lead")]
    revert(api, added)
    assert marks() == [("2026-10-12", "Late", "lead")]


def test_overtime_of_somebody_without_any_shift_says_what_is_missing(api: Api, ada: int) -> None:
    refused = process(api, add(api, ada, "Overtime", start_date="2026-10-15", end_date="2026-10-15"))
    assert refused.status == 409
    assert refused.errors == ["start_date: Ada Lovelace has no shift near 2026-10-15 to take overtime's times from"]


def test_many_are_processed_at_once_and_those_that_cannot_be_are_named(api: Api, ada: int) -> None:
    good = add(api, ada).body["exception_id"]
    bad = add(api, ada, "Overtime", start_date="2026-10-15", end_date="2026-10-15").body["exception_id"]
    asked = {"exception_ids": [good, bad, 999]}
    expected = [
        {"exception_id": good, "problems": []},
        {
            "exception_id": bad,
            "problems": ["start_date: Ada Lovelace has no shift near 2026-10-15 to take overtime's times from"],
        },
        {"exception_id": 999, "problems": ["exception_id: 999 is no exception"]},
    ]
    dry = api.post("/exceptions/process", asked)
    assert dry.body == {"dry_run": True, "processed": 1, "refused": 2, "data": expected}
    assert api.get("/exceptions", processed=True).body["total"] == 0
    done = api.post("/exceptions/process", {**asked, "dry_run": False})
    assert done.body == {"dry_run": False, "processed": 1, "refused": 2, "data": expected}
    assert [one["exception_id"] for one in api.get("/exceptions", processed=True).data] == [good]


def test_a_dry_run_may_be_named_and_sent_again_and_still_writes_nothing(api: Api, ada: int) -> None:
    waiting = add(api, ada, "Training", start_date="2026-10-12", end_date="2026-10-13").body["exception_id"]
    asked = {"exception_ids": [waiting], "dry_run": True}
    dry, again = (api.post("/exceptions/process", asked, **{"Idempotency-Key": "dry"}) for _ in range(2))
    assert (dry.status, dry.body["processed"]) == (200, 1)
    assert (again.status, again.body) == (dry.status, dry.body)
    assert api.get("/exceptions", processed=True).body["total"] == 0


def test_nobody_processes_their_own(api: Api, ada: int) -> None:
    added = add(api, ada)
    with make.written() as conn:
        own = Api(auth.create_key(conn, name="own", role="planner", employee_id=ada)[1])
    assert process(own, added).status == 403


def test_exceptions_are_filtered(api: Api, ada: int) -> None:
    first = add(api, ada).body["exception_id"]
    later = add(api, ada, "Vacation", start_date="2026-10-20", end_date="2026-10-21", work_code="VACATION")
    second = later.body["exception_id"]
    process(api, later)

    def found(**query: Any) -> list[int]:
        return [one["exception_id"] for one in api.get("/exceptions", **query).data]

    assert found() == [first, second] == found(employee_id=ada)
    assert found(status="Pending") == found(exception_type="Training") == found(processed=False) == [first]
    assert found(start_date_max="2026-10-12") == found(end_date_max="2026-10-16") == [first]
    assert (
        found(work_code="VACATION")
        == found(start_date_min="2026-10-13")
        == found(end_date_min="2026-10-17")
        == [second]
    )
