"""The monthly run: in bounded batches, each one transaction with its audit, so that it may be killed anywhere."""

import logging
import time
from dataclasses import asdict, dataclass
from datetime import date, timedelta

from chalicelib.archive import queries
from chalicelib.archive.rules import first_kept
from chalicelib.core import db
from chalicelib.core.log import job
from chalicelib.core.settings import settings

log = logging.getLogger(__name__)

BATCH = 5_000
LONGEST = timedelta(minutes=9)
"""No batch begins later; Lambda ends the function after fifteen minutes, and the alarm speaks after ten."""

ACTOR = db.Actor("schedule:archive")


@dataclass
class Archived:
    """How many rows of each table moved, and how many the next run is left with."""

    schedules: int = 0
    attendances: int = 0
    left: int = 0


def archive(*, today: date) -> Archived:
    """Move what is past its retention to history; `today` is the site's. Of two runs at once one ends by itself."""
    before = first_kept(today, settings().retention_months)
    done = Archived()
    with job(log, "archive", before=before) as outcome:
        _in_time(done, before, today)
        with db.reading() as conn:
            done.left = queries.left(conn, before=before)
        outcome |= asdict(done)
    return done


def _in_time(done: Archived, before: date, today: date) -> None:
    until = time.monotonic() + LONGEST.total_seconds()
    for table in queries.HISTORIES:
        while time.monotonic() < until:
            with db.writing(ACTOR) as conn:
                if not queries.alone(conn):
                    log.info("another run is at work")
                    return
                moved = queries.move(conn, table=table, before=before, most=BATCH, archived_date=today)
            setattr(done, table, getattr(done, table) + moved)
            if moved < BATCH:
                break
