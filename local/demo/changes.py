"""Swaps and covers that people asked for, and what the duty leads wrote down."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from random import Random

from local.demo.leave import Absences, Row
from local.demo.people import Person
from local.demo.plan import PersonDay
from local.demo.window import Window, dice, moment

COVERS = 7
SWAPS = 6

NOTES = (
    "Queue above target between 10:00 and 11:30; two people moved over from chat.",
    "Telephony was slow for twenty minutes; ticket opened with the provider.",
    "Everybody in on time. Thank you!",
    "Badge reader at the side door is broken; arrivals were marked by hand.",
    "Refresher for the new tariff was moved to tomorrow.",
    "Two heating panels out on the second floor; fans brought up.",
    "Long calls because of the billing run; overtime approved until 19:00.",
    "Fire drill at 14:00 took fifteen minutes; adherence of that half hour is off.",
    "Newcomers took their first live calls today.",
    "Back-office backlog is down to one day.",
)


@dataclass(frozen=True)
class Change:
    """A request for a change; the schedule ids are looked up by person and date when it is written."""

    person: Person
    replacement: Person
    day: date
    change_type: str
    status: str
    decided_by: str | None

    def row(self, ids: dict[tuple[int, date], int], window: Window) -> Row:
        swap = self.change_type == "Swap"
        return {
            "employee_id": self.person.employee_id,
            "schedule_id": ids[self.person.employee_id, self.day],
            "replacement_id": self.replacement.employee_id,
            "replacement_schedule_id": ids[self.replacement.employee_id, self.day] if swap else None,
            "schedule_date": self.day,
            "change_type": self.change_type,
            "status": self.status,
            "decided_by": self.decided_by,
            "decided_at": moment(window.from_monday(-1), 16) if self.decided_by else None,
            "created_at": moment(window.from_monday(-3), 9, self.person.employee_id % 60),
        }


def changes(planned: list[PersonDay], absences: Absences, window: Window) -> list[Change]:
    """Requests for next week and the one after, among qualified people of one department; most wait for a decision."""
    chance = dice("changes")
    ahead = [
        one for one in planned if window.from_monday(7) <= one.day <= window.from_monday(20) and _may(one, absences)
    ]
    chance.shuffle(ahead)
    return [*islice(_covers(chance, ahead), COVERS), *islice(_swaps(chance, ahead), SWAPS)]


def _may(one: PersonDay, absences: Absences) -> bool:
    free = (one.person.employee_id, one.day) not in absences.taken
    return free and one.person.is_agent and not one.person.newcomer and one.person.status == "Active"


def _covers(chance: Random, ahead: list[PersonDay]) -> Iterator[Change]:
    """Somebody works, a colleague with the same hours is off."""
    off = {(one.person.department, one.person.shift, one.day): one.person for one in ahead if one.work_code == "OFF"}
    for one in ahead:
        colleague = off.pop((one.person.department, one.person.shift, one.day), None) if one.begins else None
        if colleague:
            yield _asked(chance, one, colleague, "Cover")


def _swaps(chance: Random, ahead: list[PersonDay]) -> Iterator[Change]:
    """One works in the morning, the other in the evening of the same day."""
    evenings = {
        (one.person.department, one.day): one.person for one in ahead if one.begins and one.person.shift == "Evening"
    }
    for one in ahead:
        works = one.begins and one.person.shift == "Morning"
        colleague = evenings.pop((one.person.department, one.day), None) if works else None
        if colleague:
            yield _asked(chance, one, colleague, "Swap")


def _asked(chance: Random, one: PersonDay, colleague: Person, change_type: str) -> Change:
    status = chance.choices(("Pending", "Rejected", "Cancelled"), (75, 15, 10))[0]
    decided_by = one.person.approver if status == "Rejected" else None
    return Change(one.person, colleague, one.day, change_type, status, decided_by)


def floor_notes(people: list[Person], window: Window) -> list[Row]:
    """One or two a day, up to yesterday."""
    chance = dice("notes")
    leaders = [one for one in people if one.role == "Supervisor"]
    rows: list[Row] = []
    for day in window.days:
        for _ in range(chance.randint(1, 2)):
            leader, text, hour = chance.choice(leaders), chance.choice(NOTES), chance.randint(8, 20)
            if day < window.today:
                rows.append(
                    {
                        "date": day,
                        "department": leader.department,
                        "author": leader.full_name,
                        "text": text,
                        "created_at": moment(day, hour),
                    }
                )
    return rows
