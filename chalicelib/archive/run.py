"""The monthly run: in bounded batches, each one transaction with its audit, so that it may be killed anywhere."""

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import date, timedelta

from sqlalchemy import Connection

from chalicelib.archive import queries
from chalicelib.archive.rules import audited_from, first_kept
from chalicelib.core import db
from chalicelib.core.log import job
from chalicelib.core.settings import settings

log = logging.getLogger(__name__)

BATCH = 5_000
LONGEST = timedelta(minutes=9)
"""No batch begins later; Lambda ends the function after fifteen minutes, and the alarm speaks after ten."""

ACTOR = db.Actor("schedule:archive")

Batch = Callable[[Connection], int]
"""Deals with BATCH rows at most, and says how many they were."""


@dataclass
class Archived:
    """How many rows of each table moved, how many entries of the audit were deleted, and how many rows the next run is
    left with."""

    schedules: int = 0
    attendances: int = 0
    audit_log: int = 0
    left: int = 0


def archive(*, today: date) -> Archived:
    """Move what is past its retention to history, and delete the audit that is past its own; `today` is the site's.

    Of two runs at once one ends by itself.
    """
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

    def move(table: str) -> Batch:
        return lambda conn: queries.move(conn, table=table, before=before, most=BATCH, archived_date=today)

    oldest = audited_from(today, settings().audit_months)
    batches = {table: move(table) for table in queries.HISTORIES}
    batches["audit_log"] = lambda conn: queries.forget_audit(conn, until=oldest, most=BATCH)
    for table, batch in batches.items():
        while time.monotonic() < until:
            with db.writing(ACTOR) as conn:
                if not queries.alone(conn):
                    log.info("another run is at work")
                    return
                gone = batch(conn)
            setattr(done, table, getattr(done, table) + gone)
            if gone < BATCH:
                break
