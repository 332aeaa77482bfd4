"""The dates that a report is about, as they look at one moment."""

from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from chalicelib.attendance.rules import last_closed
from chalicelib.schedules.rules import ONE_DAY

NEAR = timedelta(days=2)
"""A working day's shifts and its coming and going lie within so many days of its date, a third one left out."""


class Span(msgspec.Struct, frozen=True):
    """Nominal dates `first` to `last`, both included, at the instant `now`."""

    first: date
    last: date
    now: datetime
    zone: ZoneInfo
    day_close: time

    @property
    def clock(self) -> datetime:
        """What the site's clocks show now."""
        return self.now.astimezone(self.zone).replace(tzinfo=None)

    @property
    def today(self) -> date:
        return self.clock.date()

    @property
    def closed(self) -> date:
        """The newest working day that is closed."""
        return last_closed(self.now, zone=self.zone, day_close=self.day_close)

    def days(self) -> list[date]:
        return [self.first + number * ONE_DAY for number in range((self.last - self.first).days + 1)]

    def changing(self) -> list[date]:
        """The days near which the site's clocks change: only there do local times differ by other than elapsed time."""
        return [day for day in self.days() if len({self._offset(day + number * ONE_DAY) for number in _AROUND}) > 1]

    def stage(self, day: date) -> Literal["ahead", "open", "closed"]:
        """`ahead` until the date begins at the site, `closed` by rule 11, else `open`."""
        if day > self.today:
            return "ahead"
        return "closed" if day <= self.closed else "open"

    def _offset(self, day: date) -> timedelta | None:
        return datetime.combine(day, time(), self.zone).utcoffset()


_AROUND = range(-NEAR.days, NEAR.days + 2)
