"""SQL that sums what is on record of people beside plan and attendance: points, leave and exceptions.

Leave and exceptions count once, on the first of their days that is asked for, and with each of their days while
somebody is here; points stay in the ledger when somebody leaves.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from chalicelib.reports.filters import Asked
from chalicelib.reports.grouped_queries import Grouped, key_columns, summed
from chalicelib.reports.source_queries import GONE, given, people, sources, wanted
from chalicelib.reports.spans import Span
from chalicelib.reports.totals import Grouping

_ROWS = "SELECT {keys}, {shown} FROM ({records}) d{people}{beside} WHERE {wanted}"

_AWARDS = """
    SELECT employee_id, date_awarded AS day, points, reverses
    FROM employee_rewards WHERE date_awarded BETWEEN :first AND :last{narrowed}"""

_AWARD_SUMS = {
    "awards": "count(*) FILTER (WHERE reverses IS NULL)",
    "points": "sum(points) FILTER (WHERE reverses IS NULL)",
    "reversals": "count(reverses)",
    "reversed_points": "-sum(points) FILTER (WHERE reverses IS NOT NULL)",
    "net_points": "sum(points)",
    "people": "count(DISTINCT employee_id) FILTER (WHERE reverses IS NULL)",
}

_REDEMPTIONS = """
    SELECT employee_id, redemption_date AS day, points_redeemed, redemption_type, status
    FROM employee_reward_redemptions WHERE redemption_date BETWEEN :first AND :last{narrowed}"""

_REDEMPTION_SUMS = {
    "redemptions": "count(*)",
    "points": "sum(points_redeemed)",
    **{
        name: summing
        for status in ("Pending", "Approved", "Rejected", "Reversed")
        for name, summing in {
            status.lower(): f"count(*) FILTER (WHERE status = '{status}')",
            f"{status.lower()}_points": f"sum(points_redeemed) FILTER (WHERE status = '{status}')",
        }.items()
    },
    "people": "count(DISTINCT employee_id)",
}

_DAYS = """
    SELECT r.employee_id, greatest(r.start_date, :first) + n AS day, n = 0 AS first, r.status, {facts}
    FROM {table} r
    CROSS JOIN LATERAL generate_series(0, least(r.end_date, :last) - greatest(r.start_date, :first)) n
    WHERE r.start_date <= :last AND r.end_date >= :first{narrowed}"""

# The plan without its layers says whether a day of leave takes any work, as the leave of a dashboard has it.
_PLANNED = """
    CROSS JOIN LATERAL (
        SELECT count(*) > 0 AS planned,
               bool_or(NOT p.given_away AND codes.class IN ('work', 'nesting', 'training')) IS TRUE AS worked
        FROM plan p
        LEFT JOIN admin_options codes ON codes.category = 'work_code' AND codes.value = p.work_code
        WHERE p.employee_id = d.employee_id AND p.day = d.day AND d.status = 'Approved'
    ) s"""

_LEAVE_SUMS = {
    "requests": "count(*) FILTER (WHERE first)",
    **{
        status.lower(): f"count(*) FILTER (WHERE first AND status = '{status}')"
        for status in ("Pending", "Approved", "Rejected", "Cancelled")
    },
    "days": "count(*) FILTER (WHERE here AND status = 'Approved' AND worked)",
    "part_days": "count(*) FILTER (WHERE here AND status = 'Approved' AND worked AND part)",
    "unknown_days": "count(*) FILTER (WHERE here AND status = 'Approved' AND NOT planned)",
}

_EXCEPTION_SUMS = {
    "exceptions": "count(*) FILTER (WHERE first)",
    **{
        status.lower(): f"count(*) FILTER (WHERE first AND status = '{status}')"
        for status in ("Pending", "Completed", "Rejected")
    },
    "days": "count(*) FILTER (WHERE here AND status = 'Completed')",
}


def awards(conn: Connection, *, span: Span, asked: Asked, by: Sequence[Grouping], only: Mapping[str, Any]) -> Grouped:
    """Points given and taken back on these dates."""
    records = _AWARDS.format(narrowed=_narrowed(only))
    return _summed(conn, span, asked, by, only, records, "d.employee_id, d.points, d.reverses", _AWARD_SUMS)


def redemptions(
    conn: Connection, *, span: Span, asked: Asked, by: Sequence[Grouping], only: Mapping[str, Any]
) -> Grouped:
    """What was asked for in return for points on these dates, and by type."""
    records = _REDEMPTIONS.format(narrowed=_narrowed(only))
    shown = "d.employee_id, d.points_redeemed, d.redemption_type, d.status"
    return _summed(conn, span, asked, by, only, records, shown, _REDEMPTION_SUMS, kind="redemption_type")


def leave(conn: Connection, *, span: Span, asked: Asked, by: Sequence[Grouping], only: Mapping[str, Any]) -> Grouped:
    """Requests for leave that touch these dates, their days where the plan has work, and by type."""
    facts = "r.leave_type, r.start_time IS NOT NULL AS part"
    records = _DAYS.format(table="leave_requests", facts=facts, narrowed=_narrowed(only))
    shown = f"d.first, d.status, d.leave_type, d.part, s.planned, s.worked, {GONE} IS NOT TRUE AS here"
    return _summed(conn, span, asked, by, only, records, shown, _LEAVE_SUMS, kind="leave_type", with_plan=True)


def exceptions(
    conn: Connection, *, span: Span, asked: Asked, by: Sequence[Grouping], only: Mapping[str, Any]
) -> Grouped:
    """Exceptions that touch these dates, the days that lie under those in force, and by type."""
    records = _DAYS.format(table="exceptions", facts="r.exception_type", narrowed=_narrowed(only))
    shown = f"d.first, d.status, d.exception_type, {GONE} IS NOT TRUE AS here"
    return _summed(conn, span, asked, by, only, records, shown, _EXCEPTION_SUMS, kind="exception_type")


def _summed(
    conn: Connection,
    span: Span,
    asked: Asked,
    by: Sequence[Grouping],
    only: Mapping[str, Any],
    records: str,
    shown: str,
    sums: Mapping[str, str],
    *,
    kind: str = "",
    with_plan: bool = False,
) -> Grouped:
    rows = _ROWS.format(
        keys=key_columns(by),
        shown=shown,
        records=records,
        people=people(asked, by=by),
        beside=_PLANNED if with_plan else "",
        wanted=" AND ".join(["true", *wanted(asked)]),
    )
    values = {**given(asked, span), **{f"only_{name}": value for name, value in only.items()}}
    return summed(conn, sources=sources(asked), rows=rows, sums=sums, by=by, given=values, kind=kind)


def _narrowed(only: Mapping[str, Any]) -> str:
    """That a record has one of the values that are asked for, by column."""
    return "".join(f" AND {name} = ANY(:only_{name})" for name, value in only.items() if value)
