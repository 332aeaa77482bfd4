"""Swaps and covers over HTTP."""

from collections.abc import Sequence
from datetime import date

import msgspec
from sqlalchemy import Connection

from chalicelib.attendance.following import follow
from chalicelib.changes import queries
from chalicelib.changes.queries import Change, ChangeFilters, Kind, Stretch
from chalicelib.changes.rules import refusals, shift_meant, warnings_problem
from chalicelib.core.auth import ADMIN
from chalicelib.core.clock import now
from chalicelib.core.errors import Conflict, Forbidden, Invalid, NotFound
from chalicelib.core.http import Call, Page, Routes
from chalicelib.core.inputs import Day, EmployeeId, Input, Note, RowId, Text
from chalicelib.people import teams
from chalicelib.schedules.calendar_queries import calendars, hold
from chalicelib.schedules.calendars import Calendar, Shift, stands_aside
from chalicelib.schedules.conflicts import judge_cover, judge_swap
from chalicelib.schedules.findings import Finding
from chalicelib.schedules.limits import limits
from chalicelib.schedules.states import REQUEST, move_problem

routes = Routes(__name__, tag="schedule changes")

LEADS = ADMIN | teams.LEADS
"""Who writes changes: admins about everybody, leads about their own people."""


class NewChange(Input, frozen=True, kw_only=True):
    """Somebody's shift for `replacement_id`; in a swap, one of theirs in return, maybe of another date.

    A shift is named by its id, or by its date where the person has a single one then.
    """

    change_type: Kind
    employee_id: EmployeeId
    schedule_id: RowId | None = None
    schedule_date: Day | None = None
    replacement_id: EmployeeId
    replacement_schedule_id: RowId | None = None
    replacement_date: Day | None = None


class Decision(Input, frozen=True, kw_only=True):
    """Why; why it passes in spite of warnings; and for whom a machine decides."""

    reason: Note | None = None
    override_reason: Note | None = None
    approved_by: Text | None = None


class Withdrawal(Input, frozen=True, kw_only=True):
    """Why a change is cancelled."""

    reason: Note | None = None


class Judged(msgspec.Struct, frozen=True):
    """A change with what is against it as things stand."""

    change: Change
    findings: list[Finding]


class Verdict(msgspec.Struct, frozen=True):
    """What would be against a change that nobody has asked for yet."""

    findings: list[Finding]


class _Parties(msgspec.Struct, frozen=True):
    """Both calendars, and the shifts that would change hands."""

    giver: Calendar
    taker: Calendar
    shift: Shift
    in_return: Shift | None

    def findings(self) -> list[Finding]:
        mine = _id(self.shift)
        if self.in_return is None:
            return judge_cover(self.giver, self.taker, schedule_id=mine, limits=limits())
        return judge_swap(self.giver, self.taker, schedule_ids=(mine, _id(self.in_return)), limits=limits())

    def aside(self) -> list[int]:
        """The days off that make room for what arrives."""
        rows = stands_aside(self.taker, self.shift)
        if self.in_return:
            rows += stands_aside(self.giver, self.in_return)
        return [_id(one) for one in rows]


@routes.get("/schedule_changes", query=ChangeFilters, answer=Page[Change])
def list_changes(call: Call) -> Page[Change]:
    """Swaps and covers, filtered and sorted."""
    with call.reading() as conn:
        return queries.list_changes(conn, query=call.query)


@routes.post("/schedule_changes", body=NewChange, answer=Judged, roles=LEADS, errors=(404, 409))
def request_change(call: Call) -> Judged:
    """Ask for a swap or a cover. What can never be is refused at once; warnings are told and judged on approval."""
    new: NewChange = call.body
    _check_shape(new)
    people = [new.employee_id, new.replacement_id]
    with call.writing() as conn:
        teams.check(conn, caller=call.caller, employee_ids=people, now=now())
        hold(conn, employee_ids=people)
        parties = _asked_for(conn, new)
        findings = parties.findings()
        if wrong := refusals(findings):
            raise Conflict(*wrong)
        change_id = queries.insert_change(conn, facts=_facts(new, parties))
        return Judged(_found(conn, change_id), findings)


@routes.get("/schedule_changes/verdict", query=NewChange, answer=Verdict, roles=LEADS, errors=(404,))
def judge_change(call: Call) -> Verdict:
    """What would be against a change, refusals among it; nothing is written, and nobody is asked."""
    asked: NewChange = call.query
    _check_shape(asked)
    with call.reading() as conn:
        return Verdict(_asked_for(conn, asked).findings())


