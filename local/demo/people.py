"""Who works on the demo floor: departments, teams, newcomers, and those who left."""

import unicodedata
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from chalicelib.people.rules import computed_ruex_id
from local.demo.names import NAMES
from local.demo.window import Window, dice

FIRST_ID = 41031700000
"""Like HR's numbers, and clear of those of the sample sheets."""

TEAM_SIZE = 16
"""A supervisor and about fifteen people."""

TRAINING_DAYS = 14
NESTING_DAYS = 14

_NOT_DECOMPOSED = str.maketrans(
    {
        "ł": "l",
        "Ł": "L",
        "ø": "o",
        "Ø": "O",
        "ß": "ss",
        "æ": "ae",
        "đ": "d",
        "Đ": "D",
        "\N{LATIN SMALL LETTER DOTLESS I}": "i",
        "Þ": "Th",
    }
)


@dataclass(frozen=True)
class Department:
    """One department: how many people, how they spread over the shifts, and how their calls are."""

    name: str
    size: int
    shifts: tuple[str, ...]
    weekend: bool
    handling_seconds: int | None


DEPARTMENTS = (
    Department(
        "Customer Support", 112, ("Morning", "Evening", "Morning", "Night", "Evening", "Morning", "Rotating"), True, 260
    ),
    Department("Technical Support", 68, ("Morning", "Evening", "Night", "Rotating"), True, 540),
    Department("Sales", 54, ("Morning", "Evening", "Morning"), True, 380),
    Department("Back Office", 38, ("Morning", "Evening"), False, None),
    Department("Retention", 28, ("Morning", "Evening"), False, 420),
)

STARTS = {"Morning": (6, 7, 8, 9), "Evening": (14, 15, 16), "Night": (22, 23)}
"""Shift -> the hours at which it may begin."""


@dataclass(eq=False)
class Person:
    """An employee with what the other parts of the demo need to know: habits and place in the hierarchy."""

    first_name: str
    last_name: str
    department: str
    role: str
    shift: str
    hire_date: date
    tier: int
    leader: "Person | None" = None
    manager: "Person | None" = None
    earlier_leader: "Person | None" = None
    start_hour: int = 8
    hours: int = 8
    free_from: int = 5
    lateness: float = 0.05
    status: str = "Active"
    last_day: date | None = None
    reason_left: str | None = None
    newcomer: bool = False
    employee_id: int = 0
    cards: tuple[int, int, int] = field(default=(0, 0, 0))

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}"

    @property
    def is_agent(self) -> bool:
        return self.role in {"Agent", "Senior Agent"}

    @property
    def approver(self) -> str:
        """Who decides for this person; nobody decides for themselves."""
        boss = self.leader or self.manager
        return boss.full_name if boss else "Board of Directors"

    @property
    def comes_by_the_back_door(self) -> bool:
        """Its card reader is out of order: they are on record once their shift is over, until when a lead has somebody
        to mark."""
        return self.cards[0] % 8 == 0

    def here_on(self, day: date) -> bool:
        return self.hire_date <= day and (self.last_day is None or day <= self.last_day)


def everybody(window: Window) -> list[Person]:
    """The 300 people of the floor, in the order of their ids."""
    chance = dice("people")
    names = _names(chance)
    director = _person(chance, names, window, department="Back Office", role="Site Director", shift="Morning")
    people = [director]
    for department in DEPARTMENTS:
        people += _department(chance, names, window, department, director)
    _welcome(chance, people, window)
    _say_goodbye(people, window)
    _move_between_teams(people)
    people.sort(key=lambda one: (one.hire_date, plain(one.full_name)))
    number = FIRST_ID
    for person in people:
        number += chance.randint(1, 60)
        person.employee_id = number
        person.cards = (chance.randint(10000, 99999), chance.randint(10**7, 10**8 - 1), chance.randint(1000, 9999))
    return people


def _names(chance: Random) -> list[tuple[str, str]]:
    """Enough different people; no two are the same without their accents."""
    found: dict[str, tuple[str, str]] = {}
    while len(found) < 300:
        firsts, lasts = chance.choice(NAMES)
        first, last = chance.choice(firsts), chance.choice(lasts)
        if chance.random() < 0.05:
            last = f"{last} {chance.choice(lasts)}" if chance.random() < 0.5 else f"{last}-{chance.choice(lasts)}"
        found.setdefault(plain(f"{first} {last}"), (first, last))
    return list(found.values())


def plain(words: str) -> str:
    """Lower case without accents."""
    decomposed = unicodedata.normalize("NFKD", words.translate(_NOT_DECOMPOSED))
    return "".join(one for one in decomposed if not unicodedata.combining(one)).lower()


def _person(
    chance: Random, names: list[tuple[str, str]], window: Window, *, department: str, role: str, shift: str
) -> Person:
    first, last = names.pop()
    leads = role in {"Site Director", "Manager", "Supervisor"}
    weeks = chance.randint(100, 320) if leads else 8 + min(int(chance.expovariate(1 / 60)), 250)
    tenure_tier = 1 + (weeks > 26) + (weeks > 80)
    role = "Senior Agent" if role == "Agent" and tenure_tier == 3 and chance.random() < 0.6 else role
    return Person(
        first_name=first,
        last_name=last,
        department=department,
        role=role,
        shift=shift,
        hire_date=window.from_monday(-7 * weeks),
        tier=4 if leads else tenure_tier,
        start_hour=chance.choice(STARTS.get(shift, STARTS["Morning"])),
        hours=6 if role == "Agent" and chance.random() < 0.06 else 8,
        lateness=0.01 if leads else min(chance.expovariate(1 / 0.055), 0.35),
    )


