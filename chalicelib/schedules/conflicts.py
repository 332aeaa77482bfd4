"""What speaks against a plan: the one place that knows, for edits, swaps, covers, absences and candidates."""

from collections.abc import Iterable
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import msgspec

from chalicelib.schedules.calendars import (
    AWAY,
    BUSY,
    WORKED,
    Calendar,
    Layer,
    Person,
    Shift,
    after_cover,
    after_swap,
    away,
)
from chalicelib.schedules.findings import Finding, hours, refusal, shown, shown_layer, warning
from chalicelib.schedules.workload import Rest, days_in_a_row, ended, interval_of, rests, week_hours, week_of


class Limits(msgspec.Struct, frozen=True):
    """What may be asked of people, from the settings."""

    zone: ZoneInfo
    rest: timedelta = timedelta(hours=11)
    most_days: int = 6
    week: timedelta = timedelta(hours=48)
    cover_tier: int = 0


def judge_cover(giver: Calendar, taker: Calendar, *, schedule_id: int, limits: Limits) -> list[Finding]:
    """What is against `taker` working that shift of `giver`."""
    wrong = [*_same_person(giver, taker), *not_to_give(giver, schedule_id)]
    if wrong:
        return wrong
    _, after = after_cover(giver, taker, schedule_id=schedule_id)
    return judge_taking(after, after.shift(schedule_id), limits=limits)


def judge_swap(one: Calendar, other: Calendar, *, schedule_ids: tuple[int, int], limits: Limits) -> list[Finding]:
    """What is against these two people working each other's shift; the first id is `one`'s."""
    first, second = schedule_ids
    wrong = [*_same_person(one, other), *not_to_give(one, first), *not_to_give(other, second)]
    if wrong:
        return wrong
    mine, theirs = after_swap(one, other, schedule_ids=schedule_ids)
    return [
        *judge_taking(mine, mine.shift(second), limits=limits),
        *judge_taking(theirs, theirs.shift(first), limits=limits),
    ]


def judge_taking(after: Calendar, shift: Shift, *, limits: Limits) -> list[Finding]:
    """What is against a person working a shift that was somebody else's; `after` has it already.

    Days off on its date are not: they stand aside with the change (`calendars.stands_aside`).
    """
    return [
        *_overlaps(after, shift),
        *_absences(after, shift, limits),
        *_employment(after.person, shift),
        *_qualification(after.person, shift, limits),
        *_too_much(after, shift, limits),
    ]


def judge_edit(after: Calendar, shift: Shift, *, limits: Limits) -> list[Finding]:
    """What is against a row of a person's own plan; `after` has it already.

    Leave and exceptions are nothing against it: they lie over whatever the plan is. Too much work never stops a
    planner or a sheet, so there the warnings are only told.
    """
    return [*_overlaps(after, shift), *_timed_and_untimed(after, shift), *_too_much(after, shift, limits)]


def judge_absence(calendar: Calendar, wanted: Layer) -> list[Finding]:
    """What is against a leave request or an exception: live absences of one person never overlap, by whole days.

    An exception that is no absence (training, overtime) may lie over anything.
    """
    others = [one for one in calendar.layers if one.absence and not _same_row(one, wanted)]
    return [
        refusal(
            "absences_overlap",
            calendar.person,
            f"has {shown_layer(one)} already, which {shown_layer(wanted)} would overlap",
            one,
        )
        for one in others
        if wanted.absence and one.start_date <= wanted.end_date and wanted.start_date <= one.end_date
    ]


def not_to_give(giver: Calendar, schedule_id: int) -> list[Finding]:
    """Why this row is nothing that somebody else could work."""
    shift = giver.shift(schedule_id)
    if shift.given_away:
        return [refusal("given_away", giver.person, f"has given {shown(shift)} away already", shift)]
    if shift.interval is None or shift.work_class not in BUSY:
        return [refusal("not_a_shift", giver.person, f"has nothing to give: {shown(shift)} is no work", shift)]
    return []


def refused(findings: Iterable[Finding]) -> bool:
    """Whether any of them stands whoever asks and whatever the reason."""
    return any(one.refused for one in findings)


def phases_complete(person: Person, day: date) -> bool:
    """Whether the last training phase is over by then.

    Without any phase on record it is: those who were there before phases were recorded have none, and who is in
    training has shifts that say so.
    """
    if not any(person.phases):
        return True
    last = person.phases[-1]
    return last is not None and last <= day


def _same_person(one: Calendar, other: Calendar) -> list[Finding]:
    if one.person.employee_id != other.person.employee_id:
        return []
    return [refusal("same_person", one.person, "cannot trade with or cover for themselves")]


