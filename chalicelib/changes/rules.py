"""What can be decided about swaps and covers without asking the database."""

from collections.abc import Collection, Sequence
from datetime import date

from chalicelib.schedules.calendars import BUSY, Calendar, Shift
from chalicelib.schedules.findings import Finding, shown

MAY_PASS_WARNINGS = frozenset({"duty_lead", "admin"})
"""Roles that may let a change pass in spite of warnings, with a reason (domain.md, rule 4)."""


def shift_meant(
    calendar: Calendar, *, schedule_id: int | None, day: date | None, field: str
) -> tuple[Shift | None, str | None]:
    """The shift that an id, or a nominal date with a single one, names; else the sentence that says what is wrong."""
    name = calendar.person.name
    if schedule_id is not None:
        found = [one for one in calendar.shifts if one.schedule_id == schedule_id]
        return (found[0], None) if found else (None, f"{field}: {schedule_id} is no shift of {name}")
    given = [one for one in calendar.timed() if one.nominal_date == day and one.work_class in BUSY]
    if len(given) == 1:
        return given[0], None
    if not given:
        return None, f"{field}: {name} has no shift on {day}"
    listed = ", ".join(f"{one.schedule_id} is {shown(one)}" for one in given)
    return None, f"{field}: {name} has {len(given)} shifts on {day}, so say which: {listed}"


def warnings_problem(findings: Sequence[Finding], *, role: str, reason: str | None) -> tuple[bool, list[str]]:
    """Whether the warnings among `findings` may not be passed by this role at all, and the sentences against it; no
    sentence when they may."""
    warned = [one.text for one in findings if not one.refused]
    if not warned:
        return False, []
    if role not in MAY_PASS_WARNINGS:
        return True, [*warned, "override_reason: only a duty lead or an admin may pass this, with a reason"]
    return False, [] if reason else [*warned, "override_reason: is required to pass this"]


def refusals(findings: Collection[Finding]) -> list[str]:
    """What stands whoever asks."""
    return [one.text for one in findings if one.refused]
