"""Redemptions over HTTP."""

import msgspec
from sqlalchemy import Connection

from chalicelib.admin.queries import active_values
from chalicelib.admin.rules import unknown_values
from chalicelib.core.clock import now, today
from chalicelib.core.errors import Conflict, Invalid, NotFound
from chalicelib.core.http import Call, Page, Routes
from chalicelib.core.inputs import Day, EmployeeId, Input, Note, Text
from chalicelib.people import teams
from chalicelib.people.queries import find_employee
from chalicelib.rewards import redemption_queries as queries
from chalicelib.rewards.queries import find_balance
from chalicelib.rewards.redemption_queries import Redemption, RedemptionFilters, Status
from chalicelib.rewards.routes import LEADS, Points
from chalicelib.rewards.rules import REDEMPTION, check_covered, check_out_of_debt
from chalicelib.schedules.states import move_problem

routes = Routes(__name__, tag="rewards")


class NewRedemption(Input, frozen=True, kw_only=True):
    """What somebody would take for their points; today, unless told otherwise."""

    employee_id: EmployeeId
    points_redeemed: Points
    redemption_type: Text
    redemption_date: Day | None = None
    redemption_details: Note | None = None
    notes: Note | None = None


class RedemptionDecision(Input, frozen=True, kw_only=True):
    """Why; and for whom a machine decides."""

    notes: Note | None = None
    approved_by: Text | None = None


class TakenBack(Input, frozen=True, kw_only=True):
    """Why a redemption is reversed."""

    notes: Note | None = None


@routes.get("/rewards/redemptions", query=RedemptionFilters, answer=Page[Redemption])
def list_redemptions(call: Call) -> Page[Redemption]:
    """Redemptions, filtered and sorted."""
    with call.reading() as conn:
        return queries.list_redemptions(conn, query=call.query)


@routes.post("/rewards/redemptions", body=NewRedemption, answer=Redemption, roles=LEADS, errors=(404, 409))
def redeem(call: Call) -> Redemption:
    """Ask for something in return for points. They are gone from the balance at once; the rest waits for a decision."""
    new: NewRedemption = call.body
    with call.writing() as conn:
        teams.check(conn, caller=call.caller, employee_ids=[new.employee_id], now=now())
        _check_type(conn, new.redemption_type)
        person = find_employee(conn, employee_id=new.employee_id)
        if person is None:
            raise NotFound(f"employee_id: {new.employee_id} is no employee")
        check_covered(new.points_redeemed, balance=person.point_balance)
        facts = {**msgspec.structs.asdict(new), "redemption_date": new.redemption_date or today()}
        return _found(conn, queries.insert_redemption(conn, facts=facts))


@routes.post(
    "/rewards/redemptions/{redemption_id}/approve",
    body=RedemptionDecision,
    answer=Redemption,
    status=200,
    roles=LEADS,
    errors=(409,),
)
def approve_redemption(call: Call, redemption_id: int) -> Redemption:
    """Approve a redemption."""
    return _decide(call, redemption_id, "Approved")


@routes.post(
    "/rewards/redemptions/{redemption_id}/reject",
    body=RedemptionDecision,
    answer=Redemption,
    status=200,
    roles=LEADS,
    errors=(409,),
)
def reject_redemption(call: Call, redemption_id: int) -> Redemption:
    """Reject a redemption; its points are back in the balance."""
    return _decide(call, redemption_id, "Rejected")


@routes.post(
    "/rewards/redemptions/{redemption_id}/reverse",
    body=TakenBack,
    answer=Redemption,
    status=200,
    roles=LEADS,
    errors=(409,),
)
def reverse_redemption(call: Call, redemption_id: int) -> Redemption:
    """Take an approved redemption back; its points are back in the balance, and who approved it stays on record."""
    with call.writing() as conn:
        _held(conn, call, redemption_id, "Reversed")
        return _move(conn, redemption_id, status="Reversed", notes=call.body.notes)


def _decide(call: Call, redemption_id: int, status: Status) -> Redemption:
    with call.writing() as conn:
        found = _held(conn, call, redemption_id, status)
        by = teams.decided_by(call.caller, call.body.approved_by, field="approved_by")
        balance = find_balance(conn, employee_id=found.employee_id) if status == "Approved" else None
        if balance:
            check_out_of_debt(balance.point_balance)
        return _move(conn, redemption_id, status=status, notes=call.body.notes, approved_by=by, approved_at=now())


def _held(conn: Connection, call: Call, redemption_id: int, wanted: Status) -> Redemption:
    """The redemption, nobody else's to decide until the transaction ends, once the caller may and it can move so."""
    queries.hold(conn, redemption_id=redemption_id)
    found = _found(conn, redemption_id)
    teams.decide(conn, caller=call.caller, employee_ids=[found.employee_id], now=now())
    if problem := move_problem(REDEMPTION, status=found.status, wanted=wanted):
        raise Conflict(problem)
    return found


def _move(conn: Connection, redemption_id: int, *, notes: str | None, **facts: object) -> Redemption:
    """The redemption as it is then; what was noted before stays where nothing else is."""
    facts |= {} if notes is None else {"notes": notes}
    queries.move_redemption(conn, redemption_id=redemption_id, facts=facts)
    return _found(conn, redemption_id)


def _check_type(conn: Connection, redemption_type: str) -> None:
    chosen = {"redemption_type": redemption_type}
    if problems := unknown_values(chosen, active_values(conn, chosen)):
        raise Invalid(*problems)


def _found(conn: Connection, redemption_id: int) -> Redemption:
    found = queries.find_redemption(conn, redemption_id=redemption_id)
    if found is None:
        raise NotFound(f"redemption_id: {redemption_id} is no redemption")
    return found
