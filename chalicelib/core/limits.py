"""How often somebody may ask: a minute's worth at once, which then comes back evenly; and when they last did."""

import logging
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, TextClause, text

from chalicelib.core import db
from chalicelib.core.errors import TooMany
from chalicelib.core.log import job

log = logging.getLogger(__name__)

MINUTE = timedelta(minutes=1)
SESSIONS_KEPT = timedelta(days=31)


class Asking(msgspec.Struct, frozen=True):
    """Where a request comes from, and how many a minute a caller, or an address of nobody known, may send; 0 is no
    limit."""

    address: str | None = None
    per_caller: int = 0
    per_address: int = 0


ANYWHERE = Asking()
"""From nowhere in particular, and not counted."""


# A rate is the moment from which on its subject owes nothing; each request moves it by its share of the minute, and is
# let in while it is less than a minute away. So one row and one statement keep it exact, whoever else asks meanwhile.
# Nothing is written but for rates while the last use is on record within `noted`.
_COUNTED = """
    WITH found AS ({found}),
    who AS (
        SELECT coalesce(max(rated), :address) AS subject,
               CASE WHEN max(rated) IS NULL THEN CAST(:of_address AS interval)
                    ELSE CAST(:of_caller AS interval) END AS share
        FROM found WHERE good),
    counted AS (
        INSERT INTO request_rates AS r (subject, free_at)
        SELECT subject, now() + share FROM who WHERE share > interval '0' AND subject IS NOT NULL
        ON CONFLICT (subject) DO UPDATE SET free_at = greatest(r.free_at, now()) + (excluded.free_at - now())
        WHERE r.free_at <= now() + interval '1 minute' - (excluded.free_at - now())
        RETURNING 1),
    used AS (
        INSERT INTO last_uses (subject, at) SELECT used, now() FROM found
        WHERE good AND NOT EXISTS (
            SELECT FROM last_uses l WHERE l.subject = found.used AND l.at > now() - CAST(:noted AS interval))
        ON CONFLICT (subject) DO UPDATE SET at = excluded.at)
    SELECT found.*,
           who.share > interval '0' AND who.subject IS NOT NULL AND NOT EXISTS (SELECT FROM counted) AS refused,
           (SELECT extract(epoch FROM r.free_at - now() + who.share) - 60 FROM request_rates r
            WHERE r.subject = who.subject) AS seconds
    FROM who LEFT JOIN found ON found.good"""


def counting(found: str) -> TextClause:
    """The statement that looks somebody up and counts the request at once.

    `found` selects at most one row: the caller's columns, whether they are `good`, whose requests are counted
    together (`rated`) and whose last use it is (`used`).
    """
    return text(_COUNTED.format(found=found))


_NOBODY = counting("SELECT NULL AS rated, NULL AS used, false AS good")


def ask(conn: Connection, statement: TextClause, asking: Asking, *, noted: timedelta, **values: Any) -> Row[Any]:
    """What `statement` finds, all null where that is nobody; TooMany once caller or address has asked enough."""
    given = {
        "address": None if asking.address is None else f"address:{asking.address}",
        "of_caller": share(asking.per_caller),
        "of_address": share(asking.per_address),
        "noted": noted,
    }
    row = conn.execute(statement, values | given).one()
    if row.refused:
        raise TooMany("too many requests in the last minute", seconds=float(row.seconds or 1))
    return row


def count_address(conn: Connection, asking: Asking) -> None:
    """Count a request that no caller is behind; TooMany once its address has sent enough."""
    ask(conn, _NOBODY, asking, noted=MINUTE)


def share(per_minute: int) -> timedelta:
    """A request's share of the minute, rounded down, so that as many as are allowed fit into it."""
    return MINUTE // per_minute if per_minute else timedelta()


def sweep() -> None:
    """Forget rates that nobody owes anything to, and when sessions were used that are long over."""
    with job(log, "forget rates") as outcome, db.writing(db.Actor("schedule:sweep_uploads")) as conn:
        outcome["rates"] = conn.execute(text("DELETE FROM request_rates WHERE free_at < now()")).rowcount
        old = text(
            "DELETE FROM last_uses WHERE subject ~ '^(session|cognito):' AND at < now() - CAST(:kept AS interval)"
        )
        outcome["sessions"] = conn.execute(old, {"kept": SESSIONS_KEPT}).rowcount
