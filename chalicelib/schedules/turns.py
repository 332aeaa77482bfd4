"""When the site's clocks change: where local times and instants part."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec

from chalicelib.schedules.instants import MINUTE
from chalicelib.schedules.rules import ONE_DAY

NOON = time(12)


class Turn(msgspec.Struct, frozen=True):
    """A change of the clocks: when they show `since` they are set to `until`. Forward is a gap, from the one to the
    other, of times that nobody sees."""

    since: datetime
    until: datetime

    @property
    def step(self) -> timedelta:
        return abs(self.until - self.since)


def turns(first: date, last: date, *, zone: ZoneInfo) -> list[Turn]:
    """The changes between two noons in UTC, to the minute."""
    noons = [datetime.combine(first + number * ONE_DAY, NOON, UTC) for number in range((last - first).days + 1)]
    offsets = [_offset(noon, zone) for noon in noons]
    changed = (number for number, (old, new) in enumerate(pairwise(offsets)) if old != new)
    return [_between(noons[number], noons[number + 1], zone) for number in changed]


def _between(before: datetime, after: datetime, zone: ZoneInfo) -> Turn:
    """Halving what lies between them."""
    old, new = _offset(before, zone), _offset(after, zone)
    while after - before > MINUTE:
        middle = before + (after - before) // MINUTE // 2 * MINUTE
        if _offset(middle, zone) == old:
            before = middle
        else:
            after = middle
    moment = after.replace(tzinfo=None)
    return Turn(moment + old, moment + new)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()
