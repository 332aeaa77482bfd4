"""A row of the earlier opsdb as the row it becomes here: pure, one function for each table that differs."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import BigInteger, Boolean, Date, DateTime, Integer, Table, Time

from chalicelib.core.tables.attendance import SOURCED

DAY = timedelta(days=1)
Starts = Mapping[tuple[int, date], datetime]
"""When each person's first shift of a day starts."""

BY = ("approved_by", "processed_by", "awarded_by")


def converted(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that both have, as their types here. Raises ValueError that names the column."""
    both = [one for one in table.c if one.name in row and one.computed is None]
    values: dict[str, Any] = {}
    for column in both:
        try:
            values[column.name] = _value(column.type, row[column.name])
        except (ValueError, TypeError, OverflowError):
            raise ValueError(f"{column.name}: {str(row[column.name])[:50]!r} is not understood") from None
    if values.get("created_at", "") is None:
        values["created_at"] = datetime.now(UTC)
    for name in BY:
        if values.get(name):
            values[name] = f"earlier:{values[name]}"
    return values


def _value(kind: Any, value: Any) -> Any:
    if value is None or value == "":
        return None
    if isinstance(kind, DateTime):
        moment = datetime.fromisoformat(str(value))
        return moment.replace(tzinfo=UTC) if kind.timezone and moment.tzinfo is None else moment
    if isinstance(kind, Date):
        return date.fromisoformat(str(value)[:10])
    if isinstance(kind, Time):
        return time.fromisoformat(str(value))
    if isinstance(kind, Boolean):
        return bool(int(value))
    if isinstance(kind, (Integer, BigInteger)):
        return int(value)
    words = str(value).strip()
    if "\0" in words or isinstance(value, bytes):
        raise ValueError(words)
    return words or None


def schedule(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """A stop at or before the start means the next day; the earlier opsdb knew no nominal date."""
    values = converted(table, row)
    values["nominal_date"] = values["start_date"]
    values["stop_date"] = values.get("stop_date") or values["start_date"]
    timed = values.get("start_time") and values.get("stop_time")
    if timed and values["stop_date"] == values["start_date"] and values["stop_time"] <= values["start_time"]:
        values["stop_date"] += DAY
    return values


def attendance(table: Table, row: Mapping[str, Any], starts: Starts) -> dict[str, Any]:
    """A check-in belongs to the instant nearest the shift's start; a check-out at or before it to the next day."""
    dated = dict(row)
    day = date.fromisoformat(str(row["date"])[:10])
    begin = _clock(row.get("check_in"), day)
    if begin is not None:
        wanted = starts.get((int(row["employee_id"]), day), begin)
        begin = min((begin + offset for offset in (timedelta(0), -DAY, DAY)), key=lambda one: abs(one - wanted))
    end = _clock(row.get("check_out"), day)
    if begin is not None and end is not None:
        end = datetime.combine(begin.date(), end.time())
        end += DAY if end <= begin else timedelta(0)
    dated |= {"check_in": begin and begin.isoformat(), "check_out": end and end.isoformat()}
    values = converted(table, dated)
    return values | {f"{name}_source": "sheet" for name in SOURCED if values.get(name) is not None}


def _clock(value: Any, day: date) -> datetime | None:
    return datetime.combine(day, time.fromisoformat(str(value))) if value else None


def redemption(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """What nobody approved and nobody decided still waits."""
    status = "Approved" if row.get("is_approved") else "Rejected" if row.get("approved_at") else "Pending"
    return converted(table, row) | {"status": status}


def archived(table: Table, row: Mapping[str, Any]) -> dict[str, Any]:
    """An archived employee; when the row was made is not known any more."""
    values = converted(table, row)
    long_ago = datetime.combine(values["archived_date"], time(), UTC)
    return values | {"created_at": long_ago, "updated_at": long_ago, "reason": "archived in the earlier opsdb"}
