"""Person-days for tests of the figures, written as people say them."""

from datetime import UTC, date, datetime, time
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.reports.person_days import Attendance, Excused, Keys, PersonDay, Stretch
from chalicelib.schedules.instants import Interval, shift_interval
from chalicelib.schedules.rules import place
from tests.schedules.plans import MONDAY, UTC_SITE

LATER = datetime(2027, 1, 1, tzinfo=UTC)
_ids = count(1)


def interval(times: str, day: date = MONDAY, zone: ZoneInfo = UTC_SITE) -> Interval:
    start, stop = (time.fromisoformat(one) for one in times.split("-"))
    found = shift_interval(place(nominal_date=day, start=start, stop=stop, day_start=time()), zone=zone)
    assert found is not None
    return found


def shifts(*said: str, day: date = MONDAY, zone: ZoneInfo = UTC_SITE) -> tuple[Stretch, ...]:
    """`work 08:00-16:00`, or `away_planned` without times."""
    pairs = [one.partition(" ") for one in said]
    return tuple(Stretch(kind, interval(times, day, zone) if times else None) for kind, _, times in pairs)


def moment(clock: str, day: date = MONDAY) -> datetime:
    return datetime.combine(day, time.fromisoformat(clock), UTC)


def attended(came: str | None = None, left: str | None = None, mark: str | None = None, **facts: Any) -> Attendance:
    return Attendance(moment(came) if came else None, moment(left) if left else None, mark, **facts)


def excused(kind: str, times: str) -> tuple[Excused, ...]:
    return (Excused(kind, interval(times)),)


def person_day(
    *said: str,
    came: str | None = None,
    left: str | None = None,
    mark: str | None = None,
    day: date = MONDAY,
    zone: ZoneInfo = UTC_SITE,
    **facts: Any,
) -> PersonDay:
    """A closed day; further facts by their names, those of attendance too."""
    seen = {name: value for name, value in facts.items() if name in Attendance.__slots__}
    made: dict[str, Any] = {"employee_id": next(_ids), "keys": Keys("Support"), "stage": "closed"}
    made |= {name: value for name, value in facts.items() if name not in seen}
    return PersonDay(
        day=day, shifts=shifts(*said, day=day, zone=zone), attendance=attended(came, left, mark, **seen), **made
    )
