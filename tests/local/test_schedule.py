"""Schedules are EventBridge's, not cron's: six fields, Sunday is 1, and a question mark."""

from datetime import UTC, datetime, timedelta

import pytest

from local.schedule import ScheduleError, Timetable, parse

NOON = datetime(2026, 11, 22, 12, 0, 30, tzinfo=UTC)  # a Sunday


@pytest.mark.parametrize(
    ("expression", "due"),
    [
        ("cron(30 1 * * ? *)", "2026-11-23T01:30"),
        ("cron(0/10 * * * ? *)", "2026-11-22T12:10"),
        ("cron(15 10 ? * 1 *)", "2026-11-29T10:15"),
        ("cron(15 13 ? * SUN *)", "2026-11-22T13:15"),
        ("cron(0 8 ? * 2-6 *)", "2026-11-23T08:00"),
        ("cron(0 8 ? * MON-FRI *)", "2026-11-23T08:00"),
        ("cron(0 8 ? * 3,7 *)", "2026-11-24T08:00"),
        ("cron(0 9 ? * 6L *)", "2026-11-27T09:00"),
        ("cron(0 9 ? * 3#2 *)", "2026-12-08T09:00"),
        ("cron(0 9 ? * L *)", "2026-11-28T09:00"),
        ("cron(0 9 L * ? *)", "2026-11-30T09:00"),
        ("cron(0 0 1 1 ? 2028)", "2028-01-01T00:00"),
        ("rate(1 minute)", "2026-11-22T12:01:30"),
        ("rate(5 hours)", "2026-11-22T17:00:30"),
        ("rate(7 days)", "2026-11-29T12:00:30"),
    ],
)
def test_the_next_time_of(expression: str, due: str):
    assert parse(expression)(NOON) == datetime.fromisoformat(due).replace(tzinfo=UTC)


def test_a_year_that_is_over_is_never_due():
    assert parse("cron(0 0 1 1 ? 2020)")(NOON) is None


@pytest.mark.parametrize(
    "expression",
    ["30 1 * * *", "cron(30 1 * * *)", "cron(30 1 * * * *)", "cron(99 1 * * ? *)", "rate(0 days)", "rate(1)"],
)
def test_what_eventbridge_would_refuse_is_refused(expression: str):
    with pytest.raises(ScheduleError):
        parse(expression)


def test_a_time_fires_once_when_it_comes_and_never_when_it_passed_before_the_start():
    fired: list[tuple[str, datetime]] = []
    table = Timetable(lambda name, due: fired.append((name, due)))
    table.add("quarterly", "cron(0/15 * * * ? *)", NOON)
    for seconds in range(0, 1200, 30):
        table.tick(NOON + timedelta(seconds=seconds))
    assert fired == [("quarterly", NOON.replace(minute=15, second=0))]


def test_times_that_a_sleeping_machine_missed_fire_once_together():
    fired: list[datetime] = []
    table = Timetable(lambda name, due: fired.append(due))
    table.add("each-minute", "rate(1 minute)", NOON)
    table.add("hourly", "cron(0 * * * ? *)", NOON)
    table.tick(NOON + timedelta(days=3))
    table.tick(NOON + timedelta(days=3, seconds=1))
    assert fired == [NOON + timedelta(minutes=1), NOON.replace(hour=13, second=0)]
