"""Reasons, awards and the ledger over HTTP."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType
from sqlalchemy import Connection

from chalicelib.core.auth import HR
from chalicelib.core.clock import now, today
from chalicelib.core.errors import Invalid, NotFound
from chalicelib.core.http import Call, Page, Routes
from chalicelib.core.inputs import Day, EmployeeId, Input, Note, RowId, Text, given
from chalicelib.people import teams
from chalicelib.people.queries import find_employee
from chalicelib.rewards import queries, reason_queries
from chalicelib.rewards.queries import Award, AwardFilters, Balance, LedgerEntry, LedgerFilters
from chalicelib.rewards.reason_queries import Reason, ReasonFilters
from chalicelib.rewards.rules import check_debt, check_reason, check_reversible

routes = Routes(__name__, tag="rewards")

LEADS = HR | teams.LEADS
"""Who writes rewards: HR and admins about everybody, leads about their own people."""

Points = Annotated[int, Meta(ge=1, le=100_000)]
"""So few that no balance comes near what its column holds."""


class NewReason(Input, frozen=True, kw_only=True):
    """What points are given for, and how many."""

    reason: Text
    points: Points


class ReasonChange(Input, frozen=True, kw_only=True):
    """What shall be different; without a field it stays."""

    reason: Text | UnsetType = UNSET
    points: Points | UnsetType = UNSET
    is_active: bool | UnsetType = UNSET


class NewAward(Input, frozen=True, kw_only=True):
    """Points for somebody: as many as the reason says, and today, unless told otherwise. A machine may say for whom
    it awards."""

    employee_id: EmployeeId
    reason_id: RowId
    points: Points | None = None
    date_awarded: Day | None = None
    notes: Note | None = None
    awarded_by: Text | None = None


class Reversal(Input, frozen=True, kw_only=True):
    """Why an award is taken back, and whether that may leave somebody in debt."""

    notes: Note | None = None
    allow_debt: bool = False
    awarded_by: Text | None = None


class Total(msgspec.Struct, frozen=True):
    """What somebody was awarded in all, less what was reversed; whatever they took for it."""

    employee_id: int
    full_name: str | None
    total_points: int


@routes.get("/rewards/reasons", query=ReasonFilters, answer=Page[Reason])
def list_reward_reasons(call: Call) -> Page[Reason]:
    """What points are given for, by name."""
    with call.reading() as conn:
        return reason_queries.list_reasons(conn, query=call.query)


@routes.post("/rewards/reasons", body=NewReason, answer=Reason, roles=HR, errors=(409,))
def create_reward_reason(call: Call) -> Reason:
    """Add a reason."""
    new: NewReason = call.body
    with call.writing() as conn:
        facts = {"reason": _tidied(new.reason), "points": new.points}
        return _reason(conn, reason_queries.insert_reason(conn, facts=facts))


@routes.put("/rewards/reasons/{reason_id}", body=ReasonChange, answer=Reason, roles=HR, errors=(409,))
def change_reward_reason(call: Call, reason_id: int) -> Reason:
    """Rename a reason, retire it or bring it back, or change what it is worth; awards keep their points."""
    facts = given(call.body)
    if not facts:
        raise Invalid("body: says nothing to change")
    if "reason" in facts:
        facts["reason"] = _tidied(facts["reason"])
    with call.writing() as conn:
        reason_queries.update_reason(conn, reason_id=reason_id, facts=facts)
        return _reason(conn, reason_id)


@routes.get("/rewards/awards", query=AwardFilters, answer=Page[Award])
def list_awards(call: Call) -> Page[Award]:
    """Awards and their reversals, filtered and sorted."""
    with call.reading() as conn:
        return queries.list_awards(conn, query=call.query)


@routes.post("/rewards/award", body=NewAward, answer=Award, roles=LEADS, errors=(404, 409))
def award(call: Call) -> Award:
    """Give somebody points."""
    new: NewAward = call.body
    with call.writing() as conn:
        teams.decide(conn, caller=call.caller, employee_ids=[new.employee_id], now=now())
        by = teams.decided_by(call.caller, new.awarded_by, field="awarded_by")
        if find_employee(conn, employee_id=new.employee_id) is None:
            raise NotFound(f"employee_id: {new.employee_id} is no employee")
        reason = _reason(conn, new.reason_id)
        check_reason(reason.reason, is_active=reason.is_active)
        facts = {
            "employee_id": new.employee_id,
            "reason_id": reason.reason_id,
            "points": new.points or reason.points,
            "date_awarded": new.date_awarded or today(),
            "notes": new.notes,
            "awarded_by": by,
        }
        return _award(conn, queries.insert_award(conn, facts=facts))


@routes.post("/rewards/awards/{reward_id}/reverse", body=Reversal, answer=Award, status=200, roles=LEADS, errors=(409,))
def reverse_award(call: Call, reward_id: int) -> Award:
    """Take an award back, by an entry that points at it; both stay on record. The answer is that entry."""
    said: Reversal = call.body
    with call.writing() as conn:
        found = _award(conn, reward_id)
        teams.decide(conn, caller=call.caller, employee_ids=[found.employee_id], now=now())
        by = teams.decided_by(call.caller, said.awarded_by, field="awarded_by")
        check_reversible(reward_id, points=found.points, reverses=found.reverses, reversed_by=found.reversed_by)
        balance = _balance(conn, found.employee_id).point_balance
        check_debt(found.points, balance=balance, allow_debt=said.allow_debt, role=call.caller.role)
        if said.allow_debt:
            queries.allow_debt(conn)
        facts = {
            "employee_id": found.employee_id,
            "reason_id": found.reason_id,
            "points": -found.points,
            "date_awarded": today(),
            "notes": said.notes,
            "awarded_by": by,
            "reverses": reward_id,
        }
        return _award(conn, queries.insert_award(conn, facts=facts))


@routes.get("/rewards/employee/{employee_id}", query=LedgerFilters, answer=Page[LedgerEntry])
def list_ledger(call: Call, employee_id: int) -> Page[LedgerEntry]:
    """Somebody's ledger: awards, reversals and redemptions, newest first; also of somebody who is in history."""
    with call.reading() as conn:
        found = queries.list_ledger(conn, employee_id=employee_id, query=call.query)
        if not found.total:
            _balance(conn, employee_id)
        return found


@routes.get("/rewards/employee/{employee_id}/total", answer=Total)
def get_total(call: Call, employee_id: int) -> Total:
    """What somebody was awarded in all, less what was reversed."""
    with call.reading() as conn:
        found = _balance(conn, employee_id)
        return Total(employee_id, found.full_name, found.awarded - found.reversed)


@routes.get("/rewards/employee/{employee_id}/balance", answer=Balance)
def get_balance(call: Call, employee_id: int) -> Balance:
    """What somebody has, and how it came about."""
    with call.reading() as conn:
        return _balance(conn, employee_id)


def _tidied(reason: str) -> str:
    return " ".join(reason.split())


def _reason(conn: Connection, reason_id: int) -> Reason:
    reason = reason_queries.find_reason(conn, reason_id=reason_id)
    if reason is None:
        raise NotFound(f"reason_id: {reason_id} is no reason")
    return reason


def _award(conn: Connection, reward_id: int) -> Award:
    found = queries.find_award(conn, reward_id=reward_id)
    if found is None:
        raise NotFound(f"reward_id: {reward_id} is no award")
    return found


def _balance(conn: Connection, employee_id: int) -> Balance:
    found = queries.find_balance(conn, employee_id=employee_id)
    if found is None:
        raise NotFound(f"employee_id: {employee_id} was never here")
    return found
