"""What can be decided about points without asking the database."""

from chalicelib.core.errors import Conflict, Forbidden
from chalicelib.schedules.states import Moves

REDEMPTION: Moves = {
    "Pending": frozenset({"Approved", "Rejected"}),
    "Approved": frozenset({"Reversed"}),
}
"""Redemptions: what is asked for counts against the balance at once; rejecting or reversing gives the points back."""


def check_reason(reason: str, *, is_active: bool) -> None:
    """Conflict where a reason is no longer awarded."""
    if not is_active:
        raise Conflict(f"reason_id: {reason} is inactive and cannot be awarded")


def check_reversible(reward_id: int, *, points: int, reverses: int | None, reversed_by: int | None) -> None:
    """Conflict where an entry cannot be taken back: an award can be, once."""
    if reverses is not None:
        raise Conflict(f"reward_id: {reward_id} is itself the reversal of {reverses}: award again instead")
    if reversed_by is not None:
        raise Conflict(f"reward_id: {reward_id} is reversed already, by {reversed_by}")
    if points < 0:
        raise Conflict(f"reward_id: {reward_id} took points away: award again instead")


def check_debt(points: int, *, balance: int, allow_debt: bool, role: str) -> None:
    """Whether so many points may be taken back: Conflict where the balance would fall below zero, unless an admin
    allows the debt; Forbidden where anybody else says so."""
    if allow_debt and role != "admin":
        raise Forbidden("allow_debt: only an admin may leave somebody in debt")
    if points > balance and not allow_debt:
        raise Conflict(f"points: the balance is {balance}, and without these {points} it would be {balance - points}")


def check_covered(points: int, *, balance: int) -> None:
    """Conflict where somebody has fewer points than they would take something for."""
    if points > balance:
        raise Conflict(f"points_redeemed: the balance is {balance}, and this would take {points}")


def check_out_of_debt(balance: int) -> None:
    """Conflict where nothing can be approved, since the balance is below zero with what is pending."""
    if balance < 0:
        raise Conflict(f"status: cannot become Approved while the balance is {balance}")
