"""Where a shift lies in time."""

from datetime import date, datetime, time, timedelta

import msgspec

from chalicelib.core.errors import Invalid

ONE_DAY = timedelta(days=1)
UNTIMED = frozenset({"off", "away_planned", "away_unplanned"})
"""Classes of work codes that need no times."""


class Placed(msgspec.Struct, frozen=True):
    """A stretch of work on the calendar; times are null on a day off."""

    nominal_date: date
    start_date: date
    start_time: time | None
    stop_date: date
    stop_time: time | None


def place(*, nominal_date: date, start: time | None, stop: time | None, day_start: time) -> Placed:
    """The shift of a nominal date (domain.md, schedules).

    A start before `day_start` falls on the calendar day after the nominal date; a stop at or before the start is on
    the day after the start. Without times it is a day off, on the nominal date itself.
    """
    if start is None or stop is None:
        return Placed(nominal_date, nominal_date, None, nominal_date, None)
    start_date = nominal_date + ONE_DAY if start < day_start else nominal_date
    stop_date = start_date + ONE_DAY if stop <= start else start_date
    return Placed(nominal_date, start_date, start, stop_date, stop)


def nominal_date_of(*, start_date: date, start: time | None, day_start: time) -> date:
    """The nominal date of a shift that starts then: what `place` undoes."""
    return start_date - ONE_DAY if start is not None and start < day_start else start_date


def times_problem(*, work_code: str, work_class: str | None, timed: bool) -> str | None:
    """What is wrong about a row of this class having times, or none; None when nothing is."""
    if timed and work_class == "off":
        return f"start_time: a day off ({work_code}) has no times"
    if not timed and work_class not in UNTIMED:
        return f"start_time: is required, since {work_code} is a shift and not a day off"
    return None


def entry_problem(*, origin: str, given_away: bool, change_id: int | None) -> str | None:
    """Why a row is not to be edited by hand; None when it is its person's own plan."""
    if origin != "change" and not given_away:
        return None
    if change_id is None:
        return "schedule_id: is a day off that makes room for an exception's shift: revert that exception instead"
    return f"schedule_id: changed hands by change {change_id}: cancel change {change_id} instead"


def span(said: str) -> tuple[datetime, datetime]:
    """FROM and TO in `2026-10-05T22:00,2026-10-06T06:00`, local to the site; Invalid unless TO is after FROM."""
    try:
        first, last = (datetime.fromisoformat(one) for one in said.split(","))
    except ValueError as error:
        raise Invalid(f"overlaps: {error}, got {said[:80]!r}") from None
    if last <= first:
        raise Invalid(f"overlaps: TO must be after FROM, got {said[:80]!r}")
    return first, last
