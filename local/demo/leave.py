"""Leave and exceptions of the demo floor, no two of a person's absences on the same day."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from local.demo.people import NESTING_DAYS, TRAINING_DAYS, Person
from local.demo.plan import PersonDay
from local.demo.window import ONE_DAY, Window, dice, moment

Row = dict[str, object]


@dataclass
class Absences:
    """The rows, and the days they take: `taken` by any live request, `away` by what was decided, `sick` among those."""

    requests: list[Row] = field(default_factory=list)
    exceptions: list[Row] = field(default_factory=list)
    taken: set[tuple[int, date]] = field(default_factory=set)
    away: set[tuple[int, date]] = field(default_factory=set)
    sick: set[tuple[int, date]] = field(default_factory=set)
    appointments: dict[tuple[int, date], datetime] = field(default_factory=dict)
    """Person-day -> when a half day's leave ends and work begins."""

    def take(self, person: Person, start: date, end: date) -> bool:
        """Claim the days; False when one of them is taken already."""
        wanted = {(person.employee_id, day) for day in _days(start, end)}
        if wanted & self.taken:
            return False
        self.taken |= wanted
        return True


def _days(start: date, end: date) -> Iterator[date]:
    for number in range((end - start).days + 1):
        yield start + number * ONE_DAY


def absences(people: list[Person], planned: list[PersonDay], window: Window) -> Absences:
    """All leave requests and exceptions."""
    found = Absences()
    _long_leave(found, people, window)
    _sickness(found, planned, window)
    _vacations(found, people, window)
    _short_leave(found, planned, window)
    _exceptions(found, people, window)
    return found


def _request(
    found: Absences, person: Person, window: Window, leave_type: str, start: date, end: date, **more: object
) -> bool:
    """Record a request unless it meets another; `status`, `asked`, `reason` and times come in `more`."""
    status = str(more.pop("status", "Approved"))
    asked = window.before_today(more.pop("asked", start - timedelta(days=12)))  # type: ignore[arg-type]
    live = status in {"Pending", "Approved"}
    if live and not found.take(person, start, end):
        return False
    decided = status in {"Approved", "Rejected"}
    found.requests.append(
        {
            "employee_id": person.employee_id,
            "leave_type": leave_type,
            "start_date": start,
            "end_date": end,
            "start_time": None,
            "end_time": None,
            "status": status,
            "approved_by": person.approver if decided else None,
            "approved_at": moment(window.before_today(asked + ONE_DAY), 13, 20) if decided else None,
            "reason": None,
            "created_at": moment(asked, 9, person.employee_id % 60),
            **more,
        }
    )
    if live and "start_time" not in more and (status == "Approved" or leave_type == "Sick"):
        found.away |= {(person.employee_id, day) for day in _days(start, end)}
    return True


def _long_leave(found: Absences, people: list[Person], window: Window) -> None:
    for person in people:
        if person.status == "On Leave":
            start, end = window.from_monday(-49), window.from_monday(62)
            _request(
                found, person, window, "Unpaid", start, end, asked=start - timedelta(days=30), reason="Parental leave"
            )


def _sickness(found: Absences, planned: list[PersonDay], window: Window) -> None:
    """Sick notes come in on the morning itself; the latest still wait for a decision."""
    chance = dice("sickness")
    for one in planned:
        falls_ill, days = chance.random() < 0.008, chance.choice((1, 1, 1, 2, 2, 3, 5))
        if not falls_ill or not one.begins or one.day > window.today:
            continue
        recent = (window.today - one.day).days <= 1
        end = one.day + (days - 1) * ONE_DAY
        status = "Pending" if recent else "Approved"
        if _request(found, one.person, window, "Sick", one.day, end, asked=one.day, status=status):
            found.sick |= {(one.person.employee_id, day) for day in _days(one.day, end)}


def _vacations(found: Absences, people: list[Person], window: Window) -> None:
    chance = dice("vacations")
    for person in people:
        planned_ahead, looking_back = chance.random() < 0.24, chance.random() < 0.1
        for wanted, soonest, latest in ((looking_back, -28, -10), (planned_ahead, 2, 26)):
            length, start = (
                chance.choice((2, 3, 5, 5, 7, 7, 10, 12)),
                window.from_monday(chance.randint(soonest, latest)),
            )
            mood, early = chance.random(), timedelta(days=chance.randint(9, 45))
            end = start + (length - 1) * ONE_DAY
            if not wanted or person.newcomer or not (person.here_on(start) and person.here_on(end)):
                continue
            ahead = start > window.today
            status = (
                "Approved"
                if mood < 0.55 or not ahead
                else "Pending"
                if mood < 0.85
                else "Rejected"
                if mood < 0.94
                else "Cancelled"
            )
            reason = "Too many of the team are away that week" if status == "Rejected" else None
            _request(found, person, window, "Vacation", start, end, status=status, asked=start - early, reason=reason)


