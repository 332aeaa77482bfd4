"""All SQL on database users: their rows, and the roles that the doorkeeper's functions make for them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, func, insert, select, text
from sqlalchemy import update as change

from chalicelib.core.http import Page
from chalicelib.core.inputs import EmployeeId, ListQuery
from chalicelib.core.paging import page
from chalicelib.core.tables import db_users, employees

PREFIX = "opsdb_ro_"
"""Of every role that is made here, and of no other."""


class DbUser(msgspec.Struct, frozen=True):
    """A login role of PostgreSQL that may read. `is_missing`: this server has no such role, as after a restore
    elsewhere; rotating makes it again."""

    db_user_id: int
    username: str
    employee_id: int | None
    full_name: str | None
    email: str | None
    is_active: bool
    is_missing: bool
    connection_limit: int
    valid_until: date | None
    notes: str | None
    created_at: datetime


class DbUserFilters(ListQuery, frozen=True, kw_only=True):
    """Which database users."""

    employee_id: list[EmployeeId] = []
    is_active: bool | None = None


_d, _e = db_users.c, employees.c
_ROLE = select(text("1")).select_from(text("pg_roles")).where(text("rolname = db_users.username")).correlate(db_users)
_SOURCE = db_users.outerjoin(employees, _e.employee_id == _d.employee_id)
_MORE = {"full_name": _e.full_name, "is_missing": (_d.is_active & ~_ROLE.exists()).label("is_missing")}
_COLUMNS = [_MORE[name] if name in _MORE else _d[name] for name in DbUser.__struct_fields__]


def list_db_users(conn: Connection, *, query: DbUserFilters) -> Page[DbUser]:
    """The database users that match, one page."""
    where: list[ColumnElement[bool]] = []
    if query.employee_id:
        where.append(_d.employee_id.in_(query.employee_id))
    if query.is_active is not None:
        where.append(_d.is_active == query.is_active)
    return page(
        conn,
        query=query,
        source=_SOURCE,
        where=where,
        columns=_COLUMNS,
        order_by={
            "full_name": _e.full_name,
            **{name: _d[name] for name in ("username", "valid_until", "is_active", "created_at")},
        },
        key=_d.db_user_id,
        make=DbUser,
    )


def find_db_user(conn: Connection, *, db_user_id: int) -> DbUser | None:
    """One database user, locked until the transaction ends."""
    mine = select(*_COLUMNS).select_from(_SOURCE).where(_d.db_user_id == db_user_id).with_for_update(of=db_users)
    row = conn.execute(mine).one_or_none()
    return DbUser(*row) if row else None


def find_named(conn: Connection, *, username: str) -> int | None:
    """The id of the reader with that role name."""
    return conn.execute(select(_d.db_user_id).where(_d.username == username)).scalar()


def insert_db_user(conn: Connection, *, facts: Mapping[str, Any]) -> int:
    db_user_id: int = conn.execute(insert(db_users).values(**facts).returning(_d.db_user_id)).scalar_one()
    return db_user_id


def update_db_user(conn: Connection, *, db_user_id: int, facts: Mapping[str, Any]) -> None:
    if facts:
        conn.execute(change(db_users).where(_d.db_user_id == db_user_id).values(**facts))


def verifier(conn: Connection, *, username: str, password: str) -> str:
    """What PostgreSQL keeps of a password; with that instead of the password, no log of the server can have it."""
    from psycopg2.extensions import encrypt_password

    made: str = encrypt_password(password, username, conn.connection.dbapi_connection, "scram-sha-256")
    return made


def make_role(conn: Connection, *, username: str, verifier: str, until: date | None, connections: int) -> None:
    """Make the role, in this transaction; the name must be free on the whole server."""
    conn.execute(select(func.opsdb_roles.make_login(username, verifier, until, connections)))


def change_role(conn: Connection, *, username: str, verifier: str | None, until: date | None, connections: int) -> None:
    """The password stays where no verifier is given."""
    conn.execute(select(func.opsdb_roles.change_login(username, verifier, until, connections)))


def drop_role(conn: Connection, *, username: str) -> None:
    """End its connections and drop it, if it is there."""
    conn.execute(select(func.opsdb_roles.drop_login(username)))


def is_taken(conn: Connection, *, username: str) -> bool:
    """Whether the server has such a role, maybe of another database."""
    found = conn.execute(text("SELECT FROM pg_roles WHERE rolname = :name"), {"name": username})
    return found.first() is not None
