"""Attrition: who left, of how many."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from chalicelib.reports.figures import ratio
from chalicelib.reports.person_days import Keys
from chalicelib.schedules.rules import ONE_DAY

EARLY = timedelta(days=90)
MONTHS_OF_A_YEAR = 12

Grouping = Literal["department", "supervisor", "batch", "shift"]


@dataclass(frozen=True, slots=True)
class Service:
    """Dates, both included, on which somebody was Active or On Leave under one assignment.

    `last` is None while it goes on; `ended` where the employment ended with it. A transfer or a deletion ends a service
    and no employment.
    """

    keys: Keys
    first: date
    last: date | None = None
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Turnover:
    """Employments that ended in a period, and the sum of its daily headcounts; groups add up to the whole."""

    leavers: int = 0
    person_days: int = 0

    def __add__(self, other: "Turnover") -> "Turnover":
        return Turnover(self.leavers + other.leavers, self.person_days + other.person_days)


@dataclass(frozen=True, slots=True)
class Employment:
    """One of a person's employments; a re-hire has another."""

    hire_date: date
    last_day: date | None = None
    batch: str | None = None


@dataclass(frozen=True, slots=True)
class Cohort:
    """Employments that began, and how many of them ended within 90 days."""

    hired: int = 0
    left_early: int = 0

    def __add__(self, other: "Cohort") -> "Cohort":
        return Cohort(self.hired + other.hired, self.left_early + other.left_early)


def turnover(
    services: Iterable[Service], *, by: tuple[Grouping, ...], first: date, last: date
) -> dict[tuple[str | None, ...], Turnover]:
    """The turnover from `first` to `last`, both included, of each group that had anybody then; the assignment of the
    last day is the one that loses somebody who leaves."""
    found: dict[tuple[str | None, ...], Turnover] = {}
    for one in services:
        key: tuple[str | None, ...] = tuple(getattr(one.keys, name) for name in by)
        if part := _within(one, first=first, last=last):
            found[key] = found.get(key, Turnover()) + part
    return found


def attrition(total: Turnover, *, first: date, last: date) -> float | None:
    """People: employments ended in the month / mean daily headcount (domain.md, Figures), for the month from `first` to
    `last`, or what there is of it until today."""
    return attrition_of(total, days=_days(first, last))


def attrition_of(total: Turnover, *, days: int) -> float | None:
    """The same for any period of so many days."""
    return ratio(total.leavers * days, total.person_days)


def annualised(total: Turnover, *, first: date, last: date) -> float | None:
    """The month's attrition twelve times (domain.md, Figures)."""
    return ratio(MONTHS_OF_A_YEAR * total.leavers * _days(first, last), total.person_days)


def cohorts(employments: Iterable[Employment], *, today: date) -> dict[str | None, Cohort]:
    """Those that have begun, by batch; a last day that is still to come does not count."""
    found: dict[str | None, Cohort] = {}
    for one in employments:
        if one.hire_date <= today:
            gone = one.last_day is not None and one.last_day <= min(today, one.hire_date + EARLY)
            found[one.batch] = found.get(one.batch, Cohort()) + Cohort(1, int(gone))
    return found


def early_attrition(cohort: Cohort) -> float | None:
    """People: employments ended within 90 days of hire / employments begun, by batch (domain.md, Figures). From 0 to 1;
    until 90 days have passed it can still grow."""
    return ratio(cohort.left_early, cohort.hired)


def _within(service: Service, *, first: date, last: date) -> Turnover | None:
    """What a service adds to a period; None if it has no day in it."""
    days = _days(max(service.first, first), min(service.last or last, last))
    if days <= 0:
        return None
    left = service.ended and service.last is not None and service.last <= last
    return Turnover(int(left), days)


def _days(first: date, last: date) -> int:
    return (last - first) // ONE_DAY + 1