def _short_leave(found: Absences, planned: list[PersonDay], window: Window) -> None:
    """Appointments of two hours at the start of a shift, and the rarer kinds of leave."""
    chance = dice("short leave")
    for one in planned:
        draw = chance.random()
        if draw > 0.006 or one.begins is None or one.person.newcomer or one.person.shift == "Night":
            continue
        until = one.begins + timedelta(hours=2)
        if draw < 0.0035:
            status = "Approved" if one.day <= window.today else "Pending"
            times = {"start_time": one.begins.time(), "end_time": until.time(), "reason": "Appointment"}
            asked = one.day - timedelta(days=4)
            if _request(found, one.person, window, "Personal", one.day, one.day, status=status, asked=asked, **times):
                found.appointments[one.person.employee_id, one.day] = until
        else:
            kind = "Personal" if draw < 0.005 else "Bereavement" if draw < 0.0055 else "Unpaid"
            days = 3 if kind == "Bereavement" else 1
            asked = one.day - timedelta(days=2)
            _request(found, one.person, window, kind, one.day, one.day + (days - 1) * ONE_DAY, asked=asked)


def _exceptions(found: Absences, people: list[Person], window: Window) -> None:
    chance = dice("exceptions")
    for person in (one for one in people if one.newcomer):
        trained, nested = TRAINING_DAYS * ONE_DAY, NESTING_DAYS * ONE_DAY
        _exception(found, person, window, "New Hire Training", "TRAIN", person.hire_date, trained - ONE_DAY)
        _exception(found, person, window, "Nesting", "NEST", person.hire_date + trained, nested - ONE_DAY)
    settled = chance.sample([one for one in people if one.is_agent and not one.newcomer and one.status == "Active"], 24)
    kinds = (
        ("Training",) * 12
        + ("Vacation", "Vacation", "Leave")
        + ("Overtime",) * 4
        + ("Cover Up", "Swap", "Swap", "Training", "Overtime")
    )
    codes = {"Training": "TRAIN", "Vacation": "VACATION", "Leave": "UNPAID", "Overtime": "OT"}
    for number, (person, kind) in enumerate(zip(settled, kinds, strict=True)):
        start = window.from_monday(chance.randint(-24, 24) if kind == "Training" else chance.randint(3, 26))
        length = 4 * ONE_DAY if kind == "Vacation" else 0 * ONE_DAY
        rejected = number >= len(kinds) - 2
        if not person.here_on(start + length):
            continue
        if rejected or kind not in {"Vacation", "Leave"} or found.take(person, start, start + length):
            status = "Rejected" if rejected else "Completed" if kind == "Training" else "Pending"
            _exception(found, person, window, kind, codes.get(kind, "REG"), start, length, status=status)


def _exception(
    found: Absences,
    person: Person,
    window: Window,
    kind: str,
    work_code: str,
    start: date,
    more: timedelta,
    *,
    status: str | None = None,
) -> None:
    """An exception from `start` for `more` days after it; what has begun is processed."""
    status = status or ("Completed" if start <= window.today else "Pending")
    decided = status != "Pending"
    entered = window.before_today(start - timedelta(days=5))
    found.exceptions.append(
        {
            "employee_id": person.employee_id,
            "exception_type": kind,
            "start_date": start,
            "end_date": start + more,
            "work_code": work_code,
            "status": status,
            "notes": "Product refresher" if kind == "Training" else None,
            "processed_by": person.approver if decided else None,
            "processed_at": moment(window.before_today(entered + ONE_DAY), 11) if decided else None,
            "created_at": moment(entered, 10, 30),
        }
    )


def allowances(people: list[Person], window: Window) -> list[Row]:
    """Paid days per year; the longer somebody is here, the more."""
    settled = [one for one in people if one.status != "Inactive"]
    return [
        {"employee_id": one.employee_id, "leave_type": kind, "year": year, "days": days}
        for one in settled
        for year in sorted({window.first.year, window.last.year})
        for kind, days in (("Vacation", min(15 + (window.today - one.hire_date).days // 365, 25)), ("Personal", 3))
    ]


def holidays(window: Window) -> list[Row]:
    """The fixed ones of these years, and two that always lie within the window."""
    found: dict[tuple[date, str | None], str] = {}
    for year in sorted({window.first.year, window.last.year}):
        found[date(year, 1, 1), None] = "New Year's Day"
        found[date(year, 5, 1), None] = "Labour Day"
        found[date(year, 12, 25), None] = "Christmas Day"
    found.setdefault((window.from_monday(10), None), "Founders' Day")
    found[window.from_monday(16), "Sales"] = "Sales kick-off"
    return [{"date": day, "name": name, "department": department} for (day, department), name in found.items()]
