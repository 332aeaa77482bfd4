"""Console sessions: the cookie, what proves that a write was meant, and who is behind it."""

import hashlib
import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, insert, update

from chalicelib.core import limits
from chalicelib.core.auth import Caller, hashed
from chalicelib.core.errors import Unauthenticated
from chalicelib.core.limits import Asking
from chalicelib.core.tables import sessions

COOKIE = "__Host-opsdb"
"""With that prefix browsers take it from the host itself only, over TLS, for every path."""

RULES = "Path=/; Secure; HttpOnly; SameSite=Lax"
CSRF = "X-CSRF-Token"

NOTED = timedelta(minutes=1)
"""A session's last use is known to the minute, so that nobody is idle who asks every hour or so."""

_VALUE = re.compile(r"([1-9][0-9]{0,14})\.([0-9A-Za-z_-]{32})\.([0-9A-Za-z_-]{43})")

_c = sessions.c
_FIND = limits.counting(
    """SELECT s.session_id, s.secret_hash, s.expires_at, u.user_id, u.username, u.role, u.employee_id, u.departments,
              s.secret_hash = :hash AS good, 'user:' || u.user_id AS rated, 'session:' || s.session_id AS used
       FROM sessions s JOIN users u USING (user_id)
       LEFT JOIN last_uses l ON l.subject = 'session:' || s.session_id
       WHERE s.session_id = :session_id AND s.ended_at IS NULL AND s.expires_at > now() AND u.is_active
         AND greatest(l.at, s.created_at) > now() - CAST(:idle AS interval)"""
)


def authenticate(conn: Connection, *, session_id: int, secret: str, idle: timedelta, asking: Asking) -> Caller:
    """The user who is signed in; Unauthenticated once the session is over, or was not used for `idle`."""
    made = hashed(secret)
    row = limits.ask(conn, _FIND, asking, noted=NOTED, session_id=session_id, hash=made, idle=idle)
    known = row.secret_hash if row.session_id is not None else bytes(32)
    if not hmac.compare_digest(made, bytes(known)) or row.session_id is None:
        raise Unauthenticated()
    return Caller(
        name=f"user:{row.user_id}",
        role=row.role,
        employee_id=row.employee_id,
        departments=frozenset(row.departments),
        called=row.username,
        user_id=row.user_id,
        session_id=row.session_id,
        expires_at=row.expires_at,
    )


def begin(conn: Connection, *, user_id: int, now: datetime, hours: int) -> tuple[int, str, datetime]:
    """A new session, whatever the browser had before: its id, its secret, which nobody can see again, and its end."""
    secret, expires_at = secrets.token_urlsafe(24), now + timedelta(hours=hours)
    new = insert(sessions).values(user_id=user_id, secret_hash=hashed(secret), created_at=now, expires_at=expires_at)
    session_id = conn.execute(new.returning(_c.session_id)).scalar_one()
    return session_id, secret, expires_at


def end(conn: Connection, *, session_id: int) -> None:
    """Sign out of this one."""
    _end(conn, _c.session_id == session_id)


def end_all(conn: Connection, *, user_id: int) -> None:
    """Sign the user out everywhere."""
    _end(conn, _c.user_id == user_id)


def _end(conn: Connection, whose: object) -> None:
    conn.execute(update(sessions).where(whose, _c.ended_at.is_(None)).values(ended_at=func.now()))  # type: ignore[arg-type]


def cookie(key: str, session_id: int, secret: str, *, seconds: int) -> str:
    """The header that makes a browser keep the session."""
    return f"{COOKIE}={value_of(key, session_id, secret)}; Max-Age={seconds}; {RULES}"


def no_cookie() -> str:
    """The header that makes a browser forget it."""
    return f"{COOKIE}=; Max-Age=0; {RULES}"


def value_of(key: str, session_id: int, secret: str) -> str:
    """`{id}.{secret}.{signature}`."""
    return f"{session_id}.{secret}.{_signature(key, f'session {session_id}.{secret}')}"


def cookie_in(header: str | None) -> str | None:
    """The session's value among a browser's cookies."""
    for part in (header or "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE and value:
            return value
    return None


def read(key: str, value: str) -> tuple[int, str]:
    """The id and secret of a value that was signed with `key`; Unauthenticated of any other, without the database."""
    found = _VALUE.fullmatch(value)
    if found is None:
        raise Unauthenticated()
    session_id, secret, signature = int(found[1]), found[2], found[3]
    if not hmac.compare_digest(_signature(key, f"session {session_id}.{secret}"), signature):
        raise Unauthenticated()
    return session_id, secret


def csrf_token(key: str, session_id: int) -> str:
    """What a write of this session must carry; another site can send the cookie along, and not know this."""
    return _signature(key, f"csrf {session_id}")


def proves(key: str, session_id: int, token: str | None) -> bool:
    """Whether it is the session's own, compared in constant time."""
    return hmac.compare_digest(csrf_token(key, session_id).encode(), (token or "").encode())


def _signature(key: str, said: str) -> str:
    made = hmac.digest(key.encode(), said.encode(), hashlib.sha256)
    return urlsafe_b64encode(made).decode().rstrip("=")
