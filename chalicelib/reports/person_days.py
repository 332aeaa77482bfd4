"""What one person's working day is made of, as the figures look at it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from chalicelib.schedules.calendars import AWAY, BUSY, WORKED
from chalicelib.schedules.instants import MINUTE, Interval, common, merged, minutes, without

USUAL_MINUTES = 8 * 60
"""What an untimed away day counts where the person has no earlier shift (domain.md, Figures: recorded shrinkage)."""


@dataclass(frozen=True, slots=True)
class Keys:
    """What reports group by: the assignment of the nominal date, and the batch of the employment."""

    department: str | None = None
    supervisor: str | None = None
    batch: str | None = None
    shift: str | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time of one class. Of a shift that is the effective class, so one that was given away is `off` to its giver;
    `interval` is None where the row has no times."""

    work_class: str | None
    interval: Interval | None


@dataclass(frozen=True, slots=True)
class Excused:
    """Leave of some hours, already cut to the shift that it takes them from, and the class of its work code."""

    layer_class: str | None
    interval: Interval


@dataclass(frozen=True, slots=True)
class Attendance:
    """What is recorded of the day: instants, the main mark's class, and the minutes of rule 1 (0 where unknown)."""

    check_in: datetime | None = None
    check_out: datetime | None = None
    mark_class: str | None = None
    late_minutes: int = 0
    early_minutes: int = 0
    overtime_minutes: int = 0
    overtime_approved: bool = False


@dataclass(frozen=True, slots=True)
class PersonDay:
    """A person on a nominal date: one for each that has a row of the plan or of attendance.

    The shifts are either timed or one away day or day off without times, as the plan has them; those that were given
    away may stand beside. `stage` is of the working day: `ahead` until its date begins at the site, `closed` by rule
    11, else `open`. `usual_minutes` is the length of the person's last timed shift before the date.
    """

    employee_id: int
    day: date
    keys: Keys
    shifts: tuple[Stretch, ...] = ()
    excused: tuple[Excused, ...] = ()
    attendance: Attendance = Attendance()
    stage: Literal["ahead", "open", "closed"] = "open"
    usual_minutes: int = USUAL_MINUTES


Standing = Literal["present", "unmarked", "absent", "away"]


def standing(row: PersonDay) -> Standing:
    """How somebody who is net scheduled stands. A mark of being away outweighs a check-in: Sick is never present.

    `away` is planned leave that only attendance knows of.
    """
    mark = row.attendance.mark_class
    if mark in AWAY:
        return "away" if mark == "away_planned" else "absent"
    if mark in WORKED or row.attendance.check_in is not None:
        return "present"
    return "absent" if row.stage == "closed" else "unmarked"


def begun(row: PersonDay, *, now: datetime) -> Iterator[tuple[str | None, Interval]]:
    """The timed shifts that have started, but for `off`, as classes and intervals; hours on leave have the leave's."""
    for shift in row.shifts:
        if shift.interval is None or shift.work_class == "off" or shift.interval.start > now:
            continue
        taken = row.excused if shift.work_class in BUSY else ()
        if not taken and shift.interval.start < shift.interval.stop:
            yield shift.work_class, shift.interval  # as almost every shift of a year's report
            continue
        whole = [shift.interval]
        for rest in without(whole, [one.interval for one in taken]) if taken else merged(whole):
            yield shift.work_class, rest
        for leave in taken:
            yield from ((leave.layer_class, part) for part in common(whole, [leave.interval]))


def untimed_class(row: PersonDay) -> str | None:
    """The class of an away day without times, once its date has begun; None if it is none."""
    if row.stage == "ahead":
        return None
    return next((one.work_class for one in row.shifts if one.interval is None and one.work_class in AWAY), None)


def inside(row: PersonDay, net: list[Interval], *, now: datetime) -> list[Interval]:
    """The part of `net`, the day's net scheduled time, that somebody who is present has worked by now.

    Without a check-in the late minutes say when they came, without a check-out the early ones when they left: nobody is
    taken to have left before the last shift's end otherwise.
    """
    seen = row.attendance
    start = seen.check_in or net[0].start + seen.late_minutes * MINUTE
    stop = min(seen.check_out or net[-1].stop - seen.early_minutes * MINUTE, now)
    return common([Interval(start, stop)], net) if start < stop else []


def lost_minutes(row: PersonDay, net: list[Interval], *, now: datetime) -> int:
    """The late and early minutes that fall into `net`, the day's net scheduled time.

    They are of all the time that somebody must be there for, training too (rule 1): the first minutes of it and the
    last. What falls into training is none here, since training counts as shrinkage already.
    """
    late, early = row.attendance.late_minutes, row.attendance.early_minutes
    busy = merged(interval for work_class, interval in begun(row, now=now) if work_class in BUSY)
    if not late + early or busy == net:
        return min(late + early, minutes(net))
    kept = _cut(_cut(busy, late * MINUTE), early * MINUTE, behind=True)
    return minutes(net) - minutes(common(net, kept))


def _cut(intervals: list[Interval], off: timedelta, *, behind: bool = False) -> list[Interval]:
    """What is left of them without their first (or, from behind, their last) moments."""
    found = []
    for one in reversed(intervals) if behind else intervals:
        taken = min(off, one.length)
        off -= taken
        found.append(Interval(one.start, one.stop - taken) if behind else Interval(one.start + taken, one.stop))
    return found


def extra_minutes(row: PersonDay, *, here: bool, now: datetime) -> int:
    """Minutes worked after the day's last shift, or without any: approved overtime as it is recorded, else what lies
    beyond the shift for somebody who is `here` less the overtime that nobody approved. Coming early never counts."""
    seen = row.attendance
    end = max((one.interval.stop for one in row.shifts if one.interval and one.work_class in BUSY), default=None)
    approved = seen.overtime_minutes if seen.overtime_approved and seen.mark_class not in AWAY else 0
    if end is None:
        return approved if row.stage != "ahead" else 0
    if approved:
        return min(approved, _after(end, now))
    if not here or seen.check_out is None:
        return 0
    came = max(end, seen.check_in or end)
    return max(_after(came, min(seen.check_out, now)) - seen.overtime_minutes, 0)


def _after(end: datetime, moment: datetime) -> int:
    return minutes([Interval(end, moment)])
