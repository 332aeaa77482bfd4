"""Calendars for tests of the rules: a person, and shifts written as people say them."""

from datetime import date, time, timedelta
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from chalicelib.schedules.calendars import Calendar, Layer, Person, Shift
from chalicelib.schedules.rules import place

MADRID, NEW_YORK, UTC_SITE = ZoneInfo("Europe/Madrid"), ZoneInfo("America/New_York"), ZoneInfo("UTC")
MONDAY = date(2026, 10, 5)
TUESDAY, WEDNESDAY, THURSDAY, FRIDAY, SATURDAY, SUNDAY = (MONDAY + timedelta(days=number) for number in range(1, 7))

CLASSES = {
    "REG": "work",
    "NIGHT": "work",
    "TRAIN": "training",
    "NEST": "nesting",
    "OFF": "off",
    "VACATION": "away_planned",
}
_ids = count(1_000_000)
"""Beyond those that tests give themselves."""


def shift(day: date, times: str | None, code: str = "REG", *, zone: ZoneInfo = UTC_SITE, **facts: Any) -> Shift:
    """`22:00-06:00` on a nominal date; no times make a day off."""
    start, stop = (time.fromisoformat(one) for one in times.split("-")) if times else (None, None)
    placed = place(nominal_date=day, start=start, stop=stop, day_start=time())
    made = Shift.at(placed, zone=zone, work_code=code, work_class=CLASSES[code])
    return replace(made, **{"schedule_id": next(_ids), **facts})


def calendar(name: str, *rows: Shift | Layer, **facts: Any) -> Calendar:
    person = Person(sum(map(ord, name)), name, **facts)
    found = Calendar(person, layers=tuple(one for one in rows if isinstance(one, Layer)))
    for row in rows:
        if isinstance(row, Shift):
            found = found.with_shift(row)
    return found


def leave(first: date, last: date | None = None, **facts: Any) -> Layer:
    """Approved vacation."""
    made = Layer("leave", 7, "Vacation", "away_planned", first, last or first, in_force=True)
    return replace(made, **facts)


def exception(kind: str, layer_class: str, first: date, last: date | None = None, **facts: Any) -> Layer:
    """A processed exception."""
    made = Layer("exception", 8, kind, layer_class, first, last or first, in_force=True)
    return replace(made, **facts)