@routes.get("/schedule_changes/{change_id}", answer=Judged)
def get_change(call: Call, change_id: int) -> Judged:
    """A change; while it is pending, with what is against it as things stand."""
    with call.reading() as conn:
        found = _found(conn, change_id)
        findings = _parties(conn, found).findings() if found.status == "Pending" else []
        return Judged(found, findings)


@routes.post(
    "/schedule_changes/{change_id}/approve", body=Decision, answer=Change, status=200, roles=LEADS, errors=(409,)
)
def approve_change(call: Call, change_id: int) -> Change:
    """Approve a change, judged anew on the calendars as they are: both people's rows change hands, or nothing does."""
    said: Decision = call.body
    with call.writing() as conn:
        found, by = _held(conn, call, change_id, "Approved", said.approved_by)
        parties = _parties(conn, found)
        findings = parties.findings()
        _check_findings(findings, call.caller.role, said.override_reason)
        _carry_out(conn, found, parties)
        _follow(conn, found)
        passed = [one.text for one in findings]
        queries.decide_change(
            conn,
            change_id=change_id,
            status="Approved",
            by=by,
            at=now(),
            reason=said.reason,
            overrides=passed,
            override_reason=said.override_reason,
        )
        return _found(conn, change_id)


@routes.post(
    "/schedule_changes/{change_id}/reject", body=Decision, answer=Change, status=200, roles=LEADS, errors=(409,)
)
def reject_change(call: Call, change_id: int) -> Change:
    """Reject a change."""
    said: Decision = call.body
    with call.writing() as conn:
        _, by = _held(conn, call, change_id, "Rejected", said.approved_by)
        queries.decide_change(conn, change_id=change_id, status="Rejected", by=by, at=now(), reason=said.reason)
        return _found(conn, change_id)


@routes.delete("/schedule_changes/{change_id}", query=Withdrawal, answer=Change, roles=LEADS, errors=(409,))
def cancel_change(call: Call, change_id: int) -> Change:
    """Cancel a change; of an approved one the shifts go back to whose they were."""
    with call.writing() as conn:
        found = _found(conn, change_id)
        teams.check(conn, caller=call.caller, employee_ids=_people(found), now=now())
        hold(conn, employee_ids=_people(found))
        found = _found(conn, change_id)
        _check_move(found, "Cancelled")
        if found.status == "Approved":
            if later := queries.taken_further(conn, change_id=change_id):
                listed = ", ".join(map(str, later))
                raise Conflict(f"change_id: its shifts went on to others by {listed}: cancel that first")
            queries.take_back(conn, change_id=change_id)
            _follow(conn, found)
        by, why = call.caller.name, call.query.reason
        queries.decide_change(conn, change_id=change_id, status="Cancelled", by=by, at=now(), reason=why)
        return _found(conn, change_id)


def _check_shape(new: NewChange) -> None:
    """Invalid unless it says which shifts are meant, and two people."""
    problems = []
    if new.schedule_id is None and new.schedule_date is None:
        problems.append("schedule_date: is required where schedule_id is not given")
    if new.employee_id == new.replacement_id:
        problems.append("replacement_id: must be somebody else than employee_id")
    returns = new.replacement_schedule_id is not None or new.replacement_date is not None
    if new.change_type == "Cover" and returns:
        problems.append("replacement_schedule_id: a cover takes nothing in return; a swap does")
    if problems:
        raise Invalid(*problems)


def _asked_for(conn: Connection, new: NewChange) -> _Parties:
    """The two people and the shifts meant; a swap that names no date in return means the same one."""
    people = [new.employee_id, new.replacement_id]
    days = [one for one in (new.schedule_date, new.replacement_date) if one] or _days(conn, new)
    found = calendars(conn, employee_ids=people, first=min(days), last=max(days), zone=limits().zone)
    for field, one in zip(("employee_id", "replacement_id"), people, strict=True):
        if one not in found:
            raise NotFound(f"{field}: {one} is no employee")
    giver, taker = found[new.employee_id], found[new.replacement_id]
    shift, problem = shift_meant(giver, schedule_id=new.schedule_id, day=new.schedule_date, field="schedule_id")
    in_return, other = None, None
    if new.change_type == "Swap":
        day = new.replacement_date or (shift.nominal_date if shift else new.schedule_date)
        in_return, other = shift_meant(
            taker, schedule_id=new.replacement_schedule_id, day=day, field="replacement_schedule_id"
        )
    if shift is None or problem or other:
        raise Invalid(*(one for one in (problem, other) if one))
    return _Parties(giver, taker, shift, in_return)


