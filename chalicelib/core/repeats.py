"""Requests that may be sent again: what a key was answered is answered once more, and nothing is done twice."""

import logging
import re
from datetime import timedelta
from hashlib import sha256
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from chalicelib.core import db
from chalicelib.core.errors import Conflict, Invalid
from chalicelib.core.log import job
from chalicelib.core.tables import request_keys

log = logging.getLogger(__name__)

HEADER = "Idempotency-Key"
KEY = re.compile(r"[!-~]{1,200}")
KEPT = timedelta(hours=24)

_c = request_keys.c
_EXPIRED = _c.created_at < func.now() - KEPT


class Repeat(msgspec.Struct, frozen=True):
    """A request by its caller's name for it; the fingerprint tells whether another one is the same."""

    caller: str
    key: str
    fingerprint: bytes


class Told(msgspec.Struct, frozen=True):
    """What a caller was answered: the status, and the body as JSON text."""

    status: int
    body: str


def key_in(header: str | None) -> str | None:
    """The key that was sent, if one was; Invalid when it cannot be one."""
    if header is not None and not KEY.fullmatch(header):
        raise Invalid(f"{HEADER}: must be 1 to 200 visible ASCII characters")
    return header


def fingerprint(route: str, *said: Any) -> bytes:
    """The same for requests that say the same, however they wrote it."""
    return sha256(msgspec.json.encode([route, *said], order="deterministic")).digest()


_CLAIM = insert(request_keys).values(
    caller=bindparam("caller"), key=bindparam("key"), fingerprint=bindparam("fingerprint")
)
_CLAIM = _CLAIM.on_conflict_do_update(
    index_elements=["caller", "key"],
    set_={"fingerprint": _CLAIM.excluded.fingerprint, "status": None, "answer": None, "created_at": func.now()},
    where=_EXPIRED,
)


def claim(conn: Connection, repeat: Repeat) -> Told | None:
    """What was answered to this request before; None when it is new, and the key its own until the transaction ends.

    One that is still at work is waited for. Conflict where the key was another request's, or its answer a secret.
    """
    if conn.execute(_CLAIM, msgspec.structs.asdict(repeat)).rowcount:
        return None
    kept = select(_c.fingerprint, _c.status, _c.answer).where(_c.caller == repeat.caller, _c.key == repeat.key)
    row = conn.execute(kept).one()
    if bytes(row.fingerprint) != repeat.fingerprint:
        raise Conflict(f"{HEADER}: belongs to another request of the last 24 hours")
    if row.answer is None:
        raise Conflict(f"{HEADER}: this was done, and its answer was a secret, which is said once: ask for a new one")
    return Told(row.status, row.answer)


def keep(conn: Connection, repeat: Repeat, told: Told, *, secret: bool) -> None:
    """Remember the answer with what was written; of a secret only that there was one."""
    mine = update(request_keys).where(_c.caller == repeat.caller, _c.key == repeat.key)
    conn.execute(mine.values(status=told.status, answer=None if secret else told.body))


def sweep() -> None:
    """Forget what nobody can ask for any more."""
    with job(log, "forget answers") as outcome, db.writing(db.Actor("schedule:sweep_uploads")) as conn:
        outcome["forgotten"] = conn.execute(delete(request_keys).where(_EXPIRED)).rowcount
