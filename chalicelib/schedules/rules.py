"""Where a shift lies in time."""

from dataclasses import dataclass
from datetime import date, time, timedelta

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Placed:
    """A stretch of work on the calendar; times are null on a day off."""

    nominal_date: date
    start_date: date
    start_time: time | None
    stop_date: date
    stop_time: time | None


def place(*, nominal_date: date, start: time | None, stop: time | None, day_start: time) -> Placed:
    """The shift of a nominal date (domain.md, schedules).

    A start before `day_start` falls on the calendar day after the nominal date; a stop at or before the start is on
    the day after the start. Without times it is a day off, on the nominal date itself.
    """
    if start is None or stop is None:
        return Placed(nominal_date, nominal_date, None, nominal_date, None)
    start_date = nominal_date + ONE_DAY if start < day_start else nominal_date
    stop_date = start_date + ONE_DAY if stop <= start else start_date
    return Placed(nominal_date, start_date, start, stop_date, stop)
