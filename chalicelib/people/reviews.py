"""The roster queue over HTTP: rows of roster sheets become employees once HR says so."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType
from sqlalchemy import Connection

from chalicelib.core.auth import HR
from chalicelib.core.clock import now, today
from chalicelib.core.constraints import translated
from chalicelib.core.errors import Conflict, Invalid, NotFound, OpsdbError
from chalicelib.core.http import Call, Page, Routes
from chalicelib.core.inputs import Day, Email, EmployeeId, Input, Note, RowId, Small, Text, given
from chalicelib.people import review_queries as queries
from chalicelib.people.joining import join
from chalicelib.people.queries import Employee
from chalicelib.people.review_queries import Review, ReviewFilters
from chalicelib.people.rules import tidied

routes = Routes(__name__, tag="employees")

NOT_AN_EMPLOYEES = {
    "review_id",
    "employee_id",
    "sheet_number",
    "schedule",
    "notes",
    "status",
    "reviewed_by",
    "reviewed_at",
    "upload_id",
    "created_at",
}
"""What a row of the queue has and an employee has not."""


class ReviewChange(Input, frozen=True, kw_only=True):
    """What the sheet got wrong; a field that is not sent stays."""

    first_name: Text | UnsetType = UNSET
    last_name: Text | UnsetType = UNSET
    company_email: Email | UnsetType | None = UNSET
    batch: Text | UnsetType | None = UNSET
    agent_id: Text | UnsetType | None = UNSET
    ruex_id: Text | UnsetType | None = UNSET
    axonify_id: Text | UnsetType | None = UNSET
    access_card: Text | UnsetType | None = UNSET
    token_serial: Text | UnsetType | None = UNSET
    building_card: Text | UnsetType | None = UNSET
    supervisor: Text | UnsetType | None = UNSET
    manager: Text | UnsetType | None = UNSET
    tier: Small | UnsetType | None = UNSET
    shift: Text | UnsetType | None = UNSET
    department: Text | UnsetType | None = UNSET
    role: Text | UnsetType | None = UNSET
    hire_date: Day | UnsetType | None = UNSET
    phase_1_date: Day | UnsetType | None = UNSET
    phase_2_date: Day | UnsetType | None = UNSET
    phase_3_date: Day | UnsetType | None = UNSET
    schedule: Text | UnsetType | None = UNSET
    notes: Note | UnsetType | None = UNSET


class Approval(Input, frozen=True, kw_only=True):
    """What the sheet lacks: HR's id, and the address."""

    employee_id: EmployeeId
    company_email: Email | None = None


class OneOfMany(Approval, frozen=True, kw_only=True):
    """One row of many, with what its sheet lacks."""

    review_id: RowId


class Approvals(Input, frozen=True, kw_only=True):
    """Rows to approve."""

    reviews: Annotated[list[OneOfMany], Meta(min_length=1, max_length=1000)]


class Approved(msgspec.Struct, frozen=True):
    """Who joined, and what somebody should look at."""

    review: Review
    employee: Employee
    warnings: list[str]


class ReviewOutcome(msgspec.Struct, frozen=True):
    """What became of one row; without problems it is verified."""

    review_id: int
    employee_id: int
    problems: list[str]
    warnings: list[str]


class ReviewOutcomes(msgspec.Struct, frozen=True):
    """What became of many."""

    approved: int
    refused: int
    data: list[ReviewOutcome]


@routes.get("/employees/reviews", query=ReviewFilters, answer=Page[Review])
def list_reviews(call: Call) -> Page[Review]:
    """New people from roster sheets, who wait for HR."""
    with call.reading() as conn:
        return queries.list_reviews(conn, query=call.query)


@routes.put("/employees/reviews/{review_id}", body=ReviewChange, answer=Review, roles=HR, errors=(409,))
def change_review(call: Call, review_id: int) -> Review:
    """Correct a row that waits."""
    with call.writing() as conn:
        _waiting(conn, review_id)
        if facts := tidied(given(call.body)):
            queries.update_review(conn, review_id=review_id, facts=facts)
        return _found(conn, review_id)


@routes.post(
    "/employees/reviews/{review_id}/approve", body=Approval, answer=Approved, status=200, roles=HR, errors=(409,)
)
def approve_review(call: Call, review_id: int) -> Approved:
    """Make an employee of a row; namesakes are told, and hinder nothing."""
    with call.writing() as conn:
        return _approve(conn, call, review_id, call.body)


@routes.post("/employees/reviews/approve", body=Approvals, answer=ReviewOutcomes, status=200, roles=HR)
def approve_reviews(call: Call) -> ReviewOutcomes:
    """Approve many at once: each that can be is, the others are named with their reasons."""
    with call.writing() as conn:
        each = [_tried(conn, call, one) for one in call.body.reviews]
    refused = sum(bool(one.problems) for one in each)
    return ReviewOutcomes(len(each) - refused, refused, each)


@routes.post("/employees/reviews/{review_id}/reject", answer=Review, status=200, roles=HR, errors=(409,))
def reject_review(call: Call, review_id: int) -> Review:
    """Reject a row; it stays on record."""
    with call.writing() as conn:
        _waiting(conn, review_id)
        queries.update_review(conn, review_id=review_id, facts=_decided(call, "Rejected"))
        return _found(conn, review_id)


def _tried(conn: Connection, call: Call, one: OneOfMany) -> ReviewOutcome:
    """One of many: what refuses it takes nothing from the others."""
    try:
        with translated(), conn.begin_nested():
            done = _approve(conn, call, one.review_id, one)
    except OpsdbError as error:
        if error.status >= 500:
            raise
        return ReviewOutcome(one.review_id, one.employee_id, list(error.problems) or [error.summary], [])
    return ReviewOutcome(one.review_id, one.employee_id, [], done.warnings)


def _approve(conn: Connection, call: Call, review_id: int, said: Approval) -> Approved:
    review = _waiting(conn, review_id)
    if not review.first_name or not review.last_name:
        raise Invalid("first_name: first_name and last_name are required before somebody joins")
    same = queries.namesakes(conn, first_name=review.first_name, last_name=review.last_name)
    facts: dict[str, Any] = {
        name: value for name, value in msgspec.structs.asdict(review).items() if name not in NOT_AN_EMPLOYEES
    }
    email = said.company_email or review.company_email
    employee = join(conn, facts={**facts, "employee_id": said.employee_id, "company_email": email}, today=today())
    known = {"employee_id": said.employee_id, "company_email": email}
    queries.update_review(conn, review_id=review_id, facts={**_decided(call, "Verified"), **known})
    warnings = [f"employee_id: {employee_id} is called {name}, too" for employee_id, name in same]
    return Approved(_found(conn, review_id), employee, warnings)


def _decided(call: Call, status: str) -> dict[str, Any]:
    return {"status": status, "reviewed_by": call.caller.name, "reviewed_at": now()}


def _waiting(conn: Connection, review_id: int) -> Review:
    review = _found(conn, review_id)
    if review.status != "Pending":
        raise Conflict(f"status: is {review.status}; only a row that waits can be changed or decided")
    return review


def _found(conn: Connection, review_id: int) -> Review:
    review = queries.find_review(conn, review_id=review_id)
    if review is None:
        raise NotFound(f"review_id: {review_id} is no row of the queue")
    return review
