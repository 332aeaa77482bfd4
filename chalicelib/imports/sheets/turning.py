"""Where local times may mislead: SQL compares them, the engine compares instants.

What is looked at in a sheet must hold all that the engine might find, so around a change of the clocks comparisons of
local times have some slack: each edge of a shift lies off by one step of the clocks at most.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, text

from chalicelib.core.settings import settings
from chalicelib.schedules.calendar_queries import AROUND
from chalicelib.schedules.limits import limits
from chalicelib.schedules.rules import ONE_DAY
from chalicelib.schedules.turns import turns

Turning = dict[str, Any]
"""What the SQL below takes, by the names of its parameters."""

SLACK = """CASE WHEN {0}.nominal_date = ANY(CAST(:turning AS date[])) THEN CAST(:slack AS interval)
    ELSE interval '0' END"""
MISSING = """
    JOIN unnest(CAST(:since AS timestamp[]), CAST(:until AS timestamp[])) AS gap (since, until)
    ON ({0}.starts >= gap.since AND {0}.starts < gap.until OR {0}.stops >= gap.since AND {0}.stops < gap.until)"""


def turning(conn: Connection) -> Turning:
    """The changes of the clocks around the dates of `incoming`, and the nominal dates that they may matter to."""
    first, last = conn.execute(text("SELECT min(nominal_date), max(nominal_date) FROM incoming")).one()
    found = turns(first - AROUND, last + AROUND, zone=settings().timezone) if first else []
    slack = 2 * max((one.step for one in found), default=timedelta())
    reach = (limits().rest + slack) // ONE_DAY + 3
    return {
        "turning": [one.since.date() + number * ONE_DAY for one in found for number in range(-reach, reach + 1)],
        "slack": slack,
        "since": [one.since for one in found],
        "until": [one.until for one in found],
    }
