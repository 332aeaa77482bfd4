"""Database users over HTTP: login roles of PostgreSQL for tools that read over the VPN."""

import secrets
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType
from sqlalchemy import Connection

from chalicelib.admin import db_user_queries as queries
from chalicelib.admin.access_queries import is_employee
from chalicelib.admin.db_user_queries import PREFIX, DbUser, DbUserFilters
from chalicelib.core.auth import ADMIN
from chalicelib.core.clock import today
from chalicelib.core.errors import Conflict, Invalid, NotFound
from chalicelib.core.http import Call, Page, Routes
from chalicelib.core.inputs import Day, Email, EmployeeId, Input, Note, given

routes = Routes(__name__, tag="admin")

Name = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9_]{0,39}$(?!\n)",
        description=f"up to 40 small letters, digits and '_'; the role's name is {PREFIX} and this",
    ),
]
Connections = Annotated[int, Meta(ge=1, le=20)]
CONNECTIONS = 3


class NewDbUser(Input, frozen=True, kw_only=True):
    """A reader. The password is good until `valid_until`, that day included, in UTC."""

    username: Name
    employee_id: EmployeeId | None = None
    email: Email | None = None
    connection_limit: Connections = CONNECTIONS
    valid_until: Day | None = None
    notes: Note | None = None


class DbUserChange(Input, frozen=True, kw_only=True):
    """What changes. With `rotate` a new password is said once, and the old one is good no more."""

    email: Email | UnsetType | None = UNSET
    connection_limit: Connections | UnsetType = UNSET
    valid_until: Day | UnsetType | None = UNSET
    notes: Note | UnsetType | None = UNSET
    rotate: bool = False


class WithLogin(msgspec.Struct, frozen=True):
    """A database user, and the password where one was made: nobody can see it again."""

    db_user: DbUser
    password: str | None


@routes.get("/admin/db_users", query=DbUserFilters, answer=Page[DbUser], roles=ADMIN)
def list_database_users(call: Call) -> Page[DbUser]:
    """Login roles of the database, those that are dropped too."""
    with call.reading() as conn:
        return queries.list_db_users(conn, query=call.query)


@routes.post("/admin/db_users", body=NewDbUser, answer=WithLogin, roles=ADMIN, errors=(409,), secret=True)
def create_database_user(call: Call) -> WithLogin:
    """Make a login role that may read, with a password that is said once."""
    with call.writing() as conn:
        return made(conn, msgspec.structs.asdict(call.body))


@routes.put(
    "/admin/db_users/{db_user_id}", body=DbUserChange, answer=WithLogin, roles=ADMIN, errors=(409,), secret=True
)
def change_database_user(call: Call, db_user_id: int) -> WithLogin:
    """Change a login role, or give it another password, which is said once."""
    change: DbUserChange = call.body
    facts = {name: value for name, value in given(change).items() if name != "rotate"}
    with call.writing() as conn:
        return changed(conn, db_user_id, facts, rotate=change.rotate)


@routes.delete("/admin/db_users/{db_user_id}", answer=DbUser, roles=ADMIN)
def drop_database_user(call: Call, db_user_id: int) -> DbUser:
    """Drop a login role and end its connections; what is on record of it stays, as inactive."""
    with call.writing() as conn:
        return dropped(conn, db_user_id)


def made(conn: Connection, facts: Mapping[str, Any]) -> WithLogin:
    """A new reader from what NewDbUser has; Invalid or Conflict where there can be none."""
    facts = {**facts, "username": PREFIX + facts["username"]}
    _check(conn, facts)
    if queries.is_taken(conn, username=facts["username"]):
        raise Conflict(f"username: this server has a role {facts['username']} already")
    db_user_id = queries.insert_db_user(conn, facts=facts)
    return WithLogin(_found(conn, db_user_id), _let_in(conn, _found(conn, db_user_id)))


def changed(conn: Connection, db_user_id: int, facts: Mapping[str, Any], *, rotate: bool) -> WithLogin:
    """A reader as it is to be; one that this server lacks is made again where it gets another password."""
    before = _found(conn, db_user_id)
    if not before.is_active:
        raise Conflict(f"db_user_id: {before.username} was dropped; make another one")
    _check(conn, facts)
    queries.update_db_user(conn, db_user_id=db_user_id, facts=facts)
    after = _found(conn, db_user_id)
    if rotate:
        password = _let_in(conn, after)
        return WithLogin(_found(conn, db_user_id), password)
    if after.is_missing:
        raise Conflict(f"db_user_id: this server has no role {after.username}; with rotate it is made again")
    queries.change_role(
        conn, username=after.username, verifier=None, until=after.valid_until, connections=after.connection_limit
    )
    return WithLogin(after, None)


def dropped(conn: Connection, db_user_id: int) -> DbUser:
    """A reader that is none any more; again, nothing changes."""
    before = _found(conn, db_user_id)
    if before.is_active:
        queries.drop_role(conn, username=before.username)
        queries.update_db_user(conn, db_user_id=db_user_id, facts={"is_active": False})
    return _found(conn, db_user_id)


def _let_in(conn: Connection, user: DbUser) -> str:
    """A password that opens from now on; the role is made where it is missing."""
    password = secrets.token_urlsafe(24)
    verifier = queries.verifier(conn, username=user.username, password=password)
    write = queries.make_role if user.is_missing else queries.change_role
    write(conn, username=user.username, verifier=verifier, until=user.valid_until, connections=user.connection_limit)
    return password


def _check(conn: Connection, facts: Mapping[str, Any]) -> None:
    problems = []
    until: date | None = facts.get("valid_until")
    if until is not None and until < today():
        problems.append(f"valid_until: must be {today()} or later, got {until}")
    person: int | None = facts.get("employee_id")
    if person is not None and not is_employee(conn, employee_id=person):
        problems.append(f"employee_id: {person} is no employee")
    if problems:
        raise Invalid(*problems)


def _found(conn: Connection, db_user_id: int) -> DbUser:
    user = queries.find_db_user(conn, db_user_id=db_user_id)
    if user is None:
        raise NotFound(f"db_user_id: {db_user_id} is no database user")
    return user
