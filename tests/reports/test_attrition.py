"""Who left, of how many."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.reports.attrition import (
    Cohort,
    Employment,
    Service,
    Turnover,
    annualised,
    attrition,
    cohorts,
    early_attrition,
    turnover,
)
from chalicelib.reports.person_days import Keys

FIRST, LAST = date(2026, 9, 1), date(2026, 9, 30)
HIRED = date(2024, 1, 8)
SALES, SUPPORT = Keys("Sales"), Keys("Support")


def september(*services: Service) -> Turnover:
    return turnover(services, by=(), first=FIRST, last=LAST).get((), Turnover())


def test_attrition_is_leavers_over_the_mean_daily_headcount() -> None:
    staying = [Service(SALES, HIRED)] * 9
    found = september(*staying, Service(SALES, HIRED, date(2026, 9, 15), ended=True))
    assert found == Turnover(leavers=1, person_days=9 * 30 + 15)
    assert attrition(found, first=FIRST, last=LAST) == 1 / 9.5
    assert annualised(found, first=FIRST, last=LAST) == pytest.approx(12 / 9.5)


def test_the_group_of_the_last_day_loses_the_leaver_and_a_transfer_loses_nobody() -> None:
    moved = Service(SALES, HIRED, date(2026, 9, 10)), Service(SUPPORT, date(2026, 9, 11), LAST, ended=True)
    assert turnover(moved, by=("department",), first=FIRST, last=LAST) == {
        ("Sales",): Turnover(0, 10),
        ("Support",): Turnover(1, 20),
    }


@pytest.mark.parametrize(
    ("last_day", "expected"),
    [
        (date(2026, 8, 31), Turnover()),
        (FIRST, Turnover(1, 1)),
        (LAST, Turnover(1, 30)),
        (date(2026, 10, 1), Turnover(0, 30)),
    ],
)
def test_whoever_leaves_is_counted_until_their_last_day_and_in_its_month_only(
    last_day: date, expected: Turnover
) -> None:
    assert september(Service(SALES, HIRED, last_day, ended=True)) == expected


def test_without_anybody_attrition_is_null() -> None:
    nobody = september(Service(SALES, date(2026, 10, 1)))
    assert attrition(nobody, first=FIRST, last=LAST) is annualised(nobody, first=FIRST, last=LAST) is None
    assert early_attrition(Cohort()) is None


def test_early_attrition_is_of_each_batch_within_ninety_days_of_hire() -> None:
    hired = date(2026, 1, 5)
    batch = [
        Employment(hired, hired + timedelta(days=90), "2026-01"),
        Employment(hired, hired + timedelta(days=91), "2026-01"),
        Employment(hired, None, "2026-01"),
        Employment(hired, hired, "2026-01"),
        Employment(date(2026, 12, 1), None, "2026-12"),
        Employment(date(2026, 9, 1), date(2026, 10, 30), "2026-09"),
    ]
    found = cohorts(batch, today=date(2026, 10, 1))
    assert found == {"2026-01": Cohort(4, 2), "2026-09": Cohort(1, 0)}
    assert early_attrition(found["2026-01"]) == 0.5


dates = some.dates(date(2026, 7, 1), date(2026, 11, 30))
services = some.lists(
    some.builds(
        lambda keys, days, ended: Service(keys, min(days), max(days), ended=ended),
        some.sampled_from([SALES, SUPPORT]),
        some.tuples(dates, dates),
        some.booleans(),
    )
)


@given(some.data(), services)
def test_turnover_of_groups_adds_up_whatever_the_order(data: some.DataObject, rows: list[Service]) -> None:
    mixed = data.draw(some.permutations(rows))
    parts = turnover(mixed, by=("department", "batch"), first=FIRST, last=LAST)
    assert sum(parts.values(), Turnover()) == september(*rows)
    rate = attrition(september(*rows), first=FIRST, last=LAST)
    assert rate is None or 0 <= rate <= 30


@given(services)
def test_turnover_of_a_month_is_that_of_its_days(rows: list[Service]) -> None:
    days = [FIRST + timedelta(days=number) for number in range(30)]
    by_day = [turnover(rows, by=(), first=day, last=day).get((), Turnover()) for day in days]
    assert sum(by_day, Turnover()) == september(*rows)
