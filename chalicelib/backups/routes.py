"""Backups over HTTP."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from chalicelib.backups import asked, listing, marks, queries
from chalicelib.backups.marks import Drill, Pin
from chalicelib.core import continuation
from chalicelib.core.auth import ADMIN
from chalicelib.core.clock import now
from chalicelib.core.errors import Conflict, Invalid
from chalicelib.core.http import Call, Page, Routes
from chalicelib.core.inputs import ListQuery
from chalicelib.core.settings import settings

routes = Routes(__name__, tag="backups")

State = Literal["running", "good", "failed", "expired"]
Tier = Literal["daily", "weekly", "monthly", "manual", "safety"]


class Backup(msgspec.Struct, frozen=True):
    """A dump, what it holds, and what became of it. What a running or failed one lacks is null."""

    backup_id: str
    key: str
    tier: Tier
    started_at: datetime
    finished_at: datetime | None
    seconds: float | None
    size: int | None
    sha256: str | None
    server_version: str | None
    client_version: str | None
    schema_revision: str | None
    tables: dict[str, int] | None
    state: State
    verified_at: datetime | None
    drill: Drill | None
    pinned: bool


class Asked(msgspec.Struct, frozen=True):
    """It goes on elsewhere. `marker` is there until it is done; `look_at` shows what became of it."""

    asked_for: str
    marker: str
    look_at: str


class BackupFilters(ListQuery, frozen=True, kw_only=True):
    """Which backups; the newest first unless sorted."""

    tier: list[Tier] = []
    state: list[State] = []
    pinned: bool | None = None
    order: Literal["asc", "desc"] = "desc"


_DAWN = datetime.min.replace(tzinfo=UTC)
_SORTABLE: dict[str, Callable[[dict[str, Any]], Any]] = {
    "started_at": lambda one: one["started_at"],
    "finished_at": lambda one: one["finished_at"] or _DAWN,
    "size": lambda one: one["size"] or 0,
    "seconds": lambda one: one["seconds"] or 0,
    "verified_at": lambda one: one["verified_at"] or _DAWN,
    "tier": lambda one: one["tier"],
    "state": lambda one: one["state"],
}


@routes.get("/backups", query=BackupFilters, answer=Page[Backup], roles=ADMIN)
def list_backups(call: Call) -> Page[Backup]:
    """Backups, as the bucket and the database know them."""
    query: BackupFilters = call.query
    if query.sort and query.sort not in _SORTABLE:
        raise Invalid(f"sort: must be one of: {', '.join(_SORTABLE)}; got {query.sort[:80]!r}")
    with call.reading() as conn:
        found = [one for one in listing.every(conn) if _wanted(one, query)]
    found.sort(key=_SORTABLE[query.sort or "started_at"], reverse=query.order == "desc")
    shown = found[query.offset : query.offset + query.limit]
    return Page(len(found), query.limit, query.offset, [_backup(one) for one in shown])


def _wanted(one: dict[str, Any], query: BackupFilters) -> bool:
    return (
        (not query.tier or one["tier"] in query.tier)
        and (not query.state or one["state"] in query.state)
        and (query.pinned is None or one["pinned"] is query.pinned)
    )


def _backup(one: dict[str, Any]) -> Backup:
    return msgspec.convert({name: one[name] for name in Backup.__struct_fields__}, Backup)


@routes.post("/backups", answer=Asked, status=202, roles=ADMIN, errors=(409,))
def ask_for_backup(call: Call) -> Asked:
    """Ask for a backup now; it is made elsewhere, verified, and listed as it goes."""
    if continuation.is_waiting(asked.BACKUP):
        raise Conflict("a backup was asked for already and is not done: look at /api/backups?tier=manual")
    marker = continuation.ask(asked.BACKUP, by=call.caller.name, at=now())
    return Asked(asked.BACKUP, marker, "/api/backups?tier=manual")


@routes.post("/backups/{backup_id}/verify", answer=Asked, status=202, roles=ADMIN, errors=(409,))
def ask_for_verification(call: Call, backup_id: str) -> Asked:
    """Ask for a backup to be read back and decoded; `verified_at` says when it was found whole."""
    if _named(call, backup_id)["sha256"] is None:
        raise Conflict(f"backup_id: {backup_id} has no dump that could be verified")
    marker = continuation.ask(asked.VERIFY, by=call.caller.name, at=now(), backup_id=backup_id)
    return Asked(asked.VERIFY, marker, "/api/backups")


@routes.post("/backups/{backup_id}/pin", answer=Backup, status=200, roles=ADMIN)
def pin_backup(call: Call, backup_id: str) -> Backup:
    """Keep a backup whatever its age."""
    return _pinned(call, backup_id, pinned=True)


@routes.post("/backups/{backup_id}/unpin", answer=Backup, status=200, roles=ADMIN)
def unpin_backup(call: Call, backup_id: str) -> Backup:
    """Let a backup go when its time has come."""
    return _pinned(call, backup_id, pinned=False)


def _pinned(call: Call, backup_id: str, *, pinned: bool) -> Backup:
    found = _named(call, backup_id)
    with call.writing() as conn:
        queries.pin(conn, backup_id=backup_id, pinned=pinned)
        # Last, before the commit: it is what counts, and where it cannot be written the row says nothing either.
        pin = Pin(pinned=pinned, at=now(), by=call.caller.name)
        marks.write(settings().require("backups_bucket"), backup_id, pin)
    return _backup({**found, "pinned": pinned})


def _named(call: Call, backup_id: str) -> dict[str, Any]:
    with call.reading() as conn:
        return listing.named(conn, backup_id=backup_id)
