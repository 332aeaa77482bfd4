"""Who may write about whom: leads about their own people, and nobody about themselves."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from chalicelib.core import db
from chalicelib.core.auth import HR, Caller
from chalicelib.core.errors import Forbidden
from chalicelib.core.settings import settings
from chalicelib.people import team_queries as queries

LEADS = frozenset({"supervisor", "duty_lead"})
"""Roles that write about some people only; which roles write about everybody is each route's to declare."""


def check(conn: Connection, *, caller: Caller, employee_ids: Collection[int], now: datetime) -> None:
    """Forbidden where the caller may not write about one of these people.

    A lead may ask for themselves, and write about those whose supervisor or manager they are today at the site, or
    for whose lead they stand in; a duty lead also about whoever works in their departments, from an hour before the
    shift until an hour after it. What is written in another's place is audited as that.
    """
    if caller.role not in LEADS:
        return
    zone = settings().timezone
    standings = queries.standings(
        conn,
        lead=caller.employee_id,
        departments=caller.departments if caller.role == "duty_lead" else (),
        employee_ids=set(employee_ids) - {caller.employee_id},
        today=now.astimezone(zone).date(),
        now=now,
        zone=zone,
    )
    if others := [one for one, standing in standings.items() if standing is None]:
        reach = "in your team, nor at work in your departments now" if caller.departments else "in your team"
        raise Forbidden(*(f"employee_id: {one} is not {reach}" for one in others))
    if acting := {standing for standing in standings.values() if standing} - {queries.OWN}:
        db.acting(conn, ", ".join(sorted(acting)))


def decide(conn: Connection, *, caller: Caller, employee_ids: Collection[int], now: datetime) -> None:
    """`check`, and Forbidden where the caller is one of them: nobody marks, approves, rewards or covers for
    themselves, also where the data says that they are their own supervisor (domain.md, rule 12)."""
    if caller.employee_id in employee_ids:
        raise Forbidden("employee_id: nobody decides about themselves")
    check(conn, caller=caller, employee_ids=employee_ids, now=now)


def decided_by(caller: Caller, said: str | None, *, field: str) -> str:
    """Whom a decision is recorded as: the caller, or whom a machine of HR or an admin says it decides for (the audit
    names the machine as well). Forbidden for anybody else who says a name in `field`."""
    if said is None:
        return caller.name
    if caller.employee_id is not None or caller.role not in HR:
        raise Forbidden(f"{field}: who decides is whoever is signed in; only a machine's key may name a person")
    return said
