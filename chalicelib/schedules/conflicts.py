"""What speaks against a plan: the one place that knows, for edits, sheets, swaps, covers, absences and candidates."""

from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import date, timedelta
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace

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
    effective_class,
)
from chalicelib.schedules.findings import Finding, hours, refusal, shown, shown_layer, warning
from chalicelib.schedules.instants import Interval
from chalicelib.schedules.rules import ONE_DAY
from chalicelib.schedules.workload import Rest, clock_of, days_in_a_row, ended, interval_of, rests, week_hours, week_of


class Limits(msgspec.Struct, frozen=True):
    """What may be asked of people, from the settings."""

    zone: ZoneInfo
    rest: timedelta = timedelta(hours=11)
    most_days: int = 6
    week: timedelta = timedelta(hours=48)
    cover_tier: int = 0


REST_REACH = 3 * ONE_DAY
"""How much farther apart than the least rest the nominal dates of two shifts may be and yet leave too little: their own
lengths, and a late check-out."""


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


def clashes(plan: Calendar) -> list[tuple[Shift, Shift, Finding]]:
    """What cannot be among rows that come together, as a sheet's do: each such row, one that it meets, and the words.

    Every row is here that `judge_edit` refuses for a row of `plan`, but with at most a few of those it meets: a sheet
    may have any number of rows at one moment.
    """
    met = dict.fromkeys(pair for edges in (interval_of, clock_of) for pair in _meeting(plan.timed(), edges))
    return [
        *((one, other, _overlap(plan.person, one, other)) for one, other in met),
        *((one, other, _beside(plan.person, one, other)) for one, other in _mixed(plan)),
    ]


def judge_rows(after: Calendar, rows: Collection[Shift], *, limits: Limits) -> list[tuple[Shift, Finding]]:
    """What people should know of rows that come together; `after` has them already, and nothing that clashes.

    All of it is told only: whoever plans has the last word, leave lies over the plan, and somebody may be hired or come
    back until then. What several rows have in common (a rest, a row of days, a week) is told once, at the last of them.
    """
    told: dict[object, tuple[Shift, Finding]] = {}
    runs: set[date] = set()
    weeks: set[date] = set()
    for row in sorted((one for one in rows if one.interval), key=interval_of, reverse=True):
        day = row.nominal_date
        if row.work_class in BUSY:
            for one in (*_layered(after, row, limits), *_employment(after.person, row)):
                told[row, one.text] = (row, replace(one, refused=False))
        if effective_class(row, after.layers) not in BUSY:
            continue
        for one in _short_rests(_near(after, day, limits.rest), row, limits):
            told.setdefault(one.text, (row, one))
        if day not in runs:
            runs.update(days_in_a_row(after, day))
            for one in _row_of_days(after, row, limits):
                told["run", row] = (row, one)
        if (monday := week_of(day)[0]) not in weeks and effective_class(row, after.layers) in WORKED:
            weeks.add(monday)
            for one in _long_week(after, row, limits):
                told["week", row] = (row, one)
    return list(told.values())[::-1]


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
        _overlap(after.person, shift, other)
        for other in after.timed()
        if shift.interval and other != shift and _meet(shift, other)
    ]


def _overlap(person: Person, shift: Shift, other: Shift) -> Finding:
    text = f"would be in two places: {shown(shift)} overlaps {shown(other)}"
    return refusal("overlap", person, text, shift, other)


def _meet(one: Shift, other: Shift) -> bool:
    """As instants, or by the clock alone: in the hour that comes twice the plan holds no two shifts that only the
    occurrence tells apart (`schedules_no_overlap`)."""
    return interval_of(one).meets(interval_of(other)) or clock_of(one).meets(clock_of(other))


def _meeting(shifts: list[Shift], edges: Callable[[Shift], Interval]) -> Iterator[tuple[Shift, Shift]]:
    """Every shift that meets others, each with the latest to end of those before it and with the one that follows."""
    ordered = sorted((one for one in shifts if edges(one).start < edges(one).stop), key=edges)
    latest = ordered[0] if ordered else None
    for one, following in pairwise(ordered):
        if edges(one).meets(edges(following)):
            yield one, following
        if latest is None or edges(latest).stop < edges(one).stop:
            latest = one
        if edges(latest).meets(edges(following)):
            yield following, latest


def _timed_and_untimed(after: Calendar, shift: Shift) -> list[Finding]:
    return [
        _beside(after.person, shift, other)
        for other in after.on(shift.nominal_date)
        if other != shift and (other.interval is None or shift.interval is None)
    ]


def _beside(person: Person, shift: Shift, other: Shift) -> Finding:
    text = f"has {shown(other)}: that nominal date cannot hold {shown(shift)} as well"
    return refusal("timed_and_untimed", person, text, shift, other)


def _mixed(plan: Calendar) -> Iterator[tuple[Shift, Shift]]:
    """The rows of dates that hold a day off and anything else, each with one that it cannot stand beside."""
    rows = sorted((one for one in plan.shifts if not one.given_away), key=lambda one: one.nominal_date)
    for _, group in groupby(rows, key=lambda one: one.nominal_date):
        day = list(group)
        untimed = next((one for one in day if one.interval is None), None)
        if untimed is not None and len(day) > 1:
            other = next(one for one in day if one is not untimed)
            yield from ((one, other if one is untimed else untimed) for one in day)


def _absences(after: Calendar, shift: Shift, limits: Limits) -> list[Finding]:
    found = _layered(after, shift, limits)
    planned = [one for one in after.on(shift.nominal_date) if one.work_class in AWAY]
    if after.person.status == "On Leave" and not found:
        found.append(refusal("on_leave", after.person, f"is on leave and cannot work {shown(shift)}", shift))
    return found + [
        refusal("planned_away", after.person, f"has {shown(one)} and cannot work {shown(shift)}", shift, one)
        for one in planned
    ]


def _layered(after: Calendar, shift: Shift, limits: Limits) -> list[Finding]:
    """Leave and exceptions that lie over it and keep the person away."""
    return [
        refusal(
            "on_leave" if one.source == "leave" else "away_exception",
            after.person,
            f"has {shown_layer(one)} and cannot work {shown(shift)}",
            shift,
            one,
        )
        for one in away(shift, after.layers, zone=limits.zone)
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
    return [
        *_short_rests(after, shift, limits),
        *_row_of_days(after, shift, limits),
        *_long_week(after, shift, limits),
    ]


def _short_rests(after: Calendar, shift: Shift, limits: Limits) -> list[Finding]:
    before, later = rests(after, shift)
    return [
        *_short_rest(after.person, before, shift, limits),
        *_short_rest(after.person, later, shift, limits),
    ]


def _near(after: Calendar, day: date, rest: timedelta) -> Calendar:
    """As much of the calendar as rest around a date can depend on."""
    reach = rest + REST_REACH
    return replace(after, shifts=tuple(one for one in after.shifts if abs(one.nominal_date - day) <= reach))


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
