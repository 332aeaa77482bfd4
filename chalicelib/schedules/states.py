"""How things that are decided move from one status to another."""

from collections.abc import Mapping

Moves = Mapping[str, frozenset[str]]
"""Where each status leads; one that is not named is final."""

REQUEST: Moves = {
    "Pending": frozenset({"Approved", "Rejected", "Cancelled"}),
    "Approved": frozenset({"Cancelled"}),
}
"""Leave requests (domain.md, rule 3), swaps and covers: cancelling an approved one takes its effect back."""

EXCEPTION: Moves = {
    "Pending": frozenset({"Completed", "Rejected"}),
    "Completed": frozenset({"Pending"}),
}
"""Exceptions: reverting takes the layer off and leaves the exception to be decided again; what is rejected stays so."""


def move_problem(moves: Moves, *, status: str, wanted: str) -> str | None:
    """Why something in `status` cannot become `wanted`; None when it can."""
    possible = sorted(moves.get(status, frozenset()))
    if wanted in possible:
        return None
    ways = " or ".join(possible)
    return f"status: is {status} and cannot become {wanted}" + (f", only {ways}" if ways else "; that is final")
