"""What each mark says of somebody's working day (domain.md, rule 2)."""

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

from chalicelib.attendance.entries import MINUTES, NO_CHECK_OUT, followed
from chalicelib.attendance.rules import Day, Limits, came, day_of, left
from chalicelib.core.errors import Conflict, Invalid
from chalicelib.schedules.calendars import BUSY, Calendar, Layer, Person, Shift
from chalicelib.schedules.conflicts import judge_absence
from chalicelib.schedules.findings import shown_layer

Mark = Literal[
    "present",
    "late",
    "expected",
    "absent",
    "no_show",
    "sick",
    "early_leave",
    "overtime",
    "cover_up",
    "on_leave",
]

MAIN = {
    "late": "Late",
    "absent": "Absent",
    "no_show": "No Show",
    "sick": "Sick",
    "early_leave": "Early Leave",
    "overtime": "Overtime",
    "cover_up": "Cover Up",
    "on_leave": "Leave",
}
"""The main mark that each puts on the day; the others leave it without any."""

TAKES: Mapping[str, frozenset[str]] = {
    "present": frozenset({"time"}),
    "late": frozenset({"time", "minutes"}),
    "expected": frozenset({"time"}),
    "sick": frozenset({"leave_type"}),
    "early_leave": frozenset({"time"}),
    "overtime": frozenset({"minutes"}),
    "cover_up": frozenset({"cover_up_for_employee_id", "time"}),
    "on_leave": frozenset({"leave_type"}),
}
"""What may be said with each, beside whom, which day, and notes."""

NEEDS = {
    "expected": "time",
    "early_leave": "time",
    "overtime": "minutes",
    "cover_up": "cover_up_for_employee_id",
    "on_leave": "leave_type",
}

ABSENCES = frozenset({"sick", "on_leave"})
"""Marks that are leave, and make its record."""

FOR_ANYBODY = frozenset({"cover_up", "overtime", "on_leave"})
"""What can be marked of somebody who need not be there."""

AHEAD = timedelta(hours=2)
"""How long before its start a shift is the one that is meant."""


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What a lead says of somebody; what the mark needs is there, and nothing that it does not take."""

    mark: Mark
    clock: time | None = None
    minutes: int | None = None
    leave_type: str | None = None
    leave_class: str | None = None
    cover_up_for_employee_id: int | None = None
    notes: str | None = None


class Scene(msgspec.Struct, frozen=True):
    """Whose day is marked, what they are to work then, and when it is said."""

    person: Person
    day: date
    shifts: Day
    now: datetime
    limits: Limits
    zone: ZoneInfo

    def problem(self, field: str, text: str) -> str:
        """A sentence that says whom it is about; `text` goes on after the name."""
        return _problem(field, self.person, text)


def field_problems(mark: Mark, said: Collection[str]) -> list[str]:
    """What is wrong about the fields that are said with this mark."""
    takes = TAKES.get(mark, frozenset())
    problems = [
        f"{field}: {mark} does not take it; {_listed(one for one in TAKES if field in TAKES[one])}"
        for field in sorted(said)
        if field not in takes
    ]
    needed = NEEDS.get(mark)
    if needed and needed not in said:
        problems.append(f"{needed}: is required for {mark}")
    if mark == "late" and takes.isdisjoint(said):
        problems.append("time: is required for late, or minutes")
    if mark == "late" and takes <= set(said):
        problems.append("minutes: late takes a time or minutes, not both")
    return problems


def day_meant(calendar: Calendar, *, now: datetime, zone: ZoneInfo) -> date:
    """The nominal date of the shift in progress or about to start, so that at 05:50 the night's is yesterday's; today
    at the site without one. What is worked comes before what is on leave, and the nearest first."""
    worked = calendar.of_class(BUSY)

    def far(one: Shift) -> tuple[bool, timedelta]:
        assert one.interval is not None
        return one not in worked, max(one.interval.start - now, timedelta())

    meant = [one for one in calendar.timed() if one.interval and one.interval.start - AHEAD <= now < one.interval.stop]
    return min(meant, key=far).nominal_date if meant else now.astimezone(zone).date()


def marked(
    said: Said,
    before: Mapping[str, Any],
    *,
    calendar: Calendar,
    day: date,
    now: datetime,
    limits: Limits,
    zone: ZoneInfo,
) -> dict[str, Any]:
    """The row of the day as it is once that is said of it; `before` is what is recorded, if only whose day it is.

    Conflict where the mark contradicts what stands, Invalid where it says nothing that can be: each names the person.
    """
    if against := obstacles(said, calendar, day):
        raise Conflict(*against)
    if said.mark in ABSENCES:
        calendar = replace(calendar, layers=(*calendar.layers, leave_of(said, day)))
    scene = Scene(calendar.person, day, day_of(calendar, day, zone=zone), now, limits, zone)
    main = MAIN.get(said.mark)
    row = {**before, "exception_type": main, "exception_type_source": main and "lead"}
    row |= MEANINGS[said.mark](said, row, scene)
    if said.notes is not None:
        row["notes"] = said.notes
    row |= followed(row, shifts=scene.shifts, now=now, limits=limits, zone=zone)
    if nothing := _nothing_in_it(said, row, scene):
        raise Invalid(nothing)
    return row


def leave_of(said: Said, day: date) -> Layer:
    """The leave that the mark is."""
    return Layer("leave", None, said.leave_type or "", said.leave_class, day, day, in_force=True)


def obstacles(said: Said, calendar: Calendar, day: date) -> list[str]:
    """Why this cannot be said of that person's day."""
    who = calendar.person
    if gone := _not_employed(who, day):
        return [_problem("employee_id", who, f"{gone}, and cannot be marked on {day}")]
    over = [one for one in calendar.layers if one.covers(day) and one.in_force and one.hours is None]
    if said.mark in ABSENCES:
        same = [one for one in over if one.source == "leave" and one.kind == said.leave_type]
        if same:
            return [_problem("employee_id", who, f"is on that leave already: {shown_layer(one)}") for one in same]
        found = judge_absence(calendar, leave_of(said, day))
        if found:
            return [f"employee_id: {who.employee_id}: {one.text}" for one in found]
    if said.mark in FOR_ANYBODY:
        return []
    if away := [one for one in over if one.absence]:
        return [_problem("employee_id", who, f"has {shown_layer(one)}, which {said.mark} never ends") for one in away]
    scheduled = any(one.nominal_date == day for one in calendar.of_class(BUSY))
    if scheduled or over:
        return []
    others = "only cover_up, overtime or on_leave can be marked"
    return [_problem("employee_id", who, f"is neither scheduled on {day} nor under an exception: {others}")]


