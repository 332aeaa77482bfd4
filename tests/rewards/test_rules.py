"""What may be done with points, without asking anybody."""

import pytest

from chalicelib.core.errors import Conflict, Forbidden
from chalicelib.rewards.rules import (
    REDEMPTION,
    check_covered,
    check_debt,
    check_out_of_debt,
    check_reason,
    check_reversible,
)
from chalicelib.schedules.states import move_problem

STATES = ("Pending", "Approved", "Rejected", "Reversed")


def test_a_redemption_is_decided_once_and_only_an_approved_one_is_reversed() -> None:
    moves = {
        (one, other) for one in STATES for other in STATES if move_problem(REDEMPTION, status=one, wanted=other) is None
    }
    assert moves == {("Pending", "Approved"), ("Pending", "Rejected"), ("Approved", "Reversed")}


def test_only_an_award_that_stands_is_reversed() -> None:
    check_reversible(1, points=30, reverses=None, reversed_by=None)
    for points, reverses, reversed_by, said in [
        (-30, 7, None, "reward_id: 1 is itself the reversal of 7: award again instead"),
        (30, None, 9, "reward_id: 1 is reversed already, by 9"),
        (-30, None, None, "reward_id: 1 took points away: award again instead"),
    ]:
        with pytest.raises(Conflict) as refused:
            check_reversible(1, points=points, reverses=reverses, reversed_by=reversed_by)
        assert list(refused.value.problems) == [said]


def test_points_are_taken_back_down_to_zero_and_further_only_by_an_admin_who_says_so() -> None:
    check_debt(30, balance=30, allow_debt=False, role="supervisor")
    check_debt(30, balance=29, allow_debt=True, role="admin")
    with pytest.raises(Conflict, match="the balance is 29, and without these 30 it would be -1"):
        check_debt(30, balance=29, allow_debt=False, role="admin")
    with pytest.raises(Forbidden):
        check_debt(30, balance=30, allow_debt=True, role="hr")


def test_nobody_takes_more_than_they_have_and_in_debt_nothing_is_approved() -> None:
    check_covered(30, balance=30)
    check_out_of_debt(0)
    with pytest.raises(Conflict, match="the balance is 29, and this would take 30"):
        check_covered(30, balance=29)
    with pytest.raises(Conflict, match="while the balance is -1"):
        check_out_of_debt(-1)


def test_an_inactive_reason_is_not_awarded() -> None:
    check_reason("Compliment", is_active=True)
    with pytest.raises(Conflict, match="Compliment is inactive"):
        check_reason("Compliment", is_active=False)
