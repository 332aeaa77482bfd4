"""Closed months over HTTP."""

from datetime import date

from sqlalchemy import Connection

from chalicelib.attendance.rules import last_closed
from chalicelib.core.auth import ADMIN
from chalicelib.core.clock import now
from chalicelib.core.errors import Conflict, NotFound
from chalicelib.core.http import Call, Page, Routes
from chalicelib.core.inputs import FIRST_DAY, LAST_DAY, ListQuery
from chalicelib.core.settings import settings
from chalicelib.floor import closing_queries as queries
from chalicelib.floor.closing_queries import Adjustment, Period
from chalicelib.schedules.rules import ONE_DAY

routes = Routes(__name__, tag="attendance")


@routes.get("/periods", query=ListQuery, answer=Page[Period])
def list_periods(call: Call) -> Page[Period]:
    """Closed months, and how much was corrected in each since."""
    with call.reading() as conn:
        return queries.list_periods(conn, query=call.query)


@routes.post("/periods/{month}/close", answer=Period, roles=ADMIN, errors=(404, 409))
def close_period(call: Call, month: str) -> Period:
    """Close a month whose last day is closed: from now on only an admin corrects its schedules, attendances, leave and
    exceptions, and each correction is an adjustment."""
    first = _month(month)
    last = _last_day(first)
    closed = last_closed(now(), zone=settings().timezone, day_close=settings().day_close)
    if last > closed:
        raise Conflict(f"month: {month} can be closed once {last} is, at {settings().day_close:%H:%M} of the day after")
    with call.writing() as conn:
        if not queries.close_month(conn, month=first, by=call.caller.name):
            raise Conflict(f"month: {month} is closed already")
        return _found(conn, first)


@routes.get("/periods/{month}/adjustments", query=ListQuery, answer=Page[Adjustment], errors=(404,))
def list_adjustments(call: Call, month: str) -> Page[Adjustment]:
    """What was corrected in a month after it was closed, each row as it was and as it is."""
    first = _month(month)
    with call.reading() as conn:
        _found(conn, first)
        return queries.list_adjustments(conn, month=first, query=call.query)


def _found(conn: Connection, first: date) -> Period:
    found = queries.find_period(conn, month=first)
    if found is None:
        raise NotFound(f"month: {first:%Y-%m} is not closed")
    return found


def _month(said: str) -> date:
    """The first day of YYYY-MM; anything else names no month."""
    try:
        first = date.fromisoformat(f"{said}-01") if len(said) == len("2026-01") else None
    except ValueError:
        first = None
    if first is None or not FIRST_DAY <= first <= LAST_DAY:
        raise NotFound(f"month: must be YYYY-MM, got {said[:40]!r}")
    return first


def _last_day(first: date) -> date:
    return (first + 31 * ONE_DAY).replace(day=1) - ONE_DAY