def _present(said: Said, row: dict[str, Any], scene: Scene) -> dict[str, Any]:
    """There: since `time`, else as is recorded, else since the shift's start; what was marked before is not so."""
    row = {**row, **_taken_back(row)}
    if said.clock is not None:
        row |= _come(said.clock, row, scene)
    elif row.get("check_in") is None:
        if scene.shifts.due is None:
            raise Invalid(scene.problem("time", f"has no shift on {scene.day} whose start could be taken"))
        row |= _stand_for_shift("check_in", row, scene)
    if scene.shifts.due is not None and row.get("check_out") is None:
        row["check_out_source"] = "derived"
    return row


def _late(said: Said, row: dict[str, Any], scene: Scene) -> dict[str, Any]:
    """A time says since when and the minutes follow; minutes stand for themselves, and the shift's start goes."""
    if said.clock is not None:
        return {**_come(said.clock, row, scene), "late_minutes": None, "late_minutes_source": None}
    minutes = {"late_minutes": said.minutes, "late_minutes_source": "lead"}
    return {**_without(row, ("check_in",), {"derived"}), **minutes}


def _expected(said: Said, row: dict[str, Any], scene: Scene) -> dict[str, Any]:
    """Not there yet, so nothing that a mark has said of the day is so."""
    assert said.clock is not None
    at = came(said.clock, day=scene.day, span=scene.shifts.span, zone=scene.zone)
    back = _taken_back(row)
    return {**back, **_without({**row, **back}, ("check_in", "check_out"), {"derived"}), "expected_at": at}


def _not_there(_: Said, row: dict[str, Any], __: Scene) -> dict[str, Any]:
    """What leads said of coming and going goes, with what stood for the shift; clocks and sheets stay as facts."""
    given = _without(row, MINUTES, {"lead"})
    if "overtime_minutes" in given:
        given["overtime_approved"] = None
    came_and_went = _without(row, ("check_in", "check_out"), {"lead", "derived"})
    return {**given, **came_and_went, "early_leave": None, "cover_up_for_employee_id": None}


def _early_leave(said: Said, row: dict[str, Any], scene: Scene) -> dict[str, Any]:
    assert said.clock is not None
    out = left(said.clock, day=scene.day, since=row.get("check_in"), span=scene.shifts.span, zone=scene.zone)
    minutes = {"early_minutes": None, "early_minutes_source": None}
    return {"check_out": out, "check_out_source": "lead", "early_leave": said.clock, **minutes}


