"""The nights when clocks change, worked out by hand: from two clock times to late, early, overtime and adherence."""

from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest

from chalicelib.attendance.rules import Day, Limits, Minutes, came, left, worked_out
from chalicelib.reports.figures import adherence
from chalicelib.reports.person_days import Attendance, Keys, PersonDay, Stretch
from chalicelib.reports.totals import totals_of
from chalicelib.schedules.instants import Interval, instant, shift_interval
from chalicelib.schedules.rules import place

MADRID, NEW_YORK = ZoneInfo("Europe/Madrid"), ZoneInfo("America/New_York")
LIMITS = Limits(grace=5, overtime=15)
LONG_AFTER = datetime(2027, 1, 1, tzinfo=UTC)


class Night(NamedTuple):
    """A Saturday before clocks change: two to three is missing then, or comes twice; in New York one to two does."""

    zone: ZoneInfo
    day: date


SPRING_MADRID = Night(MADRID, date(2026, 3, 28))
AUTUMN_MADRID = Night(MADRID, date(2026, 10, 24))
SPRING_NEW_YORK = Night(NEW_YORK, date(2026, 3, 7))
AUTUMN_NEW_YORK = Night(NEW_YORK, date(2026, 10, 31))


def interval(night: Night, shift: str) -> Interval:
    start, stop = (time.fromisoformat(one) for one in shift.split("-"))
    found = shift_interval(place(nominal_date=night.day, start=start, stop=stop, day_start=time()), zone=night.zone)
    assert found is not None
    return found


def judged(night: Night, shift: str, clocks: str) -> tuple[Minutes, float | None]:
    """Minutes and adherence of somebody whose check-in and check-out showed these times."""
    zone, span = night.zone, interval(night, shift)
    first, last = (time.fromisoformat(one) for one in clocks.split("-"))
    check_in = came(first, day=night.day, span=span, zone=zone)
    check_out = left(last, day=night.day, since=check_in, span=span, zone=zone)
    found = worked_out(Day((span,)), check_in=check_in, check_out=check_out, limits=LIMITS, zone=zone)
    seen = Attendance(
        instant(check_in, zone=zone, near=span.start),
        instant(check_out, zone=zone, near=span.stop),
        late_minutes=found.late_minutes or 0,
        early_minutes=found.early_minutes or 0,
        overtime_minutes=found.overtime_minutes or 0,
    )
    row = PersonDay(1, night.day, Keys(), (Stretch("work", span),), attendance=seen, stage="closed")
    return found, adherence(totals_of(row, now=LONG_AFTER))


@pytest.mark.parametrize("night", [SPRING_MADRID, SPRING_NEW_YORK])
@pytest.mark.parametrize(
    ("shift", "clocks", "minutes", "worked"),
    [
        # Ten to six is seven hours, 420 minutes.
        ("22:00-06:00", "22:00-06:00", (0, 0, 0), 420),
        ("22:00-06:00", "22:20-06:30", (20, 0, 30), 400),
        # Ten to two is four hours, and three follows.
        ("22:00-06:00", "03:30-06:00", (270, 0, 0), 150),
        # Half past two was never shown: it is half past three.
        ("22:00-06:00", "02:30-06:00", (270, 0, 0), 150),
        ("22:00-06:00", "22:00-01:45", (0, 195, 0), 225),
        ("22:00-06:00", "22:00-02:30", (0, 150, 0), 270),
        # From half past one to a quarter past three are 45 minutes.
        ("17:30-01:30", "17:30-03:15", (0, 0, 45), 480),
        # Four in the morning is three hours after midnight.
        ("00:00-08:00", "04:00-08:00", (180, 0, 0), 240),
    ],
)
def test_the_night_of_seven_hours(
    night: Night, shift: str, clocks: str, minutes: tuple[int, int, int], worked: int
) -> None:
    # What begins at midnight is of the Sunday.
    meant = night._replace(day=night.day + timedelta(1)) if shift.startswith("00") else night
    due = interval(meant, shift).length // timedelta(minutes=1)
    assert due == (480 if shift == "17:30-01:30" else 420)
    assert judged(meant, shift, clocks) == (Minutes(*minutes), worked / due)


