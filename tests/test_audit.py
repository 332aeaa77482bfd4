"""Every call that writes is in the audit log, under its request and its caller, in the transaction that it wrote in."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, time
from typing import Any

import pytest
from sqlalchemy import event, text

from chalicelib.core import db
from chalicelib.core.tables import metadata
from chalicelib.imports import posted
from chalicelib.imports.sheets import KINDS
from chalicelib.routes import ALL
from tests import make
from tests.api import Answer, Api
from tests.conftest import Site

MONDAY = date(2027, 3, 1)
DAY = MONDAY.isoformat()
NOT_AUDITED = {"audit_log", "people", "uploads"}
"""The log itself, the ids ever seen, which say nothing and never go, and how far an upload is."""
ASKING = {"last_uses", "request_rates", "sign_in_attempts"}
"""Who asked when, and how often."""


@dataclass(frozen=True)
class Floor:
    """Ada works on Monday, Bea is off; an admin calls."""

    api: Api
    ada: int
    bea: int
    shift: int

    def made(self, path: str, body: Any, field: str) -> int:
        """The id of what a call before has made."""
        answer = self.api.post(path, body)
        assert answer.status == 201, answer.body
        found: int = answer.body[field]
        return found

    def review(self) -> int:
        return _one("INSERT INTO new_employee_reviews (first_name, last_name) VALUES ('Cy', 'New') RETURNING review_id")

    def leave(self) -> int:
        return self.made("/leave_requests", self.days(leave_type="Vacation"), "leave_id")

    def exception(self) -> int:
        return self.made("/exceptions", self.days(exception_type="Training"), "exception_id")

    def change(self) -> int:
        cover = {"change_type": "Cover", "employee_id": self.ada, "replacement_id": self.bea, "schedule_id": self.shift}
        found: int = self.api.post("/schedule_changes", cover).body["change"]["change_id"]
        return found

    def attended(self) -> dict[str, Any]:
        return {"employee_id": self.ada, "date": DAY, "check_in": "09:00"}

    def attendance(self) -> str:
        """The path of a day that a call before has recorded."""
        self.made("/attendances", self.attended(), "attendance_id")
        return f"/attendances/{self.ada}/{DAY}"

    def archived(self) -> int:
        assert self.api.delete(f"/employees/{self.ada}").status == 200
        return self.ada

    def processed(self) -> int:
        number = self.exception()
        assert self.api.post(f"/exceptions/{number}/process", {}).status == 200
        return number

    def reason(self) -> int:
        return self.made("/rewards/reasons", {"reason": "Compliment", "points": 30}, "reason_id")

    def award(self) -> int:
        return self.made("/rewards/award", {"employee_id": self.ada, "reason_id": self.reason()}, "reward_id")

    def wish(self) -> dict[str, Any]:
        """What Ada has the points for by then."""
        self.award()
        return {"employee_id": self.ada, "points_redeemed": 20, "redemption_type": "Donation"}

    def redemption(self) -> int:
        return self.made("/rewards/redemptions", self.wish(), "redemption_id")

    def redeemed(self) -> int:
        number = self.redemption()
        assert self.api.post(f"/rewards/redemptions/{number}/approve", {}).status == 200
        return number

    def reader_name(self) -> str:
        """One that no other test has, since roles are the server's, which the tests' end takes along."""
        return f"audit{secrets.token_hex(4)}"

    def reader(self) -> int:
        answer = self.api.post("/admin/db_users", {"username": self.reader_name()})
        found: int = answer.body["db_user"]["db_user_id"]
        return found

    def deputy(self) -> dict[str, Any]:
        return {"lead_id": self.ada, "employee_id": self.bea, "start_date": DAY, "end_date": DAY}

    def requested(self) -> str:
        """The id of a request that put a holiday on record."""
        answer = self.api.post("/holidays", {"date": DAY, "name": "Founders"})
        return answer.headers["X-Request-Id"]

    def user(self) -> int:
        return _one("INSERT INTO users (username) VALUES ('rui') RETURNING user_id")

    def key(self) -> int:
        return _one("INSERT INTO api_keys (name, role, secret_hash) VALUES ('b', 'viewer', '') RETURNING key_id")

    def upload(self) -> int:
        """An upload that is done, with a day off for Bea."""
        number: int = _one(
            """INSERT INTO uploads (kind, filename, bucket, key, uploaded_by, state)
            VALUES ('schedules', 'week.xlsx', 'b', 'k', 'test', 'done') RETURNING upload_id"""
        )
        with db.writing(db.Actor("test", upload_id=number)) as conn:
            make.shift(conn, self.bea, MONDAY, None, None, upload_id=number)
        return number

    def days(self, **more: Any) -> dict[str, Any]:
        return {"employee_id": self.ada, "start_date": DAY, "end_date": DAY, **more}


EXAMPLES: dict[str, Callable[[Floor], tuple[str, Any]]] = {
    "POST /employees": lambda on: ("/employees", {"employee_id": 77, "first_name": "Cy", "last_name": "New"}),
    "PUT /employees/{employee_id}": lambda on: (f"/employees/{on.ada}", {"batch": "2026-10", "tier": 2}),
    "DELETE /employees/{employee_id}": lambda on: (f"/employees/{on.ada}", None),
    "POST /employees/{employee_id}/restore": lambda on: (f"/employees/{on.archived()}/restore", None),
    "POST /employees/{employee_id}/calendar": lambda on: (f"/employees/{on.ada}/calendar", {}),
    "PUT /employees/reviews/{review_id}": lambda on: (f"/employees/reviews/{on.review()}", {"tier": 3}),
    "POST /employees/reviews/{review_id}/approve": lambda on: (
        f"/employees/reviews/{on.review()}/approve",
        {"employee_id": 77},
    ),
    "POST /employees/reviews/approve": lambda on: (
        "/employees/reviews/approve",
        {"reviews": [{"review_id": on.review(), "employee_id": number} for number in (77, 78)]},
    ),
    "POST /employees/reviews/{review_id}/reject": lambda on: (f"/employees/reviews/{on.review()}/reject", None),
    "POST /schedules": lambda on: (
        "/schedules",
        {"employee_id": on.ada, "nominal_date": "2027-03-02", "work_code": "OFF"},
    ),
    "PUT /schedules/{schedule_id}": lambda on: (f"/schedules/{on.shift}", {"work_code": "OT"}),
    "DELETE /schedules/{schedule_id}": lambda on: (f"/schedules/{on.shift}", None),
    "POST /schedule_changes": lambda on: (
        "/schedule_changes",
        {"change_type": "Cover", "employee_id": on.ada, "replacement_id": on.bea, "schedule_date": DAY},
    ),
    "POST /schedule_changes/{change_id}/approve": lambda on: (f"/schedule_changes/{on.change()}/approve", {}),
    "POST /schedule_changes/{change_id}/reject": lambda on: (f"/schedule_changes/{on.change()}/reject", {}),
    "DELETE /schedule_changes/{change_id}": lambda on: (f"/schedule_changes/{on.change()}", None),
    "POST /attendances": lambda on: ("/attendances", on.attended()),
    "PUT /attendances/{employee_id}/{date}": lambda on: (on.attendance(), {"check_in": "09:10"}),
    "DELETE /attendances/{employee_id}/{date}": lambda on: (on.attendance(), None),
    "POST /deputies": lambda on: ("/deputies", on.deputy()),
    "DELETE /deputies/{deputy_id}": lambda on: (f"/deputies/{on.made('/deputies', on.deputy(), 'deputy_id')}", None),
    "POST /floor/notes": lambda on: ("/floor/notes", {"text": "The heating is out", "department": "Support"}),
    "POST /periods/{month}/close": lambda on: ("/periods/2020-01/close", None),
    "POST /attendances/mark": lambda on: (
        "/attendances/mark",
        {"employee_id": [on.ada], "mark": "on_leave", "leave_type": "Unpaid"},
    ),
    "POST /leave_requests": lambda on: ("/leave_requests", on.days(leave_type="Sick")),
    "POST /leave_requests/{leave_id}/approve": lambda on: (f"/leave_requests/{on.leave()}/approve", {}),
    "POST /leave_requests/{leave_id}/reject": lambda on: (f"/leave_requests/{on.leave()}/reject", {}),
    "DELETE /leave_requests/{leave_id}": lambda on: (f"/leave_requests/{on.leave()}", None),
    "POST /leave_allowances": lambda on: (
        "/leave_allowances",
        {"employee_id": on.ada, "leave_type": "Vacation", "year": 2027, "days": 25},
    ),
    "POST /holidays": lambda on: ("/holidays", {"date": DAY, "name": "Founders"}),
    "DELETE /holidays/{holiday_id}": lambda on: (
        f"/holidays/{on.made('/holidays', {'date': DAY, 'name': 'Founders'}, 'holiday_id')}",
        None,
    ),
    "POST /exceptions": lambda on: ("/exceptions", on.days(exception_type="Training")),
    "POST /exceptions/process": lambda on: (
        "/exceptions/process",
        {"exception_ids": [on.exception()], "dry_run": False},
    ),
    "POST /exceptions/{exception_id}/process": lambda on: (f"/exceptions/{on.exception()}/process", {}),
    "POST /exceptions/{exception_id}/reject": lambda on: (f"/exceptions/{on.exception()}/reject", {}),
    "POST /exceptions/{exception_id}/revert": lambda on: (f"/exceptions/{on.processed()}/revert", None),
    "POST /forecasts": lambda on: (
        "/forecasts",
        {"date": DAY, "interval_start": "09:00", "department": "Support", "calls": 100, "handling_seconds": 180},
    ),
    "POST /requirements": lambda on: (
        "/requirements",
        {"date": DAY, "interval_start": "09:00", "department": "Support", "required": 4},
    ),
    "POST /rewards/reasons": lambda on: ("/rewards/reasons", {"reason": "Praise", "points": 30}),
    "PUT /rewards/reasons/{reason_id}": lambda on: (f"/rewards/reasons/{on.reason()}", {"points": 40}),
    "POST /rewards/award": lambda on: ("/rewards/award", {"employee_id": on.ada, "reason_id": on.reason()}),
    "POST /rewards/awards/{reward_id}/reverse": lambda on: (f"/rewards/awards/{on.award()}/reverse", {}),
    "POST /rewards/redemptions": lambda on: ("/rewards/redemptions", on.wish()),
    "POST /rewards/redemptions/{redemption_id}/approve": lambda on: (
        f"/rewards/redemptions/{on.redemption()}/approve",
        {},
    ),
    "POST /rewards/redemptions/{redemption_id}/reject": lambda on: (
        f"/rewards/redemptions/{on.redemption()}/reject",
        {},
    ),
    "POST /rewards/redemptions/{redemption_id}/reverse": lambda on: (
        f"/rewards/redemptions/{on.redeemed()}/reverse",
        {},
    ),
    "POST /undo": lambda on: ("/undo", {"request_id": on.requested(), "dry_run": False}),
    "POST /uploads/{upload_id}/undo": lambda on: (f"/uploads/{on.upload()}/undo", {"dry_run": False}),
    "POST /admin/users": lambda on: ("/admin/users", {"username": "rui", "password": None}),
    "PUT /admin/users/{user_id}": lambda on: (f"/admin/users/{on.user()}", {"role": "hr"}),
    "DELETE /admin/users/{user_id}": lambda on: (f"/admin/users/{on.user()}", None),
    "POST /admin/api_keys": lambda on: ("/admin/api_keys", {"name": "board", "role": "viewer"}),
    "PUT /admin/api_keys/{key_id}": lambda on: (f"/admin/api_keys/{on.key()}", {"role": "hr"}),
    "DELETE /admin/api_keys/{key_id}": lambda on: (f"/admin/api_keys/{on.key()}", None),
    "POST /admin/db_users": lambda on: ("/admin/db_users", {"username": on.reader_name()}),
    "PUT /admin/db_users/{db_user_id}": lambda on: (f"/admin/db_users/{on.reader()}", {"rotate": True, "notes": "x"}),
    "DELETE /admin/db_users/{db_user_id}": lambda on: (f"/admin/db_users/{on.reader()}", None),
    "POST /admin/options": lambda on: ("/admin/options", {"category": "department", "value": "Sales"}),
    "PUT /admin/options/{option_id}": lambda on: (
        f"/admin/options/{on.made('/admin/options', {'category': 'role', 'value': 'Coach'}, 'option_id')}",
        {"is_active": False},
    ),
}
"""For each route that writes, what the floor must have, and a call that succeeds then."""

SESSION = "sessions are the users' own: tests/admin/test_signing_in.py has who is on record for them"
ELSEWHERE = {
    "POST /employees/{employee_id}/erase": "one line for all of it, without what was there before: test_privacy.py",
    "POST /auth/login": SESSION,
    "POST /auth/logout": SESSION,
    "POST /auth/token": SESSION,
    "POST /auth/password": SESSION,
    "POST /uploads": "an upload is the record of itself",
    "POST /uploads/{upload_id}/retry": "likewise; its rows are written, and audited, by a function",
    "POST /uploads/{upload_id}/cancel": "likewise",
    **dict.fromkeys(
        (f"POST {path}" for path, (kind, _) in posted.BATCHES.items() if kind in KINDS),
        "a sheet is audited under its upload: one line for what it adds, not a line under the request",
    ),
    "POST /backups": "asks: a marker in the bucket names the caller, and the work is done by a function",
    "POST /backups/{backup_id}/verify": "asks likewise",
    "POST /backups/{backup_id}/pin": "the mark beside the dump counts, and names who pinned it; the table follows S3",
    "POST /backups/{backup_id}/unpin": "likewise",
}
"""Routes that change no row of the floor, and why they are no business of its audit."""


def _one(statement: str, **given: Any) -> Any:
    with make.written() as conn:
        return conn.execute(text(statement), given).scalar_one()


def rows(statement: str, **given: Any) -> list[Any]:
    with db.reading() as conn:
        return list(conn.execute(text(statement), given))


@pytest.fixture
def floor(site: Site, api: Api) -> Floor:
    with make.written() as conn:
        make.options(conn, "department", "Support")
        ada, bea = (make.employee(conn, first_name=name, department="Support") for name in ("Ada", "Bea"))
        return Floor(api, ada, bea, make.shift(conn, ada, MONDAY, time(9), time(17)))


def call(on: Floor, route: str, path: str, body: Any) -> Answer:
    return on.api.call(route.partition(" ")[0], path, body=body)


def contents() -> dict[str, str]:
    """What every table holds, as one word each; but for what asking itself leaves behind."""
    every = "SELECT coalesce(md5(string_agg(t::text, ',' ORDER BY t::text)), '') FROM {} t"
    return {name: rows(every.format(name))[0][0] for name in metadata.tables.keys() - ASKING}


def audited(request_id: str) -> list[Any]:
    return rows("SELECT *, xmin::text AS written_by FROM audit_log WHERE request_id = :id", id=request_id)


def written_by(table: str, row_id: str) -> str | None:
    """The transaction that wrote the row as it is; None when it is gone."""
    [key] = metadata.tables[table].primary_key.columns
    found = rows(f"SELECT xmin::text FROM {table} WHERE {key.name}::text = :id", id=row_id)
    return found[0][0] if found else None


@contextmanager
def no_commit() -> Iterator[None]:
    """Whatever has been written, its transaction ends here."""

    def refuse(_: Any) -> None:
        raise RuntimeError("the connection is lost before the commit")

    event.listen(db.engine(), "commit", refuse)
    try:
        yield
    finally:
        event.remove(db.engine(), "commit", refuse)


def test_every_route_that_writes_has_an_example_here() -> None:
    writing = {f"{one.method} {one.path}" for feature in ALL for one in feature.declared if one.method != "GET"}
    assert EXAMPLES.keys() & ELSEWHERE.keys() == set()
    assert EXAMPLES.keys() | ELSEWHERE.keys() == writing


@pytest.mark.parametrize("route", EXAMPLES)
def test_what_a_call_writes_is_audited_with_it_or_neither_is_there(floor: Floor, route: str) -> None:
    path, body = EXAMPLES[route](floor)
    before = contents()
    with no_commit():
        lost = call(floor, route, path, body)
    assert (lost.status, contents()) == (500, before)

    done = call(floor, route, path, body)
    assert 200 <= done.status < 300, done.body
    lines = audited(done.headers["X-Request-Id"])
    changed = {name for name, held in contents().items() if held != before[name]} - NOT_AUDITED
    assert changed == {line.table_name for line in lines} != set()
    assert {line.actor for line in lines} == {"key:1"}
    for line in lines:
        # A transaction's savepoints write under numbers of their own, a row and its audit under the same one.
        same_row = {one.written_by for one in lines if (one.table_name, one.row_id) == (line.table_name, line.row_id)}
        assert written_by(line.table_name, line.row_id) in {None, *same_row}
    standing = [line for line in lines if written_by(line.table_name, line.row_id)]
    assert standing or {line.action for line in lines} == {"delete"}
