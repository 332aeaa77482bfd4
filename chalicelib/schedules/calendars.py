"""People's calendars as the rules see them, and as they would be after a cover or a swap."""

from datetime import date, datetime, time
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from chalicelib.schedules.instants import Interval, hours_within, shift_interval
from chalicelib.schedules.rules import Placed

WORKED = frozenset({"work", "nesting"})
"""Classes of net scheduled time."""
BUSY = WORKED | {"training"}
"""Classes of days and hours after which somebody needs rest."""
AWAY = frozenset({"away_planned", "away_unplanned"})


class Person(msgspec.Struct, frozen=True):
    """Who somebody is on the day that is judged, by the assignment of that day."""

    employee_id: int
    name: str
    status: str = "Active"
    hire_date: date | None = None
    last_day: date | None = None
    department: str | None = None
    tier: int | None = None
    phases: tuple[date | None, date | None, date | None] = (None, None, None)


class Shift(msgspec.Struct, frozen=True):
    """One row of the plan. `work_class` is the planned code's: what the layers make of it is the calendar's to say.

    `department` is that of the person it was planned for; `interval` is None on a day off.
    """

    schedule_id: int | None
    placed: Placed
    interval: Interval | None
    work_code: str
    work_class: str | None
    department: str | None = None
    given_away: bool = False
    checked_out: datetime | None = None

    @property
    def nominal_date(self) -> date:
        return self.placed.nominal_date

    @classmethod
    def at(cls, placed: Placed, *, zone: ZoneInfo, work_code: str, work_class: str | None) -> "Shift":
        """A shift that is proposed; `replace` says what else is known of it."""
        return cls(None, placed, shift_interval(placed, zone=zone), work_code, work_class)


class Layer(msgspec.Struct, frozen=True):
    """Leave or an exception over some nominal dates, both included; hours on leave of less than a day.

    `in_force` once approved or processed; one that is not is live all the same: it waits for a decision.
    """

    source: Literal["leave", "exception"]
    source_id: int | None
    kind: str
    layer_class: str | None
    start_date: date
    end_date: date
    in_force: bool
    hours: tuple[time, time] | None = None

    def covers(self, day: date) -> bool:
        return self.start_date <= day <= self.end_date

    @property
    def absence(self) -> bool:
        """Whether it stands in `absences`, where a person's never overlap."""
        return self.source == "leave" or self.layer_class in AWAY


class Calendar(msgspec.Struct, frozen=True):
    """A person with the rows of their plan and the live layers over it, around the dates that are judged."""

    person: Person
    shifts: tuple[Shift, ...] = ()
    layers: tuple[Layer, ...] = ()

    def timed(self) -> list[Shift]:
        """Every stretch of time the person is planned for, whatever lies over it."""
        return [one for one in self.shifts if one.interval is not None and not one.given_away]

    def of_class(self, classes: frozenset[str]) -> list[Shift]:
        """The timed shifts whose effective class is one of these."""
        return [one for one in self.timed() if effective_class(one, self.layers) in classes]

    def on(self, day: date) -> list[Shift]:
        """The rows of a nominal date, days off too."""
        return [one for one in self.shifts if one.nominal_date == day and not one.given_away]

    def with_shift(self, shift: Shift) -> "Calendar":
        return replace(self, shifts=_ordered((*self.shifts, shift)))

    def without_shift(self, schedule_id: int) -> "Calendar":
        return replace(self, shifts=tuple(one for one in self.shifts if one.schedule_id != schedule_id))

    def shift(self, schedule_id: int) -> Shift:
        return next(one for one in self.shifts if one.schedule_id == schedule_id)


def effective_class(shift: Shift, layers: tuple[Layer, ...]) -> str | None:
    """The class that holds, as the view `effective_schedules` has it: leave of whole days lies over exceptions, both
    over the plan, and a day off stays one."""
    if shift.given_away:
        return "off"
    over = [one for one in layers if one.in_force and one.hours is None and one.covers(shift.nominal_date)]
    if shift.work_class == "off" or not over:
        return shift.work_class
    return min(over, key=lambda one: one.source == "exception").layer_class


def away(shift: Shift, layers: tuple[Layer, ...], *, zone: ZoneInfo) -> list[Layer]:
    """The layers in force that keep somebody from this shift; leave of some hours does where the hours meet it."""
    return [
        one
        for one in layers
        if one.in_force and one.absence and one.covers(shift.nominal_date) and _takes(one, shift, zone)
    ]


def _takes(layer: Layer, shift: Shift, zone: ZoneInfo) -> bool:
    if layer.hours is None or shift.interval is None:
        return True
    start, end = layer.hours
    return hours_within(shift.interval, day=shift.nominal_date, start=start, end=end, zone=zone) is not None


def after_cover(giver: Calendar, taker: Calendar, *, schedule_id: int) -> tuple[Calendar, Calendar]:
    """Both calendars once `taker` works that shift of `giver`. It keeps its id, so that a finding can name the row."""
    shift = replace(giver.shift(schedule_id), checked_out=None)
    return giver.without_shift(schedule_id), taker.with_shift(shift)


def after_swap(one: Calendar, other: Calendar, *, schedule_ids: tuple[int, int]) -> tuple[Calendar, Calendar]:
    """Both calendars once each works the other's shift, of one date or of two; twice is as if never."""
    first, second = after_cover(one, other, schedule_id=schedule_ids[0])
    second, first = after_cover(second, first, schedule_id=schedule_ids[1])
    return first, second


def stands_aside(calendar: Calendar, shift: Shift) -> list[Shift]:
    """The days off that must be given away together with a change that brings this shift, since a nominal date holds
    either timed rows or one untimed row."""
    return [one for one in calendar.on(shift.nominal_date) if one.interval is None and one.work_class == "off"]


def _ordered(shifts: tuple[Shift, ...]) -> tuple[Shift, ...]:
    return tuple(
        sorted(
            shifts,
            key=lambda one: (
                one.nominal_date,
                one.placed.start_date,
                one.placed.start_time or time(),
                one.schedule_id or 0,
            ),
        )
    )
