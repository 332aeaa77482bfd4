"""A person's shifts as an iCalendar feed (RFC 5545), which calendar programs fetch again and again.

Times are instants in UTC: every program reads them without a zone's rules, and the hour that comes twice is never in
doubt. The same rows make the same bytes, so that an ETag works.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec

from chalicelib.schedules.calendars import AWAY
from chalicelib.schedules.instants import shift_interval
from chalicelib.schedules.rules import ONE_DAY, Placed

if TYPE_CHECKING:
    from icalendar import Event

REFRESH = timedelta(hours=1)


class FeedRow(msgspec.Struct, frozen=True):
    """One row of the effective schedule. `updated_at` is when the row or what lies over it last changed."""

    schedule_id: int
    placed: Placed
    work_code: str
    planned_work_code: str
    work_class: str | None
    created_at: datetime
    updated_at: datetime
    department: str | None = None
    given_away: bool = False


def feed(rows: Iterable[FeedRow], *, name: str, host: str, zone: ZoneInfo) -> bytes:
    """The feed's text. `name` is what the calendar is called, `host` makes its events' ids unique in the world.

    Shifts are events, a day away is one that takes no time, and days off and shifts given away are left out: a program
    drops what is no longer there.
    """
    from icalendar import Calendar, vText

    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//opsdb//schedule//EN")
    calendar.add("method", "PUBLISH")
    # The library escapes only what it knows to be text, and would let a name begin lines of its own.
    calendar.add("name", vText(name))
    calendar.add("x-wr-calname", vText(name))
    calendar.add("x-wr-timezone", zone.key)
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for row in _shown(rows):
        calendar.add_component(_event(row, host=host, zone=zone))
    text: bytes = calendar.to_ical()
    return text


def _shown(rows: Iterable[FeedRow]) -> list[FeedRow]:
    """What belongs into the feed, in order; several rows of a day away are one."""
    found: dict[object, FeedRow] = {}
    for row in sorted(rows, key=lambda one: (one.placed.nominal_date, one.schedule_id)):
        if row.work_class in AWAY and not row.given_away:
            found.setdefault(row.placed.nominal_date, row)
        elif row.placed.start_time is not None and not row.given_away and row.work_class != "off":
            found[row.schedule_id] = row
    return list(found.values())


def _event(row: FeedRow, *, host: str, zone: ZoneInfo) -> "Event":
    from icalendar import Event

    event = Event()
    event.add("uid", f"schedule-{row.schedule_id}@{host}")
    event.add("dtstamp", row.updated_at.astimezone(UTC))
    event.add("last-modified", row.updated_at.astimezone(UTC))
    # Grows with every change, as programs expect, without a counter of its own.
    event.add("sequence", max((row.updated_at - row.created_at) // timedelta(seconds=1), 0))
    event.add("summary", row.work_code)
    event.add("description", _described(row, zone))
    interval = None if row.work_class in AWAY else shift_interval(row.placed, zone=zone)
    event.add("dtstart", interval.start if interval else row.placed.nominal_date)
    # An end must lie after the start; without one the event has no length.
    if interval is None or interval.start < interval.stop:
        event.add("dtend", interval.stop if interval else row.placed.nominal_date + ONE_DAY)
    event.add("transp", "OPAQUE" if interval else "TRANSPARENT")
    event.add("categories", [row.work_class or "work"])
    return event


def _described(row: FeedRow, zone: ZoneInfo) -> str:
    placed = row.placed
    times = f"{placed.start_time:%H:%M}-{placed.stop_time:%H:%M} {zone.key}" if placed.start_time else None
    planned = f"planned: {row.planned_work_code}" if row.planned_work_code != row.work_code else None
    return "\n".join(part for part in (times, row.department, planned) if part)
