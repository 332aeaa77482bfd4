"""Calendar feeds by secret address: made, replaced, revoked, read, and told to nobody else."""

import logging
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, time, timedelta
from io import StringIO
from typing import Any

import pytest
from icalendar import Calendar
from sqlalchemy import text

from chalicelib.core import auth, db, log
from chalicelib.schedules import subscription_queries, subscriptions
from tests import make
from tests.api import Answer, Api
from tests.conftest import Site, forget

TODAY = date(2026, 10, 5)
NOBODYS = ["file: is no calendar, or none any more"]


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriptions, "today", lambda: TODAY)


@pytest.fixture
def ada(api: Api) -> int:
    with make.written() as conn:
        return make.employee(conn, first_name="Ada", last_name="Voss", department="Support")


@pytest.fixture
def logged() -> Iterator[StringIO]:
    """Everything that is logged meanwhile, as it would be written."""
    written, root = StringIO(), logging.getLogger()
    handler = logging.StreamHandler(written)
    handler.setFormatter(log.JsonLines())
    before, level = root.handlers[:], root.level
    root.handlers[:] = [handler]
    root.setLevel(logging.DEBUG)
    yield written
    root.handlers[:] = before
    root.setLevel(level)


def key(role: str, employee_id: int | None = None) -> Api:
    with make.written() as conn:
        return Api(auth.create_key(conn, name=role, role=role, employee_id=employee_id)[1])


def make_feed(api: Api, employee_id: int, **sent: Any) -> Answer:
    return api.post(f"/employees/{employee_id}/calendar", sent)


def address(api: Api, employee_id: int) -> str:
    """The path below /api of a new feed."""
    made = make_feed(api, employee_id)
    assert made.status == 200
    path: str = made.body["path"]
    return path.removeprefix("/api")


def fetch(path: str) -> Answer:
    return Api(None).get(path)


def events(path: str) -> list[Any]:
    answer = fetch(path)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    found = Calendar.from_ical(answer.body)
    assert found.errors == []
    return found.walk("VEVENT")


def shift(employee_id: int, day: date = TODAY, start: int = 9, stop: int = 17) -> int:
    with make.written() as conn:
        return make.shift(conn, employee_id, day, time(start), time(stop))


def write(statement: str, **given: Any) -> None:
    with make.written() as conn:
        conn.execute(text(statement), given)


def test_whoever_knows_the_address_reads_the_effective_schedule(api: Api, ada: int) -> None:
    shift(ada)
    shift(ada, TODAY + timedelta(1))
    write(
        """INSERT INTO leave_requests (employee_id, leave_type, start_date, end_date, status)
        VALUES (:id, 'Vacation', '2026-10-06', '2026-10-06', 'Approved')""",
        id=ada,
    )
    path = address(api, ada)
    assert re.fullmatch(r"/calendar/[0-9a-f]{48}\.ics", path)
    worked, away = events(path)
    assert (worked["SUMMARY"], worked.start.isoformat()) == ("REG", "2026-10-05T09:00:00+00:00")
    assert (away["SUMMARY"], away.start) == ("VACATION", TODAY + timedelta(1))
    assert fetch(path).body == fetch(path).body
    assert b"Shifts of Ada Voss" in fetch(path).body


def test_a_feed_reaches_a_month_back_and_four_ahead(api: Api, ada: int) -> None:
    days = [TODAY + timedelta(number) for number in (-31, -30, 120, 121)]
    for day in days:
        shift(ada, day)
    assert [one.start.date() for one in events(address(api, ada))] == days[1:3]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [("Europe/Madrid", date(2026, 10, 24), 9), ("America/New_York", date(2026, 10, 31), 9)],
)
def test_a_night_in_a_feed_is_as_long_as_it_lasts(
    api: Api, ada: int, monkeypatch: pytest.MonkeyPatch, zone: str, day: date, hours: int
) -> None:
    monkeypatch.setenv("OPSDB_TIMEZONE", zone)
    forget()
    shift(ada, day, 22, 6)
    (night,) = events(address(api, ada))
    assert night.end - night.start == timedelta(hours=hours)