def _department(
    chance: Random, names: list[tuple[str, str]], window: Window, department: Department, director: Person
) -> list[Person]:
    """A manager, one supervisor per team, and their teams; a team works mostly its supervisor's shift."""
    make = {"chance": chance, "names": names, "window": window, "department": department.name}
    manager = _person(**make, role="Manager", shift="Morning")  # type: ignore[arg-type]
    manager.leader = manager.manager = director
    size = department.size - 1 - (department.name == director.department)
    people = [manager]
    teams = round(size / TEAM_SIZE)
    for number in range(teams):
        shift = department.shifts[number % len(department.shifts)]
        leader = _person(**make, role="Supervisor", shift=shift)  # type: ignore[arg-type]
        leader.leader = leader.manager = manager
        people.append(leader)
        for seat in range(size // teams + (number < size % teams) - 1):
            works = shift if chance.random() < 0.85 else chance.choice(department.shifts)
            role = _role(department.name, seat)
            member = _person(**make, role=role, shift=works if role == "Agent" else "Morning")  # type: ignore[arg-type]
            member.leader, member.manager = leader, manager
            member.free_from = chance.randrange(7) if department.weekend and member.is_agent else 5
            people.append(member)
    return people


def _role(department: str, seat: int) -> str:
    """The first seats of a team are for those who keep it going."""
    special = ("Workforce Planner", "HR Specialist", "Quality Analyst") if department == "Back Office" else ()
    return (special or ("Quality Analyst",))[seat] if seat < len(special or (1,)) else "Agent"


def _welcome(chance: Random, people: list[Person], window: Window) -> None:
    """Two batches of newcomers: one that began three weeks ago, one that begins this week."""
    open_seats = [
        one for one in people if one.role == "Agent" and one.department in {"Customer Support", "Technical Support"}
    ]
    for number, person in enumerate(chance.sample(open_seats, 22)):
        person.hire_date = window.from_monday(-21 if number < 14 else 0)
        person.newcomer, person.tier, person.hours, person.free_from = True, 0, 8, 5
        if person.shift == "Rotating":
            person.shift = "Evening"
            person.start_hour = 14


def _say_goodbye(people: list[Person], window: Window) -> None:
    """Seven left in the last weeks, two have given notice, three are on long leave."""
    chance = dice("goodbyes")
    reasons = ("Found another job", "Moved away", "Back to university", "Did not pass probation", "Personal reasons")
    settled = [one for one in people if one.role == "Agent" and not one.newcomer]
    for number, person in enumerate(chance.sample(settled, 12)):
        if number < 9:
            after = chance.randint(-27, -2) if number < 7 else chance.randint(8, 20)
            person.last_day = window.from_monday(after)
            person.status = "Inactive" if number < 7 else "Active"
            person.reason_left = chance.choice(reasons)
        else:
            person.status = "On Leave"


def _move_between_teams(people: list[Person]) -> None:
    """Some changed teams two weeks ago: reports on the weeks before must still show the old one."""
    chance = dice("moves")
    leaders = [one for one in people if one.role == "Supervisor"]
    settled = [one for one in people if one.is_agent and not one.newcomer and one.status == "Active"]
    for person in chance.sample(settled, 10):
        others = [one for one in leaders if one.department == person.department and one is not person.leader]
        person.earlier_leader, person.leader = person.leader, chance.choice(others)


def employee_row(person: Person, window: Window) -> dict[str, object]:
    """The employee as the table has it, with the supervisor from before any move."""
    leader = person.earlier_leader or person.leader
    row: dict[str, object] = {
        "employee_id": person.employee_id,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "company_email": _address(person),
        "access_card": f"AC{person.cards[0]}",
        "token_serial": str(person.cards[1]),
        "building_card": f"B-{person.cards[2]}",
        "batch": f"{person.hire_date:%Y-%m}",
        "agent_id": str(person.employee_id)[-5:],
        "ruex_id": computed_ruex_id(*_letters(person)),
        "axonify_id": ".".join(_letters(person)),
        "supervisor": leader.full_name if leader else None,
        "manager": person.manager.full_name if person.manager else None,
        "tier": person.tier,
        "shift": person.shift,
        "department": person.department,
        "role": person.role,
        "hire_date": person.hire_date,
        "status": person.status,
        "attrition_date": person.last_day,
    }
    return row | _phases(person, window)


def _address(person: Person) -> str:
    return ".".join(_letters(person)) + "@demo.opsdb.example"


def _letters(person: Person) -> tuple[str, str]:
    first, last = ("".join(filter(str.isalnum, plain(name))) for name in (person.first_name, person.last_name))
    return first, last


def _phases(person: Person, window: Window) -> dict[str, object]:
    """The days on which each training phase was finished; those ahead are not known yet."""
    ends = (TRAINING_DAYS, TRAINING_DAYS + NESTING_DAYS // 2, TRAINING_DAYS + NESTING_DAYS)
    days = [person.hire_date + timedelta(days=end - 3) for end in ends]
    known = [day if person.is_agent and day < window.today else None for day in days]
    return {f"phase_{number}_date": day for number, day in enumerate(known, start=1)}
