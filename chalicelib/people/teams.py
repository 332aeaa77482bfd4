"""Who may write about whom: leads about their own people, and nobody about themselves."""

from collections.abc import Collection
from datetime import date

from sqlalchemy import Connection

from chalicelib.core.auth import HR, Caller
from chalicelib.core.errors import Forbidden
from chalicelib.people import queries

LEADS = frozenset({"supervisor", "duty_lead"})
"""Roles that write about some people only; which roles write about everybody is each route's to declare."""


def check(conn: Connection, *, caller: Caller, employee_ids: Collection[int], today: date) -> None:
    """Forbidden where the caller may not write about one of these people: a lead may about those whose supervisor or
    manager they are on `today`, the site's date, and ask for themselves."""
    if caller.role not in LEADS:
        return
    asked = set(employee_ids) - {caller.employee_id}
    others = queries.outside_team(conn, lead=caller.employee_id, employee_ids=asked, today=today)
    if others:
        raise Forbidden(*(f"employee_id: {one} is not in your team" for one in others))


def decide(conn: Connection, *, caller: Caller, employee_ids: Collection[int], today: date) -> None:
    """`check`, and Forbidden where the caller is one of them: nobody marks, approves, rewards or covers for
    themselves, also where the data says that they are their own supervisor (domain.md, rule 12)."""
    if caller.employee_id in employee_ids:
        raise Forbidden("employee_id: nobody decides about themselves")
    check(conn, caller=caller, employee_ids=employee_ids, today=today)


def decided_by(caller: Caller, said: str | None, *, field: str) -> str:
    """Whom a decision is recorded as: the caller, or whom a machine of HR or an admin says it decides for (the audit
    names the machine as well). Forbidden for anybody else who says a name in `field`."""
    if said is None:
        return caller.name
    if caller.employee_id is not None or caller.role not in HR:
        raise Forbidden(f"{field}: who decides is whoever is signed in; only a machine's key may name a person")
    return said
