"""Signing in at the console, and out; and who one is."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from sqlalchemy import Connection

from chalicelib.admin import lockout, passwords
from chalicelib.admin import sign_in_queries as queries
from chalicelib.admin.lockout import Kind
from chalicelib.admin.sign_in_queries import Account, Known
from chalicelib.core import db, events, limits, sessions
from chalicelib.core.answers import Headed
from chalicelib.core.auth import Caller
from chalicelib.core.clock import now, today
from chalicelib.core.errors import Forbidden, Invalid, TooMany, Unauthenticated, Unavailable
from chalicelib.core.http import NOBODY, Call, Routes
from chalicelib.core.identity import asking_of, check_origin
from chalicelib.core.inputs import Input, Text
from chalicelib.core.log import job
from chalicelib.core.settings import DateOrder, settings

log = logging.getLogger(__name__)

routes = Routes(__name__, tag="auth")

Typed = Annotated[str, Meta(min_length=1, max_length=passwords.LONGEST)]


class Credentials(Input, frozen=True, kw_only=True):
    """A name and its password."""

    username: Text
    password: Typed


class NewPassword(Input, frozen=True, kw_only=True):
    """The password as it is, and as it is to be."""

    current: Typed
    new: Typed


class SignedIn(msgspec.Struct, frozen=True):
    """Who calls, and until when. `csrf_token` goes with every write of a console session, as X-CSRF-Token."""

    name: str
    role: str
    employee_id: int | None
    departments: list[str]
    csrf_token: str | None
    expires_at: datetime | None


class Site(msgspec.Struct, frozen=True):
    """What a console must know of the site's clock and calendar."""

    timezone: str
    today: str
    date_order: DateOrder
    day_start: str


class Me(SignedIn, frozen=True):
    """Who calls, and where."""

    site: Site


class Names(msgspec.Struct, frozen=True):
    """Everybody whom records can name."""

    data: list[Known]


class SignedOut(msgspec.Struct, frozen=True):
    """The session is over."""

    status: Literal["signed out"] = "signed out"


@routes.post(
    "/auth/login", body=Credentials, answer=SignedIn, status=200, roles=NOBODY, errors=(401, 403, 429, 503), secret=True
)
def sign_in(call: Call) -> Headed:
    """Sign in at the console: a session in a cookie, and the token that its writes carry."""
    key, at, typed = secret_key(), now(), call.body
    check_origin(call.sent)
    with call.reading() as conn:
        limits.count_address(conn, asking_of(call.sent, settings()))
    subjects = lockout.subjects(username=typed.username, address=call.sent.address)
    account = _looked_up(call, typed.username, subjects, at)
    kept = account.password_hash if account and account.is_active else None
    if not passwords.matches(kept, typed.password) or account is None or kept is None:
        with call.writing() as conn:
            events.note(conn, "sign_in_failed", username=account and account.username, address=call.sent.address)
        raise Unauthenticated("username, password: there is nobody with these")
    if passwords.outdated(kept):
        kept = passwords.hashed(typed.password)
    with replace(call, caller=caller_of(account)).writing() as conn:
        _clear(conn, subjects, at)
        if kept != account.password_hash:
            queries.set_password(conn, user_id=account.user_id, password_hash=kept)
        events.note(conn, "sign_in", username=account.username, address=call.sent.address)
        return begun(conn, account, key, at)


@routes.post("/auth/logout", answer=SignedOut, status=200)
def sign_out(call: Call) -> Headed:
    """Sign out of the console; nothing happens to keys."""
    if call.caller.session_id is not None:
        with call.writing() as conn:
            sessions.end(conn, session_id=call.caller.session_id)
            events.note(conn, "sign_out", username=call.caller.called, address=call.sent.address)
    return Headed(SignedOut(), {"Set-Cookie": sessions.no_cookie()})


@routes.get("/auth/me", answer=Me)
def who_am_i(call: Call) -> Me:
    """Who calls: name, role and departments; for a console session also its token and its end."""
    ours = settings()
    site = Site(str(ours.timezone), today().isoformat(), ours.date_order, f"{ours.day_start:%H:%M}")
    return Me(**msgspec.structs.asdict(_told(call.caller)), site=site)


