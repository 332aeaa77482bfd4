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


CLASSED = frozenset({"work_code", "leave_type", "attendance_type", "exception_type"})
"""Categories whose values have a class."""

CODED = frozenset({"leave_type", "exception_type"})
"""Categories whose values lay a work code over the plan."""

FIXED = frozenset({"status"})
"""Categories that the code itself knows; their values neither come nor go."""

DAY_OFF = "OFF"
"""The work code of whoever gave a shift away; the views name it."""


def option_problems(
    *, category: str, value: str, work_class: str | None, work_code: str | None, code_classes: Mapping[str, str]
) -> list[str]:
    """What is wrong about a dropdown value; `code_classes` are the active work codes with their classes."""
    if category in FIXED:
        return [f"category: the values of {category} are fixed"]
    problems = []
    if category in CLASSED and work_class is None:
        problems.append(f"class: is required for a {category}")
    if category not in CLASSED and work_class is not None:
        problems.append(f"class: a {category} has none")
    if category in CODED and work_code is None:
        problems.append(f"work_code: is required for a {category}")
    if category not in CODED and work_code is not None:
        problems.append(f"work_code: a {category} has none")
    if category in CODED and work_code is not None:
        problems += _code_problems(work_class, work_code, code_classes)
    if category == "work_code" and value == DAY_OFF and work_class != "off":
        problems.append(f"class: {DAY_OFF} is the day off of whoever gave a shift away, and stays of class off")
    return problems


def _code_problems(work_class: str | None, work_code: str, code_classes: Mapping[str, str]) -> list[str]:
    if problem := unknown_value("work_code", work_code, sorted(code_classes)):
        return [problem]
    if work_class is not None and code_classes[work_code] != work_class:
        return [f"work_code: {work_code} is of class {code_classes[work_code]}, which contradicts {work_class}"]
    return []
