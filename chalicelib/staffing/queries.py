"""All SQL on forecasts and requirements."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Float, Numeric, Table, cast
from sqlalchemy.dialects.postgresql import insert as upsert

from chalicelib.core.http import Page
from chalicelib.core.inputs import Clock, Day, ListQuery
from chalicelib.core.paging import page
from chalicelib.core.tables import forecasts, requirements


class Forecast(msgspec.Struct, frozen=True):
    """What is expected of one interval: `calls` in it, each of `handling_seconds`."""

    forecast_id: int
    date: date
    interval_start: Clock
    department: str
    calls: float
    handling_seconds: float
    upload_id: int | None


class Requirement(msgspec.Struct, frozen=True):
    """How many people one interval needs, whatever is forecast for it."""

    requirement_id: int
    date: date
    interval_start: Clock
    department: str
    required: int
    upload_id: int | None


class IntervalFilters(ListQuery, frozen=True, kw_only=True):
    """Which intervals; dates are the calendar's."""

    start_date: Day | None = None
    end_date: Day | None = None
    department: list[str] = []


INTERVAL = ("date", "interval_start", "department")
"""What an interval is known by."""


def list_forecasts(conn: Connection, *, query: IntervalFilters) -> Page[Forecast]:
    """The forecasts that match, one page, in the order of time."""
    return _listed(conn, forecasts, query, Forecast, "forecast_id")


def list_requirements(conn: Connection, *, query: IntervalFilters) -> Page[Requirement]:
    """The requirements that match, one page, in the order of time."""
    return _listed(conn, requirements, query, Requirement, "requirement_id")


def put_forecast(conn: Connection, *, facts: Mapping[str, Any]) -> Forecast:
    """The forecast of an interval; it takes the place of the one before."""
    return Forecast(*_put(conn, forecasts, facts, Forecast.__struct_fields__))


def put_requirement(conn: Connection, *, facts: Mapping[str, Any]) -> Requirement:
    """The requirement of an interval; it takes the place of the one before."""
    return Requirement(*_put(conn, requirements, facts, Requirement.__struct_fields__))


def _listed(conn: Connection, table: Table, query: IntervalFilters, made: Any, key: str) -> Page[Any]:
    where: list[ColumnElement[bool]] = []
    if query.start_date:
        where.append(table.c.date >= query.start_date)
    if query.end_date:
        where.append(table.c.date <= query.end_date)
    if query.department:
        where.append(table.c.department.in_(query.department))
    return page(
        conn,
        query=query,
        source=table,
        where=where,
        columns=_columns(table, made.__struct_fields__),
        # A date and a time of day sort as the moment they name together.
        order_by={"date": table.c.date + table.c.interval_start, "department": table.c.department},
        key=table.c[key],
        make=made,
    )


def _put(conn: Connection, table: Table, facts: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    new = upsert(table).values(**facts, upload_id=None)
    told = {name: value for name, value in new.excluded.items() if name in facts and name not in INTERVAL}
    stated = new.on_conflict_do_update(index_elements=INTERVAL, set_={**told, "upload_id": None})
    return conn.execute(stated.returning(*_columns(table, names))).one()


def _columns(table: Table, names: tuple[str, ...]) -> list[ColumnElement[Any]]:
    """The columns of these names; decimals as numbers, which is how JSON writes them."""
    columns = (table.c[name] for name in names)
    return [cast(one, Float) if isinstance(one.type, Numeric) else one for one in columns]
