"""The console's sessions: begun, used, over; and nobody's but the browser's that signed in."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from chalicelib.admin import passwords
from chalicelib.core import db, sessions
from tests import make
from tests.admin.console import KEY, PASSWORD, Browser, user
from tests.api import Answer, Api
from tests.conftest import Site, forget
from tests.counting import statements

HOLIDAY = {"date": "2027-12-25", "name": "Christmas"}


@pytest.fixture(autouse=True)
def keyed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", KEY)
    forget()


@pytest.fixture
def ann() -> Browser:
    """Ann, an admin, who is signed in."""
    user("ann")
    browser = Browser()
    assert browser.sign_in().status == 200
    return browser


def rows(statement: str, **given: Any) -> list[Any]:
    with db.reading() as conn:
        return list(conn.execute(text(statement), given))


def change(statement: str) -> None:
    with make.written() as conn:
        conn.execute(text(statement))


def copy(browser: Browser, **changed: str | None) -> Browser:
    """A browser with the same cookie and token, but for what is changed."""
    other = Browser()
    other.cookie, other.token = changed.get("cookie", browser.cookie), changed.get("token", browser.token)
    return other


def failed(answer: Answer) -> bool:
    return answer.status == 401 and answer.errors == ["username, password: there is nobody with these"]


def test_who_signs_in_has_a_session_and_is_told_who_they_are() -> None:
    user("lead", role="duty_lead", departments=["Sales", "Support"])
    browser = Browser()
    told = browser.sign_in("LEAD")
    assert told.status == 200
    assert (
        told.body.items()
        >= {
            "name": "lead",
            "role": "duty_lead",
            "employee_id": None,
            "departments": ["Sales", "Support"],
        }.items()
    )
    ends = datetime.fromisoformat(told.body["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=11) < ends <= timedelta(hours=12)
    me = browser.get("/auth/me")
    site = {"timezone": "UTC", "today": datetime.now(UTC).date().isoformat(), "date_order": "day-first"}
    assert me.body == {**told.body, "site": {**site, "day_start": "00:00"}}


def test_the_cookie_stays_with_the_host_and_away_from_scripts() -> None:
    user()
    set_cookie = Browser().sign_in().headers["Set-Cookie"]
    name, *rules = set_cookie.split("; ")
    assert name.startswith("__Host-opsdb=")
    assert set(rules) == {"Path=/", "Secure", "HttpOnly", "SameSite=Lax", "Max-Age=43200"}


def test_the_database_keeps_neither_password_nor_secret(ann: Browser) -> None:
    secret = (ann.cookie or "").split(".")[1]
    told = str(rows("SELECT * FROM sessions")) + str(rows("SELECT * FROM users")) + str(rows("SELECT * FROM audit_log"))
    assert secret not in told
    assert PASSWORD not in told
    assert "argon2id" not in str(rows("SELECT before, after FROM audit_log"))


def test_a_session_reads_and_writes_as_its_user(ann: Browser) -> None:
    assert ann.get("/employees").status == 200
    made = ann.post("/holidays", HOLIDAY)
    assert made.status == 201
    asked = "SELECT actor FROM audit_log WHERE request_id = :id"
    assert [row.actor for row in rows(asked, id=made.headers["X-Request-Id"])] == ["user:1"]


def test_a_role_is_looked_at_as_with_keys() -> None:
    user("vic", role="viewer")
    browser = Browser()
    browser.sign_in("vic")
    refused = browser.post("/holidays", HOLIDAY)
    assert (refused.status, refused.errors) == (403, ["this needs one of the roles admin, hr; yours is viewer"])


def test_asking_who_calls_is_one_statement(ann: Browser) -> None:
    with statements() as sent:
        assert ann.get("/auth/me").status == 200
    assert len(sent) == 1


def test_keys_and_strangers_ask_who_they_are(api: Api) -> None:
    me = api.get("/auth/me").body
    assert (me["name"], me["role"], me["csrf_token"], me["expires_at"]) == ("test", "admin", None, None)
    assert Api(None).get("/auth/me").status == 401


def test_anybody_may_ask_whom_records_mean(api: Api, ann: Browser) -> None:
    with make.written() as conn:
        person = make.employee(conn, first_name="Rui", last_name="Almeida")
    rui = user("rui", employee_id=person)
    told = Api(api.key).get("/auth/names").body["data"]
    assert told == ann.get("/auth/names").body["data"]
    known = {one["name"]: one["called"] for one in told}
    assert known[f"user:{rui}"] == "Rui Almeida"
    assert sorted(known.values()) == ["Rui Almeida", "ann", "test"]


# What a write must carry ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("token", [None, "", "wrong", "ümläut"])
def test_a_write_without_the_sessions_token_is_refused(ann: Browser, token: str | None) -> None:
    other = copy(ann, token=token)
    refused = other.post("/holidays", HOLIDAY)
    assert refused.status == 403
    assert refused.errors == ["X-CSRF-Token: must be the session's, as signing in and /api/auth/me tell it"]
    told = "SELECT actor, after ->> 'path' FROM audit_log WHERE action = 'refused'"
    assert [tuple(row) for row in rows(told)] == [("user:1", "/api/holidays")]
    assert other.get("/employees").status == 200


def test_another_sessions_token_is_no_good(ann: Browser) -> None:
    user("bob")
    bob = Browser()
    bob.sign_in("bob")
    assert copy(ann, token=bob.token).post("/holidays", HOLIDAY).status == 403
    assert bob.post("/holidays", HOLIDAY).status == 201


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://Ops.example", "Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "none"}, 201),
    ],
)
def test_a_page_of_another_site_writes_nothing(ann: Browser, sent: dict[str, str], status: int) -> None:
    ann.sent = {"Host": "ops.example", **sent}
    assert ann.post("/holidays", HOLIDAY).status == status


def test_a_page_of_another_site_signs_nobody_in() -> None:
    user()
    browser = Browser()
    browser.sent = {"Host": "ops.example", "Origin": "https://elsewhere.example"}
    assert browser.sign_in().status == 403
    assert browser.cookie is None


def test_keys_write_without_a_token_whatever_cookies_come_along(api: Api, ann: Browser) -> None:
    both = copy(ann, token=None)
    both.key = api.key
    made = both.post("/holidays", HOLIDAY)
    assert made.status == 201
    assert rows("SELECT actor FROM audit_log WHERE table_name = 'holidays'")[0].actor == "key:1"


def test_two_headers_that_say_who_calls_are_a_slip(api: Api) -> None:
    refused = api.call("GET", "/employees", headers={"Authorization": "Bearer x"})
    assert (refused.status, refused.errors) == (400, ["X-API-Key: stands beside Authorization; send one of them"])


# What ends a session -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "forge",
    [
        lambda value: "",
        lambda value: "nonsense",
        lambda value: value[:-1] + ("A" if value[-1] != "A" else "B"),
        lambda value: "2" + value[1:],
        lambda value: value.replace(".", "", 1),
        lambda value: value.rpartition(".")[0],
        lambda value: sessions.value_of("another key", 1, value.split(".")[1]),
        lambda value: value + "ü",
    ],
)
def test_a_forged_cookie_is_refused_without_the_database(ann: Browser, forge: Any) -> None:
    with statements() as sent:
        refused = copy(ann, cookie=forge(ann.cookie)).get("/employees")
    assert (refused.status, sent) == (401, [])


def test_a_signed_cookie_with_another_secret_is_refused(ann: Browser) -> None:
    forged = sessions.value_of(KEY, 1, "0" * 32)
    assert copy(ann, cookie=forged).get("/employees").status == 401


@pytest.mark.parametrize(
    "over",
    [
        "UPDATE sessions SET expires_at = now()",
        "UPDATE sessions SET ended_at = now()",
        "UPDATE sessions SET created_at = now() - interval '2 hours'; DELETE FROM last_uses",
        "UPDATE sessions SET created_at = now() - interval '2 h'; UPDATE last_uses SET at = now() - interval '61 min'",
        "UPDATE sessions SET secret_hash = sha256('other')",
        "INSERT INTO users (username, role) VALUES ('bob', 'admin'); UPDATE users SET is_active = user_id <> 1",
    ],
)
def test_a_session_that_is_over_is_no_identity(ann: Browser, over: str) -> None:
    assert ann.get("/employees").status == 200
    change(over)
    assert ann.get("/employees").status == 401
    assert ann.post("/holidays", HOLIDAY).status == 401


def test_whoever_keeps_asking_is_not_idle(ann: Browser) -> None:
    change("UPDATE sessions SET created_at = now() - interval '3 hours'")
    change("INSERT INTO last_uses VALUES ('session:1', now() - interval '59 minutes')")
    assert ann.get("/employees").status == 200
    [used] = rows("SELECT at > now() - interval '1 minute' AS just_now FROM last_uses WHERE subject = 'session:1'")
    assert used.just_now


def test_who_signs_out_is_signed_out(ann: Browser) -> None:
    before = copy(ann)
    out = ann.post("/auth/logout")
    assert (out.status, out.body) == (200, {"status": "signed out"})
    assert out.headers["Set-Cookie"].startswith("__Host-opsdb=; Max-Age=0; Path=/; Secure")
    assert ann.cookie is None
    assert before.get("/employees").status == 401


def test_nobody_can_choose_a_session_for_somebody_else(ann: Browser) -> None:
    planted = ann.cookie
    user("bob", role="viewer")
    bob = copy(ann, token=None)
    assert bob.sign_in("bob").status == 200
    assert bob.cookie != planted
    assert copy(ann).get("/auth/me").body["name"] == "ann"
    assert bob.get("/auth/me").body["name"] == "bob"


def test_another_password_ends_every_session_and_begins_one(ann: Browser) -> None:
    elsewhere = Browser()
    elsewhere.sign_in()
    new = "seven lamps and a ferry"
    told = ann.post("/auth/password", {"current": PASSWORD, "new": new})
    assert told.status == 200, told.body
    assert ann.get("/employees").status == 200
    assert elsewhere.get("/employees").status == 401
    assert failed(Browser().sign_in())


@pytest.mark.parametrize(
    ("current", "new", "problem"),
    [
        ("wrong", "seven lamps and a ferry", "current: is not the password"),
        (PASSWORD, "short", "new: must be text of 12 to 200 characters"),
        (PASSWORD, "Ann and the ferry", "new: must not contain the username"),
    ],
)
def test_a_password_that_will_not_do_is_refused(ann: Browser, current: str, new: str, problem: str) -> None:
    refused = ann.post("/auth/password", {"current": current, "new": new})
    assert (refused.status, refused.errors) == (400, [problem])
    assert ann.get("/employees").status == 200


def test_a_key_has_no_password_to_change(api: Api) -> None:
    assert api.post("/auth/password", {"current": PASSWORD, "new": "seven lamps and a ferry"}).status == 403


# Who may not sign in -------------------------------------------------------------------------------------------------


def test_nobody_is_told_which_of_the_two_was_wrong() -> None:
    user("ann")
    user("gone", is_active=False)
    user("token", password=None)
    user("earlier", password=None)
    change("UPDATE users SET password_hash = 'scrypt$x' WHERE username = 'earlier'")
    for name in ("nobody", "gone", "token", "earlier"):
        assert failed(Browser().sign_in(name)), name
    assert failed(Browser().sign_in("ann", "wrong password"))


def test_without_the_key_that_signs_nobody_signs_in_and_the_rest_works(
    api: Api, ann: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SECRET_KEY")
    forget()
    refused = Browser().sign_in()
    assert (refused.status, refused.errors) == (
        503,
        ["SECRET_KEY: is not set, and console sessions are signed with it; API keys work without"],
    )
    assert ann.get("/employees").status == 401
    assert api.get("/employees").status == 200


def test_signing_in_is_on_record_with_its_failures_and_its_end(ann: Browser) -> None:
    Browser().sign_in("ann", "wrong password")
    Browser().sign_in("hunter2 typed in the wrong place", "x")
    ann.post("/auth/logout")
    told = rows("SELECT actor, action, after ->> 'username' AS name FROM audit_log WHERE table_name = 'sign_ins'")
    assert [tuple(row) for row in told] == [
        ("user:1", "sign_in", "ann"),
        ("nobody", "sign_in_failed", "ann"),
        ("nobody", "sign_in_failed", None),
        ("user:1", "sign_out", "ann"),
    ]
    assert "hunter2" not in str(rows("SELECT * FROM sign_in_attempts")) + str(rows("SELECT * FROM audit_log"))


def test_a_hash_from_when_less_was_asked_is_made_anew_at_the_next_sign_in() -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)
    user("ann")
    change(f"UPDATE users SET password_hash = '{weak}'")
    assert Browser().sign_in().status == 200
    [kept] = [row.password_hash for row in rows("SELECT password_hash FROM users")]
    assert kept != weak
    assert not passwords.outdated(kept)
    assert Browser().sign_in().status == 200


def test_whom_nobody_knows_costs_as_much_as_anybody() -> None:
    assert not passwords.outdated(passwords.NOBODYS)
    assert not passwords.matches(None, PASSWORD)


def test_whoever_asks_for_what_is_not_theirs_is_on_record(ann: Browser) -> None:
    user("vic", role="viewer")
    vic = Browser()
    vic.sign_in("vic")
    refused = vic.delete("/employees/7")
    assert refused.status == 403
    asked = "SELECT actor, table_name, after, request_id FROM audit_log WHERE action = 'refused'"
    told = {"method": "DELETE", "path": "/api/employees/{employee_id}", "roles": ["admin", "hr"]}
    assert [tuple(row) for row in rows(asked)] == [("user:2", "requests", told, refused.headers["X-Request-Id"])]
    assert Api(None).delete("/employees/7").status == 401
    [listed] = ann.get("/admin/audit", action="refused").data
    assert (listed["actor"], listed["after"]) == ("user:2", told)


def test_only_events_can_be_put_on_record_by_hand(site: Site) -> None:
    with pytest.raises(Exception, match="delete is no event"):
        change("SELECT audit_event('delete', '{}')")


@pytest.mark.parametrize("path", ["/health", "/employees", "/employees/7", "/docs"])
def test_every_answer_keeps_browsers_from_running_or_framing_it(api: Api, path: str) -> None:
    for caller in (api, Api(None)):
        headers = caller.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Strict-Transport-Security"] == "max-age=31536000"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