def _overlaps(after: Calendar, shift: Shift) -> list[Finding]:
    """Two places at once. Also under leave: the rows of the plan never overlap, so that withdrawing it is safe."""
    return [
        refusal(
            "overlap",
            after.person,
            f"would be in two places: {shown(shift)} overlaps {shown(other)}",
            shift,
            other,
        )
        for other in after.timed()
        if shift.interval and other != shift and interval_of(other).meets(shift.interval)
    ]


def _timed_and_untimed(after: Calendar, shift: Shift) -> list[Finding]:
    return [
        refusal(
            "timed_and_untimed",
            after.person,
            f"has {shown(other)}: that nominal date cannot hold {shown(shift)} as well",
            shift,
            other,
        )
        for other in after.on(shift.nominal_date)
        if other != shift and (other.interval is None or shift.interval is None)
    ]


def _absences(after: Calendar, shift: Shift, limits: Limits) -> list[Finding]:
    found = [
        refusal(
            "on_leave" if one.source == "leave" else "away_exception",
            after.person,
            f"has {shown_layer(one)} and cannot work {shown(shift)}",
            shift,
            one,
        )
        for one in away(shift, after.layers, zone=limits.zone)
    ]
    planned = [one for one in after.on(shift.nominal_date) if one.work_class in AWAY]
    if after.person.status == "On Leave" and not found:
        found.append(refusal("on_leave", after.person, f"is on leave and cannot work {shown(shift)}", shift))
    return found + [
        refusal("planned_away", after.person, f"has {shown(one)} and cannot work {shown(shift)}", shift, one)
        for one in planned
    ]


def _employment(person: Person, shift: Shift) -> list[Finding]:
    if person.hire_date and shift.nominal_date < person.hire_date:
        why = f"starts on {person.hire_date}"
    elif person.last_day and shift.nominal_date > person.last_day:
        why = f"has {person.last_day} as last day"
    elif person.status == "Inactive" and not person.last_day:
        why = "is inactive"
    else:
        return []
    return [refusal("inactive", person, f"{why} and cannot work {shown(shift)}", shift)]


def _qualification(person: Person, shift: Shift, limits: Limits) -> list[Finding]:
    found = []
    if shift.department and person.department != shift.department:
        theirs = person.department or "no department"
        found.append(refusal("department", person, f"is of {theirs}, and {shown(shift)} of {shift.department}", shift))
    if not phases_complete(person, shift.nominal_date):
        found.append(refusal("phases", person, f"has training phases to finish before {shown(shift)}", shift))
    if (person.tier or 0) < limits.cover_tier:
        tier = "no tier" if person.tier is None else f"tier {person.tier}"
        found.append(refusal("tier", person, f"has {tier}, and {shown(shift)} takes {limits.cover_tier}", shift))
    return found


def _too_much(after: Calendar, shift: Shift, limits: Limits) -> list[Finding]:
    """Warnings of too little rest, too many days and too many hours; none about a row at which nobody works."""
    if shift not in after.of_class(BUSY):
        return []
    before, later = rests(after, shift)
    return [
        *_short_rest(after.person, before, shift, limits),
        *_short_rest(after.person, later, shift, limits),
        *_row_of_days(after, shift, limits),
        *_long_week(after, shift, limits),
    ]


def _short_rest(person: Person, rest: Rest | None, shift: Shift, limits: Limits) -> list[Finding]:
    if rest is None or rest.length >= limits.rest:
        return []
    earlier, later = sorted((rest.neighbour, shift), key=interval_of)
    stayed = ended(earlier)
    until = f", left at {stayed.astimezone(limits.zone):%H:%M}," if stayed > interval_of(earlier).stop else ""
    text = (
        f"would rest {hours(rest.length)}, not {hours(limits.rest)}, between {shown(earlier)}{until} and {shown(later)}"
    )
    return [warning("rest", person, text, shift, rest.neighbour)]


def _row_of_days(after: Calendar, shift: Shift, limits: Limits) -> list[Finding]:
    run = days_in_a_row(after, shift.nominal_date)
    if len(run) <= limits.most_days:
        return []
    text = f"would work {len(run)} days in a row with {shown(shift)}, {run[0]} to {run[-1]}: most is {limits.most_days}"
    return [warning("days_in_a_row", after.person, text, shift)]


def _long_week(after: Calendar, shift: Shift, limits: Limits) -> list[Finding]:
    total = week_hours(after, shift.nominal_date)
    if total <= limits.week or shift not in after.of_class(WORKED):
        return []
    monday, sunday = week_of(shift.nominal_date)
    week = f"the week {monday} to {sunday}"
    text = f"would work {hours(total)} in {week} with {shown(shift)}: most is {hours(limits.week)}"
    return [warning("week_hours", after.person, text, shift)]


def _same_row(one: Layer, wanted: Layer) -> bool:
    return wanted.source_id is not None and (one.source, one.source_id) == (wanted.source, wanted.source_id)
