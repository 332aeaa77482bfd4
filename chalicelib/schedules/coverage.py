"""Who is needed and who is there, interval by interval and department by department.

People are counted by their share of an interval: somebody who starts in its middle is half a person there. So the sums
over a day are the scheduled hours whatever the interval's length, and an hour is the mean of its halves.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import msgspec

from chalicelib.schedules.erlang import Load, Target, headcount
from chalicelib.schedules.instants import MINUTE, Interval, day_interval, instants_of

QUARTER = 15
"""Minutes: rows and intervals begin on a quarter of an hour."""
HALF_HOUR = 30 * MINUTE
HOUR = 60 * MINUTE


class Stretch(msgspec.Struct, frozen=True):
    """Somebody of a department, net scheduled or present for that long; one person's do not overlap."""

    department: str | None
    interval: Interval


class Requirement(msgspec.Struct, frozen=True):
    """People required from a local time on, for as long as the rows of that day are apart."""

    department: str
    start: time
    required: int


class Forecast(msgspec.Struct, frozen=True):
    """Calls that arrive in the row's time, and the average handling time of one."""

    department: str
    start: time
    calls: Fraction
    handling_seconds: Fraction


class Cell(msgspec.Struct, frozen=True):
    """One interval of one department. `required` is None where nobody said; `present` is of the part that is over, and
    None before it has begun."""

    interval: Interval
    department: str | None
    required: int | None
    scheduled: float
    present: float | None

    @property
    def gap(self) -> float | None:
        """How many are missing from the schedule; negative where more are scheduled than required."""
        return None if self.required is None else round(self.required - self.scheduled, 2)


Key = tuple[str | None, int]
"""A department, and the number of an interval within the day."""


def coverage(
    day: date,
    *,
    zone: ZoneInfo,
    minutes: int,
    scheduled: Iterable[Stretch],
    present: Iterable[Stretch],
    required: Mapping[Key, int],
    now: datetime,
) -> list[Cell]:
    """The day's intervals in order, each with every department that occurs; see `required_on` for `required`."""
    cells = intervals_of(day, zone=zone, minutes=minutes)
    planned, there = _time_in(cells, scheduled), _time_in(cells, present)
    departments = sorted({department for department, _ in (*planned, *there, *required)}, key=_last_if_none)
    return [
        Cell(
            cell,
            department,
            required.get((department, number)),
            _share(planned[department, number], cell.length),
            _share(there[department, number], min(cell.stop, now) - cell.start) if cell.start < now else None,
        )
        for number, cell in enumerate(cells)
        for department in departments
    ]


def intervals_of(day: date, *, zone: ZoneInfo, minutes: int) -> list[Interval]:
    """The calendar day at the site in pieces of so many elapsed minutes: 46, 48 or 50 half-hours."""
    whole, step = day_interval(day, zone=zone), minutes * MINUTE
    count = -(-whole.length // step)
    starts = [whole.start + number * step for number in range(count)]
    return [Interval(start, min(start + step, whole.stop)) for start in starts]


def required_on(
    day: date,
    *,
    zone: ZoneInfo,
    minutes: int,
    requirements: Sequence[Requirement],
    forecasts: Sequence[Forecast],
    target: Target,
) -> dict[Key, int]:
    """The people required in each interval: what was given, else what the forecast needs; `minutes` are quarter hours.

    An interval longer than the rows takes the highest of them: an hour is covered only if its busier half is. In the
    repeated hour each row counts twice, since a sheet has one line for both; rows of the missing hour do not count.
    """
    cells = intervals_of(day, zone=zone, minutes=QUARTER)
    given = _spread(cells, day, zone, [(one.department, one.start, one.required) for one in requirements])
    seconds = {name: span // timedelta(seconds=1) for name, span in _spans(forecasts).items()}
    needed = [(one.department, one.start, headcount(_load(one, seconds[one.department]), target)) for one in forecasts]
    # Quarter by quarter, so that a requirement for one half of an hour says nothing of the other.
    found: dict[Key, int] = {}
    for (department, number), people in (_spread(cells, day, zone, needed) | given).items():
        key = department, number * QUARTER // minutes
        found[key] = max(people, found.get(key, 0))
    return found


def presence(
    shift: Interval, *, check_in: datetime | None, check_out: datetime | None, marked: bool, now: datetime
) -> Interval | None:
    """The part of a net scheduled shift that somebody was there for, up to now; None if no part.

    `marked` is a mark of class work, which stands for a check-in at the start where there is none. Nobody is taken to
    have left before they check out or the shift ends.
    """
    if check_in is None and not marked:
        return None
    start = max(check_in or shift.start, shift.start)
    stop = min(check_out or shift.stop, shift.stop, now)
    return Interval(start, stop) if start < stop else None


def _load(forecast: Forecast, seconds: int) -> Load:
    return Load(forecast.calls, forecast.handling_seconds, seconds)


def _spans(rows: Iterable[Requirement | Forecast]) -> dict[str, timedelta]:
    """How long each department's rows last: as long as the closest two are apart, at most an hour; a single row is a
    half-hour."""
    starts_by_department: dict[str, set[datetime]] = defaultdict(set)
    for one in rows:
        starts_by_department[one.department].add(datetime.combine(date.min, one.start))
    return {
        department: min((HOUR, *(later - one for one, later in pairwise(sorted(starts)))))
        if len(starts) > 1
        else HALF_HOUR
        for department, starts in starts_by_department.items()
    }


def _spread(
    cells: Sequence[Interval], day: date, zone: ZoneInfo, rows: Sequence[tuple[str, time, int]]
) -> dict[Key, int]:
    """The highest of the rows that meet each interval."""
    spans = _spans([Requirement(*row) for row in rows])
    found: dict[Key, int] = {}
    for department, start, people in rows:
        for first in instants_of(datetime.combine(day, start), zone=zone):
            for number in _touched(cells, Interval(first, first + spans[department])):
                found[department, number] = max(people, found.get((department, number), 0))
    return found


def _time_in(cells: Sequence[Interval], stretches: Iterable[Stretch]) -> defaultdict[Key, timedelta]:
    """How much of the stretches lies in each interval; the many that are the same are looked at once."""
    found: defaultdict[Key, timedelta] = defaultdict(timedelta)
    for one, people in Counter(stretches).items():
        for number in _touched(cells, one.interval):
            inside = min(one.interval.stop, cells[number].stop) - max(one.interval.start, cells[number].start)
            found[one.department, number] += people * inside
    return found


def _touched(cells: Sequence[Interval], interval: Interval) -> range:
    """The numbers of the intervals that this one meets; all but the last are equally long."""
    step = cells[0].length
    first = max((interval.start - cells[0].start) // step, 0)
    last = min(-(-(interval.stop - cells[0].start) // step), len(cells))
    return range(first, last) if interval.start < interval.stop else range(0)


def _share(inside: timedelta, whole: timedelta) -> float:
    return round(inside / whole, 2)


def _last_if_none(department: str | None) -> tuple[bool, str]:
    return department is None, department or ""
