"""All SQL on signing in."""

from collections.abc import Collection, Mapping
from datetime import datetime

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from chalicelib.admin.lockout import Attempts
from chalicelib.core.tables import employees, sign_in_attempts, users

_a, _u = sign_in_attempts.c, users.c


class Account(msgspec.Struct, frozen=True):
    """Somebody who may sign in."""

    user_id: int
    username: str
    password_hash: str | None
    role: str
    employee_id: int | None
    departments: list[str]
    is_active: bool


class Known(msgspec.Struct, frozen=True):
    """Whom records name, and what people call them."""

    name: str
    called: str


_COLUMNS = [_u[name] for name in Account.__struct_fields__]

_KNOWN = text(
    """SELECT 'user:' || u.user_id AS name, coalesce(e.full_name, u.username) AS called
    FROM users u LEFT JOIN employees e USING (employee_id)
    UNION ALL SELECT 'key:' || key_id, name FROM api_keys
    ORDER BY name"""
)


def find_account(conn: Connection, *, username: str) -> Account | None:
    """The user of that name, however it is capitalised."""
    row = conn.execute(select(*_COLUMNS).where(func.lower(_u.username) == username.lower())).one_or_none()
    return Account(*row) if row else None


def account_of_email(conn: Connection, *, email: str, role: str) -> Account:
    """The user of an address that somebody has proved to have, in the role that they have from now on.

    Who was none is made one, linked to the employee of that address.
    """
    theirs = select(employees.c.employee_id).where(func.lower(employees.c.company_email) == email).scalar_subquery()
    mine = func.lower(_u.email) == email
    if conn.execute(select(_u.user_id).where(mine).with_for_update()).first() is None:
        new = insert(users).values(username=email, email=email, role=role, employee_id=theirs)
        conn.execute(new.on_conflict_do_nothing(index_elements=[text("lower(email)")]))
    conn.execute(update(users).where(mine, _u.role != role, _u.is_active).values(role=role))
    return Account(*conn.execute(select(*_COLUMNS).where(mine)).one())


def list_known(conn: Connection) -> list[Known]:
    """Users, by the name of the person where they are one of the floor, and keys."""
    return [Known(*row) for row in conn.execute(_KNOWN)]


def has_left(conn: Connection, *, employee_id: int | None) -> bool:
    """Whether that person's last day is over; nobody has left who is no person of the floor."""
    mine = select(employees.c.status).where(employees.c.employee_id == employee_id)
    return conn.execute(mine).scalar() == "Inactive"


def account(conn: Connection, *, user_id: int) -> Account:
    """One user, locked until the transaction ends."""
    return Account(*conn.execute(select(*_COLUMNS).where(_u.user_id == user_id).with_for_update()).one())


def set_password(conn: Connection, *, user_id: int, password_hash: str) -> None:
    conn.execute(update(users).where(_u.user_id == user_id).values(password_hash=password_hash))


def attempts(conn: Connection, *, subjects: Collection[str], now: datetime) -> dict[str, Attempts]:
    """What is on record of each, locked until the transaction ends, so that attempts are heard one by one."""
    rows = [{"subject": one, "failures": 0, "locked_until": now, "last_at": now} for one in sorted(subjects)]
    conn.execute(insert(sign_in_attempts).on_conflict_do_nothing(), rows)
    mine = select(sign_in_attempts).where(_a.subject.in_(subjects)).order_by(_a.subject).with_for_update()
    return {row.subject: Attempts(row.failures, row.locked_until, row.last_at) for row in conn.execute(mine)}


def note(conn: Connection, attempts: Mapping[str, Attempts]) -> None:
    """Put these on record."""
    change = update(sign_in_attempts).where(_a.subject == bindparam("whose"))
    rows = [{"whose": subject, **msgspec.structs.asdict(attempts[subject])} for subject in sorted(attempts)]
    conn.execute(change, rows)


def forget(conn: Connection, *, subjects: Collection[str]) -> None:
    """Clear these."""
    conn.execute(delete(sign_in_attempts).where(_a.subject.in_(subjects)))


def take_back(conn: Connection, *, subject: str, now: datetime) -> None:
    """One failure less, and the next is heard at once."""
    mine = update(sign_in_attempts).where(_a.subject == subject)
    conn.execute(mine.values(failures=func.greatest(_a.failures - 1, 0), locked_until=now))


def forget_before(conn: Connection, *, then: datetime) -> int:
    """Clear what nobody did anything to since; how many."""
    return conn.execute(delete(sign_in_attempts).where(_a.last_at < then)).rowcount
