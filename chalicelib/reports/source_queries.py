"""What both ways of reading person-days are made of: the plan and attendance of some dates, live and archived, as SQL.

The statements name a person-day `d` (employee_id, day), its employee `e`, their assignment `a` and employment `m`.
"""

from collections.abc import Collection, Mapping
from typing import Any

from chalicelib.reports.filters import Asked
from chalicelib.reports.spans import Span
from chalicelib.reports.totals import Grouping

BELONGING: Mapping[str, str] = {
    **{name: f"coalesce(a.{name}, e.{name})" for name in ("department", "supervisor", "manager", "shift", "role")},
    "batch": "coalesce(m.batch, e.batch)",
    "employee_id": "d.employee_id",
    "employee_status": "e.status",
}
"""What people are chosen and grouped by."""

KEYS: Mapping[Grouping, str] = {
    **{name: BELONGING[name] for name in ("department", "supervisor", "batch", "shift")},
    "person": "d.employee_id",
    "day": "d.day",
    "week": "CAST(date_trunc('week', d.day) AS date)",
    "month": "CAST(date_trunc('month', d.day) AS date)",
}
"""The values of `totals.VALUES`."""

_ASSIGNED = {"department", "supervisor", "manager", "shift", "role"}

GONE = """(e.attrition_date < d.day OR (e.status = 'Inactive' AND e.attrition_date IS NULL AND d.day >= :today))"""
"""The employee has left by that day. Without a last day on record they have from today on: what is over stays."""

_PLAN = """
    SELECT schedule_id, employee_id, nominal_date AS day, start_date, start_time, stop_date, stop_time, work_code,
           given_away
    FROM {table} WHERE nominal_date BETWEEN :first AND :last{mine}"""

_SEEN = """
    SELECT employee_id, date AS day, check_in, check_out, exception_type, coalesce(late_minutes, 0) AS late_minutes,
           coalesce(early_minutes, 0) AS early_minutes, coalesce(overtime_minutes, 0) AS overtime_minutes,
           coalesce(overtime_approved, false) AS overtime_approved
    FROM {table} WHERE date BETWEEN :first AND :last{mine}"""

_LAID = """
    SELECT DISTINCT ON (l.employee_id, day)
           l.employee_id, greatest(l.start_date, :first) + n AS day, l.code, codes.class
    FROM (
        SELECT r.employee_id, r.start_date, r.end_date, r.leave_id AS id, kinds.work_code AS code, 1 AS rank
        FROM leave_requests r
        JOIN admin_options kinds ON kinds.category = 'leave_type' AND kinds.value = r.leave_type
        WHERE r.status = 'Approved' AND r.start_time IS NULL AND r.start_date <= :last AND r.end_date >= :first{mine}
        UNION ALL
        SELECT x.employee_id, x.start_date, x.end_date, x.exception_id, coalesce(x.work_code, kinds.work_code), 2
        FROM exceptions x
        JOIN admin_options kinds ON kinds.category = 'exception_type' AND kinds.value = x.exception_type
        WHERE x.status = 'Completed' AND x.start_date <= :last AND x.end_date >= :first{mine}
    ) l
    CROSS JOIN LATERAL generate_series(0, least(l.end_date, :last) - greatest(l.start_date, :first)) n
    LEFT JOIN admin_options codes ON codes.category = 'work_code' AND codes.value = l.code
    ORDER BY l.employee_id, day, l.rank, l.start_date, l.id"""

CLASS = """CASE WHEN d.given_away OR planned.class = 'off' THEN 'off'
                WHEN laid.code IS NULL THEN planned.class ELSE laid.class END"""
"""The class of a row of the plan that holds, as the view `effective_schedules` has it."""

CLASSES = """
    LEFT JOIN admin_options planned ON planned.category = 'work_code' AND planned.value = d.work_code
    LEFT JOIN laid ON laid.employee_id = d.employee_id AND laid.day = d.day
    LEFT JOIN admin_options marks ON marks.category = 'attendance_type' AND marks.value = d.exception_type"""

LAST_SHIFT = """(
        SELECT CAST(floor(extract(epoch FROM
                   shift_stop(start_date, start_time, stop_date, stop_time, :zone)
                   - shift_start(start_date, start_time, stop_date, stop_time, :zone)) / 60) AS integer)
        FROM (
            SELECT * FROM (
                SELECT start_date, start_time, stop_date, stop_time FROM schedules
                WHERE employee_id = d.employee_id AND nominal_date < d.day AND start_time IS NOT NULL AND NOT given_away
                ORDER BY nominal_date DESC, start_date DESC, start_time DESC LIMIT 1) live
            UNION ALL
            SELECT * FROM (
                SELECT start_date, start_time, stop_date, stop_time FROM schedules_history
                WHERE employee_id = d.employee_id AND nominal_date < d.day AND start_time IS NOT NULL AND NOT given_away
                ORDER BY nominal_date DESC, start_date DESC, start_time DESC LIMIT 1) archived
        ) shifts
        ORDER BY start_date DESC, start_time DESC LIMIT 1)"""
"""Minutes of the person's last timed shift before the date; null where there is none."""


def sources(asked: Asked) -> str:
    """The tables `plan`, `seen` (attendance) and `laid` (leave and exceptions in force over whole days)."""
    mine = " AND employee_id = ANY(:employee_id)" if asked.employee_id else ""
    plan, seen = (
        " UNION ALL ".join(one.format(table=table + history, mine=mine) for history in ("", "_history"))
        for one, table in ((_PLAN, "schedules"), (_SEEN, "attendances"))
    )
    laid = _LAID.format(mine=mine)
    return f"plan AS NOT MATERIALIZED ({plan}), seen AS NOT MATERIALIZED ({seen}), laid AS MATERIALIZED ({laid})"


def people(asked: Asked, *, by: Collection[str] = ()) -> str:
    """The joins that say whose a person-day is, as far as it is asked for or grouped `by`."""
    named = {name for name in BELONGING if getattr(asked, name, None)} | set(by)
    day = ":today" if asked.as_of == "today" else "d.day"
    found = "\n    LEFT JOIN employees e ON e.employee_id = d.employee_id"
    if named & _ASSIGNED:
        found += f"""
    LEFT JOIN assignments a ON a.employee_id = d.employee_id
        AND a.valid_from <= {day} AND (a.valid_to IS NULL OR a.valid_to > {day})"""
    if "batch" in named:
        found += f"""
    LEFT JOIN employments m ON m.employee_id = d.employee_id
        AND m.hire_date <= {day} AND (m.last_day IS NULL OR m.last_day >= {day})"""
    return found


def chosen(asked: Asked) -> str:
    """The conditions that say which person-days are meant."""
    return " AND ".join([f"{GONE} IS NOT TRUE", *wanted(asked)])


def wanted(asked: Asked) -> list[str]:
    """Those of whose they are, whether or not they have left by then."""
    return [f"{column} = ANY(:{name})" for name, column in BELONGING.items() if getattr(asked, name)]


def given(asked: Asked, span: Span) -> dict[str, Any]:
    """The parameters of all of these."""
    filters = {name: getattr(asked, name) for name in BELONGING}
    return {"first": span.first, "last": span.last, "today": span.today, "zone": span.zone.key, **filters}
