"""What happens when somebody's last day is over: at once where it is told late, else every hour.

One transaction a person, so that a run may be killed anywhere and the next one goes on.
"""

import logging
from datetime import date, datetime

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from chalicelib.core import db
from chalicelib.core.log import job
from chalicelib.people import leaving_queries as queries

log = logging.getLogger(__name__)

ACTOR = db.Actor("schedule:end_employments")

MOST = 500
"""People in one run; the next one goes on."""


def end_employments(*, now: datetime, today: date) -> int:
    """End the employment of everybody whose last day is before `today`, the site's; how many they were.

    Somebody whom the database refuses keeps nobody else from leaving; the run fails in the end, so that it is seen.
    """
    with job(log, "end_employments") as outcome:
        with db.reading() as conn:
            due = queries.due(conn, today=today)
        refused: list[DBAPIError] = []
        for employee_id in due[:MOST]:
            try:
                _end(employee_id, now, today)
            except DBAPIError as error:
                log.exception("an employment did not end", extra={"employee_id": employee_id})
                refused.append(error)
        ended = len(due[:MOST]) - len(refused)
        outcome |= {"ended": ended, "refused": len(refused), "left": len(due) - ended}
        if refused:
            raise refused[0]
    return ended


def _end(employee_id: int, now: datetime, today: date) -> None:
    with db.writing(ACTOR) as conn:
        queries.hold(conn, employee_id=employee_id)
        day = queries.last_day(conn, employee_id=employee_id, today=today)
        if day:
            leave(conn, employee_id=employee_id, day=day, by=ACTOR.name, at=now)


def leave(conn: Connection, *, employee_id: int, day: date, by: str, at: datetime) -> None:
    """Everything that ends with `day`, which is over: status, later shifts, what is asked for, every way in.

    A swap still to come is taken back whole, and a cover they were to work goes back to who gave it. Who works a shift
    of theirs by a cover works it still.
    """
    queries.hold(conn, employee_id=employee_id)
    swaps = queries.swaps_to_come(conn, employee_id=employee_id, day=day)
    undone = queries.take_shifts(conn, employee_id=employee_id, day=day, swaps=swaps)
    queries.cancel_changes(conn, employee_id=employee_id, swaps=swaps, undone=undone, by=by, at=at)
    queries.cancel_pending(conn, employee_id=employee_id, by=by, at=at)
    queries.shut_out(conn, employee_id=employee_id)
    queries.end_employment(conn, employee_id=employee_id, day=day)
