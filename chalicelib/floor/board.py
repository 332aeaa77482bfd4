"""The live floor and the daily report over HTTP: who stands how, now or on a nominal date."""

from datetime import date, datetime, timedelta
from typing import Generic, TypeVar

import msgspec

from chalicelib.core import clock
from chalicelib.core.http import Call, Page, Routes
from chalicelib.core.inputs import Day
from chalicelib.floor import board_queries as queries
from chalicelib.floor.board_queries import BoardFilters, Found, NamedHoliday, OnFloor
from chalicelib.floor.moments import At, moment, today
from chalicelib.floor.standing_queries import Look
from chalicelib.floor.states import State

routes = Routes(__name__, tag="attendance")

Row = TypeVar("Row")

AROUND = timedelta(hours=2)
"""How far before and after the moment the floor looks for shifts."""


class FloorFilters(BoardFilters, frozen=True, kw_only=True):
    """When, now unless said. Of a moment in the past we know what is recorded today, not what was known then."""

    at: At = "now"


class ReportFilters(BoardFilters, frozen=True, kw_only=True):
    """Which nominal date, today unless said."""

    date: Day | None = None


class Floor(Page[Row], Generic[Row], frozen=True):
    """The floor at an instant; `states` says how many stand how, whatever the page and the states asked for."""

    at: datetime
    states: dict[State, int]


class Summary(msgspec.Struct, frozen=True):
    """The figures of a working day so far. `net_scheduled` people are to work and their shift has begun; of `away`
    people some are, by a mark of planned leave, and the others are away by leave or an exception."""

    scheduled: int
    net_scheduled: int
    present: int
    unmarked: int
    absent: int
    away: int
    attendance_rate: float | None


class DailyReport(Page[Row], Generic[Row], frozen=True):
    """A nominal date as it stands at an instant; summary and states are of everybody chosen, as on the floor."""

    date: date
    at: datetime
    holidays: list[NamedHoliday]
    summary: Summary
    states: dict[State, int]


@routes.get("/floor", query=FloorFilters, answer=Floor[OnFloor])
def show_floor(call: Call) -> Floor[OnFloor]:
    """Everybody whose shift touches the two hours before and after a moment, and how they stand."""
    at = moment(call.query.at, now=clock.now())
    look = Look.around(at, before=AROUND, after=AROUND)
    with call.reading() as conn:
        found = queries.list_board(conn, query=call.query, look=look)
    return Floor(*_page(call, found), at.now, found.tally.states)


@routes.get("/attendances/daily-report", query=ReportFilters, answer=DailyReport[OnFloor])
def show_daily_report(call: Call) -> DailyReport[OnFloor]:
    """Everybody scheduled on a nominal date, those who are away too, and how they stand now."""
    at = moment("now", now=clock.now())
    day = call.query.date or today(at)
    with call.reading() as conn:
        found = queries.list_board(conn, query=call.query, look=Look(at, day, day))
        holidays = queries.holidays_on(conn, day=day, departments=call.query.department)
    return DailyReport(*_page(call, found), day, at.now, holidays, _summary(found), found.tally.states)


def _page(call: Call, found: Found) -> tuple[int, int, int, list[OnFloor]]:
    return found.total, call.query.limit, call.query.offset, found.rows


def _summary(found: Found) -> Summary:
    tally = found.tally
    rate = tally.stands["present"] / tally.net_scheduled if tally.net_scheduled else None
    return Summary(sum(tally.states.values()), tally.net_scheduled, **tally.stands, attendance_rate=rate)
