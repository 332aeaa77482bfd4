"""All SQL on shifts that nobody works, and on who might."""

from datetime import date
from typing import Any

import msgspec
from sqlalchemy import (
    Boolean,
    ColumnElement,
    CompoundSelect,
    Connection,
    and_,
    case,
    exists,
    literal_column,
    or_,
    select,
    text,
    true,
    union,
)

from chalicelib.core.http import Page
from chalicelib.core.inputs import Day, PersonFilters
from chalicelib.core.paging import page
from chalicelib.core.tables import absences, admin_options, attendances, employees, schedules
from chalicelib.schedules.belonging_queries import GONE, Belonging
from chalicelib.schedules.calendars import AWAY, BUSY
from chalicelib.schedules.queries import ALIASES, Schedule, effective


class OpenShift(Schedule, frozen=True):
    """A shift that nobody works, and why: `left`, `leave`, `exception`, or the mark of the day.

    Department and supervisor are those of its day.
    """

    reason: str | None


class OpenFilters(PersonFilters, frozen=True, kw_only=True):
    """Which shifts; dates are nominal ones, today and the two weeks after it unless said."""

    start_date: Day | None = None
    end_date: Day | None = None


class Colleague(msgspec.Struct, frozen=True):
    """Somebody of a department, as they belong on a date."""

    employee_id: int
    full_name: str
    first_name: str | None
    last_name: str | None
    department: str | None
    supervisor: str | None
    batch: str | None


_planned, _marks = admin_options.alias("planned"), admin_options.alias("marks")
_plan = Belonging(schedules.alias("s"))
_gone = literal_column(GONE, Boolean)
_SORTS = ("nominal_date", "start_time", "department", "employee_id", "full_name")

_COLLEAGUES = f"""
    SELECT e.employee_id, e.full_name, e.first_name, e.last_name, coalesce(a.department, e.department),
           coalesce(a.supervisor, e.supervisor), e.batch
    FROM employees e
    CROSS JOIN (SELECT CAST(:day AS date) AS nominal_date) s
    LEFT JOIN assignments a ON a.employee_id = e.employee_id
        AND a.valid_from <= s.nominal_date AND (a.valid_to IS NULL OR a.valid_to > s.nominal_date)
    WHERE {GONE} IS NOT TRUE
      AND (CAST(:department AS text) IS NULL OR coalesce(a.department, e.department) = :department)"""


def list_open(conn: Connection, *, query: OpenFilters, first: date, last: date) -> Page[OpenShift]:
    """The shifts of these nominal dates that nobody works, one page, by date.

    A shift is open when it has times and is planned as work, nesting or training, has not been given away, and its
    person is away on it: by leave of whole days or an away exception in force, by having left before that date, or by
    the day's mark (absent, no show, sick, leave). It is not open once somebody has a row that covers it, or is marked
    as covering up for that person that day.
    """
    plan = _seen(_perhaps(first, last))
    s = plan.rows.c
    away = s.effective_class.in_(AWAY)
    reason = case((_gone, "left"), (away, s.why), else_=attendances.c.exception_type)
    named = {"reason": reason, **{name: s[column] for name, column in ALIASES.items()}}
    return page(
        conn,
        query=query,
        source=plan.source.join(_planned, and_(_planned.c.category == "work_code", _planned.c.value == s.work_code))
        .join(attendances, and_(attendances.c.employee_id == s.employee_id, attendances.c.date == s.nominal_date), True)
        .join(
            _marks, and_(_marks.c.category == "attendance_type", _marks.c.value == attendances.c.exception_type), True
        ),
        where=[
            *plan.conditions(query),
            s.start_time.is_not(None),
            ~s.given_away,
            _planned.c["class"].in_(BUSY),
            or_(_gone, away, _marks.c["class"].in_(AWAY)),
            *_uncovered(s, first, last),
        ],
        columns=[named[name] if name in named else plan.column(name) for name in OpenShift.__struct_fields__],
        order_by={name: plan.column(name) for name in _SORTS},
        key=s.schedule_id,
        make=OpenShift,
    )


def _perhaps(first: date, last: date) -> CompoundSelect[tuple[int]]:
    """The rows of these dates over which an absence lies, or a mark of one, or whose people have left by then."""
    s, e, b = schedules.alias("s"), employees.alias("e"), absences.alias("b")
    marked = and_(attendances.c.employee_id == s.c.employee_id, attendances.c.date == s.c.nominal_date)
    away = and_(_marks.c.category == "attendance_type", _marks.c["class"].in_(AWAY))
    absent = and_(b.c.employee_id == s.c.employee_id, s.c.nominal_date.between(b.c.start_date, b.c.end_date))
    rows = select(s.c.schedule_id).where(s.c.nominal_date.between(first, last))
    return union(
        rows.join(b, absent),
        rows.join(attendances, marked).join(_marks, and_(_marks.c.value == attendances.c.exception_type, away)),
        rows.join(e, e.c.employee_id == s.c.employee_id).where(_gone),
    )


def _seen(wanted: CompoundSelect[tuple[int]]) -> Belonging:
    """These rows through their layers. Each is looked up by itself (an OFFSET keeps it so): they are few, and in any
    other order the layers of the whole plan are worked out first."""
    few = wanted.subquery("few")
    rows = select(effective).where(effective.c.schedule_id == few.c.schedule_id).offset(0).lateral("s")
    return Belonging(rows, within=few.join(rows, true()))


def _uncovered(s: Any, first: date, last: date) -> tuple[ColumnElement[bool], ...]:
    """Nobody else has the shift; a row that covers one is of the same nominal date."""
    taker, stand_in = schedules.alias("taker").c, attendances.alias("stand_in").c
    return (
        ~exists().where(
            taker.covers_schedule_id == s.schedule_id, ~taker.given_away, taker.nominal_date.between(first, last)
        ),
        ~exists().where(
            stand_in.cover_up_for_employee_id == s.employee_id,
            stand_in.date == s.nominal_date,
            stand_in.date.between(first, last),
        ),
    )


def place_of(conn: Connection, *, schedule_id: int) -> tuple[int, date, str | None] | None:
    """Whose the row is, its nominal date, and the department they belong to then."""
    s = _plan.rows.c
    wanted = select(s.employee_id, s.nominal_date, _plan.column("department")).select_from(_plan.source)
    row = conn.execute(wanted.where(s.schedule_id == schedule_id)).one_or_none()
    return (row[0], row[1], row[2]) if row else None


def colleagues(conn: Connection, *, department: str | None, day: date) -> list[Colleague]:
    """Everybody who belongs to the department on that day and has not left by then; without a department, everybody."""
    return [Colleague(*row) for row in conn.execute(text(_COLLEAGUES), {"department": department, "day": day})]
