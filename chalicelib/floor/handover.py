"""What the next shift must know, over HTTP."""

from datetime import datetime, timedelta

import msgspec
from sqlalchemy import Connection

from chalicelib.core import clock
from chalicelib.core.http import Call, Routes
from chalicelib.core.inputs import EVERY_ROW, Input
from chalicelib.floor.handover_queries import MOST, People, list_people
from chalicelib.floor.moments import At, moment, today
from chalicelib.floor.note_queries import FloorNote, NoteFilters, list_notes
from chalicelib.floor.states import Moment
from chalicelib.schedules.instants import Interval, shift_interval
from chalicelib.schedules.opening_queries import OpenFilters, OpenShift, list_open
from chalicelib.schedules.rules import ONE_DAY, Placed

routes = Routes(__name__, tag="attendance")

AHEAD, BACK = timedelta(hours=24), timedelta(hours=24)
"""Open shifts of so long from now, and notes of so long before."""


class HandoverFilters(Input, frozen=True, kw_only=True):
    """When, now unless said; of which departments, all unless said."""

    at: At = "now"
    department: list[str] = []


class OpenShifts(msgspec.Struct, frozen=True):
    """The first of `total` shifts that nobody works; who may take one is at `/schedules/{schedule_id}/candidates`."""

    total: int
    data: list[OpenShift]


class Notes(msgspec.Struct, frozen=True):
    """The newest of `total` notes."""

    total: int
    data: list[FloorNote]


class Handover(msgspec.Struct, frozen=True):
    """The shift in progress and the next: who is away and why, who did not come, who said when they come and is not
    here yet, who stays on; the open shifts of the next 24 hours, and the notes of the last 24. A list shows 500 rows at
    most, and says how many there are."""

    at: datetime
    away: People
    no_show: People
    expected: People
    staying: People
    open_shifts: OpenShifts
    notes: Notes


@routes.get("/reports/handover", query=HandoverFilters, answer=Handover)
def show_handover(call: Call) -> Handover:
    """What the next shift must know."""
    at, departments = moment(call.query.at, now=clock.now()), call.query.department
    with call.reading() as conn:
        people = list_people(conn, at=at, departments=departments)
        open_shifts = _open(conn, at, departments)
        # The clock of whoever wrote one may be ahead of ours.
        until = None if call.query.at == "now" else at.now
        query = NoteFilters(department=departments, limit=MOST)
        notes = list_notes(conn, query=query, after=at.now - BACK, until=until)
    return Handover(at.now, **people, open_shifts=open_shifts, notes=Notes(notes.total, notes.data))


def _open(conn: Connection, at: Moment, departments: list[str]) -> OpenShifts:
    """The shifts that nobody works and that are not over, of those that begin within a day, by their start."""
    query = OpenFilters(department=departments, limit=EVERY_ROW)
    soon = Interval(at.now, at.now + AHEAD)
    found = list_open(conn, query=query, first=today(at) - 2 * ONE_DAY, last=today(at) + 2 * ONE_DAY).data
    timed = [(interval, one) for one in found if (interval := _interval(one, at)) and interval.meets(soon)]
    ordered = sorted(timed, key=lambda each: (each[0], each[1].schedule_id))
    return OpenShifts(len(ordered), [one for _, one in ordered[:MOST]])


def _interval(one: OpenShift, at: Moment) -> Interval | None:
    placed = Placed(one.nominal_date, one.start_date, one.start_time, one.stop_date, one.stop_time)
    return shift_interval(placed, zone=at.zone)
