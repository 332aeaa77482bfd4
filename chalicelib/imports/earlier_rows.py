"""A row of the earlier opsdb as the row it becomes here: pure, one function for each table that differs."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

from sqlalchemy import BigInteger, Boolean, Date, DateTime, Integer, Table, Time

from chalicelib.core.tables.attendance import SOURCED

DAY = timedelta(days=1)
Starts = Mapping[tuple[int, date], datetime]
"""When each person's first shift of a day starts."""

Moment = TypeVar("Moment", bound=date)

BY = ("approved_by", "processed_by", "awarded_by")
EARLIER = "earlier"
YEARS = range(1900, 3000)
WHOLE = re.compile(r"-?[0-9]{1,19}")
LARGEST = 2**63 - 1


def converted(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that both have, as their types here. Raises ValueError that names the column."""
    both = [one for one in table.c if one.name in row and one.computed is None]
    values = {column.name: _read(row, column.name, column.type) for column in both}
    for name in ("created_at", "updated_at"):
        if values.get(name, "") is None:
            values[name] = datetime.now(UTC)
    for name in BY:
        if values.get(name):
            values[name] = f"{EARLIER}:{values[name]}"
    return values


def _read(row: Mapping[str, Any], name: str, kind: Any) -> Any:
    try:
        return _value(kind, row.get(name))
    except (ValueError, TypeError, OverflowError):
        raise ValueError(f"{name}: {str(row.get(name))[:50]!r} is not understood") from None


def _needed(row: Mapping[str, Any], name: str, kind: Any) -> Any:
    value = _read(row, name, kind)
    if value is None:
        raise ValueError(f"{name}: must not be empty")
    return value


def _value(kind: Any, value: Any) -> Any:
    if isinstance(kind, Boolean):
        # The earlier opsdb took nothing for no.
        return bool(_whole(value or 0))
    if value is None or value == "":
        return None
    if isinstance(kind, DateTime):
        moment = _in_range(datetime.fromisoformat(str(value)))
        if moment.tzinfo is None:
            return moment.replace(tzinfo=UTC) if kind.timezone else moment
        if not kind.timezone:
            raise ValueError(value)
        return moment
    if isinstance(kind, Date):
        return _in_range(date.fromisoformat(str(value)[:10]))
    if isinstance(kind, Time):
        return _clock_time(value)
    if isinstance(kind, (Integer, BigInteger)):
        return _whole(value)
    words = str(value).strip()
    if "\0" in words or isinstance(value, bytes):
        raise ValueError(words)
    return words or None


def _in_range(moment: Moment) -> Moment:
    if moment.year not in YEARS:
        raise ValueError(moment)
    return moment


def _clock_time(value: Any) -> time:
    clock = time.fromisoformat(str(value))
    if clock.tzinfo is not None:
        raise ValueError(value)
    return clock


def _whole(value: Any) -> int:
    """A whole number, also one that was kept as text or as a float; ValueError for what only looks like one."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not WHOLE.fullmatch(str(value).strip()) or not -LARGEST <= int(value) <= LARGEST:
        raise ValueError(value)
    return int(value)


def whole(value: Any) -> int | None:
    """A number that may be somebody's or something's; None where it cannot be, which its own row is rejected for."""
    try:
        return _whole(value) if value is not None else None
    except ValueError:
        return None


def day(value: Any) -> date | None:
    """A date, or None where it cannot be understood."""
    try:
        found: date | None = _value(Date(), value)
    except (ValueError, TypeError):
        return None
    return found


def start(row: Mapping[str, Any]) -> tuple[int, datetime] | None:
    """Whose shift this is and when it starts; None where the row does not say."""
    person, on = whole(row.get("employee_id")), day(row.get("start_date"))
    try:
        begins: time | None = _value(Time(), row.get("start_time"))
    except (ValueError, TypeError):
        return None
    return None if person is None or on is None or begins is None else (person, datetime.combine(on, begins))


def schedule(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """A stop at or before the start means the next day; the earlier opsdb knew no nominal date."""
    values = converted(table, row)
    values["nominal_date"] = _needed(row, "start_date", Date())
    values["stop_date"] = values.get("stop_date") or values["start_date"]
    timed = values.get("start_time") and values.get("stop_time")
    if timed and values["stop_date"] == values["start_date"] and values["stop_time"] <= values["start_time"]:
        values["stop_date"] += DAY
    return values


def attendance(table: Table, row: Mapping[str, Any], starts: Starts) -> dict[str, Any]:
    """A check-in belongs to the instant nearest the shift's start; a check-out at or before it to the next day."""
    dated = dict(row)
    on = _needed(row, "date", Date())
    begin, end = _at(row, "check_in", on), _at(row, "check_out", on)
    if begin is not None:
        wanted = starts.get((_needed(row, "employee_id", BigInteger()), on), begin)
        begin = min((begin + offset for offset in (timedelta(0), -DAY, DAY)), key=lambda one: abs(one - wanted))
    if begin is not None and end is not None:
        end = datetime.combine(begin.date(), end.time())
        end += DAY if end <= begin else timedelta(0)
    dated |= {"check_in": begin and begin.isoformat(), "check_out": end and end.isoformat()}
    values = converted(table, dated)
    # Each row with the same columns, since many are inserted by one statement.
    return values | {f"{name}_source": None if values.get(name) is None else "sheet" for name in SOURCED}


def _at(row: Mapping[str, Any], name: str, on: date) -> datetime | None:
    clock = _read(row, name, Time())
    return None if clock is None else datetime.combine(on, clock)


def award(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """Points count whoever gave them, also where that was not written down."""
    values = converted(table, row)
    return values | {"awarded_by": values.get("awarded_by") or EARLIER}


def redemption(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """What nobody approved and nobody decided still waits."""
    approved = _read(row, "is_approved", Boolean())
    status = "Approved" if approved else "Rejected" if row.get("approved_at") else "Pending"
    return converted(table, row) | {"status": status}


def archived(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """An archived employee; when the row was made is not known any more."""
    values = converted(table, row)
    long_ago = datetime.combine(_needed(row, "archived_date", Date()), time(), UTC)
    names = " ".join(filter(None, (values.get("first_name"), values.get("last_name"))))
    values |= {"full_name": values.get("full_name") or names or None, "reason": "archived in the earlier opsdb"}
    return values | {"created_at": long_ago, "updated_at": long_ago}
