"""Coverage over HTTP: who is needed and who is there, interval by interval."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from chalicelib.core.clock import now, today
from chalicelib.core.http import Call, Routes
from chalicelib.core.inputs import Clock, Day, Input
from chalicelib.core.settings import Settings, settings
from chalicelib.schedules.calendars import AWAY, WORKED
from chalicelib.schedules.coverage import Cell, Stretch, coverage, presence, required_on
from chalicelib.schedules.erlang import Target
from chalicelib.schedules.instants import Interval, hours_within, instant, shift_interval, without
from chalicelib.staffing import coverage_queries as queries
from chalicelib.staffing.coverage_queries import Planned

routes = Routes(__name__, tag="schedules")


class CoverageFilters(Input, frozen=True, kw_only=True):
    """Which day, today unless said, in pieces of how many minutes; `gaps_only` leaves out where nobody is missing."""

    date: Day | None = None
    interval: Literal[15, 30, 60] = 30
    department: list[str] = []
    gaps_only: bool = False


class CoverageCell(msgspec.Struct, frozen=True):
    """One interval of one department. `interval_start` is the site's clock, which shows an hour twice once a year.

    People count by their share of it. `required` is null where nobody said and `gap`, what is missing, with it;
    `present` is of the part that is over, and null before it has begun.
    """

    start: datetime
    stop: datetime
    interval_start: Clock
    department: str | None
    required: int | None
    scheduled: float
    present: float | None
    gap: float | None


class Coverage(msgspec.Struct, frozen=True):
    """A calendar day at the site."""

    date: date
    interval: int
    data: list[CoverageCell]


class _Floor(msgspec.Struct, frozen=True):
    """What a shift is looked at with: the site's zone, and the moment."""

    zone: ZoneInfo
    now: datetime

    def scheduled(self, planned: Planned) -> Iterator[Stretch]:
        """The shift without the hours on leave."""
        interval = self._interval(planned)
        return (Stretch(planned.department, one) for one in without([interval], self._on_leave(planned, interval)))

    def present(self, planned: Planned) -> Iterator[Stretch]:
        """The part of it that the person was there for; a mark of being away outweighs a check-in."""
        interval = self._interval(planned)
        there = None
        if planned.mark_class not in AWAY:
            there = presence(
                interval,
                check_in=self._instant(planned.check_in, interval.start),
                check_out=self._instant(planned.check_out, interval.stop),
                marked=planned.mark_class in WORKED,
                now=self.now,
            )
        taken = self._on_leave(planned, interval)
        return (Stretch(planned.department, one) for one in without([there] if there else [], taken))

    def _interval(self, planned: Planned) -> Interval:
        found = shift_interval(planned.placed, zone=self.zone)
        assert found is not None
        return found

    def _on_leave(self, planned: Planned, interval: Interval) -> list[Interval]:
        if planned.hours is None:
            return []
        start, end = planned.hours
        taken = hours_within(interval, day=planned.placed.nominal_date, start=start, end=end, zone=self.zone)
        return [taken] if taken else []

    def _instant(self, local: datetime | None, near: datetime) -> datetime | None:
        return instant(local, zone=self.zone, near=near) if local else None


@routes.get("/schedules/coverage", query=CoverageFilters, answer=Coverage)
def get_coverage(call: Call) -> Coverage:
    """Required, net scheduled and present people of a day, and how many are missing, per interval and department."""
    query: CoverageFilters = call.query
    ours, day, wanted = settings(), query.date or today(), query.department
    with call.reading() as conn:
        planned = queries.planned_on(conn, day=day, departments=wanted)
        requirements = queries.requirements_on(conn, day=day, departments=wanted)
        forecasts = queries.forecasts_on(conn, day=day, departments=wanted)
    floor = _Floor(ours.timezone, now())
    required = required_on(
        day,
        zone=floor.zone,
        minutes=query.interval,
        requirements=requirements,
        forecasts=forecasts,
        target=_target(ours),
    )
    cells = coverage(
        day,
        zone=floor.zone,
        minutes=query.interval,
        scheduled=[one for shift in planned for one in floor.scheduled(shift)],
        present=[one for shift in planned for one in floor.present(shift)],
        required=required,
        now=floor.now,
    )
    shown = [_shown(one, floor.zone) for one in cells if not query.gaps_only or (one.gap or 0) > 0]
    return Coverage(day, query.interval, shown)


def _target(ours: Settings) -> Target:
    """The service that is aimed at; the settings are per cent."""
    return Target(
        service_level=ours.service_level / 100,
        seconds=ours.service_seconds,
        occupancy=ours.occupancy / 100,
        shrinkage=ours.planning_shrinkage / 100,
    )


def _shown(cell: Cell, zone: ZoneInfo) -> CoverageCell:
    start, stop = cell.interval.start, cell.interval.stop
    clock = start.astimezone(zone).time()
    return CoverageCell(start, stop, clock, cell.department, cell.required, cell.scheduled, cell.present, cell.gap)
