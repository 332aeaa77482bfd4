"""From dates and times of the site to instants: shifts as half-open intervals, and sums over them.

Python subtracts two datetimes of one zone by the clock on the wall, so everything here is in UTC as soon as it can be.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec

from chalicelib.schedules.rules import ONE_DAY, Placed

MINUTE = timedelta(minutes=1)


class Interval(msgspec.Struct, frozen=True, order=True):
    """[start, stop) between two instants in UTC; empty when they are the same."""

    start: datetime
    stop: datetime

    @property
    def length(self) -> timedelta:
        return self.stop - self.start

    def meets(self, other: "Interval") -> bool:
        """Whether they share any moment; touching is not sharing, and an empty one shares nothing."""
        return max(self.start, other.start) < min(self.stop, other.stop)


def instants_of(local: datetime, *, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The instants at which the site's clocks show `local`: one, two in the repeated hour, none in the missing one."""
    return _instants(local, zone)


@lru_cache(maxsize=8192)
def _instants(local: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    found = {local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return tuple(sorted(one for one in found if one.astimezone(zone).replace(tzinfo=None) == local))


def instant(local: datetime, *, zone: ZoneInfo, near: datetime | None = None) -> datetime:
    """The instant that `local` means.

    In the repeated hour that is the occurrence nearest to `near`, the edge of the shift it belongs to (the first of
    them without one). A time in the missing hour moves forward by what is missing, as PostgreSQL and calendar programs
    have it; `missing` tells.
    """
    found = instants_of(local, zone=zone)
    if not found:
        return local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    return min(found, key=lambda one: abs(one - near)) if near else found[0]


def missing(local: datetime, *, zone: ZoneInfo) -> bool:
    """Whether the site's clocks never show this time."""
    return not instants_of(local, zone=zone)


def edges(placed: Placed) -> tuple[datetime, datetime] | None:
    """Local start and stop; None on a day off."""
    if placed.start_time is None or placed.stop_time is None:
        return None
    return datetime.combine(placed.start_date, placed.start_time), datetime.combine(placed.stop_date, placed.stop_time)


def shift_interval(placed: Placed, *, zone: ZoneInfo) -> Interval | None:
    """The shift as instants; None on a day off.

    Each edge in the repeated hour is the occurrence nearest to the other edge, so that no shift is longer than its
    times say because of it, and shifts that follow each other by the clock do so as instants. One that ends within the
    hour after the missing one may come out empty.
    """
    return _interval(placed, zone)


# A floor has few different shifts: a thousand calendars of a month are 30,000 rows and a hundredth of that in here.
@lru_cache(maxsize=8192)
def _interval(placed: Placed, zone: ZoneInfo) -> Interval | None:
    local = edges(placed)
    if local is None:
        return None
    starts, stops = (instants_of(one, zone=zone) or (instant(one, zone=zone),) for one in local)
    meant = [Interval(start, stop) for start in starts for stop in stops if start <= stop]
    return min(meant, key=lambda one: (one.length, one.start), default=Interval(starts[0], starts[0]))


def warnings(placed: Placed, *, zone: ZoneInfo) -> list[str]:
    """What people should know of a shift whose times the clocks never show."""
    local = edges(placed) or ()
    return [
        f"{field}: {one:%H:%M} does not exist on {one:%Y-%m-%d} at the site, since the clocks go forward; "
        f"it is taken as {instant(one, zone=zone).astimezone(zone):%H:%M}"
        for field, one in zip(("start_time", "stop_time"), local, strict=False)
        if missing(one, zone=zone)
    ]


def day_interval(day: date, *, zone: ZoneInfo) -> Interval:
    """The calendar day at the site, from its midnight to the next: 23 to 25 hours."""
    first, last = (instant(datetime.combine(one, time()), zone=zone) for one in (day, day + ONE_DAY))
    return Interval(first, last)


def hours_within(shift: Interval, *, day: date, start: time, end: time, zone: ZoneInfo) -> Interval | None:
    """What hours of a nominal date (an appointment, half a day) take from a shift of that date; None if nothing.

    An end at or before the start is on the next day. A night shift has hours after midnight too, so those that miss
    the shift on its nominal date are looked for on the day after.
    """
    for first in (day, day + ONE_DAY):
        last = first + ONE_DAY if end <= start else first
        placed = Placed(nominal_date=day, start_date=first, start_time=start, stop_date=last, stop_time=end)
        hours = shift_interval(placed, zone=zone)
        if hours and hours.meets(shift):
            return Interval(max(hours.start, shift.start), min(hours.stop, shift.stop))
    return None


def merged(intervals: Iterable[Interval]) -> list[Interval]:
    """The same moments as few intervals, in order, that neither meet nor touch."""
    found: list[Interval] = []
    for one in sorted(each for each in intervals if each.start < each.stop):
        if found and one.start <= found[-1].stop:
            found[-1] = Interval(found[-1].start, max(found[-1].stop, one.stop))
        else:
            found.append(one)
    return found


def common(some: Iterable[Interval], others: Iterable[Interval]) -> list[Interval]:
    """The moments that lie in both."""
    theirs = merged(others)
    return [
        Interval(max(one.start, other.start), min(one.stop, other.stop))
        for one in merged(some)
        for other in theirs
        if one.meets(other)
    ]


def without(some: Iterable[Interval], others: Iterable[Interval]) -> list[Interval]:
    """The moments of `some` that do not lie in `others`."""
    theirs = merged(others)
    if not theirs:
        return merged(some)
    return [rest for one in merged(some) for rest in _remains(one, [each for each in theirs if each.meets(one)])]


def _remains(one: Interval, taken: Sequence[Interval]) -> list[Interval]:
    """What is left of `one` beside `taken`, which is merged and meets it."""
    ends = [one.start, *(edge for each in taken for edge in (each.start, each.stop)), one.stop]
    return [Interval(start, stop) for start, stop in list(pairwise(ends))[::2] if start < stop]


def length(intervals: Iterable[Interval]) -> timedelta:
    """Elapsed time in them; a moment that lies in several counts once."""
    return sum((one.length for one in merged(intervals)), timedelta())


def minutes(intervals: Iterable[Interval]) -> int:
    """Whole elapsed minutes in them."""
    return length(intervals) // MINUTE
