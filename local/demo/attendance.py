"""Who came when on the demo floor: mostly on time, with a long tail of lateness, and all the marks a lead makes."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from local.demo.leave import Absences, Row
from local.demo.people import Person
from local.demo.plan import PersonDay
from local.demo.window import Window, dice

GRACE = 5
OVERTIME_FROM = 15
LONGEST_LATE = 180

COLUMNS = (
    "employee_id",
    "date",
    "check_in",
    "check_out",
    "exception_type",
    "expected_at",
    "late_minutes",
    "early_leave",
    "early_minutes",
    "overtime_minutes",
    "overtime_approved",
    "cover_up_for_employee_id",
    "check_in_source",
    "check_out_source",
    "exception_type_source",
    "late_minutes_source",
    "early_minutes_source",
    "overtime_minutes_source",
    "notes",
)


@dataclass(frozen=True)
class _Day:
    """How one working day went, as far as it has gone by `now`."""

    one: PersonDay
    begins: datetime
    ends: datetime
    came: datetime
    left: datetime
    now: datetime

    def row(self, *, approved: bool | None) -> Row:
        out = self.left if self.left <= self.now else None
        late = _beyond(self.came - self.begins, GRACE)
        early = _beyond(self.ends - self.left, GRACE) if out else None
        overtime = _beyond(self.left - self.ends, OVERTIME_FROM - 1) if out else None
        mark = "Late" if late else "Early Leave" if early else "Overtime" if overtime else None
        return _filled(
            employee_id=self.one.person.employee_id,
            date=self.one.day,
            check_in=self.came,
            check_out=out,
            exception_type=mark,
            expected_at=self.came if late and late > 60 else None,
            late_minutes=late,
            early_leave=self.left.time() if early else None,
            early_minutes=early,
            overtime_minutes=overtime,
            overtime_approved=approved if overtime else None,
            check_in_source="clock",
            check_out_source="clock" if out else None,
            exception_type_source="derived" if mark else None,
            late_minutes_source="derived",
            early_minutes_source="derived" if out else None,
            overtime_minutes_source="derived" if out else None,
            notes="Called ahead" if late and late > 60 else None,
        )


def _beyond(length: timedelta, tolerated: int) -> int:
    """All the minutes once they are more than tolerated, else none."""
    minutes = int(length.total_seconds() // 60)
    return minutes if minutes > tolerated else 0


def _filled(**known: object) -> Row:
    return {column: known.get(column) for column in COLUMNS}


def attendance(planned: list[PersonDay], absences: Absences, window: Window, now: datetime) -> list[Row]:
    """The marks and clock times up to `now`, which is local to the site."""
    chance = dice("attendance")
    rows = []
    missed: list[PersonDay] = []
    for one in planned:
        draws = _Draws.make(chance, one.person)
        if one.begins is None or one.ends is None or one.begins > now or one.day < window.first:
            continue
        key = one.person.employee_id, one.day
        if key in absences.away:
            if key in absences.sick:
                rows.append(_mark(one, "Sick"))
        elif draws.absent and not one.person.newcomer:
            if one.begins + timedelta(hours=1) <= now:
                missed.append(one)
                rows.append(_mark(one, draws.absent))
        elif one.ends > now and one.person.comes_by_the_back_door:
            continue
        elif (day := draws.day(one, one.begins, one.ends, absences.appointments.get(key), now)).came <= now:
            rows.append(_excused(day.row(approved=draws.approved), key in absences.appointments))
    return rows + _covers(missed, planned, absences, now)


def _mark(one: PersonDay, mark: str) -> Row:
    return _filled(employee_id=one.person.employee_id, date=one.day, exception_type=mark, exception_type_source="lead")


def _excused(row: Row, has_appointment: bool) -> Row:
    """Somebody with leave for the first hours is not late by them."""
    if has_appointment:
        row |= {"late_minutes": 0, "expected_at": row["check_in"], "notes": "Half day"}
        if row["exception_type"] == "Late":
            row |= {"exception_type": None, "exception_type_source": None}
    return row


@dataclass(frozen=True)
class _Draws:
    """What chance has in store for one person-day, drawn whether or not it is used, so that days stay the same."""

    absent: str | None
    arrival: int
    departure: int
    approved: bool | None

    @classmethod
    def make(cls, chance: Random, person: Person) -> "_Draws":
        absence, arrival, departure, decision = (chance.random() for _ in range(4))
        tail = min(int(chance.expovariate(1 / 16)), LONGEST_LATE - GRACE - 1)
        usual_in, usual_out, long = chance.randint(-12, 4), chance.randint(-2, 9), chance.randint(15, 110)
        late = arrival < person.lateness
        leaves = -long if departure < 0.015 else long if departure < 0.07 else usual_out
        return cls(
            absent="No Show" if absence < 0.006 else "Absent" if absence < 0.009 else None,
            arrival=GRACE + 1 + tail if late else usual_in,
            departure=leaves,
            approved=True if decision < 0.6 else False if decision < 0.7 else None,
        )

    def day(self, one: PersonDay, begins: datetime, ends: datetime, free_until: datetime | None, now: datetime) -> _Day:
        came = (free_until or begins) + timedelta(minutes=self.arrival)
        return _Day(one, begins, ends, came, ends + timedelta(minutes=self.departure), now)


def _covers(missed: list[PersonDay], planned: list[PersonDay], absences: Absences, now: datetime) -> list[Row]:
    """For some who did not come, a colleague on a day off did."""
    free: dict[tuple[str, str, date], list[Person]] = {}
    for one in planned:
        if (
            one.work_code == "OFF"
            and one.person.role == "Agent"
            and (one.person.employee_id, one.day) not in absences.away
        ):
            free.setdefault((one.person.department, one.person.shift, one.day), []).append(one.person)
    rows = []
    for one in missed[::4]:
        colleagues = free.get((one.person.department, one.person.shift, one.day))
        if colleagues and one.begins and one.ends and one.ends <= now:
            rows.append(_cover(one, colleagues.pop(), one.begins + timedelta(minutes=70), one.ends))
    return rows


def _cover(one: PersonDay, colleague: Person, came: datetime, left: datetime) -> Row:
    return _filled(
        employee_id=colleague.employee_id,
        date=one.day,
        check_in=came,
        check_out=left,
        exception_type="Cover Up",
        exception_type_source="lead",
        cover_up_for_employee_id=one.person.employee_id,
        check_in_source="lead",
        check_out_source="lead",
        notes="Came in at short notice",
    )