@routes.get("/auth/names", answer=Names)
def list_names(call: Call) -> Names:
    """Whom records mean by `user:5` or `key:3`: the person's name, else the user's or the key's."""
    with call.reading() as conn:
        return Names(queries.list_known(conn))


@routes.post("/auth/password", body=NewPassword, answer=SignedIn, status=200, errors=(429, 503), secret=True)
def change_own_password(call: Call) -> Headed:
    """Choose another password; every session of before is over, and a new one begins."""
    key, at, body, user_id = secret_key(), now(), call.body, call.caller.user_id
    if user_id is None:
        raise Forbidden("current: only users have a password; an API key is rotated by an admin")
    subjects = lockout.subjects(username=call.caller.called, address=call.sent.address)
    account = _looked_up(call, call.caller.called, subjects, at)
    if account is None or not passwords.matches(account.password_hash, body.current):
        raise Invalid("current: is not the password")
    if problems := passwords.problems(body.new, username=account.username, field="new"):
        raise Invalid(*problems)
    made = passwords.hashed(body.new)
    with call.writing() as conn:
        _clear(conn, subjects, at)
        queries.set_password(conn, user_id=user_id, password_hash=made)
        sessions.end_all(conn, user_id=user_id)
        return begun(conn, account, key, at)


def secret_key() -> str:
    """What sessions are signed with; Unavailable where it is missing."""
    key = settings().secret_key
    if key is None:
        raise Unavailable("SECRET_KEY: is not set, and console sessions are signed with it; API keys work without")
    return key


def _looked_up(call: Call, username: str, subjects: Mapping[str, Kind], at: datetime) -> Account | None:
    """Whose password is to be checked. The attempt counts as failed until it succeeds, so that many at once are no way
    around it; TooMany while failures before it still hold."""
    with call.writing() as conn:
        known = queries.attempts(conn, subjects=subjects, now=at)
        if (left := lockout.remaining(known, at).total_seconds()) > 0:
            raise TooMany("too many sign-ins failed: wait, then try again", seconds=left)
        again = {one: lockout.failed_once_more(known[one], kind, at) for one, kind in subjects.items()}
        queries.note(conn, again)
        return queries.find_account(conn, username=username)


def _clear(conn: Connection, subjects: Mapping[str, Kind], at: datetime) -> None:
    """It succeeded: others' failures at the address stay."""
    queries.forget(conn, subjects=[one for one, kind in subjects.items() if kind != "address"])
    for one, kind in subjects.items():
        if kind == "address":
            queries.take_back(conn, subject=one, now=at)


def begun(conn: Connection, account: Account, key: str, at: datetime) -> Headed:
    """A new session of somebody who has proved who they are, and its cookie."""
    hours = settings().session_hours
    session_id, secret, expires_at = sessions.begin(conn, user_id=account.user_id, now=at, hours=hours)
    caller = msgspec.structs.replace(caller_of(account), session_id=session_id, expires_at=expires_at)
    cookie = sessions.cookie(key, session_id, secret, seconds=hours * 3600)
    return Headed(_told(caller), {"Set-Cookie": cookie})


def caller_of(account: Account) -> Caller:
    """The user, as a caller who is not signed in yet."""
    return Caller(
        f"user:{account.user_id}",
        account.role,
        account.employee_id,
        frozenset(account.departments),
        account.username,
        account.user_id,
    )


def _told(caller: Caller) -> SignedIn:
    key, session_id = settings().secret_key, caller.session_id
    token = sessions.csrf_token(key, session_id) if key is not None and session_id is not None else None
    return SignedIn(
        caller.called, caller.role, caller.employee_id, sorted(caller.departments), token, caller.expires_at
    )


def sweep(*, now: datetime) -> None:
    """Forget failed sign-ins that count no more."""
    with job(log, "forget failed sign-ins") as outcome, db.writing(db.Actor("schedule:sweep_uploads")) as conn:
        outcome["forgotten"] = queries.forget_before(conn, then=now - lockout.FORGOTTEN)
