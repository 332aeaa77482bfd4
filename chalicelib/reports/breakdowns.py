"""The reports by groups over HTTP: people, plan, attendance, points, leave and exceptions over a range of dates."""

from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import Connection

from chalicelib.core.clock import now, today
from chalicelib.core.exports import Counts, Share
from chalicelib.core.http import Call, Routes
from chalicelib.core.inputs import RowId
from chalicelib.exceptions.queries import Status as ExceptionStatus
from chalicelib.leave.queries import Status as LeaveStatus
from chalicelib.reports import plan_queries, record_queries
from chalicelib.reports.around_queries import holidays
from chalicelib.reports.attrition import Turnover, attrition_of
from chalicelib.reports.attrition_queries import headcounts
from chalicelib.reports.figures import ratio
from chalicelib.reports.grouped_queries import Grouped, Sums
from chalicelib.reports.groups import Breakdown, Group, GroupFilters, check, lengths, named, paged, span_of
from chalicelib.reports.shown import Figures, figures
from chalicelib.reports.spans import Span
from chalicelib.reports.totals import PERIODS, Key, Totals
from chalicelib.reports.totals_queries import totals
from chalicelib.rewards.redemption_queries import Status as RedemptionStatus

routes = Routes(__name__, tag="reports")

Shown = dict[str, Any]
Found = tuple[dict[Key, Shown], Shown]
"""The figures of each group, and of all together."""


class RewardGroups(GroupFilters, frozen=True, kw_only=True):
    """And which awards."""

    reason_id: list[RowId] = []


class RedemptionGroups(GroupFilters, frozen=True, kw_only=True):
    """And which redemptions."""

    status: list[RedemptionStatus] = []
    redemption_type: list[str] = []


class LeaveGroups(GroupFilters, frozen=True, kw_only=True):
    """And which requests."""

    status: list[LeaveStatus] = []
    leave_type: list[str] = []


class ExceptionGroups(GroupFilters, frozen=True, kw_only=True):
    """And which exceptions."""

    status: list[ExceptionStatus] = []
    exception_type: list[str] = []


class HeadcountGroup(Group, frozen=True, kw_only=True):
    """Who was here (Active or On Leave): `headcount` is the mean of the days until today. `joined` and `left` are
    employments, where their first and last day was; `attrition` is those that left of the headcount."""

    person_days: int
    headcount: float | None
    joined: int
    left: int
    attrition: Share | None


class ShiftGroup(Group, frozen=True, kw_only=True):
    """The plan as it is in effect, also what is still ahead: timed shifts of any class but `off`, net ones of class
    work or nesting, minutes by class. Hours on leave are minutes of the leave's class."""

    shifts: int
    net_shifts: int
    gross_minutes: int
    net_minutes: int
    work_minutes: int
    nesting_minutes: int
    training_minutes: int
    away_planned_minutes: int
    away_unplanned_minutes: int
    days_off: int
    untimed_away_days: int
    given_away: int


AttendanceGroup: Any = msgspec.defstruct(
    "AttendanceGroup",
    [(one.name, one.type) for one in msgspec.structs.fields(Figures)],
    bases=(Group,),
    namespace={"__doc__": "What became of the plan, as dashboards have it: only shifts that have started count."},
    frozen=True,
    kw_only=True,
)
"""`Figures` of a group: msgspec has no structs of two others, and what it is a group of comes first in files."""


class AwardGroup(Group, frozen=True, kw_only=True):
    """Points given, and taken back by reversals; `people` are those who were given any, each once."""

    awards: int
    points: int
    reversals: int
    reversed_points: int
    net_points: int
    people: int


class RedemptionGroup(Group, frozen=True, kw_only=True):
    """What was asked for in return for points, by where it stands now; approved points by type; `people` each once."""

    redemptions: int
    points: int
    pending: int
    pending_points: int
    approved: int
    approved_points: int
    rejected: int
    rejected_points: int
    reversed: int
    reversed_points: int
    people: int
    approved_points_by_type: Counts


class LeaveGroup(Group, frozen=True, kw_only=True):
    """Requests, each on the first of its days in the range. `days` are those of approved ones where the plan has work,
    `part_days` those of them that take some hours only, `unknown_days` those that no plan has yet."""

    requests: int
    pending: int
    approved: int
    rejected: int
    cancelled: int
    days: int
    part_days: int
    unknown_days: int
    requests_by_type: Counts
    days_by_type: Counts


class ExceptionGroup(Group, frozen=True, kw_only=True):
    """Exceptions, each on the first of its days in the range; `days` are all those under completed ones."""

    exceptions: int
    pending: int
    completed: int
    rejected: int
    days: int
    pending_by_type: Counts
    completed_by_type: Counts
    rejected_by_type: Counts
    days_by_type: Counts


@routes.get("/reports/employees", query=GroupFilters, answer=Breakdown[HeadcountGroup])
def report_employees(call: Call) -> Breakdown[HeadcountGroup]:
    """Headcount, who joined and left, and attrition over a range of dates, by groups."""
    query: GroupFilters = call.query
    places = [place for place, name in enumerate(query.group_by) if name in PERIODS]

    def found(conn: Connection, span: Span) -> Found:
        sums, days = headcounts(conn, span=span, asked=query, by=query.group_by), lengths(span, query.group_by)
        groups = {key: _headcount(one, days[tuple(key[place] for place in places)]) for key, one in sums.groups.items()}
        return groups, _headcount(sums.whole, days.total())

    return _breakdown(call, HeadcountGroup, found)


