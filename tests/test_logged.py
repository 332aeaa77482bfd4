"""Whatever happens, the log names nobody and opens nothing: no name, address, card, password, key, cookie or token."""

import io
import json
import logging
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from datetime import date, timedelta
from typing import Any

import pytest

import app
from chalicelib.core import clock, db, log, storage
from chalicelib.core.http import NOBODY, Declared
from chalicelib.people import leaving
from chalicelib.routes import ALL
from local import events
from tests import make
from tests.admin.console import Browser, user
from tests.api import Api
from tests.conftest import Site
from tests.imports.test_posted import form, post

SHE = {
    "employee_id": 41031748911,
    "first_name": "Zebulina",
    "last_name": "Quackenbush",
    "company_email": "zquack@opsdb.example",
    "access_card": "CARD-7731",
    "token_serial": "SERIAL-9904",
    "agent_id": "zebby.q",
    "ruex_id": "zquackenbush",
}
PASSWORD = "seven lamps and a ferry"
TOLD = "her mother is in hospital"
WORDS = {str(value) for name, value in SHE.items() if name != "employee_id"} | {PASSWORD, TOLD}
ROUTES = [one for feature in ALL for one in feature.declared]
PLACES = re.compile(r"{(\w+)}")


class Log:
    """What was written to the log, at its most talkative, and what must not be in it."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.words = set(WORDS)

    def check(self) -> list[dict[str, Any]]:
        """The lines, each whole; none of them has any of the words."""
        text = self.stream.getvalue()
        found = [json.loads(line) for line in text.splitlines()]
        told = text.lower()
        assert sorted(word for word in self.words if word.lower() in told) == []
        return found


@pytest.fixture
def logged() -> Iterator[Log]:
    made, root = Log(), logging.getLogger()
    before, level = root.handlers[:], root.level
    with redirect_stdout(made.stream):
        log.configure(debug=True)
    yield made
    root.handlers[:] = before
    root.setLevel(level)


@pytest.fixture
def she(site: Site, api: Api, logged: Log) -> int:
    assert api.key is not None
    logged.words.add(api.key.split("_")[2])
    answer = api.post("/employees", {**SHE, "hire_date": "2025-01-06"})
    assert answer.status == 201, answer.body
    number: int = answer.body["employee_id"]
    return number


def test_people_who_join_are_looked_for_and_leave_are_numbers(api: Api, she: int, logged: Log) -> None:
    assert api.post("/employees", SHE).status == 409
    assert api.post("/employees", {**SHE, "employee_id": 5}).status == 409
    assert api.post("/employees", {**SHE, "company_email": "Quackenbush", "tier": TOLD}).status == 400
    assert api.get("/employees/search", q="Zebulina Quackenbush").data
    assert api.get("/employees", search="zquack@opsdb.example", sort="Quackenbush").status == 400
    leave = {"employee_id": she, "leave_type": "Personal", "start_date": "2027-03-01", "end_date": "2027-03-02"}
    assert api.post("/leave_requests", {**leave, "reason": TOLD}).status == 201
    assert api.post("/leave_requests", {**leave, "reason": TOLD}).status == 409
    yesterday = (clock.today() - timedelta(1)).isoformat()
    assert api.put(f"/employees/{she}", {"attrition_date": yesterday}).status == 200
    leaving.end_employments(now=clock.now(), today=clock.today())
    logged.check()


def test_sheets_are_counted_and_not_told(site: Site, api: Api, she: int, logged: Log) -> None:
    rows = [
        make.employee_row(she, **{"First Name": "Zebulina", "Last Name": "Quackenbush", "Hire Date": TOLD}),
        make.employee_row(7, **{"First Name": "Zebulina", "Company Email": SHE["company_email"]}),
    ]
    assert post(api, "/employees/batch", form(make.workbook(rows))).status == 200
    plan = [("Quackenbush, Zebulina", date(2027, 3, 1), TOLD, None, "REG"), (she, "Zebulina", None, None, "OFF")]
    put(site, "schedules", make.workbook(plan, headers=make.SCHEDULE_HEADERS))
    put(site, "employees", b"Zebulina,Quackenbush\n" * 3)
    put(site, "Quackenbush", b"x")
    states = {one["state"] for one in api.get("/uploads").data}
    assert states >= {"done_with_errors", "failed"}
    for number in [one["upload_id"] for one in api.get("/uploads").data]:
        assert api.get(f"/uploads/{number}/errors", format="csv").status == 200
    assert any("ends" in line["message"] for line in logged.check())


def put(site: Site, kind: str, body: bytes) -> None:
    key = storage.incoming_key(kind, "sheet.xlsx")
    version = storage.s3().put_object(Bucket=site.uploads, Key=key, Body=body)["VersionId"]
    thing = {"bucket": {"name": site.uploads}, "object": {"key": key, "versionId": version}}
    app.on_upload({"Records": [{"userIdentity": {"principalId": "A"}, "s3": thing}]}, events.Context("on_upload"))


def test_whoever_signs_in_or_fails_to_leaves_no_secret(site: Site, api: Api, she: int, logged: Log) -> None:
    user("zquack", password=PASSWORD, role="hr", employee_id=she, email="zquack@opsdb.example")
    logged.words.add("zquack")
    browser, other = Browser(), Browser()
    assert other.sign_in("zquack", "Quackenbush").status == 401
    assert other.sign_in(PASSWORD, "zquack").status in {401, 429}
    with db.reading() as conn:
        conn.exec_driver_sql("DELETE FROM sign_in_attempts")
    assert browser.sign_in("zquack", PASSWORD).status == 200
    assert browser.cookie is not None
    logged.words |= {*browser.cookie.split(".")[1:], str(browser.token)}
    assert browser.get("/auth/me").status == 200
    assert browser.post("/undo", {"actor": "Zebulina Quackenbush"}).status == 403
    assert Browser().call("GET", "/auth/me", headers={"Cookie": f"__Host-opsdb={browser.cookie}x"}).status == 401
    assert Api(str(api.key)[:-1] + "x").get("/employees", search="Quackenbush").status == 401
    bearer = {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJlbWFpbCI6InpxdWFjayJ9."}
    logged.words.add(bearer["Authorization"].partition(" ")[2])
    assert Api(None).call("GET", "/employees", headers=bearer).status == 401
    browser.token = None
    assert browser.post("/auth/password", {"current": PASSWORD, "new": "another " + PASSWORD}).status in {400, 403}
    logged.check()


def test_secrets_that_are_said_once_are_said_to_nobody_else(site: Site, api: Api, she: int, logged: Log) -> None:
    made = api.post("/admin/api_keys", {"name": "Quackenbush", "role": "viewer"})
    known = api.post("/admin/users", {"username": "zquackenbush", "role": "viewer", "email": "zquack@opsdb.example"})
    feed = api.post(f"/employees/{she}/calendar", {})
    form_ = api.post("/uploads", {"kind": "schedules", "filename": "Quackenbush.xlsx", "size": 10})
    reader = api.post("/admin/db_users", {"username": "zquackenbush"})
    assert {one.status for one in (made, known, feed, form_, reader)} <= {200, 201}
    try:
        token = feed.body["path"].rpartition("/")[2].partition(".")[0]
        logged.words |= {made.body["key"].split("_")[2], known.body["password"], token, reader.body["password"]}
        logged.words |= {
            value for name, value in form_.body["fields"].items() if re.search("policy|signature", name, re.I)
        }
        assert Api(None).get(feed.body["path"].removeprefix("/api")).status == 200
        assert Api(made.body["key"]).get("/employees", search="Quackenbush").status == 200
        logged.check()
    finally:
        api.delete(f"/admin/db_users/{reader.body['db_user']['db_user_id']}")


def test_no_route_repeats_what_it_refuses(api: Api, she: int, logged: Log) -> None:
    """Every route, with a query, a body and a path that nobody meant, all of them full of somebody."""
    nonsense: dict[str, Any] = {**dict.fromkeys(SHE, TOLD), "Quackenbush": "Zebulina", PASSWORD: [PASSWORD]}
    for route in ROUTES:
        for path in {PLACES.sub("Quackenbush", route.path), PLACES.sub(str(she), route.path)}:
            body = None if route.method in {"GET", "DELETE"} else nonsense
            answer = api.call(route.method, path, query={"colour": "Zebulina"}, body=body)
            assert expected(route, answer.status), (route, answer.status, answer.body)
    assert logged.check() == [line for line in logged.check() if line["level"] != "ERROR"]


def expected(route: Declared, status: int) -> bool:
    """Refused; what anybody may ask for may go by the path alone."""
    return 400 <= status < 500 or (route.roles is NOBODY and status < 400)
