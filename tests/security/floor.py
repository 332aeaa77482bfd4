"""One floor with a thing of each kind on it, and everybody who might ask for it."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from sqlalchemy import text

from app import app
from chalicelib.console import pages
from chalicelib.core import auth, clock, db, sessions
from chalicelib.core.http import Declared
from chalicelib.core.settings import settings
from chalicelib.core.tables import metadata
from chalicelib.routes import ALL
from local.events import Context
from tests import make
from tests.admin import console
from tests.api import Answer, Api
from tests.conftest import Site, administer
from tests.core.test_tokens import FORGED, delivered, token
from tests.deployed.documents import request

MONDAY = date(2026, 10, 5)
NOON = datetime.combine(MONDAY, time(12), UTC)
EVENING = NOON + timedelta(hours=8)
"""Three hours after everybody's shift, of which a duty lead has one."""

DECLARED: dict[str, Declared] = {f"{route.method} {route.path}": route for feature in ALL for route in feature.declared}

ASKING = {"last_uses", "request_rates", "sign_in_attempts"}
"""Who asked when, and how often."""

FORGERIES = (
    "signed by nobody",
    "the public key as a shared secret",
    "another's key under our key's id",
    "another issuer",
    "another client",
    "over",
)
"""Those of the forged tokens that are tried on every route; tests/core/test_tokens.py has all of them."""

Headers = dict[str, str]


@dataclass(frozen=True)
class Floor:
    """Ada and Bea are Grace's and work until five; Dan stands in for Grace, Otto has a team elsewhere. `made` are the
    ids of what is there, `headers` what each caller sends."""

    grace: int
    otto: int
    dan: int
    dora: int
    ada: int
    bea: int
    reader: str
    made: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, Headers] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.made[name]


