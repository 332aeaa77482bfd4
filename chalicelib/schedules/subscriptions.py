"""Calendar feeds over HTTP: whoever knows the secret address reads somebody's shifts, and nothing else."""

import hashlib
import secrets
from datetime import timedelta

import msgspec

from chalicelib.core.answers import File
from chalicelib.core.auth import HR
from chalicelib.core.clock import now, today
from chalicelib.core.errors import Conflict, NotFound
from chalicelib.core.http import NOBODY, Call, Routes
from chalicelib.core.inputs import Input
from chalicelib.core.settings import settings
from chalicelib.people import teams
from chalicelib.people.queries import find_employee
from chalicelib.schedules import subscription_queries as queries
from chalicelib.schedules.calendar_queries import hold
from chalicelib.schedules.feed import feed

routes = Routes(__name__, tag="schedules")

BEHIND, AHEAD = timedelta(days=30), timedelta(days=120)
SECRET_BYTES = 24
"""More than anybody guesses, so that a fast hash hides it well enough."""
SUFFIX = ".ics"


class Subscription(Input, frozen=True, kw_only=True):
    """Without `revoke` a new address takes the place of the one before."""

    revoke: bool = False


class Address(msgspec.Struct, frozen=True):
    """Where the feed is, said this once; null when it was revoked."""

    employee_id: int
    path: str | None


@routes.post(
    "/employees/{employee_id}/calendar",
    body=Subscription,
    answer=Address,
    status=200,
    roles=HR | teams.LEADS,
    errors=(409,),
    secret=True,
)
def make_calendar(call: Call, employee_id: int) -> Address:
    """Make or revoke the secret address of somebody's calendar feed; the one before is none any more."""
    with call.writing() as conn:
        teams.check(conn, caller=call.caller, employee_ids=[employee_id], now=now())
        hold(conn, employee_ids=[employee_id])
        person = find_employee(conn, employee_id=employee_id)
        if person is None:
            raise NotFound(f"employee_id: {employee_id} is no employee")
        queries.revoke(conn, employee_id=employee_id)
        if call.body.revoke:
            return Address(employee_id, None)
        if person.status == "Inactive":
            raise Conflict(f"employee_id: {employee_id} is inactive and has no calendar")
        # Letters and digits only: every calendar program takes them for part of an address.
        token = secrets.token_hex(SECRET_BYTES)
        queries.add(conn, employee_id=employee_id, secret_hash=_hash(token))
        return Address(employee_id, f"/api/calendar/{token}{SUFFIX}")


@routes.get("/calendar/{file}", files=("text/calendar",), roles=NOBODY)
def get_calendar(call: Call, file: str) -> File:
    """The shifts of whoever this secret address belongs to, as a calendar program fetches them."""
    day = today()
    with call.reading() as conn:
        found = queries.subscriber(conn, secret_hash=_hash(file.removesuffix(SUFFIX)), today=day)
        if found is None or not file.endswith(SUFFIX):
            raise NotFound("file: is no calendar, or none any more")
        employee_id, name = found
        rows = queries.feed_rows(conn, employee_id=employee_id, first=day - BEHIND, last=day + AHEAD)
    ours = settings()
    content = feed(rows, name=f"Shifts of {name}", host=f"{ours.stage}.opsdb", zone=ours.timezone)
    return File(content, "text/calendar; charset=utf-8")


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
