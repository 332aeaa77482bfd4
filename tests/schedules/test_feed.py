"""Calendar feeds, as a calendar program reads them."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as some
from icalendar import Calendar
from msgspec.structs import replace

from chalicelib.schedules.feed import FeedRow, feed
from chalicelib.schedules.rules import place
from tests.schedules.plans import MADRID, MONDAY, NEW_YORK, TUESDAY

MADE = datetime(2026, 9, 1, 8, tzinfo=UTC)


def row(day: date, times: str | None = "09:00-17:00", **facts: Any) -> FeedRow:
    start, stop = (time.fromisoformat(one) for one in times.split("-")) if times else (None, None)
    placed = place(nominal_date=day, start=start, stop=stop, day_start=time())
    made = FeedRow(1, placed, "REG", "REG", "work", created_at=MADE, updated_at=MADE)
    return replace(made, **facts)


def text(*rows: FeedRow, name: str = "Shifts of Ada", zone: ZoneInfo = MADRID) -> bytes:
    return feed(rows, name=name, host="opsdb.example", zone=zone)


def read(*rows: FeedRow, zone: ZoneInfo = MADRID) -> list[Any]:
    """The feed's events, read back."""
    found = Calendar.from_ical(text(*rows, zone=zone))
    assert found.errors == []
    return found.walk("VEVENT")


@pytest.mark.parametrize(
    ("zone", "day", "start", "hours"),
    [
        (MADRID, date(2026, 6, 10), "2026-06-10T20:00:00+00:00", 8),
        (MADRID, date(2026, 3, 28), "2026-03-28T21:00:00+00:00", 7),
        (MADRID, date(2026, 10, 24), "2026-10-24T20:00:00+00:00", 9),
        (NEW_YORK, date(2026, 3, 7), "2026-03-08T03:00:00+00:00", 7),
        (NEW_YORK, date(2026, 10, 31), "2026-11-01T02:00:00+00:00", 9),
    ],
    ids=str,
)
def test_a_night_is_as_long_as_it_lasts(zone: ZoneInfo, day: date, start: str, hours: int) -> None:
    (event,) = read(row(day, "22:00-06:00"), zone=zone)
    assert (event.start.isoformat(), event.end - event.start) == (start, timedelta(hours=hours))
    assert event["TRANSP"] == "OPAQUE"


def test_a_day_away_takes_no_time_and_says_what_was_planned() -> None:
    away = {"work_code": "VACATION", "work_class": "away_planned"}
    (event,) = read(row(MONDAY, **away, department="Support"), row(MONDAY, "18:00-20:00", schedule_id=2, **away))
    assert (event.start, event.end, event["TRANSP"], event["SUMMARY"]) == (MONDAY, TUESDAY, "TRANSPARENT", "VACATION")
    assert event["DESCRIPTION"] == "09:00-17:00 Europe/Madrid\nSupport\nplanned: REG"


def test_days_off_and_shifts_given_away_are_not_there() -> None:
    off = {"work_code": "OFF", "work_class": "off"}
    gone = row(TUESDAY, schedule_id=3, given_away=True)
    assert read(row(MONDAY, None, **off), gone, row(TUESDAY, schedule_id=2, **off)) == []
    assert len(read(replace(gone, given_away=False))) == 1


def test_a_shift_keeps_its_id_and_a_change_counts_up() -> None:
    first = row(MONDAY)
    moved = replace(row(TUESDAY), updated_at=MADE + timedelta(days=3))
    (before,), (after,) = read(first), read(moved)
    assert {before["UID"], after["UID"]} == {"schedule-1@opsdb.example"}
    assert (before["SEQUENCE"], after["SEQUENCE"]) == (0, 3 * 86400)
    assert (moved.updated_at, moved.updated_at) == (after.DTSTAMP, after.LAST_MODIFIED)


def test_the_same_rows_are_the_same_bytes_in_whatever_order() -> None:
    one, other = row(MONDAY), row(TUESDAY, schedule_id=2)
    assert text(one, other) == text(other, one)


def test_an_empty_feed_is_a_calendar_that_says_when_to_come_back() -> None:
    found = Calendar.from_ical(text())
    assert (found.walk("VEVENT"), found["X-WR-CALNAME"], found["X-WR-TIMEZONE"]) == (
        [],
        "Shifts of Ada",
        "Europe/Madrid",
    )
    assert b"\r\nREFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n" in text()


def test_a_shift_that_the_missing_hour_swallows_ends_when_it_starts() -> None:
    (event,) = read(row(date(2026, 3, 29), "02:45-03:15"))
    assert "DTEND" not in event
    assert event.start == event.end


@given(some.text(some.characters(exclude_categories=["C"]), max_size=200), some.integers(0, 3))
def test_long_lines_are_folded_between_characters_and_read_back_whole(words: str, rows: int) -> None:
    shifts = [row(MONDAY + timedelta(days=number), schedule_id=number, department=words) for number in range(rows)]
    made = text(*shifts, name=words)
    assert all(len(line) <= 75 for line in made.split(b"\r\n"))
    assert all(line.decode() or not line for line in made.split(b"\r\n"))
    escaped = words.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    assert f"\r\nX-WR-CALNAME:{escaped}\r\n".encode() in made.replace(b"\r\n ", b"")
    found = Calendar.from_ical(made)
    expected = "\n".join(part for part in ("09:00-17:00 Europe/Madrid", words) if part)
    assert [str(event["DESCRIPTION"]) for event in found.walk("VEVENT")] == [expected] * rows


def test_what_people_type_starts_no_line_of_its_own() -> None:
    made = text(row(MONDAY, department="Support\r\nATTENDEE:mailto:x@y\nEND:VEVENT"), name="Ada;,\\\nMETHOD:CANCEL")
    found = Calendar.from_ical(made)
    assert [event["DESCRIPTION"].count("ATTENDEE") for event in found.walk("VEVENT")] == [1]
    assert not {b"METHOD:CANCEL", b"ATTENDEE:mailto:x@y"} & set(made.split(b"\r\n"))