@routes.get("/reports/schedules", query=GroupFilters, answer=Breakdown[ShiftGroup])
def report_schedules(call: Call) -> Breakdown[ShiftGroup]:
    """Shifts and their minutes by class over a range of dates, by groups."""
    query: GroupFilters = call.query
    return _breakdown(
        call,
        ShiftGroup,
        lambda conn, span: _summed(plan_queries.shifts(conn, span=span, asked=query, by=query.group_by)),
    )


@routes.get("/reports/attendances", query=GroupFilters, answer=Breakdown[AttendanceGroup])
def report_attendances(call: Call) -> Breakdown[Any]:
    """Attendance with its rates over a range of dates, by groups."""
    query: GroupFilters = call.query

    def found(conn: Connection, span: Span) -> Found:
        groups, whole = totals(conn, span=span, asked=query, by=[query.group_by, ()])
        anything = {key: figures(one) for key, one in groups.items() if one != Totals()}
        return anything, figures(whole.get((), Totals()))

    return _breakdown(call, AttendanceGroup, found)


@routes.get("/reports/rewards", query=RewardGroups, answer=Breakdown[AwardGroup])
def report_rewards(call: Call) -> Breakdown[AwardGroup]:
    """Awards and reversals over a range of dates, by groups."""
    query: RewardGroups = call.query
    only = {"reason_id": query.reason_id}
    return _breakdown(
        call,
        AwardGroup,
        lambda conn, span: _summed(record_queries.awards(conn, span=span, asked=query, by=query.group_by, only=only)),
    )


@routes.get("/reports/redemptions", query=RedemptionGroups, answer=Breakdown[RedemptionGroup])
def report_redemptions(call: Call) -> Breakdown[RedemptionGroup]:
    """Redemptions by status and type over a range of dates, by groups."""
    query: RedemptionGroups = call.query
    only = {"status": query.status, "redemption_type": query.redemption_type}

    def found(conn: Connection, span: Span) -> Found:
        sums = record_queries.redemptions(conn, span=span, asked=query, by=query.group_by, only=only)
        return _summed(sums, approved_points_by_type="approved_points")

    return _breakdown(call, RedemptionGroup, found)


@routes.get("/reports/leave_requests", query=LeaveGroups, answer=Breakdown[LeaveGroup])
def report_leave_requests(call: Call) -> Breakdown[LeaveGroup]:
    """Requests for leave by status, and days on leave by type, over a range of dates, by groups."""
    query: LeaveGroups = call.query
    only = {"status": query.status, "leave_type": query.leave_type}

    def found(conn: Connection, span: Span) -> Found:
        sums = record_queries.leave(conn, span=span, asked=query, by=query.group_by, only=only)
        return _summed(sums, requests_by_type="requests", days_by_type="days")

    return _breakdown(call, LeaveGroup, found)


@routes.get("/reports/exceptions", query=ExceptionGroups, answer=Breakdown[ExceptionGroup])
def report_exceptions(call: Call) -> Breakdown[ExceptionGroup]:
    """Exceptions by type and status, and the days under them, over a range of dates, by groups."""
    query: ExceptionGroups = call.query
    only = {"status": query.status, "exception_type": query.exception_type}

    def found(conn: Connection, span: Span) -> Found:
        sums = record_queries.exceptions(conn, span=span, asked=query, by=query.group_by, only=only)
        by_type = {f"{name}_by_type": name for name in ("pending", "completed", "rejected", "days")}
        return _summed(sums, **by_type)

    return _breakdown(call, ExceptionGroup, found)


def _breakdown(call: Call, shape: Any, find: Callable[[Connection, Span], Found]) -> Breakdown[Any]:
    """The page of the groups that `find` has something of, as rows of this shape."""
    query: GroupFilters = call.query
    span = span_of(query, now=now(), today=today())
    check(query, shape=shape, span=span)
    with call.reading() as conn:
        groups, whole = find(conn, span)
        days = holidays(conn, span=span, asked=query) if "day" in query.group_by else {}
    rows = [shape(**named(key, query, days), **shown) for key, shown in groups.items()]
    return paged(rows, shape(**whole), query, span)


def _summed(found: Grouped, **by_type: str) -> Found:
    """The sums as they are, but groups of nothing; each of `by_type` has one of them for every type."""

    def shown(one: Sums) -> Shown:
        return {**one.by_name, **{field: one.of_kinds(name) for field, name in by_type.items()}}

    groups = {key: shown(one) for key, one in found.groups.items() if any(one.by_name.values())}
    return groups, shown(found.whole)


def _headcount(sums: Sums, days: int) -> Shown:
    turnover = Turnover(sums.by_name["left"], sums.by_name["person_days"])
    headcount = ratio(turnover.person_days, days)
    return {**sums.by_name, "headcount": headcount, "attrition": attrition_of(turnover, days=days)}
