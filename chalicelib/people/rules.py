"""What can be decided about people without asking the database."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any
from unicodedata import normalize

ASSIGNED = ("supervisor", "manager", "department", "role", "shift", "tier")
"""The fields that make up an assignment: where somebody belongs, from a day on."""

CHOSEN = ("department", "role", "shift")
"""The fields whose values come from the dropdowns."""


def tidied(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts as a sheet's reader would have them too: no surrounding or double spaces, accents composed."""
    return {
        name: " ".join(normalize("NFC", value).split()) if isinstance(value, str) else value
        for name, value in facts.items()
    }


def computed_ruex_id(first_name: str, last_name: str) -> str:
    """The planning tool's login as it is usually made: `John Smith` is `jsmith`. Accents are the caller's to fold."""
    return (first_name[:1] + last_name).replace(" ", "").lower()


def date_problems(facts: Mapping[str, Any]) -> list[str]:
    """What is impossible about the dates of one employee."""
    hired, left = facts.get("hire_date"), facts.get("attrition_date")
    problems = []
    if hired and left and left < hired:
        problems.append(f"attrition_date: must not be before hire_date ({hired}), got {left}")
    phases = [(number, facts.get(f"phase_{number}_date")) for number in (1, 2, 3)]
    dated = [(number, day) for number, day in phases if day]
    for (earlier, first), (later, second) in pairwise(dated):
        if second < first:
            problems.append(f"phase_{later}_date: must not be before phase_{earlier}_date ({first}), got {second}")
    return problems
