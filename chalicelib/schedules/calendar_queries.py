"""SQL that loads people's calendars for the rules, and holds them while something is decided."""

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

from chalicelib.schedules.calendars import Calendar, Layer, Person, Shift
from chalicelib.schedules.instants import instant, shift_interval
from chalicelib.schedules.rules import Placed

AROUND = timedelta(days=14)
"""How far on either side of the dates that are judged a calendar reaches: the week, and rows of days, lie within."""

_PEOPLE = """
    SELECT e.employee_id, e.full_name, e.status, e.hire_date, e.attrition_date,
           coalesce(a.department, e.department), coalesce(a.tier, e.tier),
           e.phase_1_date, e.phase_2_date, e.phase_3_date
    FROM employees e
    LEFT JOIN assignments a ON a.employee_id = e.employee_id
        AND a.valid_from <= :day AND (a.valid_to IS NULL OR a.valid_to > :day)
    WHERE e.employee_id = ANY(:ids)"""

_SHIFTS = """
    SELECT s.employee_id, s.schedule_id, s.nominal_date, s.start_date, s.start_time, s.stop_date, s.stop_time,
           s.work_code, codes.class, coalesce(a.department, e.department), s.given_away,
           CASE WHEN s.start_time = max(s.start_time) OVER (PARTITION BY s.employee_id, s.nominal_date)
                THEN t.check_out END
    FROM {plan} s
    LEFT JOIN admin_options codes ON codes.category = 'work_code' AND codes.value = s.work_code
    LEFT JOIN employees e ON e.employee_id = s.employee_id
    LEFT JOIN assignments a ON a.employee_id = s.employee_id
        AND a.valid_from <= s.nominal_date AND (a.valid_to IS NULL OR a.valid_to > s.nominal_date)
    LEFT JOIN attendances t ON t.employee_id = s.employee_id AND t.date = s.nominal_date
    WHERE s.employee_id = ANY(:ids) AND s.nominal_date BETWEEN :first AND :last
    ORDER BY s.employee_id, s.nominal_date, s.start_time, s.schedule_id"""

_LAYERS = """
    SELECT l.employee_id, 'leave', l.leave_id, l.leave_type, kinds.class, l.start_date, l.end_date,
           l.status = 'Approved', l.start_time, l.end_time
    FROM leave_requests l
    LEFT JOIN admin_options kinds ON kinds.category = 'leave_type' AND kinds.value = l.leave_type
    WHERE l.employee_id = ANY(:ids) AND l.status IN ('Pending', 'Approved')
      AND l.start_date <= :last AND l.end_date >= :first
    UNION ALL
    SELECT x.employee_id, 'exception', x.exception_id, x.exception_type, kinds.class, x.start_date, x.end_date,
           x.status = 'Completed', NULL, NULL
    FROM exceptions x
    LEFT JOIN admin_options kinds ON kinds.category = 'exception_type' AND kinds.value = x.exception_type
    WHERE x.employee_id = ANY(:ids) AND x.status IN ('Pending', 'Completed')
      AND x.start_date <= :last AND x.end_date >= :first
    ORDER BY 6, 3"""


def hold(conn: Connection, *, employee_ids: Collection[int]) -> None:
    """Hold these people until the transaction ends: of two decisions about one person the second sees the first.

    A sheet that is being applied is waited for, since it may be about anybody; sheets wait for decisions likewise.
    """
    conn.execute(text("SELECT pg_advisory_xact_lock_shared(hashtext('schedules'))"))
    conn.execute(
        text("SELECT 1 FROM employees WHERE employee_id = ANY(:ids) ORDER BY employee_id FOR NO KEY UPDATE"),
        {"ids": sorted(employee_ids)},
    )


def calendars(
    conn: Connection,
    *,
    employee_ids: Collection[int],
    first: date,
    last: date,
    zone: ZoneInfo,
    around: timedelta = AROUND,
    plan: str = "schedules",
) -> dict[int, Calendar]:
    """The calendars of those of these people who are employees, around the nominal dates `first` to `last`, each as
    the person is assigned on `first`. Three questions, however many they are; what asks about the dates alone needs
    nothing `around` them. A `plan` that is only proposed is a table with the columns of `schedules`."""
    given = {"ids": sorted(employee_ids), "day": first, "first": first - around, "last": last + around}
    shifts = _by_person((row[0], _shift(row[1:], zone)) for row in conn.execute(text(_SHIFTS.format(plan=plan)), given))
    layers = _by_person((row[0], _layer(row[1:])) for row in conn.execute(text(_LAYERS), given))
    found = {}
    for employee_id, name, status, hired, left, department, tier, *phases in conn.execute(text(_PEOPLE), given):
        one, two, three = phases
        person = Person(employee_id, name, status, hired, left, department, tier, (one, two, three))
        found[employee_id] = Calendar(person, (*shifts.get(employee_id, ()),), (*layers.get(employee_id, ()),))
    return found


def _shift(row: Any, zone: ZoneInfo) -> Shift:
    schedule_id, nominal, start_date, start, stop_date, stop, code, work_class, department, given_away, left = row
    placed = Placed(nominal, start_date, start, stop_date, stop)
    interval = shift_interval(placed, zone=zone)
    checked_out = instant(left, zone=zone, near=interval.stop) if left and interval else None
    return Shift(schedule_id, placed, interval, code, work_class, department, given_away, checked_out)


def _layer(row: Any) -> Layer:
    source, source_id, kind, layer_class, first, last, in_force, start, end = row
    hours = (start, end) if start is not None else None
    return Layer(source, source_id, kind, layer_class, first, last, in_force, hours)


def _by_person(rows: Iterator[tuple[int, Any]]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = {}
    for employee_id, one in rows:
        found.setdefault(employee_id, []).append(one)
    return found
