"""What becomes of a day's row when a lead says something of it (domain.md, rule 1)."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.attendance.rules import Day, Limits, came, gives_way, left, worked_out

MINUTES = ("late_minutes", "early_minutes", "overtime_minutes")


def entered(
    said: Mapping[str, Any], before: Mapping[str, Any], *, day: date, shifts: Day, limits: Limits, zone: ZoneInfo
) -> dict[str, Any]:
    """The columns to write: `said` by a lead over the row `before` (empty where there is none), times dated, and
    minutes worked out anew unless somebody gave them. A null takes back what was given."""
    facts = dict(said)
    facts |= _times(said, before, day, shifts, zone)
    for name in ("check_in", "check_out", "exception_type"):
        if name in said:
            facts[f"{name}_source"] = "lead" if said[name] is not None else None
    times: dict[str, datetime | None] = {name: facts.get(name, before.get(name)) for name in ("check_in", "check_out")}
    found = worked_out(shifts, check_in=times["check_in"], check_out=times["check_out"], limits=limits, zone=zone)
    for name in MINUTES:
        facts |= _value(name, getattr(found, name), said, before)
    return facts


def _times(
    said: Mapping[str, Any], before: Mapping[str, Any], day: date, shifts: Day, zone: ZoneInfo
) -> dict[str, datetime | None]:
    """The times that are said, dated; a check-out that stays follows a check-in that moves."""
    found: dict[str, datetime | None] = {}
    since = before.get("check_in")
    if "check_in" in said:
        clock = said["check_in"]
        since = found["check_in"] = came(clock, day=day, span=shifts.span, zone=zone) if clock is not None else None
    if "check_in" in said or "check_out" in said:
        stood = before.get("check_out")
        out = said.get("check_out", stood and stood.time())
        found["check_out"] = left(out, day=day, since=since, span=shifts.span, zone=zone) if out is not None else None
    return found


def _value(name: str, derived: int | None, said: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    source = f"{name}_source"
    if said.get(name) is not None:
        return {source: "lead"}
    if name in said or gives_way(before.get(source), "derived"):
        return {name: derived, source: "derived" if derived is not None else None}
    return {}