def send(route: str, path: str, *, body: Any = None, headers: Headers | None = None) -> Answer:
    """What the API answers to a request of the declared `route` at `path`, as a gateway would hand it over."""
    method, _, template = route.partition(" ")
    asked = urlsplit(path)
    shaped = re.fullmatch(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", template), asked.path)
    assert shaped is not None, f"{path} is no address of {route}"
    given = {"path": shaped.groupdict(), "query": parse_qs(asked.query) or None}
    event = request(method, f"/api{template}", body=body, **given)
    return answered(event, headers or {})


def answered(event: dict[str, Any], headers: Headers) -> Answer:
    event["headers"] |= headers
    event["multiValueHeaders"] |= {name: [value] for name, value in headers.items()}
    got = app(event, Context("api_handler"))
    is_json = got["headers"]["Content-Type"] == "application/json" and not got.get("isBase64Encoded")
    return Answer(got["statusCode"], got["headers"], msgspec.json.decode(got["body"]) if is_json else got["body"])


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """It is that moment, for the application; not for the database, which keys and sessions go by."""

    class Then(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return moment.astimezone(tz)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(clock, "datetime", Then)
        yield


@contextmanager
def nothing_stays() -> Iterator[None]:
    """Every transaction runs to its end, deferred constraints too, and then leaves nothing behind."""

    def end(conn: Any) -> None:
        with conn.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        conn.rollback()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(db.engine().dialect, "do_commit", end)
        yield


def contents() -> dict[str, str]:
    """What every table holds, as one word each; but for what asking itself leaves behind."""
    every = "SELECT coalesce(md5(string_agg(t::text, ',' ORDER BY t::text)), '') FROM {} t"
    with db.reading() as conn:
        return {name: conn.execute(text(every.format(name))).scalar_one() for name in metadata.tables.keys() - ASKING}


@contextmanager
def furnished(site: Site) -> Iterator[Floor]:
    """The floor, on a Monday at noon; the role that it makes on the server goes again."""
    with at(NOON):
        on = _people()
        try:
            _callers(on, site)
            _things(on, Api(on.headers["an admin"]["x-api-key"]))
            yield on
        finally:
            db.engine().dispose()
            administer(site.server, f"DROP ROLE IF EXISTS opsdb_ro_{on.reader}")


def _people() -> Floor:
    with make.written() as conn:
        make.options(conn, "department", "Support", "Sales")
        grace, otto, dan, dora, ada, bea = (
            make.employee(conn, first_name=name, department="Support")
            for name in ("Grace", "Otto", "Dan", "Dora", "Ada", "Bea")
        )
        conn.execute(
            text("UPDATE assignments SET supervisor_id = :lead WHERE employee_id IN (:ada, :bea)"),
            {"lead": grace, "ada": ada, "bea": bea},
        )
        return Floor(grace, otto, dan, dora, ada, bea, reader=f"shell{secrets.token_hex(4)}")


def _key(name: str, role: str, **facts: Any) -> Headers:
    with make.written() as conn:
        return {"x-api-key": auth.create_key(conn, name=name, role=role, **facts)[1]}


def _session(username: str, role: str) -> Headers:
    """What a browser sends once its user has signed in, the token of its writes included."""
    user_id, key = console.user(username, role=role, password=None), settings().require("secret_key")
    with make.written() as conn:
        number, secret, _ = sessions.begin(conn, user_id=user_id, now=datetime.now(UTC), hours=12)
    cookie = f"{sessions.COOKIE}={sessions.value_of(key, number, secret)}"
    return {"cookie": cookie, "x-csrf-token": sessions.csrf_token(key, number)}


def _email(employee_id: int) -> str:
    return f"p{employee_id}@opsdb.example"


def _token(told: str) -> Headers:
    return {"authorization": f"Bearer {told}"}


def _callers(on: Floor, site: Site) -> None:
    lead = {"role": "supervisor"}
    duty = {"role": "duty_lead", "employee_id": on.dora}
    delivered(site, "one")
    hr, gone, out = _session("hr", "hr"), _session("gone", "admin"), _session("out", "admin")
    expired, revoked = _key("expired", "admin"), _key("revoked", "admin")
    with make.written() as conn:
        conn.execute(text("UPDATE api_keys SET expires_at = now() - interval '1 second' WHERE name = 'expired'"))
        conn.execute(text("UPDATE api_keys SET revoked_at = now() WHERE name = 'revoked'"))
        conn.execute(text("UPDATE users SET is_active = false WHERE username = 'gone'"))
        whose = "(SELECT user_id FROM users WHERE username = 'out')"
        conn.execute(text(f"UPDATE sessions SET ended_at = now() WHERE user_id = {whose}"))
    admin = _key("admin", "admin")
    on.headers.update(
        {
            "nobody": {},
            "a viewer": _key("viewer", "viewer"),
            "the supervisor": _key("grace", **lead, employee_id=on.grace),
            "another team's supervisor": _key("otto", **lead, employee_id=on.otto),
            "a supervisor of nobody": _key("nobody's", **lead),
            "the deputy": _key("dan", **lead, employee_id=on.dan),
            "the person": _key("ada", **lead, employee_id=on.ada),
            "the duty lead": _key("dora", **duty, departments=["Support"]),
            "the duty lead after the shift": _key("dora's evening", **duty, departments=["Support"]),
            "a duty lead elsewhere": _key("dora's sales", **duty, departments=["Sales"]),
            "a planner": _key("planner", "planner"),
            "HR": hr,
            "an admin": admin,
            "HR, from another site's page": {"cookie": hr["cookie"]},
            "HR, with the token of another session": hr | {"x-csrf-token": out["x-csrf-token"]},
            "an expired key": expired,
            "a revoked key": revoked,
            "a mistyped key": {"x-api-key": admin["x-api-key"][:-1] + "?"},
            "another's key id": {"x-api-key": _renumbered(admin["x-api-key"])},
            "a tampered cookie": hr | {"cookie": hr["cookie"].replace("=", "=1")},
            "a cookie signed by another": hr | {"cookie": hr["cookie"][:-43] + "A" * 43},
            "a session that ended": out,
            "a user who was shut out": gone,
            "the supervisor, by token": _token(token(email=_email(on.grace))),
            "an admin, by token": _token(token(email="root@opsdb.example", **{"cognito:groups": ["admin"]})),
            "a token without a group": _token(token(**{"cognito:groups": ["somebody"]})),
            **{f"a token: {what}": _token(FORGED[what]()) for what in FORGERIES},
        }
    )


def _renumbered(key: str) -> str:
    """A well-formed key with the secret of one and the id of another."""
    number, secret = auth.parse_key(key)
    return auth.format_key(number - 1, secret)


def _things(on: Floor, admin: Api) -> None:
    """One thing of each kind, about Ada where it is about somebody, so that every route has something to work on."""
    ada = {"employee_id": on.ada}

    def made(path: str, body: Any, *names: str) -> Any:
        answer = admin.post(path, body)
        assert answer.status in {200, 201}, (path, answer.body)
        found = answer.body
        for name in names:
            found = found[name]
        return found

    def day(number: int) -> dict[str, Any]:
        return {**ada, "start_date": f"2026-10-{number}", "end_date": f"2026-10-{number}"}

    with make.written() as conn:
        for person in (on.ada, on.bea):
            make.shift(conn, person, MONDAY)
        on.made["shift"] = make.shift(conn, on.ada, MONDAY + timedelta(days=1))
        on.made["later shift"] = make.shift(conn, on.ada, MONDAY + timedelta(days=2))
        on.made["archived"] = make.employee(conn, first_name="Cy")
        rows = {
            "review": """INSERT INTO new_employee_reviews (first_name, last_name) VALUES ('Eve', 'New')
                RETURNING review_id""",
            "user": "INSERT INTO users (username) VALUES ('rui') RETURNING user_id",
            "key": "INSERT INTO api_keys (name, role, secret_hash) VALUES ('b', 'viewer', '') RETURNING key_id",
        }
        upload = """INSERT INTO uploads (kind, filename, bucket, key, uploaded_by, state)
            VALUES ('attendances', 'a.csv', 'b', '{0}', 'test', '{0}') RETURNING upload_id"""
        rows |= {f"{state} upload": upload.format(state) for state in ("done", "failed", "running")}
        on.made.update({name: conn.execute(text(statement)).scalar_one() for name, statement in rows.items()})
    with db.writing(db.Actor("test", upload_id=on["done upload"])) as conn:
        make.shift(conn, on.bea, date(2026, 11, 2), None, None, upload_id=on["done upload"])

    deputy = {"lead_id": on.grace, "employee_id": on.dan, "start_date": "2026-10-05", "end_date": "2026-10-05"}
    cover = {"change_type": "Cover", **ada, "replacement_id": on.bea, "schedule_id": on["shift"]}
    assert admin.delete(f"/employees/{on['archived']}").status == 200
    on.made["deputy"] = made("/deputies", deputy, "deputy_id")
    on.made["change"] = made("/schedule_changes", cover, "change", "change_id")
    on.made["leave"] = made("/leave_requests", day(20) | {"leave_type": "Vacation"}, "leave_id")
    on.made["exception"] = made("/exceptions", day(21) | {"exception_type": "Training"}, "exception_id")
    on.made["processed"] = made("/exceptions", day(22) | {"exception_type": "Training"}, "exception_id")
    made(f"/exceptions/{on['processed']}/process", {})
    made("/attendances", {**ada, "date": "2026-10-01", "check_in": "09:00"})
    holiday = admin.post("/holidays", {"date": "2027-12-25", "name": "Christmas"})
    on.made["holiday"], on.made["request"] = holiday.body["holiday_id"], holiday.headers["X-Request-Id"]
    on.made["reason"] = made("/rewards/reasons", {"reason": "Compliment", "points": 100}, "reason_id")
    on.made["award"] = made("/rewards/award", {**ada, "reason_id": on["reason"]}, "reward_id")
    for name in ("redemption", "redeemed"):
        made("/rewards/award", {**ada, "reason_id": on["reason"]})
        wish = {**ada, "points_redeemed": 20, "redemption_type": "Donation"}
        on.made[name] = made("/rewards/redemptions", wish, "redemption_id")
    made(f"/rewards/redemptions/{on['redeemed']}/approve", {})
    on.made["option"] = made("/admin/options", {"category": "role", "value": "Coach"}, "option_id")
    on.made["reader"] = made("/admin/db_users", {"username": on.reader}, "db_user", "db_user_id")
    on.made["calendar"] = made(f"/employees/{on.bea}/calendar", {}, "path").removeprefix("/api")
    on.made["console"] = pages.shown().version
    assert admin.post("/backups").status == 202
