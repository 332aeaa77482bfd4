"""All SQL on users and API keys, and on who they are."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Connection, String, cast, func, insert, or_, select, text
from sqlalchemy import update as change

from chalicelib.core.http import Page
from chalicelib.core.inputs import EmployeeId, ListQuery
from chalicelib.core.paging import page
from chalicelib.core.tables import api_keys, employees, last_uses, sessions, users

Role = Literal["viewer", "supervisor", "duty_lead", "planner", "hr", "admin"]


class User(msgspec.Struct, frozen=True):
    """Somebody who may sign in. Without a password they come by token only."""

    user_id: int
    username: str
    email: str | None
    role: Role
    employee_id: int | None
    full_name: str | None
    departments: list[str]
    is_active: bool
    has_password: bool
    last_used_at: datetime | None
    created_at: datetime


class UserFilters(ListQuery, frozen=True, kw_only=True):
    """Which users."""

    role: list[Role] = []
    employee_id: list[EmployeeId] = []
    is_active: bool | None = None


class Key(msgspec.Struct, frozen=True):
    """An API key, a machine's or somebody's; the key itself is known to its owner alone."""

    key_id: int
    name: str
    role: Role
    employee_id: int | None
    full_name: str | None
    departments: list[str]
    is_live: bool
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime


class KeyFilters(ListQuery, frozen=True, kw_only=True):
    """Which keys; also those that are over, unless `is_live` says."""

    name: list[str] = []
    role: list[Role] = []
    employee_id: list[EmployeeId] = []
    is_live: bool | None = None


_u, _k, _e = users.c, api_keys.c, employees.c
_LIVE = _k.revoked_at.is_(None) & or_(_k.expires_at.is_(None), _k.expires_at > func.now())
_USER_SEEN = (
    select(func.max(last_uses.c.at))
    .where(last_uses.c.subject == func.concat("session:", cast(sessions.c.session_id, String)))
    .where(sessions.c.user_id == _u.user_id)
    .scalar_subquery()
)
_USERS = users.outerjoin(employees, _e.employee_id == _u.employee_id)
_KEYS = api_keys.outerjoin(employees, _e.employee_id == _k.employee_id).outerjoin(
    last_uses, last_uses.c.subject == func.concat("key:", cast(_k.key_id, String))
)
_USER = {
    "full_name": _e.full_name,
    "has_password": _u.password_hash.is_not(None).label("has_password"),
    "last_used_at": _USER_SEEN.label("last_used_at"),
}
_KEY = {"full_name": _e.full_name, "is_live": _LIVE.label("is_live"), "last_used_at": last_uses.c.at}
_USER_COLUMNS = [_USER[name] if name in _USER else _u[name] for name in User.__struct_fields__]
_KEY_COLUMNS = [_KEY[name] if name in _KEY else _k[name] for name in Key.__struct_fields__]


def list_users(conn: Connection, *, query: UserFilters) -> Page[User]:
    """The users that match, one page."""
    where: list[ColumnElement[bool]] = []
    if query.role:
        where.append(_u.role.in_(query.role))
    if query.employee_id:
        where.append(_u.employee_id.in_(query.employee_id))
    if query.is_active is not None:
        where.append(_u.is_active == query.is_active)
    return page(
        conn,
        query=query,
        source=_USERS,
        where=where,
        columns=_USER_COLUMNS,
        order_by={
            "full_name": _e.full_name,
            **{name: _u[name] for name in ("username", "role", "is_active", "created_at")},
        },
        key=_u.user_id,
        make=User,
    )


def find_user(conn: Connection, *, user_id: int) -> User | None:
    """One user, locked until the transaction ends."""
    row = conn.execute(
        select(*_USER_COLUMNS).select_from(_USERS).where(_u.user_id == user_id).with_for_update(of=users)
    ).one_or_none()
    return User(*row) if row else None


def insert_user(conn: Connection, *, facts: Mapping[str, Any]) -> int:
    user_id: int = conn.execute(insert(users).values(**facts).returning(_u.user_id)).scalar_one()
    return user_id


def update_user(conn: Connection, *, user_id: int, facts: Mapping[str, Any]) -> None:
    conn.execute(change(users).where(_u.user_id == user_id).values(**facts))


def list_keys(conn: Connection, *, query: KeyFilters) -> Page[Key]:
    """The API keys that match, one page."""
    where: list[ColumnElement[bool]] = []
    for column, chosen in ((_k.name, query.name), (_k.role, query.role), (_k.employee_id, query.employee_id)):
        if chosen:
            where.append(column.in_(chosen))
    if query.is_live is not None:
        where.append(_LIVE if query.is_live else ~_LIVE)
    return page(
        conn,
        query=query,
        source=_KEYS,
        where=where,
        columns=_KEY_COLUMNS,
        order_by={
            "full_name": _e.full_name,
            **{name: _k[name] for name in ("name", "role", "expires_at", "created_at")},
        },
        key=_k.key_id,
        make=Key,
    )


def find_key(conn: Connection, *, key_id: int) -> Key | None:
    """One key, locked until the transaction ends."""
    row = conn.execute(
        select(*_KEY_COLUMNS).select_from(_KEYS).where(_k.key_id == key_id).with_for_update(of=api_keys)
    ).one_or_none()
    return Key(*row) if row else None


def update_key(conn: Connection, *, key_id: int, facts: Mapping[str, Any]) -> None:
    conn.execute(change(api_keys).where(_k.key_id == key_id).values(**facts))


def live_keys(conn: Connection, *, name: str) -> int:
    """How many keys of that name live; no key is made or changed by anybody else until the transaction ends."""
    conn.execute(text("LOCK TABLE api_keys IN SHARE ROW EXCLUSIVE MODE"))
    found: int = conn.execute(select(func.count()).select_from(api_keys).where(_LIVE, _k.name == name)).scalar_one()
    return found


def is_employee(conn: Connection, *, employee_id: int) -> bool:
    return conn.execute(select(cast(1, BigInteger)).where(_e.employee_id == employee_id)).first() is not None
