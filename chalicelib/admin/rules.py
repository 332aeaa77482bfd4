"""What a dropdown admits (domain.md, rule 7)."""

from collections.abc import Mapping, Sequence
from difflib import get_close_matches


def unknown_value(field: str, value: str, active: Sequence[str]) -> str | None:
    """A sentence that names the nearest choice when `value` is none of the active ones, else None."""
    if value in active:
        return None
    by_lower = {choice.lower(): choice for choice in active}
    near = get_close_matches(value.lower(), by_lower, n=1)
    if near:
        return f"{field}: {value}: did you mean {by_lower[near[0]]}?"
    shown = ", ".join(active[:12]) + (", ..." if len(active) > 12 else "")
    return f"{field}: {value}: must be one of: {shown}" if active else f"{field}: {value}: no value is set up yet"


def unknown_values(chosen: Mapping[str, str | None], active: Mapping[str, Sequence[str]]) -> list[str]:
    """The sentences of every chosen value that is not admitted; fields are named as their categories."""
    problems = (unknown_value(field, value, active[field]) for field, value in chosen.items() if value is not None)
    return [problem for problem in problems if problem]
