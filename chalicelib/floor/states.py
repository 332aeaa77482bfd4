"""How somebody stands on a working day, as one moment sees it: the states of the floor, and those of the figures."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Literal, get_args
from zoneinfo import ZoneInfo

import msgspec

from chalicelib.attendance.rules import last_closed
from chalicelib.schedules.calendars import AWAY, BUSY, WORKED
from chalicelib.schedules.instants import Interval, hours_within, instant

State = Literal["upcoming", "awaited", "expected", "in", "late", "out", "away", "no_show"]
STATES: tuple[State, ...] = get_args(State)
"""In the order in which a shift goes through them, as far as it does."""

Stand = Literal["present", "unmarked", "absent", "away"]
STANDS: tuple[Stand, ...] = get_args(Stand)

MISSED = ("Absent", "No Show")
"""The marks of whoever should have come and did not."""
LATE = "Late"

AHEAD = timedelta(minutes=15)
"""How long before the start of a shift somebody is awaited."""


class Moment(msgspec.Struct, frozen=True):
    """What a working day is looked at with: the instant, and the site's clock and rules."""

    now: datetime
    zone: ZoneInfo
    grace: timedelta
    day_close: time

    @property
    def clock(self) -> datetime:
        """What the site's clocks show."""
        return self.now.astimezone(self.zone).replace(tzinfo=None)

    @property
    def closed(self) -> date:
        """The newest working day that is closed."""
        return last_closed(self.now, zone=self.zone, day_close=self.day_close)


class Planned(msgspec.Struct, frozen=True):
    """A row of the plan that was not given away, with its effective class; one without times has no interval."""

    work_class: str | None
    interval: Interval | None


class Recorded(msgspec.Struct, frozen=True):
    """What attendance says of the day, in times of the site: nothing, unless said."""

    check_in: datetime | None = None
    check_out: datetime | None = None
    mark: str | None = None
    mark_class: str | None = None
    expected_at: datetime | None = None
    late_minutes: int | None = None

    @property
    def came(self) -> bool:
        """Whether somebody is known to have been there: by a check-in, or a mark of being there."""
        return self.check_in is not None or self.mark_class in BUSY

    @property
    def silent(self) -> bool:
        return self.check_in is None and self.check_out is None and self.mark is None


class WorkingDay(msgspec.Struct, frozen=True):
    """A person's nominal date: the rows of its plan, the hours of it on leave, and what is recorded."""

    day: date
    rows: tuple[Planned, ...]
    on_leave: tuple[time, time] | None = None
    recorded: Recorded = Recorded()


class Standing(msgspec.Struct, frozen=True):
    """How somebody stands; without times on an away day that has none."""

    starts_at: datetime | None
    stops_at: datetime | None
    state: State
    stand: Stand | None


def standing(day: WorkingDay, at: Moment) -> Standing | None:
    """How the person stands at that moment; None where the day asks nothing of them.

    The shift is from the first start to the last stop of what is to be worked (work, nesting, training); hours on leave
    at either end are not. Where nothing is, it is that of the rows somebody is away from. As far as something is
    recorded it counts, whenever that was: of the past we know what is on record today.
    """
    rows = [each for row in day.rows for each in _without_leave(row, day, at.zone)]
    due = [one.interval for one in rows if one.interval and one.work_class in BUSY]
    if not due:
        return _away([one.interval for one in rows if one.work_class in AWAY])
    shift = Interval(min(one.start for one in due), max(one.stop for one in due))
    since = min((one.start for one in _net(day, at.zone)), default=None)
    return Standing(shift.start, shift.stop, _state(day, shift, at), _stand(day, since, at))


def touches(found: Standing, *, first: datetime, last: datetime) -> bool:
    """Whether the shift has any moment from `first` to `last`, both included."""
    return found.starts_at is not None and found.starts_at <= last and (found.stops_at or first) > first


def _state(day: WorkingDay, shift: Interval, at: Moment) -> State:
    """The first of these that is true of somebody with a shift."""
    seen = day.recorded
    if seen.mark_class == "away_planned" or (seen.mark_class == "away_unplanned" and seen.mark not in MISSED):
        return "away"
    if seen.mark in MISSED or (day.day <= at.closed and seen.silent):
        return "no_show"
    if seen.check_out and instant(seen.check_out, zone=at.zone, near=shift.stop) <= at.now:
        return "out"
    if seen.came:
        return "late" if seen.mark == LATE or (seen.late_minutes or 0) > 0 else "in"
    if seen.expected_at and at.now <= instant(seen.expected_at, zone=at.zone, near=shift.start) + at.grace:
        return "expected"
    return "awaited" if at.now >= shift.start - AHEAD else "upcoming"


def _stand(day: WorkingDay, since: datetime | None, at: Moment) -> Stand | None:
    """As the figures count it (domain.md, Figures): None before the first shift of class work or nesting begins, or
    where there is none."""
    seen = day.recorded
    if since is None or since > at.now:
        return None
    if seen.mark_class in AWAY:
        return "away" if seen.mark_class == "away_planned" else "absent"
    if seen.check_in is not None or seen.mark_class in WORKED:
        return "present"
    return "absent" if day.day <= at.closed else "unmarked"


def _away(intervals: list[Interval | None]) -> Standing | None:
    if not intervals:
        return None
    timed = [one for one in intervals if one]
    start, stop = (min(one.start for one in timed), max(one.stop for one in timed)) if timed else (None, None)
    return Standing(start, stop, "away", "away")


def _without_leave(row: Planned, day: WorkingDay, zone: ZoneInfo) -> Iterator[Planned]:
    """The row without the hours on leave at its ends; all of it on leave is a row to be away from."""
    taken = _taken(row, day, zone)
    if row.interval is None or taken is None:
        yield row
    elif taken == row.interval:
        yield Planned("away_planned", row.interval)
    else:
        start = taken.stop if taken.start == row.interval.start else row.interval.start
        stop = taken.start if taken.stop == row.interval.stop else row.interval.stop
        yield Planned(row.work_class, Interval(start, stop))


def _net(day: WorkingDay, zone: ZoneInfo) -> list[Interval]:
    """The shifts of class work or nesting that are not on leave as a whole, as planned."""
    worked = [one for one in day.rows if one.work_class in WORKED]
    return [one.interval for one in worked if one.interval and _taken(one, day, zone) != one.interval]


def _taken(row: Planned, day: WorkingDay, zone: ZoneInfo) -> Interval | None:
    """The hours on leave that fall into a shift."""
    if day.on_leave is None or row.interval is None or row.work_class not in BUSY:
        return None
    start, end = day.on_leave
    return hours_within(row.interval, day=day.day, start=start, end=end, zone=zone)
