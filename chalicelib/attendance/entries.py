"""What becomes of a day's row when somebody says something of it, or its shifts change (domain.md, rule 1)."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from chalicelib.attendance.rules import Day, Limits, came, gives_way, left, worked_out

MINUTES = ("late_minutes", "early_minutes", "overtime_minutes")
SOURCED = ("check_in", "check_out", "exception_type", *MINUTES)
"""The values whose source is recorded beside them."""
NO_CHECK_OUT = {"check_out": None, "check_out_source": None}


def entered(
    said: Mapping[str, Any],
    before: Mapping[str, Any],
    *,
    day: date,
    shifts: Day,
    limits: Limits,
    zone: ZoneInfo,
    source: str = "lead",
) -> dict[str, Any]:
    """The columns to write: `said` by the `source` over the row `before` (empty where there is none), times dated, and
    minutes worked out anew unless somebody gave them. A null takes back what was given. An Absent that only followed
    from silence goes where somebody is said to have come."""
    is_here = any(said.get(name) is not None for name in ("check_in", "check_out"))
    if is_here and "exception_type" not in said and before.get("exception_type_source") == "derived":
        said = {**said, "exception_type": None}
    facts = {**said, **_times(said, before, day, shifts, zone)}
    for name in SOURCED:
        if name in said:
            facts[f"{name}_source"] = source if said[name] is not None else None
    return facts | _minutes({**before, **facts}, shifts, limits, zone)


def followed(row: Mapping[str, Any], *, shifts: Day, now: datetime, limits: Limits, zone: ZoneInfo) -> dict[str, Any]:
    """What of a day's row is worked out, worked out again: times that stand for the shift's own, and minutes. What a
    clock, a sheet or a lead gave stays."""
    times = _own_times(row, shifts, now, zone)
    return times | _minutes({**row, **times}, shifts, limits, zone)


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


def _own_times(row: Mapping[str, Any], shifts: Day, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """Check-in and check-out where they are the shift's own: its start, and its end once that is over. On a day without
    a shift by now they stay as they were. The database has nobody leave before they came, so neither does this."""
    due = shifts.due
    if due is None:
        return {}
    found: dict[str, Any] = {}
    start, stop = (edge.astimezone(zone).replace(tzinfo=None) for edge in (due.start, due.stop))
    own_out = row.get("check_out_source") == "derived"
    out = None if own_out else row.get("check_out")
    if row.get("check_in_source") == "derived" and (out is None or start < out):
        found["check_in"] = start
    if own_out:
        since = found.get("check_in", row.get("check_in"))
        over = due.stop <= now and (since is None or since < stop)
        found |= {"check_out": stop, "check_out_source": "derived"} if over else NO_CHECK_OUT
    return found


def _minutes(row: Mapping[str, Any], shifts: Day, limits: Limits, zone: ZoneInfo) -> dict[str, Any]:
    """The minutes that nobody has given, from the row's times."""
    found = worked_out(shifts, check_in=row.get("check_in"), check_out=row.get("check_out"), limits=limits, zone=zone)
    facts: dict[str, Any] = {}
    for name in MINUTES:
        if gives_way(row.get(f"{name}_source"), "derived"):
            derived = getattr(found, name)
            facts |= {name: derived, f"{name}_source": "derived" if derived is not None else None}
    return facts