@pytest.mark.parametrize(
    ("night", "shift", "clocks", "minutes", "worked"),
    [
        # Ten to six is nine hours, 540 minutes.
        (AUTUMN_MADRID, "22:00-06:00", "22:00-06:00", (0, 0, 0), 540),
        (AUTUMN_MADRID, "22:00-06:00", "22:20-06:30", (20, 0, 30), 520),
        (AUTUMN_MADRID, "22:00-06:00", "04:00-06:00", (420, 0, 0), 120),
        # Half past two came twice: whoever comes then does so the first time, whoever leaves the second.
        (AUTUMN_MADRID, "22:00-06:00", "02:30-06:00", (270, 0, 0), 270),
        (AUTUMN_MADRID, "22:00-06:00", "22:00-02:30", (0, 210, 0), 330),
        # A shift that ends at two ends as two is shown first, and half past is the first time too.
        (AUTUMN_MADRID, "18:00-02:00", "18:00-02:30", (0, 0, 30), 480),
        (AUTUMN_MADRID, "18:00-02:00", "18:00-03:15", (0, 0, 135), 480),
        (AUTUMN_NEW_YORK, "22:00-06:00", "22:00-06:00", (0, 0, 0), 540),
        (AUTUMN_NEW_YORK, "22:00-06:00", "22:20-06:30", (20, 0, 30), 520),
        (AUTUMN_NEW_YORK, "22:00-06:00", "04:00-06:00", (420, 0, 0), 120),
        (AUTUMN_NEW_YORK, "22:00-06:00", "01:30-06:00", (210, 0, 0), 330),
        (AUTUMN_NEW_YORK, "22:00-06:00", "22:00-01:30", (0, 270, 0), 270),
        (AUTUMN_NEW_YORK, "17:00-01:00", "17:00-01:30", (0, 0, 30), 480),
        (AUTUMN_NEW_YORK, "17:00-01:00", "17:00-02:15", (0, 0, 135), 480),
    ],
)
def test_the_night_of_nine_hours(
    night: Night, shift: str, clocks: str, minutes: tuple[int, int, int], worked: int
) -> None:
    due = interval(night, shift).length // timedelta(minutes=1)
    assert due == (540 if shift == "22:00-06:00" else 480)
    assert judged(night, shift, clocks) == (Minutes(*minutes), worked / due)


@pytest.mark.parametrize(
    ("night", "shift", "clocks", "late", "worked"),
    [
        # A shift that starts in the hour that comes twice starts the second time, and so does whoever comes then.
        (AUTUMN_MADRID, "02:30-10:00", "02:40-10:00", 10, 440),
        (AUTUMN_MADRID, "02:30-10:00", "02:10-10:00", 0, 450),
        (AUTUMN_MADRID, "02:30-10:00", "03:00-10:00", 30, 420),
        (AUTUMN_NEW_YORK, "01:30-09:00", "01:40-09:00", 10, 440),
        (AUTUMN_NEW_YORK, "01:30-09:00", "02:00-09:00", 30, 420),
    ],
)
def test_a_shift_that_starts_in_the_hour_that_comes_twice(
    night: Night, shift: str, clocks: str, late: int, worked: int
) -> None:
    sunday = night._replace(day=night.day + timedelta(1))
    assert interval(sunday, shift).length == timedelta(minutes=450)
    assert judged(sunday, shift, clocks) == (Minutes(late, 0, 0), worked / 450)


@pytest.mark.parametrize("night", [SPRING_MADRID, AUTUMN_MADRID, SPRING_NEW_YORK, AUTUMN_NEW_YORK])
def test_check_in_and_check_out_are_dated_by_the_shift_whatever_the_clocks_do(night: Night) -> None:
    span, sunday = interval(night, "22:00-06:00"), night.day + timedelta(1)
    for clock, day in (("21:50", night.day), ("01:30", sunday), ("02:30", sunday)):
        found = came(time.fromisoformat(clock), day=night.day, span=span, zone=night.zone)
        assert found == datetime.combine(day, time.fromisoformat(clock))
        out = left(time(6), day=night.day, since=found, span=span, zone=night.zone)
        assert out == datetime.combine(sunday, time(6))
