"""API keys over HTTP: made, changed, rotated, revoked."""

from collections.abc import Mapping
from datetime import timedelta

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import Connection

from chalicelib.admin import access
from chalicelib.admin import access_queries as queries
from chalicelib.admin.access_queries import Key, KeyFilters, Role
from chalicelib.core.auth import ADMIN, create_key
from chalicelib.core.clock import now
from chalicelib.core.errors import Conflict, Invalid, NotFound
from chalicelib.core.http import Call, Page, Routes
from chalicelib.core.inputs import EmployeeId, Input, Instant, Text, given

routes = Routes(__name__, tag="admin")

MOST = 2
"""Live keys of one name: the old one and the new one, while whoever has it changes over."""

OVERLAP = timedelta(days=7)
"""How long a rotated key stays good unless it is said."""


class NewKey(Input, frozen=True, kw_only=True):
    """A key, a machine's or somebody's; a supervisor's names the employee whose people it acts for."""

    name: Text
    role: Role
    employee_id: EmployeeId | None = None
    departments: list[Text] = []
    expires_at: Instant | None = None


class KeyChange(Input, frozen=True, kw_only=True):
    """What changes. With `rotate` another key like it is made and said once, and this one ends at `expires_at`, in a
    week unless said."""

    name: Text | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    employee_id: EmployeeId | UnsetType | None = UNSET
    departments: list[Text] | UnsetType = UNSET
    expires_at: Instant | UnsetType | None = UNSET
    rotate: bool = False


class WithKey(msgspec.Struct, frozen=True):
    """What is on record of a key, and the key itself where it was just made: nobody can see it again. Where it was
    rotated, `before` is the one that ends."""

    api_key: Key
    key: str | None
    before: Key | None = None


@routes.get("/admin/api_keys", query=KeyFilters, answer=Page[Key], roles=ADMIN)
def list_api_keys(call: Call) -> Page[Key]:
    """API keys, live ones and others, with their last use."""
    with call.reading() as conn:
        return queries.list_keys(conn, query=call.query)


@routes.post("/admin/api_keys", body=NewKey, answer=WithKey, roles=ADMIN, errors=(409,), secret=True)
def create_api_key(call: Call) -> WithKey:
    """Make a key; it is said once."""
    new: NewKey = call.body
    facts = {"role": new.role, "employee_id": new.employee_id, "departments": sorted(set(new.departments))}
    with call.writing() as conn:
        _check(conn, facts, expires_at=new.expires_at)
        _check_name(conn, new.name)
        key_id, key = create_key(conn, name=new.name, expires_at=new.expires_at, **facts)  # type: ignore[arg-type]
        return WithKey(_found(conn, key_id), key)


@routes.put("/admin/api_keys/{key_id}", body=KeyChange, answer=WithKey, roles=ADMIN, errors=(409,), secret=True)
def change_api_key(call: Call, key_id: int) -> WithKey:
    """Change a key, or rotate it: another one like it is said once, and this one ends at `expires_at`."""
    change: KeyChange = call.body
    facts = {name: value for name, value in given(change).items() if name != "rotate"}
    with call.writing() as conn:
        before = _found(conn, key_id)
        if not before.is_live:
            raise Conflict(f"key_id: {key_id} is revoked or expired; make another one")
        if change.rotate:
            return _rotated(conn, before, facts)
        facts |= access.of(before, facts)
        _check(conn, facts, expires_at=facts.get("expires_at"))
        if facts.get("name", before.name) != before.name:
            _check_name(conn, facts["name"])
        queries.update_key(conn, key_id=key_id, facts=facts)
        return WithKey(_found(conn, key_id), None)


@routes.delete("/admin/api_keys/{key_id}", answer=Key, roles=ADMIN)
def revoke_api_key(call: Call, key_id: int) -> Key:
    """Revoke a key, at once and for good."""
    with call.writing() as conn:
        if _found(conn, key_id).revoked_at is None:
            queries.update_key(conn, key_id=key_id, facts={"revoked_at": now()})
        return _found(conn, key_id)


def _rotated(conn: Connection, before: Key, facts: dict[str, object]) -> WithKey:
    if more := sorted(facts.keys() - {"expires_at"}):
        raise Invalid(*(f"{name}: does not change with rotate; change it before or after" for name in more))
    ends = facts.get("expires_at") or now() + OVERLAP
    _check(conn, {}, expires_at=ends)
    _check_name(conn, before.name)
    alike = {name: getattr(before, name) for name in ("name", "role", "employee_id", "departments")}
    key_id, key = create_key(conn, expires_at=None, **alike)
    if before.expires_at is None or ends < before.expires_at:  # type: ignore[operator]
        queries.update_key(conn, key_id=before.key_id, facts={"expires_at": ends})
    return WithKey(_found(conn, key_id), key, _found(conn, before.key_id))


def _check(conn: Connection, facts: Mapping[str, object], *, expires_at: object) -> None:
    described = {name: facts[name] for name in ("role", "employee_id", "departments") if name in facts}
    problems = access.problems(conn, **described) if described else []  # type: ignore[arg-type]
    if expires_at is not None and expires_at <= now():  # type: ignore[operator]
        problems.append("expires_at: must be in the future; DELETE ends a key at once")
    if problems:
        raise Invalid(*problems)


def _check_name(conn: Connection, name: str) -> None:
    if queries.live_keys(conn, name=name) >= MOST:
        raise Conflict(f"name: {name} has {MOST} live keys already: revoke one of them first")


def _found(conn: Connection, key_id: int) -> Key:
    key = queries.find_key(conn, key_id=key_id)
    if key is None:
        raise NotFound(f"key_id: {key_id} is no API key")
    return key
