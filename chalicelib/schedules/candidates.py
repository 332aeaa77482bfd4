"""Who may take a shift: allowed first, with what they would rest and work and every reason against."""

from collections.abc import Iterable
from datetime import timedelta

import msgspec

from chalicelib.schedules.calendars import Calendar, Person, after_cover
from chalicelib.schedules.conflicts import Limits, judge_cover, refused
from chalicelib.schedules.findings import Finding
from chalicelib.schedules.workload import Rest, rests, week_hours


class Candidate(msgspec.Struct, frozen=True):
    """Somebody who might take the shift, as they would stand with it."""

    person: Person
    findings: tuple[Finding, ...]
    rest_before: timedelta | None
    rest_after: timedelta | None
    week: timedelta

    @property
    def allowed(self) -> bool:
        """Whether nothing is against it, warnings included."""
        return not self.findings


def candidate(giver: Calendar, taker: Calendar, *, schedule_id: int, limits: Limits) -> Candidate:
    """How `taker` would stand with that shift of `giver`, which is a timed one."""
    _, after = after_cover(giver, taker, schedule_id=schedule_id)
    shift = after.shift(schedule_id)
    before, later = rests(after, shift)
    return Candidate(
        taker.person,
        tuple(judge_cover(giver, taker, schedule_id=schedule_id, limits=limits)),
        _length(before),
        _length(later),
        week_hours(after, shift.nominal_date),
    )


def ranked(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Those allowed, then those warned of, then those refused; among equals who works least that week."""
    return sorted(candidates, key=lambda one: (refused(one.findings), not one.allowed, one.week, one.person.name))


def _length(rest: Rest | None) -> timedelta | None:
    return rest.length if rest else None
