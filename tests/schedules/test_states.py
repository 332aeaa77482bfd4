"""Which status may follow which."""

import pytest

from chalicelib.core.tables.schedules import DECISIONS
from chalicelib.schedules.states import EXCEPTION, REQUEST, Moves, move_problem


def allowed(moves: Moves, statuses: tuple[str, ...]) -> set[tuple[str, str]]:
    return {(one, other) for one in statuses for other in statuses if not move_problem(moves, status=one, wanted=other)}


def test_requests_move_as_rule_3_says_and_no_other_way() -> None:
    assert allowed(REQUEST, DECISIONS) == {
        ("Pending", "Approved"),
        ("Pending", "Rejected"),
        ("Pending", "Cancelled"),
        ("Approved", "Cancelled"),
    }


def test_an_exception_that_is_reverted_may_be_decided_again() -> None:
    assert allowed(EXCEPTION, ("Pending", "Completed", "Rejected")) == {
        ("Pending", "Completed"),
        ("Pending", "Rejected"),
        ("Completed", "Pending"),
    }


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        ("Approved", "status: is Approved and cannot become Rejected, only Cancelled"),
        ("Cancelled", "status: is Cancelled and cannot become Rejected; that is final"),
    ],
)
def test_what_cannot_move_says_where_it_could(status: str, problem: str) -> None:
    assert move_problem(REQUEST, status=status, wanted="Rejected") == problem
