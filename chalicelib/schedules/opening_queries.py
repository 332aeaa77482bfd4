"""All SQL on shifts that nobody works, and on who might."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Boolean, Connection, and_, case, exists, literal_column, or_, select, text

from chalicelib.core.http import Page
from chalicelib.core.inputs import Day, PersonFilters
from chalicelib.core.paging import page
from chalicelib.core.tables import admin_options, attendances, schedules
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


@dataclass(frozen=True, slots=True)
class Colleague:
    """Somebody of a department, as they belong on a date."""

    employee_id: int
    full_name: str
    first_name: str | None
    last_name: str | None
    department: str | None
    supervisor: str | None
    batch: str | None


_plan = Belonging(effective)
_s = _plan.rows.c
_marks, _planned = admin_options.alias("marks"), admin_options.alias("planned")
_ROWS = (
    _plan.source.join(_planned, and_(_planned.c.category == "work_code", _planned.c.value == _s.work_code))
    .join(attendances, and_(attendances.c.employee_id == _s.employee_id, attendances.c.date == _s.nominal_date), True)
    .join(_marks, and_(_marks.c.category == "attendance_type", _marks.c.value == attendances.c.exception_type), True)
)
_gone, _away = literal_column(GONE, Boolean), _s.effective_class.in_(AWAY)
_REASON = case((_gone, "left"), (_away, _s.why), else_=attendances.c.exception_type)
_COLUMNS = [
    _REASON if name == "reason" else _plan.column(ALIASES.get(name, name)) for name in OpenShift.__struct_fields__
]
_taker, _stand_in = schedules.alias("taker"), attendances.alias("stand_in")
_OPEN = (
    _s.start_time.is_not(None),
    ~_s.given_away,
    _planned.c["class"].in_(BUSY),
    or_(_gone, _away, _marks.c["class"].in_(AWAY)),
    ~exists().where(_taker.c.covers_schedule_id == _s.schedule_id, ~_taker.c.given_away),
    ~exists().where(_stand_in.c.cover_up_for_employee_id == _s.employee_id, _stand_in.c.date == _s.nominal_date),
)
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
    return page(
        conn,
        query=query,
        source=_ROWS,
        where=[*_plan.conditions(query), *_OPEN, _s.nominal_date.between(first, last)],
        columns=_COLUMNS,
        order_by={name: _plan.column(name) for name in _SORTS},
        key=_s.schedule_id,
        make=OpenShift,
    )


def place_of(conn: Connection, *, schedule_id: int) -> tuple[int, date, str | None] | None:
    """Whose the row is, its nominal date, and the department they belong to then."""
    wanted = select(_s.employee_id, _s.nominal_date, _plan.column("department"))
    row = conn.execute(wanted.select_from(_plan.source).where(_s.schedule_id == schedule_id)).one_or_none()
    return (row[0], row[1], row[2]) if row else None


def colleagues(conn: Connection, *, department: str | None, day: date) -> list[Colleague]:
    """Everybody who belongs to the department on that day and has not left by then; without a department, everybody."""
    return [Colleague(*row) for row in conn.execute(text(_COLLEAGUES), {"department": department, "day": day})]
