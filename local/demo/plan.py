"""The demo floor's schedule: five days on, two off, in weeks that turn with the person."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from chalicelib.schedules.rules import place
from local.demo.people import NESTING_DAYS, STARTS, TRAINING_DAYS, Person
from local.demo.window import Window, dice

ROTATION = ("Morning", "Evening", "Night")
TRAINING_STARTS = 9
OVERTIME_HOURS = 5


@dataclass(frozen=True)
class PersonDay:
    """What one person is planned to do on one nominal date; a day off has no times."""

    person: Person
    day: date
    work_code: str
    begins: datetime | None = None
    ends: datetime | None = None

    def row(self) -> dict[str, object]:
        start = self.begins.time() if self.begins else None
        stop = self.ends.time() if self.ends else None
        placed = place(nominal_date=self.day, start=start, stop=stop, day_start=time(0))
        return {
            "employee_id": self.person.employee_id,
            "nominal_date": placed.nominal_date,
            "start_date": placed.start_date,
            "start_time": placed.start_time,
            "stop_date": placed.stop_date,
            "stop_time": placed.stop_time,
            "work_code": self.work_code,
        }


def plan(people: list[Person], window: Window) -> list[PersonDay]:
    """Every person-day of the window, while the person is employed."""
    chance = dice("overtime on days off")
    planned = []
    for person in people:
        for number, day in enumerate(window.days):
            extra = chance.random() < 0.02
            if person.here_on(day):
                planned.append(_person_day(person, number, day, extra))
    return planned


def _person_day(person: Person, number: int, day: date, extra: bool) -> PersonDay:
    week, weekday = divmod(number - person.free_from - 2, 7)
    if weekday >= 5:
        willing = person.is_agent and not person.newcomer and person.shift != "Rotating"
        hour = person.start_hour if extra and willing else None
        return _timed(person, day, "OT", hour, OVERTIME_HOURS) if hour is not None else PersonDay(person, day, "OFF")
    days_here = (day - person.hire_date).days
    if person.newcomer and days_here < TRAINING_DAYS:
        return _timed(person, day, "TRAIN", TRAINING_STARTS, 8)
    shift = ROTATION[week % 3] if person.shift == "Rotating" else person.shift
    hour = STARTS[shift][0] if person.shift == "Rotating" else person.start_hour
    nesting = person.newcomer and days_here < TRAINING_DAYS + NESTING_DAYS
    return _timed(person, day, "NEST" if nesting else "NIGHT" if shift == "Night" else "REG", hour, person.hours)


def _timed(person: Person, day: date, work_code: str, hour: int, hours: int) -> PersonDay:
    begins = datetime.combine(day, time(hour))
    return PersonDay(person, day, work_code, begins, begins + timedelta(hours=hours))
