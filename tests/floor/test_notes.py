"""Floor notes over HTTP: who leaves one, for whom, and in which order they are read."""

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.core import auth, clock, db
from chalicelib.core.settings import settings
from chalicelib.floor import notes
from tests import make
from tests.api import Api
from tests.conftest import Site


@pytest.fixture
def floor(site: Site, api: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 10, 6, 5, 50, tzinfo=UTC))
    with make.written() as conn:
        make.options(conn, "department", "Support", "Sales")
    return api


def caller(role: str, **person: Any) -> Api:
    with db.writing(db.Actor("test")) as conn:
        employee_id = make.employee(conn, **person) if person else None
        return Api(auth.create_key(conn, name=role, role=role, employee_id=employee_id)[1])


def texts(api: Api, **query: Any) -> list[str]:
    answer = api.get("/floor/notes", **query)
    assert answer.status == 200, answer.body
    return [one["text"] for one in answer.data]


def test_a_note_is_left_under_the_name_of_who_leaves_it(floor: Api) -> None:
    lead = caller("duty_lead", first_name="Lea", last_name="Lead")
    answer = lead.post("/floor/notes", {"text": "Queue 7 is down.\nIT knows.", "department": "Support"})
    assert answer.status == 201, answer.body
    said = ("date", "department", "author", "text")
    assert [answer.body[name] for name in said] == ["2026-10-06", "Support", "Lea Lead", "Queue 7 is down.\nIT knows."]
    assert lead.get("/floor/notes").data == [answer.body]


def test_a_key_without_a_person_leaves_notes_as_itself(floor: Api) -> None:
    assert floor.post("/floor/notes", {"text": "Hello"}).body["author"].startswith("key:")


def test_the_date_is_the_sites_unless_it_is_said(floor: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSDB_TIMEZONE", "America/New_York")
    settings.cache_clear()
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 10, 6, 3, 50, tzinfo=UTC))
    assert floor.post("/floor/notes", {"text": "Before midnight"}).body["date"] == "2026-10-05"
    assert floor.post("/floor/notes", {"text": "Night", "date": "2026-10-04"}).body["date"] == "2026-10-04"


def test_notes_are_read_newest_first_and_of_a_department_with_what_is_for_all(floor: Api) -> None:
    for text, department, day in (
        ("one", "Support", "2026-10-05"),
        ("two", "Sales", "2026-10-06"),
        ("three", None, "2026-10-06"),
    ):
        assert floor.post("/floor/notes", {"text": text, "department": department, "date": day}).status == 201
    assert texts(floor) == ["three", "two", "one"]
    assert texts(floor, order="asc") == ["one", "two", "three"]
    assert texts(floor, department="Support") == ["three", "one"]
    assert texts(floor, start_date="2026-10-06", department="Sales") == ["three", "two"]
    assert texts(floor, end_date="2026-10-05") == ["one"]
    assert texts(floor, author="Nobody") == []
    assert floor.get("/floor/notes", format="csv").body.count(b"\r\n") == 4


def test_dates_the_wrong_way_round_are_refused(floor: Api) -> None:
    answer = floor.get("/floor/notes", start_date="2026-10-06", end_date="2026-10-05")
    assert (answer.status, answer.errors) == (
        400,
        ["end_date: must not be before start_date (2026-10-06), got 2026-10-05"],
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": ""}, "text"),
        ({"text": " \n"}, "text"),
        ({"text": "x" * 2001}, "text"),
        ({"text": "x", "department": "Suport"}, "department: Suport: did you mean Support?"),
        ({"text": "x", "date": "today"}, "date"),
        ({"text": "x", "author": "Somebody Else"}, "author"),
    ],
)
def test_what_is_no_note_is_refused_by_name(floor: Api, body: dict[str, Any], field: str) -> None:
    answer = floor.post("/floor/notes", body)
    assert answer.status == 400
    assert answer.errors[0].startswith(field)
    assert texts(floor) == []


def test_leads_planners_and_admins_leave_notes_and_nobody_else(floor: Api) -> None:
    may = {role: caller(role).post("/floor/notes", {"text": "Hello"}).status for role in auth.EVERYBODY}
    assert may == {
        "viewer": 403,
        "hr": 403,
        "planner": 201,
        "supervisor": 201,
        "duty_lead": 201,
        "admin": 201,
    }


def test_no_route_changes_a_note_or_takes_it_away() -> None:
    writing = {(one.method, one.path) for one in notes.routes.declared if one.method != "GET"}
    assert writing == {("POST", "/floor/notes")}
