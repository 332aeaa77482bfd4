"""Who may sign in, over HTTP."""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType
from sqlalchemy import Connection

from chalicelib.admin import access, passwords
from chalicelib.admin import access_queries as queries
from chalicelib.admin.access_queries import Role, User, UserFilters
from chalicelib.core import sessions
from chalicelib.core.auth import ADMIN
from chalicelib.core.errors import Invalid, NotFound
from chalicelib.core.http import Call, Page, Routes
from chalicelib.core.inputs import Email, EmployeeId, Input, Text, given

routes = Routes(__name__, tag="admin")

Username = Annotated[
    str,
    Meta(
        pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,99}$(?!\n)",
        description="up to 100 letters, digits, '.', '_' and '-', beginning with a letter or digit",
    ),
]
Password = Annotated[str, Meta(min_length=1, max_length=passwords.LONGEST)]

ENDS_SESSIONS = frozenset({"role", "is_active", "password_hash"})
"""What changes of these, the user signs in anew."""


class NewUser(Input, frozen=True, kw_only=True):
    """Somebody who may sign in. Without `password` one is made up and said once; null is for who comes by token."""

    username: Username
    email: Email | None = None
    role: Role = "viewer"
    employee_id: EmployeeId | None = None
    departments: list[Text] = []
    password: Password | UnsetType | None = UNSET


class UserChange(Input, frozen=True, kw_only=True):
    """What changes. With `reset_password` a new one is made up and said once."""

    username: Username | UnsetType = UNSET
    email: Email | UnsetType | None = UNSET
    role: Role | UnsetType = UNSET
    employee_id: EmployeeId | UnsetType | None = UNSET
    departments: list[Text] | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET
    password: Password | UnsetType | None = UNSET
    reset_password: bool = False


class WithPassword(msgspec.Struct, frozen=True):
    """A user, and the password where one was made up: nobody can see it again."""

    user: User
    password: str | None


@routes.get("/admin/users", query=UserFilters, answer=Page[User], roles=ADMIN)
def list_users(call: Call) -> Page[User]:
    """Who may sign in."""
    with call.reading() as conn:
        return queries.list_users(conn, query=call.query)


@routes.post("/admin/users", body=NewUser, answer=WithPassword, roles=ADMIN, errors=(409,), secret=True)
def create_user(call: Call) -> WithPassword:
    """Let somebody sign in; a password that is made up is said once."""
    new: NewUser = call.body
    made_up = passwords.generated() if new.password is UNSET else None
    facts = {name: getattr(new, name) for name in ("username", "email", "role", "employee_id")}
    facts["departments"] = sorted(set(new.departments))
    with call.writing() as conn:
        _check(conn, facts, new.password or None, username=new.username)
        facts["password_hash"] = _hash(made_up or new.password or None)
        return WithPassword(_found(conn, queries.insert_user(conn, facts=facts)), made_up)


@routes.put("/admin/users/{user_id}", body=UserChange, answer=WithPassword, roles=ADMIN, errors=(409,), secret=True)
def change_user(call: Call, user_id: int) -> WithPassword:
    """Change a user. Another role or password, and being shut out, end their sessions; the last admin stays one."""
    change: UserChange = call.body
    facts = {name: value for name, value in given(change).items() if name not in {"password", "reset_password"}}
    made_up = passwords.generated() if change.reset_password else None
    with call.writing() as conn:
        before = _found(conn, user_id)
        facts |= access.of(before, facts)
        _check(conn, facts, change.password or None, username=facts.get("username", before.username))
        if made_up or change.password is not UNSET:
            facts["password_hash"] = _hash(made_up or change.password or None)
        _change(conn, before, facts)
        return WithPassword(_found(conn, user_id), made_up)


@routes.delete("/admin/users/{user_id}", answer=User, roles=ADMIN, errors=(409,))
def deactivate_user(call: Call, user_id: int) -> User:
    """Shut a user out, at once; they stay on record, and can be let in again."""
    with call.writing() as conn:
        _change(conn, _found(conn, user_id), {"is_active": False})
        return _found(conn, user_id)


def _check(conn: Connection, facts: Mapping[str, object], password: object, *, username: str) -> None:
    described = {name: facts[name] for name in ("role", "employee_id", "departments")}
    problems = access.problems(conn, **described)  # type: ignore[arg-type]
    if isinstance(password, str):
        problems += passwords.problems(password, username=username)
    if problems:
        raise Invalid(*problems)


def _hash(password: object) -> str | None:
    return passwords.hashed(password) if isinstance(password, str) else None


def _change(conn: Connection, before: User, facts: dict[str, object]) -> None:
    facts = {name: value for name, value in facts.items() if getattr(before, name, UNSET) != value}
    if facts:
        queries.update_user(conn, user_id=before.user_id, facts=facts)
    if facts.keys() & ENDS_SESSIONS:
        sessions.end_all(conn, user_id=before.user_id)


def _found(conn: Connection, user_id: int) -> User:
    user = queries.find_user(conn, user_id=user_id)
    if user is None:
        raise NotFound(f"user_id: {user_id} is no user")
    return user
