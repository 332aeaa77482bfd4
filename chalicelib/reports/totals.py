"""Sums over person-days, from which every rate of domain.md follows; sums of groups add up to the whole's."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from operator import add, attrgetter
from typing import Literal

from chalicelib.reports.person_days import (
    PersonDay,
    begun,
    extra_minutes,
    inside,
    lost_minutes,
    standing,
    untimed_class,
)
from chalicelib.schedules.calendars import WORKED
from chalicelib.schedules.instants import Interval, merged, minutes


@dataclass(frozen=True, slots=True)
class Totals:
    """Whole elapsed minutes, and people counted once for each working day (domain.md, Figures).

    Only shifts that have started are in them. Hours on leave are of the leave's class, so they are gross and not net.
    """

    gross_minutes: int = 0
    """Gross scheduled: timed shifts of any effective class but `off`."""
    gross_people: int = 0
    net_minutes: int = 0
    """Net scheduled: shifts of class work or nesting after leave, exceptions and changes."""
    net_people: int = 0
    present: int = 0
    """Net-scheduled people with a check-in or a work-class mark, unless they are marked as away."""
    unmarked: int = 0
    """Net-scheduled people of whom nothing is recorded, while the working day is open (rule 11)."""
    absent: int = 0
    """Net-scheduled people marked with class away_unplanned, or of whom nothing is recorded once the day is closed."""
    late: int = 0
    """Late arrivals: present people with late minutes."""
    due_minutes: int = 0
    """The part of the net scheduled minutes that is over: all of them once the shifts are."""
    inside_minutes: int = 0
    """Minutes worked within the net schedule."""
    worked_minutes: int = 0
    """Those, and what was worked beyond, without unapproved overtime."""
    training_minutes: int = 0
    planned_minutes: int = 0
    """Minutes of class away_planned, untimed days too."""
    unplanned_minutes: int = 0
    """Minutes of class away_unplanned, and the net minutes of the absent; untimed days too."""
    untimed_minutes: int = 0
    """What untimed away days count: part of the two above, and not of gross."""
    lost_minutes: int = 0
    """Late and early minutes of present people, as far as they fall into net minutes: training is lost already."""

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(*map(add, _values(self), _values(other)))


_values: Callable[[Totals], tuple[int, ...]] = attrgetter(*(one.name for one in fields(Totals)))
_NOTHING = Totals()

Grouping = Literal["department", "supervisor", "batch", "shift", "person", "day", "week", "month"]
Key = tuple[str | int | date | None, ...]
"""The values of a group, in the order of its groupings; weeks are their Mondays and months their first days."""

PERIODS: Mapping[Grouping, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=day.weekday()),
    "month": lambda day: day.replace(day=1),
}
"""The first day of what a day is in."""

VALUES: Mapping[Grouping, Callable[[PersonDay], str | int | date | None]] = {
    "department": lambda row: row.keys.department,
    "supervisor": lambda row: row.keys.supervisor,
    "batch": lambda row: row.keys.batch,
    "shift": lambda row: row.keys.shift,
    "person": lambda row: row.employee_id,
    "day": lambda row: row.day,
    "week": lambda row: PERIODS["week"](row.day),
    "month": lambda row: PERIODS["month"](row.day),
}


def grouped(rows: Iterable[PersonDay], *, by: Sequence[Grouping], now: datetime) -> dict[Key, Totals]:
    """The totals of every group that occurs, in one pass; without groupings everything is under ()."""
    asked = [VALUES[one] for one in by]
    found: dict[Key, Totals] = {}
    for row in rows:
        key = tuple(value(row) for value in asked)
        found[key] = found.get(key, _NOTHING) + totals_of(row, now=now)
    return found


def totals_of(row: PersonDay, *, now: datetime) -> Totals:
    """What one person-day adds at the instant `now`."""
    shifts = list(begun(row, now=now))
    net = merged(interval for work_class, interval in shifts if work_class in WORKED)
    found = _attended(row, net, now=now) if net else _unscheduled(row, now=now)
    return found + _scheduled(shifts, net, now=now) if shifts else found


def _scheduled(shifts: list[tuple[str | None, Interval]], net: list[Interval], *, now: datetime) -> Totals:
    """What the plan says, seen through its layers."""
    net_minutes, spent = minutes(net), Counter[str | None]()
    for work_class, interval in shifts:
        if work_class not in WORKED:
            spent[work_class] += minutes([interval])
    return Totals(
        gross_minutes=net_minutes + spent.total(),
        gross_people=1,
        net_minutes=net_minutes,
        net_people=int(bool(net)),
        due_minutes=minutes(Interval(one.start, min(one.stop, now)) for one in net),
        training_minutes=spent["training"],
        planned_minutes=spent["away_planned"],
        unplanned_minutes=spent["away_unplanned"],
    )


def _attended(row: PersonDay, net: list[Interval], *, now: datetime) -> Totals:
    """What attendance says of somebody who is net scheduled."""
    how, seen, net_minutes = standing(row), row.attendance, minutes(net)
    here = how == "present"
    worked = minutes(inside(row, net, now=now)) if here else 0
    return Totals(
        present=int(here),
        unmarked=int(how == "unmarked"),
        absent=int(how == "absent"),
        late=int(here and seen.late_minutes > 0),
        inside_minutes=worked,
        worked_minutes=worked + extra_minutes(row, here=here, now=now),
        planned_minutes=net_minutes if how == "away" else 0,
        unplanned_minutes=net_minutes if how == "absent" else 0,
        lost_minutes=lost_minutes(row, net, now=now) if here else 0,
    )


def _unscheduled(row: PersonDay, *, now: datetime) -> Totals:
    """What is left of somebody who is not net scheduled: an away day without times, as long as their last shift, and
    approved overtime."""
    away, worked = untimed_class(row), extra_minutes(row, here=False, now=now)
    if away is None and not worked:
        return _NOTHING
    length = row.usual_minutes if away else 0
    return Totals(
        worked_minutes=worked,
        untimed_minutes=length,
        planned_minutes=length if away == "away_planned" else 0,
        unplanned_minutes=length if away == "away_unplanned" else 0,
    )
