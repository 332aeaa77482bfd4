"""SQL that reads person-days, as Python judges them."""

from collections.abc import Collection, Iterator
from datetime import date, datetime, time
from itertools import groupby
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, text

from chalicelib.reports.filters import Asked
from chalicelib.reports.person_days import USUAL_MINUTES, Attendance, Excused, Keys, PersonDay, Stretch
from chalicelib.reports.source_queries import BELONGING, CLASS, CLASSES, LAST_SHIFT, chosen, given, people, sources
from chalicelib.reports.spans import NEAR, Span
from chalicelib.schedules.calendars import BUSY
from chalicelib.schedules.instants import Interval, hours_within, instant, instants_of, merged, shift_interval
from chalicelib.schedules.rules import Placed

LONG_OVERTIME = 24 * 60
"""Minutes: who has more is looked at in Python, since the clocks may change within."""

_KEYS = ("department", "supervisor", "batch", "shift")

_EVERY = "SELECT employee_id, day FROM plan UNION SELECT employee_id, day FROM seen"

_HOURS = """
    SELECT employee_id, start_date AS day FROM leave_requests
    WHERE status = 'Approved' AND start_time IS NOT NULL AND start_date BETWEEN :first AND :last"""

_UNUSUAL = f"""
    SELECT employee_id, day FROM plan WHERE NOT given_away GROUP BY employee_id, day HAVING count(*) > 1
    UNION {_HOURS}
    UNION
    SELECT employee_id, day FROM seen
    WHERE overtime_minutes > {LONG_OVERTIME} OR check_out < day - {NEAR.days} OR check_out >= day + {NEAR.days + 1}"""

_TWICE = """
    UNION
    SELECT employee_id, day FROM seen
    WHERE day = ANY(:changing) AND (earlier_instant(check_in, :zone) < check_in AT TIME ZONE :zone
                                    OR earlier_instant(check_out, :zone) < check_out AT TIME ZONE :zone)"""
"""Came or left at a time that the clocks have shown twice."""

_ROWS = """
    WITH {sources}, wanted AS MATERIALIZED ({wanted}),
    days AS (
        SELECT w.employee_id, w.day, s.schedule_id, s.start_date, s.start_time, s.stop_date, s.stop_time, s.work_code,
               s.given_away, t.check_in, t.check_out, t.exception_type, t.late_minutes, t.early_minutes,
               t.overtime_minutes, t.overtime_approved, s.schedule_id IS NOT NULL AND s.start_time IS NULL AS untimed
        FROM wanted w
        LEFT JOIN {plan} s ON s.employee_id = w.employee_id AND s.day = w.day
        LEFT JOIN {seen} t ON t.employee_id = w.employee_id AND t.day = w.day
        WHERE s.employee_id IS NOT NULL OR t.employee_id IS NOT NULL
    )
    SELECT d.employee_id, d.day, {keys},
           d.schedule_id, d.start_date, d.start_time, d.stop_date, d.stop_time, {effective},
           hours.start_time, hours.end_time, coalesce(codes.class, kinds.class),
           d.check_in, d.check_out, marks.class, d.late_minutes, d.early_minutes, d.overtime_minutes,
           d.overtime_approved,
           CASE WHEN d.untimed AND {effective} IN ('away_planned', 'away_unplanned') THEN {usual} END
    FROM days d{classes}{people}
    LEFT JOIN leave_requests hours ON hours.employee_id = d.employee_id AND hours.status = 'Approved'
        AND hours.start_time IS NOT NULL AND hours.start_date = d.day
    LEFT JOIN admin_options kinds ON kinds.category = 'leave_type' AND kinds.value = hours.leave_type
    LEFT JOIN admin_options codes ON codes.category = 'work_code' AND codes.value = kinds.work_code
    WHERE {chosen}
    ORDER BY d.employee_id, d.day, d.start_date, d.start_time, d.schedule_id"""


_BY_KEY = "LATERAL (SELECT * FROM {} WHERE employee_id = w.employee_id AND day = w.day OFFSET 0)"
"""Looks few person-days up one by one (the OFFSET keeps it so): else those of all the dates are read and sorted."""


class _Row(msgspec.Struct, frozen=True, gc=False):
    """A row of the plan with all there is to its person-day; or the person-day alone."""

    employee_id: int
    day: date
    department: str | None
    supervisor: str | None
    batch: str | None
    shift: str | None
    schedule_id: int | None
    start_date: date | None
    start_time: time | None
    stop_date: date | None
    stop_time: time | None
    work_class: str | None
    leave_start: time | None
    leave_end: time | None
    leave_class: str | None
    check_in: datetime | None
    check_out: datetime | None
    mark_class: str | None
    late_minutes: int | None
    early_minutes: int | None
    overtime_minutes: int | None
    overtime_approved: bool | None
    usual_minutes: int | None


