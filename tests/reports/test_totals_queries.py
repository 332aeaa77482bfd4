"""The database's sums and Python's are the same, whatever the floor, the moment and the groups."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from chalicelib.archive import queries as archive
from chalicelib.core import db
from chalicelib.reports.filters import Asked, Filters
from chalicelib.reports.person_day_queries import person_days, unusual_days
from chalicelib.reports.spans import Span
from chalicelib.reports.totals import Grouping, Totals, grouped
from chalicelib.reports.totals_queries import totals
from tests import make
from tests.conftest import Site
from tests.reports.floors import random_floor
from tests.schedules.plans import MADRID, NEW_YORK, UTC_SITE

DAYS = 10
BY: Sequence[Sequence[Grouping]] = (
    ("day",),
    ("department",),
    ("supervisor",),
    ("batch",),
    ("shift",),
    ("person",),
    ("week",),
    ("month",),
    ("day", "department"),
    (),
)
ZONES = {
    UTC_SITE: date(2026, 9, 25),
    MADRID: date(2026, 10, 20),
    NEW_YORK: date(2026, 3, 2),
    ZoneInfo("Australia/Lord_Howe"): date(2026, 4, 1),
}
"""Where, and from when: the clocks change in the middle, but at the first."""


def span(first: date, zone: ZoneInfo, now: datetime) -> Span:
    return Span(first, first + timedelta(DAYS - 1), now, zone, time(12))


def moments(draw: Random, first: date, zone: ZoneInfo) -> list[datetime]:
    """Before, in the middle of it, at the second that a shift starts, and long after."""
    noon = datetime.combine(first, time(12), UTC)
    middle = noon + timedelta(days=draw.randrange(DAYS), minutes=draw.randrange(1440), seconds=31.5)
    with db.reading() as conn:
        starts = conn.execute(
            text("SELECT start_date + start_time FROM schedules WHERE start_time IS NOT NULL")
        ).scalars()
        start = draw.choice(sorted(starts)).replace(tzinfo=zone).astimezone(UTC)
    return [noon - timedelta(days=2), middle, start, noon + timedelta(days=200)]


def agree(asked: Asked, seen: Span) -> int:
    """How many person-days were summed, once both ways have said the same of them."""
    with db.reading() as conn:
        rows = list(person_days(conn, span=seen, asked=asked))
        summed = totals(conn, span=seen, asked=asked, by=BY)
    for names, groups in zip(BY, summed, strict=True):
        expected = grouped(rows, by=names, now=seen.now)
        assert groups.keys() <= expected.keys() | ({()} if not rows else set())
        for key, one in expected.items():
            summed_there = groups.get(key, Totals())
            different = {
                each.name: (getattr(summed_there, each.name), getattr(one, each.name))
                for each in fields(Totals)
                if getattr(summed_there, each.name) != getattr(one, each.name)
            }
            assert not different, (names, key, seen.now)
    return len(rows)


@pytest.mark.parametrize("zone", ZONES, ids=str)
@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.proof)])
def test_what_sql_sums_is_what_python_sums(site: Site, seed: int, zone: ZoneInfo) -> None:
    draw, first = Random(seed), ZONES[zone]
    with make.written() as conn:
        random_floor(conn, draw, people=30, first=first, days=DAYS)
    for now in moments(draw, first, zone):
        assert agree(Filters(), span(first, zone, now)) > 200
    seen = span(first, zone, now)
    assert agree(Filters(as_of="today"), seen) > 200
    assert agree(Filters(department=["Sales", "Billing"], batch=["2025-01"]), seen) > 20
    assert agree(Filters(employee_id=[1]), seen) == 0


def test_half_archived_a_range_sums_to_the_same(site: Site) -> None:
    first = ZONES[UTC_SITE]
    with make.written() as conn:
        random_floor(conn, Random(9), people=30, first=first, days=DAYS)
    seen = span(first, UTC_SITE, datetime(2026, 12, 1, tzinfo=UTC))
    found = []
    for _ in range(2):
        agree(Filters(), seen)
        with make.written() as conn:
            found.append((totals(conn, span=seen, asked=Filters(), by=BY), list(days(seen))))
            for table in archive.HISTORIES:
                before = first + timedelta(DAYS // 2)
                archive.move(conn, table=table, before=before, most=10_000, archived_date=date(2026, 12, 1))
    assert found[0] == found[1]


def days(seen: Span) -> list[object]:
    with db.reading() as conn:
        return list(person_days(conn, span=seen, asked=Filters()))


def test_a_plain_floor_leaves_nothing_to_python_also_after_a_swap(site: Site) -> None:
    with make.written() as conn:
        for number in range(DAYS):
            person, day = make.employee(conn), date(2026, 9, 25) + timedelta(number)
            make.shift(conn, person, day)
            make.shift(conn, person, day, time(6), time(14), given_away=True)
    with db.reading() as conn:
        seen = span(date(2026, 9, 25), UTC_SITE, datetime(2026, 12, 1, tzinfo=UTC))
        assert not list(unusual_days(conn, span=seen, asked=Filters()))
        [groups] = totals(conn, span=seen, asked=Filters(), by=[("person",)])
    assert {one.gross_minutes for one in groups.values()} == {480}
    assert len(groups) == DAYS
