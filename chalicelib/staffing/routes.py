"""Forecasts and requirements over HTTP."""

from typing import Annotated

from msgspec import Meta
from sqlalchemy import Connection

from chalicelib.admin.queries import active_values
from chalicelib.admin.rules import unknown_values
from chalicelib.core.auth import PLANNER
from chalicelib.core.errors import Invalid
from chalicelib.core.http import Call, Page, Routes
from chalicelib.core.inputs import Clock, Day, Input, Text, check_range
from chalicelib.staffing import queries
from chalicelib.staffing.queries import Forecast, IntervalFilters, Requirement
from chalicelib.staffing.rules import interval_problems, load_problems

routes = Routes(__name__, tag="staffing")


class NewForecast(Input, frozen=True, kw_only=True):
    """What is expected of one interval of a department."""

    date: Day
    interval_start: Clock
    department: Text
    calls: Annotated[float, Meta(ge=0, le=1_000_000)]
    handling_seconds: Annotated[float, Meta(ge=0, le=86_400)]


class NewRequirement(Input, frozen=True, kw_only=True):
    """How many people one interval of a department needs."""

    date: Day
    interval_start: Clock
    department: Text
    required: Annotated[int, Meta(ge=0, le=100_000)]


@routes.get("/forecasts", query=IntervalFilters, answer=Page[Forecast])
def list_forecasts(call: Call) -> Page[Forecast]:
    """Expected calls, by interval and department."""
    check_range(call.query.start_date, call.query.end_date)
    with call.reading() as conn:
        return queries.list_forecasts(conn, query=call.query)


@routes.post("/forecasts", body=NewForecast, answer=Forecast, roles=PLANNER)
def put_forecast(call: Call) -> Forecast:
    """State the forecast of an interval; it takes the place of the one before."""
    with call.writing() as conn:
        return queries.put_forecast(conn, facts=_checked(conn, call.body))


@routes.get("/requirements", query=IntervalFilters, answer=Page[Requirement])
def list_requirements(call: Call) -> Page[Requirement]:
    """Required people, by interval and department, where they were given; else the forecast says."""
    check_range(call.query.start_date, call.query.end_date)
    with call.reading() as conn:
        return queries.list_requirements(conn, query=call.query)


@routes.post("/requirements", body=NewRequirement, answer=Requirement, roles=PLANNER)
def put_requirement(call: Call) -> Requirement:
    """State the requirement of an interval; it takes the place of the one before, and wins over the forecast."""
    with call.writing() as conn:
        return queries.put_requirement(conn, facts=_checked(conn, call.body))


def _checked(conn: Connection, new: NewForecast | NewRequirement) -> dict[str, object]:
    problems = interval_problems(new.interval_start)
    if isinstance(new, NewForecast):
        problems += load_problems(new.calls, new.handling_seconds)
    problems += unknown_values({"department": new.department}, active_values(conn, ["department"]))
    if problems:
        raise Invalid(*problems)
    return {name: getattr(new, name) for name in new.__struct_fields__}