def test_programs_see_that_an_event_changed_with_its_row_and_with_what_lies_over_it(api: Api, ada: int) -> None:
    number = shift(ada)
    path = address(api, ada)
    (made,) = events(path)
    assert api.put(f"/schedules/{number}", {"stop_time": "18:00"}).status == 200
    (moved,) = events(path)
    assert moved["UID"] == made["UID"]
    leave = {"employee_id": ada, "leave_type": "Vacation", "start_date": "2026-10-05", "end_date": "2026-10-05"}
    leave_id = api.post("/leave_requests", leave).body["leave_id"]
    api.post(f"/leave_requests/{leave_id}/approve", {})
    (away,) = events(path)
    api.delete(f"/leave_requests/{leave_id}")
    (back,) = events(path)
    assert [one["SUMMARY"] for one in (made, moved, away, back)] == ["REG", "REG", "VACATION", "REG"]
    with db.reading() as conn:
        rows = [subscription_queries.feed_rows(conn, employee_id=ada, first=TODAY, last=TODAY)[0]]
        changed = conn.execute(text("SELECT max(at) FROM audit_log WHERE table_name = 'leave_requests'")).scalar()
    assert [one.updated_at for one in rows] == [changed]


def test_a_new_address_takes_the_place_of_the_one_before(api: Api, ada: int) -> None:
    old, new = address(api, ada), address(api, ada)
    assert old != new
    assert (fetch(old).status, fetch(new).status) == (404, 200)


def test_an_address_that_is_unknown_revoked_or_of_somebody_who_left_is_refused_in_the_same_words(
    api: Api, ada: int
) -> None:
    path = address(api, ada)
    refused = [fetch("/calendar/" + "0" * 48 + ".ics"), fetch(path.removesuffix(".ics"))]
    write("UPDATE employees SET attrition_date = '2026-10-04' WHERE employee_id = :id", id=ada)
    refused.append(fetch(path))
    write("UPDATE employees SET attrition_date = NULL, status = 'Inactive' WHERE employee_id = :id", id=ada)
    refused.append(fetch(path))
    write("UPDATE employees SET status = 'Active' WHERE employee_id = :id", id=ada)
    assert fetch(path).status == 200
    revoked = make_feed(api, ada, revoke=True)
    assert (revoked.status, revoked.body) == (200, {"employee_id": ada, "path": None})
    refused.append(fetch(path))
    assert [(one.status, one.errors) for one in refused] == [(404, NOBODYS)] * 5


def test_a_feed_is_somebodys_who_works_here(api: Api, ada: int) -> None:
    assert make_feed(api, 7).errors == ["employee_id: 7 is no employee"]
    write("UPDATE employees SET status = 'Inactive' WHERE employee_id = :id", id=ada)
    assert make_feed(api, ada).status == 409
    assert make_feed(api, ada, revoke=True).status == 200


def test_leads_make_the_feeds_of_their_own_people(api: Api, ada: int) -> None:
    with make.written() as conn:
        grace = make.employee(conn, first_name="Grace", last_name="Hopper")
        other = make.employee(conn, first_name="Other", last_name="Lead")
    write("UPDATE assignments SET supervisor_id = :grace WHERE employee_id = :id", grace=grace, id=ada)
    may = {
        "supervisor": make_feed(key("supervisor", grace), ada).status,
        "duty_lead": make_feed(key("duty_lead", grace), ada).status,
        "another": make_feed(key("supervisor", other), ada).status,
        **{role: make_feed(key(role), ada).status for role in ("hr", "admin", "planner", "viewer")},
        "nobody": make_feed(Api(None), ada).status,
    }
    allowed = {"supervisor", "duty_lead", "hr", "admin"}
    assert {name for name, status in may.items() if status == 200} == allowed
    assert may["nobody"] == 401
    assert {status for name, status in may.items() if name not in {*allowed, "nobody"}} == {403}


def test_of_many_addresses_made_at_once_one_lives(api: Api, ada: int) -> None:
    with ThreadPoolExecutor(6) as pool:
        paths = list(pool.map(lambda _: address(api, ada), range(6)))
    assert sorted(fetch(path).status for path in paths) == [200, *[404] * 5]


def test_the_address_is_kept_nowhere(
    api: Api, ada: int, site: Site, logged: StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = address(api, ada)
    token = path.removeprefix("/calendar/").removesuffix(".ics")
    assert fetch(path).status == 200

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("inside")

    monkeypatch.setattr(subscription_queries, "feed_rows", broken)
    failed = fetch(path)
    assert (failed.status, token in str(failed.body)) == (500, False)
    lines = logged.getvalue()
    assert "GET /calendar/{file} failed" in lines
    assert token not in lines
    with db.reading() as conn:
        kept = conn.execute(text("SELECT string_agg(g::text, '') FROM audit_log g")).scalar()
        feeds = conn.execute(text("SELECT string_agg(f::text, '') FROM calendar_feeds f")).scalar()
    assert token not in kept + feeds
    assert "secret_hash" not in kept
