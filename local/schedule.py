"""When a scheduled function is due: EventBridge's cron and rate expressions, in UTC."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from croniter import CroniterBadDateError, CroniterError, croniter

_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}

Next = Callable[[datetime], datetime | None]
"""The first due time after a moment; None when there is none."""


class ScheduleError(ValueError):
    """An expression that EventBridge would refuse, or that cannot be followed here."""


def parse(expression: str) -> Next:
    """What `cron(...)` or `rate(...)` means. A rate counts from the moment it is asked about."""
    if match := re.fullmatch(r"rate\((\d+) (minute|hour|day)s?\)", expression.strip()):
        if int(match[1]) < 1:
            raise ScheduleError(f"{expression}: a rate is at least 1")
        step = int(match[1]) * _UNITS[match[2]]
        return lambda moment: moment + step
    if match := re.fullmatch(r"cron\((.*)\)", expression.strip()):
        return _cron(expression, match[1].split())
    raise ScheduleError(f"{expression} is neither cron(...) nor rate(...)")


def _cron(expression: str, parts: list[str]) -> Next:
    if len(parts) != 6:
        raise ScheduleError(f"{expression} must have six fields: minutes hours day-of-month month day-of-week year")
    minutes, hours, day, month, weekday, year = parts
    if "?" not in (day, weekday):
        raise ScheduleError(f"{expression}: day-of-month or day-of-week must be ?")
    # croniter's order: seconds and year come last.
    translated = " ".join([minutes, hours, day, month, _weekday(weekday), "0", year]).replace("?", "*")
    try:
        croniter(translated, datetime(2026, 1, 1, tzinfo=UTC))
    except CroniterError as error:
        raise ScheduleError(f"{expression}: {error}") from None

    def following(moment: datetime) -> datetime | None:
        try:
            return croniter(translated, moment).get_next(datetime)  # type: ignore[no-any-return]
        except CroniterBadDateError:
            return None

    return following


def _weekday(field_text: str) -> str:
    """AWS counts from Sunday = 1, croniter from Sunday = 0; the last Friday is `6L` there and `L5` here."""
    if field_text == "L":
        return "6"
    last = re.sub(r"\b([1-7])L\b", lambda match: f"L{int(match[1]) - 1}", field_text)
    return re.sub(r"(?<![/#L\d])([1-7])", lambda match: str(int(match[1]) - 1), last)


@dataclass
class Entry:
    """A named function and its next due time."""

    name: str
    following: Next
    due: datetime | None


@dataclass
class Timetable:
    """Calls `fire(name, due)` for each entry whose time has come; a time before the first moment is never fired."""

    fire: Callable[[str, datetime], None]
    entries: list[Entry] = field(default_factory=list)

    def add(self, name: str, expression: str, now: datetime) -> None:
        following = parse(expression)
        self.entries.append(Entry(name, following, following(now)))

    def tick(self, now: datetime) -> None:
        """Fire what is due. Times that a sleeping machine missed are fired once, not once each."""
        for entry in self.entries:
            if entry.due is not None and entry.due <= now:
                due = entry.due
                while entry.due is not None and entry.due <= now:
                    entry.due = entry.following(max(entry.due, now - timedelta(days=1)))
                self.fire(entry.name, due)

    def names(self) -> Iterable[str]:
        return [entry.name for entry in self.entries]