def _overtime(said: Said, _: dict[str, Any], __: Scene) -> dict[str, Any]:
    return {"overtime_minutes": said.minutes, "overtime_minutes_source": "lead", "overtime_approved": True}


def _cover_up(said: Said, row: dict[str, Any], scene: Scene) -> dict[str, Any]:
    if said.cover_up_for_employee_id == scene.person.employee_id:
        raise Invalid(scene.problem("cover_up_for_employee_id", "cannot cover for themselves"))
    since = _come(said.clock, row, scene) if said.clock is not None else {}
    return {"cover_up_for_employee_id": said.cover_up_for_employee_id, **since}


MEANINGS: Mapping[str, Callable[[Said, dict[str, Any], Scene], dict[str, Any]]] = {
    "present": _present,
    "late": _late,
    "expected": _expected,
    "absent": _not_there,
    "no_show": _not_there,
    "sick": _not_there,
    "early_leave": _early_leave,
    "overtime": _overtime,
    "cover_up": _cover_up,
    "on_leave": _not_there,
}
"""What each changes of the row, which has its main mark already; what follows from that follows."""


def _taken_back(row: Mapping[str, Any]) -> dict[str, Any]:
    """What marks have said of the day goes: minutes given by hand, leaving early, and for whom somebody was there."""
    back = {"expected_at": None, "early_leave": None, "cover_up_for_employee_id": None}
    back |= _without(row, MINUTES, {"lead"})
    if "overtime_minutes" in back:
        back["overtime_approved"] = None
    out, early = row.get("check_out"), row.get("early_leave")
    if out is not None and early == out.time():
        back |= _without(row, ("check_out",), {"lead"})
    return back


def _come(clock: time, row: Mapping[str, Any], scene: Scene) -> dict[str, Any]:
    """The check-in, by a lead; a check-out that only stood for the shift's end gives way to one after it."""
    since = came(clock, day=scene.day, span=scene.shifts.span, zone=scene.zone)
    found: dict[str, Any] = {"check_in": since, "check_in_source": "lead"}
    out = row.get("check_out")
    if out is not None and out <= since:
        if row.get("check_out_source") != "derived":
            raise Conflict(scene.problem("time", f"left at {out:%Y-%m-%d %H:%M} and cannot have come at {since:%H:%M}"))
        found |= NO_CHECK_OUT
    return found


def _stand_for_shift(name: str, row: Mapping[str, Any], scene: Scene) -> dict[str, Any]:
    """The shift's own start, unless somebody has them leave before it."""
    assert scene.shifts.due is not None
    start = scene.shifts.due.start.astimezone(scene.zone).replace(tzinfo=None)
    out = row.get("check_out")
    if out is not None and out <= start and row.get("check_out_source") != "derived":
        raise Conflict(scene.problem("time", f"left at {out:%Y-%m-%d %H:%M}, before the shift: say since when"))
    return {name: start, f"{name}_source": "derived"}


def _without(row: Mapping[str, Any], names: Collection[str], sources: Collection[str]) -> dict[str, Any]:
    """Those of these values that come from one of `sources`, taken back."""
    return {field: None for name in names if row.get(f"{name}_source") in sources for field in (name, f"{name}_source")}


def _nothing_in_it(said: Said, row: Mapping[str, Any], scene: Scene) -> str | None:
    """Why somebody who is said to be late, or to leave early, is not, by their shifts of the day."""
    words = {"late": ("late_minutes", "not late at"), "early_leave": ("early_minutes", "not early at")}
    if said.mark not in words or said.clock is None:
        return None
    name, not_so = words[said.mark]
    if row[name]:
        return None
    if scene.shifts.span is None:
        return scene.problem("time", f"has no shift on {scene.day} to be {said.mark.split('_')[0]} for")
    return scene.problem("time", f"is {not_so} {said.clock:%H:%M}")


def _not_employed(person: Person, day: date) -> str | None:
    if person.hire_date and day < person.hire_date:
        return f"starts on {person.hire_date}"
    if person.last_day and day > person.last_day:
        return f"has {person.last_day} as last day"
    return "is inactive" if person.status == "Inactive" and not person.last_day else None


def _problem(field: str, person: Person, text: str) -> str:
    return f"{field}: {person.employee_id}: {person.name} {text}"


def _listed(marks: Any) -> str:
    found = list(marks)
    return f"{' and '.join((', '.join(found[:-1]), found[-1]) if found[1:] else found)} {'do' if found[1:] else 'does'}"
