"""Shifts that nobody works, and who may take one, over HTTP."""

from datetime import date, timedelta
from typing import Annotated

import msgspec
from msgspec import Meta

from chalicelib.core.clock import today
from chalicelib.core.errors import Conflict, Invalid, NotFound
from chalicelib.core.http import Call, Page, Routes
from chalicelib.core.inputs import Input
from chalicelib.schedules import opening_queries as queries
from chalicelib.schedules.calendar_queries import calendars
from chalicelib.schedules.candidates import Candidate, candidate, ranked
from chalicelib.schedules.conflicts import not_to_give
from chalicelib.schedules.findings import Finding
from chalicelib.schedules.instants import MINUTE
from chalicelib.schedules.limits import limits
from chalicelib.schedules.opening_queries import Colleague, OpenFilters, OpenShift

routes = Routes(__name__, tag="schedules")

AHEAD = timedelta(days=14)


class CandidateFilters(Input, frozen=True, kw_only=True):
    """How many of them."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 50


class Standing(msgspec.Struct, frozen=True):
    """Somebody who might take the shift, as they would stand with it. `allowed` when there are no findings."""

    employee_id: int
    full_name: str
    first_name: str | None
    last_name: str | None
    department: str | None
    supervisor: str | None
    batch: str | None
    allowed: bool
    rest_before_minutes: int | None
    rest_after_minutes: int | None
    week_hours: float
    findings: list[Finding]


class Candidates(msgspec.Struct, frozen=True):
    """The best of `total` people: those with nothing against them, those warned of, those refused."""

    schedule_id: int
    total: int
    data: list[Standing]


@routes.get("/schedules/open", query=OpenFilters, answer=Page[OpenShift])
def list_open_shifts(call: Call) -> Page[OpenShift]:
    """Shifts that nobody works, since whoever they are planned for is away or has left."""
    first, last = _range(call.query)
    with call.reading() as conn:
        return queries.list_open(conn, query=call.query, first=first, last=last)


@routes.get("/schedules/{schedule_id}/candidates", query=CandidateFilters, answer=Candidates, errors=(409,))
def list_candidates(call: Call, schedule_id: int) -> Candidates:
    """Who of the department may take a shift: rest, hours of the week, and everything that is against it."""
    with call.reading() as conn:
        found = queries.place_of(conn, schedule_id=schedule_id)
        if found is None:
            raise NotFound(f"schedule_id: {schedule_id} is no shift")
        giver_id, day, department = found
        people = queries.colleagues(conn, department=department, day=day)
        by_id = {one.employee_id: one for one in people if one.employee_id != giver_id}
        plans = calendars(conn, employee_ids={giver_id, *by_id}, first=day, last=day, zone=limits().zone)
    giver = plans.pop(giver_id, None)
    if giver is None:
        raise Conflict(f"employee_id: {giver_id}, whose shift this was, is no employee any more")
    if wrong := not_to_give(giver, schedule_id):
        raise Conflict(*(one.text for one in wrong))
    takers = [candidate(giver, one, schedule_id=schedule_id, limits=limits()) for one in plans.values()]
    best = ranked(takers)[: call.query.limit]
    return Candidates(schedule_id, len(takers), [_standing(one, by_id[one.person.employee_id]) for one in best])


def _standing(one: Candidate, who: Colleague) -> Standing:
    return Standing(
        who.employee_id,
        who.full_name,
        who.first_name,
        who.last_name,
        who.department,
        who.supervisor,
        who.batch,
        one.allowed,
        _minutes(one.rest_before),
        _minutes(one.rest_after),
        round(one.week / timedelta(hours=1), 2),
        list(one.findings),
    )


def _minutes(length: timedelta | None) -> int | None:
    return None if length is None else length // MINUTE


def _range(query: OpenFilters) -> tuple[date, date]:
    """The nominal dates asked for: from today unless said, and for two weeks unless said."""
    first = query.start_date or (min(today(), query.end_date) if query.end_date else today())
    last = query.end_date or first + AHEAD
    if last < first:
        raise Invalid(f"end_date: must not be before start_date ({first}), got {last}")
    return first, last
