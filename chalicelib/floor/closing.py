"""The working day closes: who is scheduled and of whom nothing is recorded was absent (domain.md, rule 11).

In batches, each one transaction, so that a run may be killed anywhere and the next one goes on.
"""

import logging
from datetime import date, datetime, timedelta

from sqlalchemy import Connection

from chalicelib.attendance.rules import last_closed, net_scheduled
from chalicelib.core import db
from chalicelib.core.log import job
from chalicelib.core.settings import settings
from chalicelib.floor import closing_queries as queries
from chalicelib.floor.closing_queries import PersonDay
from chalicelib.schedules.calendar_queries import calendars, hold

log = logging.getLogger(__name__)

ACTOR = db.Actor("schedule:close_day")

BATCH = 500
"""Person-days of one transaction."""

BACK = timedelta(days=35)
"""How far back a run looks: a plan of last month may still be corrected, and a night's run may have failed."""


def close_day(*, now: datetime) -> int:
    """Mark as absent whoever was net scheduled on a closed day and has neither check-in nor mark; how many they were.

    The mark is derived, so whatever anybody says of the day takes its place. Closed months stay as they are.
    """
    last = last_closed(now, zone=settings().timezone, day_close=settings().day_close)
    absent, seen = 0, PersonDay(last - BACK, 0)
    with job(log, "close_day", last=last) as outcome:
        while batch := _unmarked(seen, last):
            with db.writing(ACTOR) as conn:
                absent += _close(conn, batch)
            seen = batch[-1]
        outcome |= {"absent": absent}
    return absent


def _unmarked(after: PersonDay, last: date) -> list[PersonDay]:
    with db.reading() as conn:
        return queries.unmarked(conn, after=after, last=last, most=BATCH)


def _close(conn: Connection, batch: list[PersonDay]) -> int:
    """Judged once the people are held: what was planned, and who said something of the day, may have changed."""
    people = {one.employee_id for one in batch}
    hold(conn, employee_ids=people)
    zone, days = settings().timezone, [one.day for one in batch]
    plans = calendars(conn, employee_ids=people, first=min(days), last=max(days), zone=zone, around=timedelta())
    due = [
        one for one in batch if one.employee_id in plans and net_scheduled(plans[one.employee_id], one.day, zone=zone)
    ]
    return queries.mark_absent(conn, person_days=due)
