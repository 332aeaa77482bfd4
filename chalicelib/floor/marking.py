"""Marking over HTTP: what a lead sees of their people, one or many at once."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from sqlalchemy import Connection

from chalicelib.admin.queries import active_classes, active_values
from chalicelib.admin.rules import unknown_value
from chalicelib.attendance.limits import limits
from chalicelib.attendance.queries import Attendance, archived_days, recorded, write_attendances
from chalicelib.attendance.routes import WRITERS
from chalicelib.core import clock
from chalicelib.core.constraints import CONFLICTS
from chalicelib.core.errors import Conflict, Invalid, NotFound, OpsdbError
from chalicelib.core.http import Call, Routes
from chalicelib.core.inputs import Clock, Day, EmployeeId, Input, Note, Text
from chalicelib.core.settings import settings
from chalicelib.floor.closing_queries import PersonDay
from chalicelib.floor.marking_queries import grant_leave
from chalicelib.floor.marks import ABSENCES, MAIN, Mark, Said, day_meant, field_problems, marked
from chalicelib.people import teams
from chalicelib.people.queries import find_employee
from chalicelib.schedules.calendar_queries import calendars, hold
from chalicelib.schedules.calendars import Calendar
from chalicelib.schedules.rules import ONE_DAY

routes = Routes(__name__, tag="attendance")

MOST = 500
"""People of one call."""


class Marking(Input, frozen=True, kw_only=True):
    """What is said of one person or of many: of all, or of none. Without a date it is the shift in progress of each,
    or about to start; without one, today. Each mark takes some of the other fields and needs some."""

    employee_id: EmployeeId | Annotated[list[EmployeeId], Meta(min_length=1, max_length=MOST)]
    mark: Mark
    date: Day | None = None
    time: Clock | None = None
    minutes: Annotated[int, Meta(ge=1, le=24 * 60)] | None = None
    leave_type: Text | None = None
    cover_up_for_employee_id: EmployeeId | None = None
    notes: Note | None = None

    @property
    def people(self) -> list[int]:
        """Each once, in the order asked."""
        return list(dict.fromkeys(self.employee_id if isinstance(self.employee_id, list) else [self.employee_id]))


class Marked(msgspec.Struct, frozen=True):
    """The days as they are now, in the order in which the people were named."""

    data: list[Attendance]


@routes.post("/attendances/mark", body=Marking, answer=Marked, status=200, roles=WRITERS, errors=(404, 409))
def mark_attendance(call: Call) -> Marked:
    """Mark somebody, or many at once, as present, late, expected, absent, sick and so on; all of them, or nobody."""
    said: Marking = call.body
    now = clock.now()
    _check_shape(said, now)
    with call.writing() as conn:
        teams.decide(conn, caller=call.caller, employee_ids=said.people, now=now)
        meant = _meant(conn, said)
        hold(conn, employee_ids=said.people)
        plans = _plans(conn, said, now)
        days = {one: said.date or day_meant(plan, now=now, zone=settings().timezone) for one, plan in plans.items()}
        before = recorded(conn, employee_ids=said.people, first=min(days.values()), last=max(days.values()))
        rows = _rows(conn, meant, before, plans, days, now)
        if meant.mark in ABSENCES:
            _grant(conn, call, meant, days, now)
        write_attendances(conn, rows=rows)
        after = recorded(conn, employee_ids=said.people, first=min(days.values()), last=max(days.values()))
        return Marked([after[one, days[one]] for one in said.people])


def _check_shape(said: Marking, now: datetime) -> None:
    fields = ("time", "minutes", "leave_type", "cover_up_for_employee_id")
    problems = field_problems(said.mark, [name for name in fields if getattr(said, name) is not None])
    tomorrow = now.astimezone(settings().timezone).date() + ONE_DAY
    if said.date and said.date > tomorrow:
        problems.append(f"date: must be {tomorrow} at the latest, which is tomorrow, got {said.date}")
    if problems:
        raise Invalid(*problems)


def _meant(conn: Connection, said: Marking) -> Said:
    """What is said, once its values are ones that may be chosen."""
    problems = []
    if main := MAIN.get(said.mark):
        problems.append(unknown_value("mark", main, active_values(conn, ["attendance_type"])["attendance_type"]))
    types = active_classes(conn, "leave_type") if said.mark in ABSENCES else {}
    leave_type = said.leave_type
    if said.mark in ABSENCES:
        leave_type, problem = _leave_type(leave_type, types)
        problems.append(problem)
    if found := [one for one in problems if one]:
        raise Invalid(*found)
    covered = said.cover_up_for_employee_id
    if covered is not None and find_employee(conn, employee_id=covered) is None:
        raise NotFound(f"cover_up_for_employee_id: {covered} is no employee")
    return Said(
        mark=said.mark,
        clock=said.time,
        minutes=said.minutes,
        leave_type=leave_type,
        leave_class=types.get(leave_type or ""),
        cover_up_for_employee_id=covered,
        notes=said.notes,
    )


def _leave_type(said: str | None, types: dict[str, str]) -> tuple[str | None, str | None]:
    """The type of leave that is meant, or what is wrong about it: sickness is the only unplanned one, where there is
    only one."""
    if said is not None:
        return said, unknown_value("leave_type", said, sorted(types))
    unplanned = sorted(one for one, work_class in types.items() if work_class == "away_unplanned")
    if len(unplanned) == 1:
        return unplanned[0], None
    return None, f"leave_type: is required for sick, since {', '.join(unplanned) or 'none'} could be meant"


def _plans(conn: Connection, said: Marking, now: datetime) -> dict[int, Calendar]:
    """The calendars of the dates that may be meant: a shift in progress began today or yesterday, and may be of the
    working day before."""
    zone = settings().timezone
    today = now.astimezone(zone).date()
    first, last = (said.date, said.date) if said.date else (today - 2 * ONE_DAY, today + 2 * ONE_DAY)
    plans = calendars(conn, employee_ids=said.people, first=first, last=last, zone=zone, around=timedelta())
    if unknown := [one for one in said.people if one not in plans]:
        raise NotFound(*(f"employee_id: {one} is no employee" for one in unknown))
    return plans


def _rows(
    conn: Connection,
    said: Said,
    before: dict[tuple[int, date], Attendance],
    plans: dict[int, Calendar],
    days: dict[int, date],
    now: datetime,
) -> list[dict[str, Any]]:
    """The rows that are different by then; every problem of everybody is named."""
    rows, wrong = [], []
    for person, day in days.items():
        stood = before.get((person, day))
        known = msgspec.structs.asdict(stood) if stood else {"employee_id": person, "date": day}
        try:
            row = marked(
                said,
                known,
                calendar=plans[person],
                day=day,
                now=now,
                limits=limits(),
                zone=settings().timezone,
            )
        except OpsdbError as error:
            wrong.append(error)
        else:
            rows += [row] if row != known else []
    if wrong:
        _refuse(conn, wrong, days)
    return rows


def _refuse(conn: Connection, wrong: Sequence[OpsdbError], days: dict[int, date]) -> None:
    """All that is wrong as one error, unless a day is in the archive, which is why nothing of it is known."""
    if archived_days(conn, employee_ids=days, first=min(days.values()), last=max(days.values())) & set(days.items()):
        raise Conflict(CONFLICTS["attendances_archived"])
    kind: type[OpsdbError] = Invalid if any(isinstance(one, Invalid) for one in wrong) else Conflict
    raise kind(*(text for one in wrong for text in one.problems))


def _grant(conn: Connection, call: Call, said: Said, days: dict[int, date], now: datetime) -> None:
    assert said.leave_type is not None
    away = [PersonDay(day, person) for person, day in days.items()]
    grant_leave(conn, person_days=away, leave_type=said.leave_type, by=call.caller.name, at=now, reason=said.notes)
