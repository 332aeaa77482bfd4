"""All SQL on coverage: who is net scheduled on a day, and what the day needs."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from fractions import Fraction

import msgspec
from sqlalchemy import Connection, text

from chalicelib.schedules.belonging_queries import GONE
from chalicelib.schedules.coverage import Forecast, Requirement
from chalicelib.schedules.rules import ONE_DAY, Placed


class Planned(msgspec.Struct, frozen=True):
    """A net scheduled shift, the hours of its day that are on leave, and what attendance knows; times are the site's.

    `mark_class` is the class of the day's main mark.
    """

    department: str | None
    placed: Placed
    hours: tuple[time, time] | None
    check_in: datetime | None
    check_out: datetime | None
    mark_class: str | None


_PLANNED = f"""
    SELECT coalesce(a.department, e.department), s.nominal_date, s.start_date, s.start_time, s.stop_date, s.stop_time,
           l.start_time, l.end_time, t.check_in, t.check_out, marks.class
    FROM effective_schedules s
    LEFT JOIN employees e ON e.employee_id = s.employee_id
    LEFT JOIN assignments a ON a.employee_id = s.employee_id
        AND a.valid_from <= s.nominal_date AND (a.valid_to IS NULL OR a.valid_to > s.nominal_date)
    LEFT JOIN leave_requests l ON l.employee_id = s.employee_id AND l.status = 'Approved'
        AND l.start_time IS NOT NULL AND l.start_date = s.nominal_date
    LEFT JOIN attendances t ON t.employee_id = s.employee_id AND t.date = s.nominal_date
    LEFT JOIN admin_options marks ON marks.category = 'attendance_type' AND marks.value = t.exception_type
    WHERE s.nominal_date BETWEEN :first AND :last AND s.start_date <= :day AND s.stop_date >= :day
      AND s.start_time IS NOT NULL AND s.effective_class IN ('work', 'nesting') AND {GONE} IS NOT TRUE
      AND (:everywhere OR coalesce(a.department, e.department) = ANY(:departments))"""

_NEEDED = """
    SELECT department, interval_start, {figures} FROM {table}
    WHERE date = :day AND (:everywhere OR department = ANY(:departments))"""


def planned_on(conn: Connection, *, day: date, departments: Sequence[str]) -> list[Planned]:
    """The net scheduled shifts that may touch this calendar day, of some departments or, without any named, of all.

    A shift starts within a day of its nominal date and stops within a day of its start.
    """
    given = {**_where(departments), "day": day, "first": day - timedelta(days=2), "last": day + ONE_DAY}
    return [
        Planned(department, Placed(*placed), (start, end) if start else None, check_in, check_out, mark_class)
        for department, *placed, start, end, check_in, check_out, mark_class in conn.execute(text(_PLANNED), given)
    ]


def requirements_on(conn: Connection, *, day: date, departments: Sequence[str]) -> list[Requirement]:
    found = conn.execute(
        text(_NEEDED.format(figures="required", table="requirements")), {**_where(departments), "day": day}
    )
    return [Requirement(*row) for row in found]


def forecasts_on(conn: Connection, *, day: date, departments: Sequence[str]) -> list[Forecast]:
    found = conn.execute(
        text(_NEEDED.format(figures="calls, handling_seconds", table="forecasts")), {**_where(departments), "day": day}
    )
    return [
        Forecast(department, start, Fraction(calls), Fraction(seconds)) for department, start, calls, seconds in found
    ]


def _where(departments: Sequence[str]) -> dict[str, object]:
    return {"everywhere": not departments, "departments": list(departments)}