def _days(conn: Connection, new: NewChange) -> list[date]:
    """The nominal dates of the shifts that are named by their ids."""
    wanted = [one for one in (new.schedule_id, new.replacement_schedule_id) if one is not None]
    days = queries.days_of(conn, schedule_ids=wanted)
    if not days:
        raise NotFound(f"schedule_id: {wanted[0]} is no shift")
    return days


def _parties(conn: Connection, found: Change) -> _Parties:
    """The same two people and shifts as they stand now; Conflict where a shift is gone meanwhile."""
    days = [one.nominal_date for one in (found.shift, found.replacement_shift) if one] or [found.schedule_date]
    both = calendars(conn, employee_ids=_people(found), first=min(days), last=max(days), zone=limits().zone)
    giver, taker = both.get(found.employee_id), both.get(found.replacement_id)
    if giver is None or taker is None:
        raise Conflict("employee_id: one of them is no employee any more")
    shift, gone = shift_meant(giver, schedule_id=found.schedule_id, day=None, field="schedule_id")
    in_return = None
    if found.change_type == "Swap" and not gone:
        in_return, gone = shift_meant(
            taker, schedule_id=found.replacement_schedule_id, day=None, field="replacement_schedule_id"
        )
    if shift is None or gone:
        raise Conflict(f"{gone}: the plan has changed since this was asked for")
    return _Parties(giver, taker, shift, in_return)


def _held(conn: Connection, call: Call, change_id: int, status: str, said: str | None) -> tuple[Change, str]:
    """The change with both people held, and who decides; whoever comes second sees what the first decided."""
    people = _people(_found(conn, change_id))
    teams.decide(conn, caller=call.caller, employee_ids=people, now=now())
    by = teams.decided_by(call.caller, said, field="approved_by")
    hold(conn, employee_ids=people)
    found = _found(conn, change_id)
    _check_move(found, status)
    return found, by


def _check_move(found: Change, status: str) -> None:
    if problem := move_problem(REQUEST, status=found.status, wanted=status):
        raise Conflict(problem)


def _check_findings(findings: Sequence[Finding], role: str, reason: str | None) -> None:
    if wrong := refusals(findings):
        raise Conflict(*wrong)
    forbidden, problems = warnings_problem(findings, role=role, reason=reason)
    if problems:
        raise (Forbidden if forbidden else Conflict)(*problems)


def _carry_out(conn: Connection, found: Change, parties: _Parties) -> None:
    """Given away first, taken then: nobody is in two places in between."""
    change_id, shift = found.change_id, _id(parties.shift)
    given = [shift, *parties.aside(), *([_id(parties.in_return)] if parties.in_return else [])]
    queries.give(conn, change_id=change_id, schedule_ids=given)
    queries.take(conn, change_id=change_id, schedule_id=shift, employee_id=found.replacement_id)
    if parties.in_return:
        back = _id(parties.in_return)
        queries.take(conn, change_id=change_id, schedule_id=back, employee_id=found.employee_id)


def _follow(conn: Connection, found: Change) -> None:
    """What is recorded of either on the dates of the shifts that have changed hands is seen against the new ones."""
    for day in set(queries.days_of(conn, schedule_ids=_shifts(found))):
        follow(conn, employee_ids=_people(found), first=day, last=day)


def _facts(new: NewChange, parties: _Parties) -> dict[str, object]:
    in_return = parties.in_return
    snapshot = {"shift": _stretch(parties.shift), "replacement_shift": in_return and _stretch(in_return)}
    return {
        "employee_id": new.employee_id,
        "schedule_id": _id(parties.shift),
        "replacement_id": new.replacement_id,
        "replacement_schedule_id": in_return and _id(in_return),
        "schedule_date": parties.shift.nominal_date,
        "change_type": new.change_type,
        "snapshot": msgspec.to_builtins(snapshot),
    }


def _stretch(shift: Shift) -> Stretch:
    at = shift.placed
    assert at.start_time is not None
    assert at.stop_time is not None
    return Stretch(
        _id(shift), at.nominal_date, at.start_date, at.start_time, at.stop_date, at.stop_time, shift.work_code
    )


def _id(shift: Shift) -> int:
    assert shift.schedule_id is not None
    return shift.schedule_id


def _people(found: Change) -> list[int]:
    return [found.employee_id, found.replacement_id]


def _shifts(found: Change) -> list[int]:
    return [one for one in (found.schedule_id, found.replacement_schedule_id) if one is not None]


def _found(conn: Connection, change_id: int) -> Change:
    found = queries.find_change(conn, change_id=change_id)
    if found is None:
        raise NotFound(f"change_id: {change_id} is no swap or cover")
    return found
