"""All SQL on signing in."""

from collections.abc import Collection, Mapping
from datetime import datetime

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from chalicelib.admin.lockout import Attempts
from chalicelib.core.tables import sign_in_attempts, users

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


_COLUMNS = [_u[name] for name in Account.__struct_fields__]


def find_account(conn: Connection, *, username: str) -> Account | None:
    """The user of that name, however it is capitalised."""
    row = conn.execute(select(*_COLUMNS).where(func.lower(_u.username) == username.lower())).one_or_none()
    return Account(*row) if row else None


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