def person_days(conn: Connection, *, span: Span, asked: Asked) -> Iterator[PersonDay]:
    """Every person-day of these dates, as somebody asks whose; live and archived rows alike."""
    return _read(conn, _EVERY, "{}", span, asked)


def unusual_days(conn: Connection, *, span: Span, asked: Asked) -> Iterator[PersonDay]:
    """Those that `totals_queries` leaves to Python: with more than one shift, with leave of some hours, with a time
    that the clocks have shown twice, or with minutes that reach far beyond the day."""
    return _read(conn, _UNUSUAL + (_TWICE if span.changing() else ""), _BY_KEY, span, asked)


def days_with_hours(conn: Connection, *, span: Span, asked: Asked) -> Iterator[PersonDay]:
    """Those with leave of some hours."""
    return _read(conn, f"SELECT DISTINCT employee_id, day FROM ({_HOURS}) hours", _BY_KEY, span, asked)


def _read(conn: Connection, wanted: str, source: str, span: Span, asked: Asked) -> Iterator[PersonDay]:
    statement = _ROWS.format(
        sources=sources(asked),
        wanted=wanted,
        plan=source.format("plan"),
        seen=source.format("seen"),
        keys=", ".join(BELONGING[name] for name in _KEYS),
        effective=CLASS,
        classes=CLASSES,
        people=people(asked, by=_KEYS),
        usual=LAST_SHIFT,
        chosen=chosen(asked),
    )
    rows = conn.execute(text(statement), {**given(asked, span), "changing": span.changing()})
    for _, own in groupby((_Row(*row) for row in rows), key=lambda row: (row.employee_id, row.day)):
        yield _person_day(list(own), span)


def _person_day(rows: Collection[_Row], span: Span) -> PersonDay:
    one = next(iter(rows))
    shifts = tuple(Stretch(row.work_class, _interval(row, span.zone)) for row in rows if row.schedule_id is not None)
    busy = merged(shift.interval for shift in shifts if shift.interval and shift.work_class in BUSY)
    return PersonDay(
        employee_id=one.employee_id,
        day=one.day,
        keys=Keys(one.department, one.supervisor, one.batch, one.shift),
        shifts=shifts,
        excused=_excused(one, shifts, span.zone),
        attendance=_attendance(one, busy, span.zone),
        stage=span.stage(one.day),
        usual_minutes=USUAL_MINUTES if one.usual_minutes is None else one.usual_minutes,
    )


def _interval(row: _Row, zone: ZoneInfo) -> Interval | None:
    if row.start_date is None or row.stop_date is None:
        return None
    return shift_interval(Placed(row.day, row.start_date, row.start_time, row.stop_date, row.stop_time), zone=zone)


def _excused(row: _Row, shifts: Collection[Stretch], zone: ZoneInfo) -> tuple[Excused, ...]:
    """The hours on leave, cut to each of the shifts that they take something from."""
    if row.leave_start is None or row.leave_end is None:
        return ()
    start, end = row.leave_start, row.leave_end
    busy = (one.interval for one in shifts if one.interval and one.work_class in BUSY)
    taken = (hours_within(one, day=row.day, start=start, end=end, zone=zone) for one in busy)
    return tuple(Excused(row.leave_class, interval) for interval in taken if interval)


def _attendance(row: _Row, busy: list[Interval], zone: ZoneInfo) -> Attendance:
    came = left = None
    if row.check_in:
        came = instant(row.check_in, zone=zone, near=busy[0].start if busy else None)
    if row.check_out:
        left = _left_at(row.check_out, came, busy, zone)
    return Attendance(
        came,
        left,
        row.mark_class,
        row.late_minutes or 0,
        row.early_minutes or 0,
        row.overtime_minutes or 0,
        bool(row.overtime_approved),
    )


def _left_at(check_out: datetime, came: datetime | None, busy: list[Interval], zone: ZoneInfo) -> datetime:
    """In the repeated hour the occurrence nearest the last stop, of those that are after coming (as in rule 1)."""
    found = instants_of(check_out, zone=zone) or (instant(check_out, zone=zone),)
    after = [one for one in found if came is None or one > came] or list(found[-1:])
    return min(after, key=lambda one: abs(one - busy[-1].stop)) if busy else after[0]
