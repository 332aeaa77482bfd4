"""What a day's coming and going means against the shifts of that day (domain.md, rule 1)."""

from collections.abc import Sequence
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import msgspec

from chalicelib.schedules.calendars import BUSY, WORKED, Calendar
from chalicelib.schedules.instants import Interval, hours_within, instant, instants_of, merged, minutes, without
from chalicelib.schedules.rules import ONE_DAY

STRENGTH = {"derived": 0, "clock": 0, "sheet": 1, "lead": 2}
"""A value gives way to one whose source is at least as strong."""


class Minutes(msgspec.Struct, frozen=True):
    """Whole minutes against the day's shifts; None where nothing can be said."""

    late_minutes: int | None = None
    early_minutes: int | None = None
    overtime_minutes: int | None = None


class Day(msgspec.Struct, frozen=True):
    """What somebody is to work on a nominal date, as instants; excused are the hours of it on leave."""

    shifts: tuple[Interval, ...] = ()
    excused: tuple[Interval, ...] = ()

    @property
    def span(self) -> Interval | None:
        """From the first start to the last stop; None on a day without a shift."""
        return _around(self.shifts)

    @property
    def due(self) -> Interval | None:
        """The same without what is excused at its ends; a day that is excused as a whole is taken as it is."""
        return _around(without(self.shifts, self.excused)) or self.span


class Limits(msgspec.Struct, frozen=True):
    """How many minutes are still on time, and from how many staying on is overtime."""

    grace: int
    overtime: int


def day_of(calendar: Calendar, day: date, *, zone: ZoneInfo, classes: frozenset[str] = BUSY) -> Day:
    """The effective shifts of a nominal date that somebody must be there for, training too unless `classes` say
    otherwise, and the hours on leave."""
    shifts = [one.interval for one in calendar.of_class(classes) if one.nominal_date == day and one.interval]
    hours = [one.hours for one in calendar.layers if one.in_force and one.hours and one.covers(day)]
    excused = [
        found
        for shift in shifts
        for start, end in hours
        if (found := hours_within(shift, day=day, start=start, end=end, zone=zone))
    ]
    return Day(tuple(shifts), tuple(excused))


def net_scheduled(calendar: Calendar, day: date, *, zone: ZoneInfo) -> bool:
    """Whether any time of class work or nesting is left of the nominal date after leave, exceptions and changes."""
    found = day_of(calendar, day, zone=zone, classes=WORKED)
    return bool(without(found.shifts, found.excused))


def last_closed(now: datetime, *, zone: ZoneInfo, day_close: time) -> date:
    """The newest working day that is closed: each closes at `day_close` of the day after it (domain.md, rule 11)."""
    local = now.astimezone(zone)
    return local.date() - ONE_DAY * (1 if local.time() >= day_close else 2)


def came(clock: time, *, day: date, span: Interval | None, zone: ZoneInfo) -> datetime:
    """Local date and time of a check-in of nominal date `day`: of that date and its neighbours, whichever is nearest
    the shift's start; the nominal date itself where they are as near, or there is no shift."""
    own, before, after = (datetime.combine(each, clock) for each in (day, day - ONE_DAY, day + ONE_DAY))
    if span is None:
        return own
    start = span.start
    return min((own, before, after), key=lambda one: abs(instant(one, zone=zone, near=start) - start))


def left(clock: time, *, day: date, since: datetime | None, span: Interval | None, zone: ZoneInfo) -> datetime:
    """Local date and time of a check-out: the next `clock` after the check-in `since`, else after the shift's start,
    else on the nominal date."""
    if since is None and span is None:
        return datetime.combine(day, clock)
    after = since or (span.start.astimezone(zone).replace(tzinfo=None) if span else datetime.combine(day, clock))
    found = datetime.combine(after.date(), clock)
    return found if found > after else found + ONE_DAY


def worked_out(
    day: Day, *, check_in: datetime | None, check_out: datetime | None, limits: Limits, zone: ZoneInfo
) -> Minutes:
    """Late, early and overtime minutes; `check_in` and `check_out` are local.

    Late is the scheduled time before coming, early that after leaving, hours on leave in neither. Overtime is what was
    stayed after the last shift: coming early is none by itself.
    """
    span = day.span
    if span is None:
        return Minutes()
    came_at = instant(check_in, zone=zone, near=span.start) if check_in else None
    left_at = _left_at(check_out, came_at, span, zone) if check_out else None
    due = without(day.shifts, day.excused)
    late = early = overtime = None
    if came_at is not None:
        late = _beyond(minutes(_before(due, came_at)), limits.grace)
    if left_at is not None:
        early = _beyond(minutes(_after(due, left_at)), limits.grace)
        since = max(span.stop, came_at or span.stop)
        stayed = minutes([Interval(since, left_at)])
        overtime = stayed if stayed >= limits.overtime else 0
    return Minutes(late, early, overtime)


def _around(intervals: Sequence[Interval]) -> Interval | None:
    found = merged(intervals)
    return Interval(found[0].start, found[-1].stop) if found else None


def gives_way(old: str | None, new: str) -> bool:
    """Whether a value from source `old` (None: there is none) is replaced by one from `new`."""
    return old is None or STRENGTH[new] >= STRENGTH[old]


def _left_at(check_out: datetime, came_at: datetime | None, span: Interval, zone: ZoneInfo) -> datetime:
    """In the repeated hour the occurrence nearest the last stop, of those that are after coming."""
    found = instants_of(check_out, zone=zone) or (instant(check_out, zone=zone),)
    after = [one for one in found if came_at is None or one > came_at] or found[-1:]
    return min(after, key=lambda one: abs(one - span.stop))


def _beyond(found: int, grace: int) -> int:
    return found if found > grace else 0


def _before(due: Sequence[Interval], moment: datetime) -> list[Interval]:
    return [Interval(one.start, min(one.stop, moment)) for one in due]


def _after(due: Sequence[Interval], moment: datetime) -> list[Interval]:
    return [Interval(max(one.start, moment), one.stop) for one in due]
