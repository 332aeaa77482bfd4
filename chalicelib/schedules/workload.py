"""How much somebody works: rest between shifts, days in a row, hours of a week."""

from datetime import date, datetime, timedelta

import msgspec

from chalicelib.schedules.calendars import BUSY, WORKED, Calendar, Shift
from chalicelib.schedules.instants import Interval, edges, length
from chalicelib.schedules.rules import ONE_DAY


class Rest(msgspec.Struct, frozen=True):
    """The time between a shift and its neighbour on one side."""

    length: timedelta
    neighbour: Shift


def week_of(day: date) -> tuple[date, date]:
    """Monday and Sunday of the ISO week of a nominal date."""
    monday = day - timedelta(days=day.weekday())
    return monday, monday + 6 * ONE_DAY


def week_hours(calendar: Calendar, day: date) -> timedelta:
    """Net scheduled time of the shifts whose nominal dates lie in the week of `day`, wherever their hours do."""
    monday, sunday = week_of(day)
    net = [one for one in calendar.of_class(WORKED) if monday <= one.nominal_date <= sunday]
    return length(one.interval for one in net if one.interval)


def days_in_a_row(calendar: Calendar, day: date) -> list[date]:
    """The unbroken run of nominal dates with work, nesting or training around `day`; empty when it has none."""
    busy = {one.nominal_date for one in calendar.of_class(BUSY)}
    first = last = day
    while first - ONE_DAY in busy:
        first -= ONE_DAY
    while last + ONE_DAY in busy:
        last += ONE_DAY
    return [first + number * ONE_DAY for number in range((last - first).days + 1)] if day in busy else []


def rests(calendar: Calendar, shift: Shift) -> tuple[Rest | None, Rest | None]:
    """The least rest before and after a shift; None where it has no neighbour.

    Counted from the later of scheduled stop and recorded check-out, between any two shifts: one that follows another
    at once leaves no rest. Shifts that overlap are no matter of rest.
    """
    before, after = [], []
    mine = interval_of(shift)
    for other in calendar.of_class(BUSY):
        theirs = interval_of(other)
        if other == shift or mine.meets(theirs):
            continue
        if theirs < mine:
            before.append(Rest(_gap(other, shift), other))
        else:
            after.append(Rest(_gap(shift, other), other))
    return _least(before), _least(after)


def interval_of(shift: Shift) -> Interval:
    """The interval of a timed shift."""
    assert shift.interval is not None
    return shift.interval


def clock_of(shift: Shift) -> Interval:
    """Where the site's clocks show a timed shift: local times, of which an hour comes twice a year."""
    local = edges(shift.placed)
    assert local is not None
    return Interval(*local)


def ended(shift: Shift) -> datetime:
    """When the person was done with it."""
    stop = interval_of(shift).stop
    return max(stop, shift.checked_out or stop)


def _gap(earlier: Shift, later: Shift) -> timedelta:
    return max(interval_of(later).start - ended(earlier), timedelta())


def _least(found: list[Rest]) -> Rest | None:
    return min(found, key=lambda one: one.length, default=None)
