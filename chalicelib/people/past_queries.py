"""SQL on what people were: archived employees, assignments and employments over time; and on looking for them."""

from datetime import date, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from sqlalchemy import Connection, text

from chalicelib.core.http import Page
from chalicelib.core.inputs import EmployeeId, Input, ListQuery
from chalicelib.core.paging import page
from chalicelib.core.tables import assignments, employees_history, employments


class Archived(msgspec.Struct, frozen=True):
    """An employee as they were when they were moved to history, and how many shifts to come went along."""

    history_id: int
    employee_id: int
    full_name: str
    company_email: str | None
    batch: str | None
    supervisor: str | None
    manager: str | None
    department: str | None
    role: str | None
    shift: str | None
    tier: int | None
    hire_date: date | None
    status: str
    attrition_date: date | None
    archived_date: date
    reason: str | None
    future_shifts: int
    restored_at: datetime | None


class HistoryFilters(ListQuery, frozen=True, kw_only=True):
    """Which archived people; those brought back are left out unless asked for."""

    employee_id: list[EmployeeId] = []
    department: list[str] = []
    restored: bool = False


class Assignment(msgspec.Struct, frozen=True):
    """Where somebody belonged from `valid_from` until the day before `valid_to`; the current one has no end.

    A supervisor or manager whose name was one employee's is linked by id.
    """

    assignment_id: int
    employee_id: int
    valid_from: date
    valid_to: date | None
    supervisor: str | None
    supervisor_id: int | None
    manager: str | None
    manager_id: int | None
    department: str | None
    role: str | None
    shift: str | None
    tier: int | None


class Employment(msgspec.Struct, frozen=True):
    """One stay, from the day of hire to the last day, both included."""

    employment_id: int
    employee_id: int
    hire_date: date
    last_day: date | None
    reason: str | None
    batch: str | None


class Search(Input, frozen=True, kw_only=True):
    """What to look for: a name in any order, an e-mail address, an id or a login; accents and typos are forgiven."""

    q: Annotated[
        str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00]*\S[^\x00]*$", description="what to look for")
    ]
    limit: Annotated[int, Meta(ge=1, le=100, description="people at most")] = 20


class Match(msgspec.Struct, frozen=True):
    """Somebody who was found; `score` is 1 for a perfect match."""

    employee_id: int
    full_name: str
    company_email: str | None
    ruex_id: str | None
    department: str | None
    supervisor: str | None
    batch: str | None
    status: str
    score: float


class Matches(msgspec.Struct, frozen=True):
    """Those found, best first."""

    data: list[Match]


_h = employees_history.c
_HISTORY: dict[str, Any] = {"future_shifts": text("jsonb_array_length(future_schedule)")}


def list_history(conn: Connection, *, query: HistoryFilters) -> Page[Archived]:
    """The archived people that match, one page, the latest first."""
    where = [] if query.restored else [_h.restored_at.is_(None)]
    if query.employee_id:
        where.append(_h.employee_id.in_(query.employee_id))
    if query.department:
        where.append(_h.department.in_(query.department))
    return page(
        conn,
        query=query,
        source=employees_history,
        where=where,
        columns=[_HISTORY[name] if name in _HISTORY else _h[name] for name in Archived.__struct_fields__],
        order_by={"archived_date": _h.archived_date, "full_name": _h.full_name, "employee_id": _h.employee_id},
        key=_h.history_id,
        make=Archived,
    )


def list_assignments(conn: Connection, *, employee_id: int, query: ListQuery) -> Page[Assignment]:
    """Somebody's assignments, the first one first."""
    return _of_person(conn, assignments, employee_id, query, Assignment, "valid_from", "assignment_id")


def list_employments(conn: Connection, *, employee_id: int, query: ListQuery) -> Page[Employment]:
    """Somebody's employments, the first one first."""
    return _of_person(conn, employments, employee_id, query, Employment, "hire_date", "employment_id")


def _of_person(
    conn: Connection, table: Any, employee_id: int, query: ListQuery, make: Any, since: str, key: str
) -> Page[Any]:
    return page(
        conn,
        query=query,
        source=table,
        where=[table.c.employee_id == employee_id],
        columns=[table.c[name] for name in make.__struct_fields__],
        order_by={since: table.c[since]},
        key=table.c[key],
        make=make,
    )


def is_known(conn: Connection, *, employee_id: int) -> bool:
    """Whether somebody of this id was ever here."""
    found = conn.execute(text("SELECT 1 FROM people WHERE employee_id = :id"), {"id": employee_id})
    return found.first() is not None


_WORDS = "searchable(full_name, first_name, last_name, ruex_id, company_email, agent_id, axonify_id)"
_SOUGHT = "replace(folded(:sought), '''', '')"
_HELD = f"{_WORDS} LIKE '%' || folded(:like) || '%'"
FAR = 0.7
"""Who is less like what was typed than this share of the best is not who was meant."""

_SEARCH = text(
    f"""SELECT employee_id, full_name, company_email, ruex_id, department, supervisor, batch, status,
           round(CAST(score AS numeric), 3)::float
    FROM (SELECT *, max(score) OVER () AS best FROM (
        SELECT e.*, {_HELD} AS held, CASE
            WHEN e.employee_id = :number OR lower(:q) IN (lower(e.agent_id), lower(e.axonify_id), lower(e.ruex_id),
                                                          lower(e.company_email), lower(e.access_card)) THEN 1
            ELSE word_similarity({_SOUGHT}, {_WORDS}) END AS score
        FROM employees e
        WHERE e.employee_id = :number OR {_HELD} OR {_SOUGHT} <% {_WORDS}
    ) alike) found
    WHERE held OR score >= {FAR} * best
    ORDER BY score DESC, status <> 'Active', similarity(folded(:q), folded(full_name)) DESC, full_name, employee_id
    LIMIT :limit"""
)


def search(conn: Connection, *, query: Search) -> list[Match]:
    """The people who match, best first; those who are there before those who left."""
    q = " ".join(query.q.replace(",", " ").split())
    given = {"q": q, "sought": _own_part(q), "like": _literally(q), "number": _number(q), "limit": query.limit}
    return [Match(*row) for row in conn.execute(_SEARCH, given)]


def _own_part(q: str) -> str:
    """What of an address is somebody's own: everybody shares the domain, and would be likened to it."""
    return q.partition("@")[0].strip() or q


def _number(q: str) -> int | None:
    return int(q) if q.isascii() and q.isdigit() and len(q) <= 18 else None


def _literally(q: str) -> str:
    """`q` for LIKE, where it shall mean itself."""
    for sign in ("\\", "%", "_"):
        q = q.replace(sign, "\\" + sign)
    return q
