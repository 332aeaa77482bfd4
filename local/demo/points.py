"""The demo floor's points: what is awarded, taken back and redeemed; no balance ever falls below zero."""

from collections import defaultdict
from datetime import date, timedelta
from random import Random

from local.demo.leave import Row
from local.demo.people import Person
from local.demo.window import Window, dice, moment

REASONS = {
    "Perfect attendance week": 50,
    "Customer compliment": 30,
    "Covered at short notice": 40,
    "Quality score above 95": 35,
    "Recognised by a colleague": 15,
    "Best sales of the week": 60,
    "Helped to train a newcomer": 25,
    "Worked on a holiday": 45,
}
RETIRED = "Worked on a holiday"
REWARDS = {"Gift Card": "Grocery voucher", "Merchandise": "Hooded jacket", "Donation": "Food bank"}
TWICE = "Entered twice by mistake"


def reasons(window: Window) -> list[Row]:
    """What points are given for; one reason is no longer in use."""
    began = moment(window.from_monday(-150), 8)
    return [
        {"reason": reason, "points": points, "is_active": reason != RETIRED, "created_at": began}
        for reason, points in REASONS.items()
    ]


def awards(people: list[Person], window: Window) -> list[Row]:
    """Awards of the last four months, by the supervisor; `reason` is its name."""
    chance = dice("awards")
    rows: list[Row] = []
    for person in people:
        for _ in range(min(int(chance.expovariate(1 / 3)), 12)):
            reason, back = chance.choice(list(REASONS)), chance.choice((chance.randint(1, 28), chance.randint(8, 110)))
            day = window.from_monday(-back)
            sells = person.department in {"Sales", "Retention"}
            if person.is_agent and person.here_on(day) and (sells or reason != "Best sales of the week"):
                rows.append(_award(person, reason, day))
    return rows + [{**row, "notes": TWICE} for row in rows[20:60:13]]


def _award(person: Person, reason: str, day: date) -> Row:
    return {
        "employee_id": person.employee_id,
        "reason": reason,
        "points": REASONS[reason],
        "date_awarded": day,
        "notes": None,
        "awarded_by": person.approver,
        "created_at": moment(day, 15, person.employee_id % 60),
    }


def redemptions(people: list[Person], rows: list[Row], window: Window) -> list[Row]:
    """What people took for their points, never more than they had; what was entered twice does not count."""
    chance = dice("redemptions")
    earned: dict[object, list[Row]] = defaultdict(list)
    for row in rows:
        if row["notes"] != TWICE:
            earned[row["employee_id"]].append(row)
    found = []
    for person in people:
        balance = sum(int(str(row["points"])) for row in earned[person.employee_id])
        if balance >= 50 and chance.random() < 0.45:
            since = max(_day(row) for row in earned[person.employee_id])
            found.append(_redemption(chance, person, balance, since, window))
    return found


def _day(row: Row) -> date:
    day = row["date_awarded"]
    assert isinstance(day, date)
    return day


def _redemption(chance: Random, person: Person, balance: int, since: date, window: Window) -> Row:
    kind = chance.choice(list(REWARDS))
    status = chance.choices(("Approved", "Pending", "Rejected", "Reversed"), (60, 25, 10, 5))[0]
    day = window.before_today(since + timedelta(days=chance.randint(1, 9)))
    return {
        "employee_id": person.employee_id,
        "points_redeemed": chance.randrange(50, balance + 1, 25),
        "redemption_date": day,
        "redemption_type": kind,
        "redemption_details": REWARDS[kind],
        "status": status,
        "approved_by": person.approver if status != "Pending" else None,
        "approved_at": moment(day, 17, 5) if status != "Pending" else None,
        "created_at": moment(day, 12, person.employee_id % 60),
    }
