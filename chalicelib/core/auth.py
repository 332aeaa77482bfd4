"""Who is calling: API keys, and the roles of api.md."""

import hashlib
import hmac
import secrets
import string
import zlib
from datetime import datetime

import msgspec
from sqlalchemy import Connection, bindparam, func, insert, or_, select

from chalicelib.core.errors import Unauthenticated
from chalicelib.core.tables import api_keys

EVERYBODY = frozenset({"viewer", "supervisor", "duty_lead", "planner", "hr", "admin"})
HR = frozenset({"hr", "admin"})
PLANNER = frozenset({"planner", "admin"})
ADMIN = frozenset({"admin"})

PREFIX = "opsdb"
_ALPHABET = string.digits + string.ascii_letters
_SECRET_LENGTH = 32
_CHECK_LENGTH = 6

_FIND_KEY = select(api_keys.c.key_id, api_keys.c.secret_hash, api_keys.c.role, api_keys.c.employee_id).where(
    api_keys.c.key_id == bindparam("key_id"),
    api_keys.c.revoked_at.is_(None),
    or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > func.now()),
)


class Caller(msgspec.Struct, frozen=True):
    """An authenticated caller. `employee_id` is set where the caller is a person of the floor, `departments` are those
    that a duty lead is named for."""

    name: str
    role: str
    employee_id: int | None = None
    departments: frozenset[str] = frozenset()


def authenticate(conn: Connection, *, api_key: str | None) -> Caller:
    """The caller behind the header value; Unauthenticated if there is none. One round trip."""
    key_id, secret = parse_key(api_key or "")
    row = conn.execute(_FIND_KEY, {"key_id": key_id}).one_or_none()
    # Compared even when there is no such key, so that timing does not tell the two apart.
    known = row.secret_hash if row else bytes(32)
    if not hmac.compare_digest(_hash(secret), bytes(known)) or row is None:
        raise Unauthenticated()
    return Caller(name=f"key:{row.key_id}", role=row.role, employee_id=row.employee_id)


def create_key(
    conn: Connection, *, name: str, role: str, employee_id: int | None = None, expires_at: datetime | None = None
) -> tuple[int, str]:
    """A new API key, a machine's or somebody's: its id and the key itself, which nobody can see again.

    The database keeps a hash.
    """
    secret = "".join(secrets.choice(_ALPHABET) for _ in range(_SECRET_LENGTH))
    key_id = conn.execute(
        insert(api_keys)
        .values(name=name, employee_id=employee_id, role=role, secret_hash=_hash(secret), expires_at=expires_at)
        .returning(api_keys.c.key_id)
    ).scalar_one()
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


def _hash(secret: str) -> bytes:
    """SHA-256 is enough: the secret has 190 random bits, so there is nothing to slow a guesser down for."""
    return hashlib.sha256(secret.encode()).digest()
