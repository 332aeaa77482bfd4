"""What the demo floor is there for: calls per half hour, and how many people they need."""

from collections import Counter
from datetime import date, datetime, timedelta
from math import ceil, sqrt

from local.demo.leave import Row
from local.demo.people import DEPARTMENTS, Department
from local.demo.plan import PersonDay
from local.demo.window import Window, dice

INTERVAL = timedelta(minutes=30)
INTERVAL_SECONDS = 1800
PRESENT = 0.86
"""Share of the planned people that is really there: the rest is on leave, sick or late."""

Slot = tuple[str, datetime]


def forecasts(planned: list[PersonDay], window: Window) -> list[Row]:
    """Calls that the plan could just about answer, as if it had been made for them, some days busier than others."""
    chance = dice("calls")
    usual = _usual_heads(planned, window)
    rows: list[Row] = []
    for day in window.days:
        for department in DEPARTMENTS:
            busy = chance.uniform(0.88, 1.1)
            for half_hour in _half_hours(day) if department.handling_seconds else ():
                heads = usual[department.name, half_hour.weekday(), half_hour.time()]
                seconds = round((department.handling_seconds or 0) * chance.uniform(0.94, 1.07))
                calls = round(
                    _erlangs(heads * PRESENT * busy) * INTERVAL_SECONDS / seconds * chance.uniform(0.93, 1.07)
                )
                if calls:
                    rows.append(_forecast(department, half_hour, calls, seconds))
    return rows


def _forecast(department: Department, half_hour: datetime, calls: int, seconds: int) -> Row:
    return {
        "date": half_hour.date(),
        "interval_start": half_hour.time(),
        "department": department.name,
        "calls": calls,
        "handling_seconds": seconds,
    }


def _half_hours(day: date) -> list[datetime]:
    midnight = datetime.combine(day, datetime.min.time())
    return [midnight + number * INTERVAL for number in range(48)]


def _usual_heads(planned: list[PersonDay], window: Window) -> dict[tuple[str, int, object], float]:
    """Planned people by department, weekday and half hour, the mean over the weeks."""
    counted: Counter[tuple[str, int, object]] = Counter()
    for one in planned:
        if one.begins and one.ends and one.work_code != "TRAIN" and one.person.is_agent:
            for number in range(int((one.ends - one.begins) / INTERVAL)):
                half_hour = one.begins + number * INTERVAL
                counted[one.person.department, half_hour.weekday(), half_hour.time()] += 1
    weeks = len(window.days) / 7
    found: dict[tuple[str, int, object], float] = {key: count / weeks for key, count in counted.items()}
    return _Absent(found)


class _Absent(dict[tuple[str, int, object], float]):
    """Where nobody is planned, there are none."""

    def __missing__(self, key: object) -> float:
        return 0.0


def _erlangs(heads: float) -> float:
    """The load (calls x seconds / interval) that so many can carry: `heads` = load + 0.8 x its square root."""
    return max((sqrt(0.64 + 4 * heads) - 0.8) / 2, 0.0) ** 2


def requirements(rows: list[Row]) -> list[Row]:
    """The people each forecast needs, by the square-root rule that approximates Erlang C at 80 % in 20 s."""
    return [
        {
            "date": row["date"],
            "interval_start": row["interval_start"],
            "department": row["department"],
            "required": _required(float(str(row["calls"])), float(str(row["handling_seconds"]))),
        }
        for row in rows
    ]


def _required(calls: float, seconds: float) -> int:
    load = calls * seconds / INTERVAL_SECONDS
    return ceil(load + 0.8 * sqrt(load))
