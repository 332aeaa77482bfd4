"""Who is calling: API keys, and the roles of api.md."""

import hashlib
import hmac
import secrets
import string
import zlib
from collections.abc import Collection
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection, insert

from chalicelib.core import limits
from chalicelib.core.errors import Unauthenticated
from chalicelib.core.limits import ANYWHERE, Asking
from chalicelib.core.tables import api_keys

EVERYBODY = frozenset({"viewer", "supervisor", "duty_lead", "planner", "hr", "admin"})
HR = frozenset({"hr", "admin"})
PLANNER = frozenset({"planner", "admin"})
ADMIN = frozenset({"admin"})

PREFIX = "opsdb"
_ALPHABET = string.digits + string.ascii_letters
_SECRET_LENGTH = 32
_CHECK_LENGTH = 6

NOTED = timedelta(minutes=5)
"""A key's last use is known within so much."""

_FIND_KEY = limits.counting(
    """SELECT key_id, secret_hash, role, employee_id, departments, name, expires_at, secret_hash = :hash AS good,
              'key:' || key_id AS rated, 'key:' || key_id AS used
       FROM api_keys WHERE key_id = :key_id AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())"""
)


class Caller(msgspec.Struct, frozen=True):
    """An authenticated caller. `employee_id` is set where the caller is a person of the floor, `departments` are those
    that a duty lead is named for. `name` is the audit's word, `called` the one for people; users have a session."""

    name: str
    role: str
    employee_id: int | None = None
    departments: frozenset[str] = frozenset()
    called: str = ""
    user_id: int | None = None
    session_id: int | None = None
    expires_at: datetime | None = None


def authenticate(conn: Connection, *, api_key: str | None, asking: Asking = ANYWHERE) -> Caller:
    """The caller behind the header value; Unauthenticated if there is none. One round trip, which counts them too."""
    key_id, secret = parse_key(api_key or "")
    made = hashed(secret)
    row = limits.ask(conn, _FIND_KEY, asking, noted=NOTED, key_id=key_id, hash=made)
    # Compared even when there is no such key, so that timing does not tell the two apart.
    known = row.secret_hash if row.key_id is not None else bytes(32)
    if not hmac.compare_digest(made, bytes(known)) or row.key_id is None:
        raise Unauthenticated()
    return Caller(
        name=f"key:{row.key_id}",
        role=row.role,
        employee_id=row.employee_id,
        departments=frozenset(row.departments),
        called=row.name,
        expires_at=row.expires_at,
    )


def create_key(
    conn: Connection,
    *,
    name: str,
    role: str,
    employee_id: int | None = None,
    departments: Collection[str] = (),
    expires_at: datetime | None = None,
) -> tuple[int, str]:
    """A new API key, a machine's or somebody's: its id and the key itself, which nobody can see again.

    The database keeps a hash.
    """
    secret = "".join(secrets.choice(_ALPHABET) for _ in range(_SECRET_LENGTH))
    facts = {"name": name, "employee_id": employee_id, "role": role, "departments": sorted(departments)}
    new = insert(api_keys).values(**facts, secret_hash=hashed(secret), expires_at=expires_at)
    key_id = conn.execute(new.returning(api_keys.c.key_id)).scalar_one()
    return key_id, format_key(key_id, secret)


def format_key(key_id: int, secret: str) -> str:
    """`opsdb_{id}_{secret}{check}`; the check digits let a typo be refused without the database."""
    body = f"{PREFIX}_{key_id}_{secret}"
    return body + _check(body)


def parse_key(key: str) -> tuple[int, str]:
    """The id and secret in a well-formed key, else Unauthenticated."""
    body, check = key[:-_CHECK_LENGTH], key[-_CHECK_LENGTH:]
    prefix, _, rest = body.partition("_")
    key_id, _, secret = rest.partition("_")
    if not key.isascii() or prefix != PREFIX or not key_id.isdigit() or len(key_id) > 15 or _check(body) != check:
        raise Unauthenticated()
    return int(key_id), secret


def _check(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(_CHECK_LENGTH):
        number, digit = divmod(number, len(_ALPHABET))
        digits += _ALPHABET[digit]
    return digits


def hashed(secret: str) -> bytes:
    """SHA-256 is enough: the secret has 190 random bits, so there is nothing to slow a guesser down for."""
    return hashlib.sha256(secret.encode()).digest()
