"""Moving in from the earlier opsdb: every table in one transaction, what is refused on a list with its reason."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from itertools import islice
from typing import Any
from uuid import uuid4

import msgspec
from sqlalchemy import Connection, Table

from chalicelib.core import tables
from chalicelib.core.errors import Conflict, Invalid
from chalicelib.core.tables.admin import CATEGORIES
from chalicelib.imports import earlier_queries as queries
from chalicelib.imports import earlier_rows as become
from chalicelib.imports.earlier import KIND, Earlier, Row
from chalicelib.imports.queries import wait_for_table

AT_ONCE = 5_000
"""Rows that are in memory together."""

LISTED = 10_000
"""So many rows that stay behind are listed; the others are counted."""

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.@ -]{0,39}")
NAMED = 20
"""So many users are named."""

MOST_REJECTED = 100_000
LARGEST_ID = 10**12
"""New ids follow the kept ones, so that one at the end of its range would leave none."""

CLASSED = ("work_code", "leave_type", "attendance_type", "exception_type")
USES = {
    "department": [("employees", "department")],
    "role": [("employees", "role")],
    "shift": [("employees", "shift")],
    "redemption_type": [("employee_reward_redemptions", "redemption_type")],
    "work_code": [("schedules", "work_code"), ("exceptions", "work_code")],
    "leave_type": [("leave_requests", "leave_type")],
    "attendance_type": [("attendances", "exception_type")],
    "exception_type": [("exceptions", "exception_type")],
}
ORDER = (
    (tables.employees, "employee_id"),
    (tables.employees_history, "history_id"),
    (tables.new_employee_reviews, "review_id"),
    (tables.schedules, "schedule_id"),
    (tables.schedules_history, "schedule_id"),
    (tables.attendances, "attendance_id"),
    (tables.attendances_history, "attendance_id"),
    (tables.leave_requests, "leave_id"),
    (tables.exceptions, "exception_id"),
    (tables.schedule_changes, "change_id"),
    (tables.reward_reasons, "reason_id"),
    (tables.employee_rewards, "reward_id"),
    (tables.employee_reward_redemptions, "redemption_id"),
)
"""What moves, those first that others refer to, and where each keeps its id."""


Progress = Callable[[int, int], None]
"""Is told how many rows have been looked at, of how many."""


class Rejected(msgspec.Struct, frozen=True):
    """A row that stays behind."""

    table: str
    row_id: str
    reason: str
    row: dict[str, str]


class Balance(msgspec.Struct, frozen=True):
    """Points of a person: what the earlier opsdb showed, and what its ledger comes to."""

    employee_id: int
    shown: int
    ledger: int


class Moved(msgspec.Struct, kw_only=True):
    """What a move did, or would do; `refused` counts what `rejected` lists the first of."""

    upload_id: int | None = None
    moved: dict[str, int] = {}
    refused: dict[str, int] = {}
    rejected: list[Rejected] = []
    options_added: list[str] = []
    disagreeing: list[Balance] = []
    adjusted: list[Balance] = []
    left_behind: dict[str, str] = {}

    @property
    def counts(self) -> dict[str, int]:
        return {"success_count": sum(self.moved.values()), "error_count": sum(self.refused.values())}

    @property
    def looked_at(self) -> int:
        return sum(self.counts.values())


def record(conn: Connection, *, filename: str, sha256: str, by: str, now: datetime) -> int:
    """The upload of a file that is at hand and stored nowhere."""
    facts: dict[str, Any] = {"kind": KIND, "filename": filename, "sha256": sha256, "bucket": ""}
    facts |= {"key": f"{KIND}/{uuid4()}", "state": "running", "uploaded_by": by, "started_at": now}
    # Beside a file that is in no bucket nothing is to be said.
    facts["reported_at"] = now
    return queries.record(conn, facts=facts)


def move(
    conn: Connection,
    earlier: Earlier,
    *,
    upload_id: int,
    today: date,
    seconds: float,
    progress: Progress = lambda rows, total: None,
) -> Moved:
    """Move everything that the constraints take; the caller's transaction keeps or forgets it.

    Raises Conflict where these tables hold rows already, and Invalid where values need a class that nobody gave, or
    where it takes longer than `seconds`.
    """
    wait_for_table(conn, table="employees")
    _refuse_full(conn)
    done = Moved(upload_id=upload_id, left_behind=_left_behind(earlier))
    options = _new_options(conn, earlier)
    done.options_added = [f"{one['category']}: {one['value']}" for one in options]
    queries.act_for(conn, upload_id=upload_id)
    queries.insert_rows(conn, table=tables.admin_options, rows=[{**one, "upload_id": upload_id} for one in options])
    archived = (become.whole(one.get("employee_id")) for one in earlier.rows("employees_history"))
    queries.remember(conn, employee_ids=sorted({one for one in archived if one is not None}))
    queries.allow_debt(conn, allowed=True)
    until = time.monotonic() + seconds
    total = sum(earlier.count(str(table.name)) for table, _ in ORDER)
    for table, key in ORDER:
        for _ in _move_table(conn, earlier, table, key, done, until):
            progress(done.looked_at, total)
        if table is tables.employees:
            queries.open_histories(conn, upload_id=upload_id)
    queries.act_for(conn, upload_id=upload_id)
    _reconcile(conn, earlier, done, today)
    queries.allow_debt(conn, allowed=False)
    return done


def said(done: Moved, *, dry_run: bool) -> dict[str, Any]:
    """What an upload has to say of a move."""
    counts = done.counts
    verb = "would move" if dry_run else "moved"
    message = f"{counts['success_count']:,} rows {verb}, {counts['error_count']:,} rejected."
    state = "done_with_errors" if counts["error_count"] else "done"
    rows = done.looked_at
    return {**counts, "message": message, "state": state, "rows_read": rows, "rows_total": rows}


def continue_sequences(conn: Connection) -> None:
    """New rows get ids after the kept ones. No transaction takes this back, so it comes last."""
    queries.follow_kept_ids(conn)


def _refuse_full(conn: Connection) -> None:
    full = [table.name for table, _ in ORDER if queries.holds_rows(conn, table=table)]
    if full:
        raise Conflict(f"An earlier opsdb moves into empty tables only; these hold rows already: {', '.join(full)}.")


def _move_table(
    conn: Connection, earlier: Earlier, table: Table, key: str, done: Moved, until: float
) -> Iterator[None]:
    """Move a table, a step for each batch of its rows."""
    name = str(table.name)
    done.moved[name] = 0
    become_one = _becoming(earlier, table, key)
    for rows in _batches(earlier.rows(name)):
        if time.monotonic() > until:
            raise Invalid("The move takes too long for a function: `opsdb migrate-from` has an hour for it.")
        _move_rows(conn, table, key, rows, become_one, done)
        if sum(done.refused.values()) > MOST_REJECTED:
            raise Invalid(f"More than {MOST_REJECTED:,} rows would stay behind, the last ones of {name}.")
        yield


def _batches(rows: Iterator[Row]) -> Iterator[list[Row]]:
    while some := list(islice(rows, AT_ONCE)):
        yield some


def _move_rows(
    conn: Connection, table: Table, key: str, rows: Iterable[Row], become_one: Callable[[Row], Any], done: Moved
) -> None:
    good: list[dict[str, Any]] = []
    origins: list[Row] = []
    for row in rows:
        try:
            good.append(become_one(row))
            origins.append(row)
        except ValueError as error:
            _reject(done, table, key, row, str(error))
    if "upload_id" in table.c:
        good = [{**one, "upload_id": done.upload_id} for one in good]
    # A row that does not carry the upload's id has an audit entry of its own.
    queries.act_for(conn, upload_id=done.upload_id if "upload_id" in table.c else None)
    refused = queries.insert_rows(conn, table=table, rows=good)
    done.moved[str(table.name)] += len(good) - len(refused)
    for place, why in refused.items():
        _reject(done, table, key, origins[place], why)


def _reject(done: Moved, table: Table, key: str, row: Row, reason: str) -> None:
    name = str(table.name)
    done.refused[name] = done.refused.get(name, 0) + 1
    if len(done.rejected) < LISTED:
        shown = {column: "" if value is None else str(value)[:500] for column, value in row.items()}
        done.rejected.append(Rejected(name, shown.get(key, ""), reason, shown))


def _becoming(earlier: Earlier, table: Table, key: str) -> Callable[[Row], dict[str, Any]]:
    """How a row of this table becomes one here, its id included."""
    become_one = _shaped(earlier, table)
    # In both places at once an id would be archived over another shift's; SQLite gives ids again once they are free.
    live = str(table.name).removesuffix("_history")
    clashes = table.name in ("schedules_history", "attendances_history")
    taken = {become.whole(one.get(key)) for one in earlier.rows(live)} if clashes else set()

    def checked(row: Row) -> dict[str, Any]:
        values = become_one(row)
        kept = values.get(key)
        if kept is None or (table is not tables.employees and not 1 <= kept <= LARGEST_ID):
            raise ValueError(f"{key}: must be a whole number from 1 to {LARGEST_ID}")
        if kept in taken:
            raise ValueError(f"{key}: {kept} stands in {live} too")
        return values

    return checked


def _shaped(earlier: Earlier, table: Table) -> Callable[[Row], dict[str, Any]]:
    name = str(table.name)
    if name.startswith("attendances"):
        starts = _starts(earlier)
        return lambda row: become.attendance(table, row, starts)
    if name == "schedule_changes":
        shifts = _shifts(earlier)
        return lambda row: _change(row, table, shifts)
    shape = {
        "schedules": become.schedule,
        "schedules_history": become.schedule,
        "employees_history": become.archived,
        "employee_rewards": become.award,
        "employee_reward_redemptions": become.redemption,
    }.get(name, become.converted)
    return lambda row: shape(table, row)


def _shifts(earlier: Earlier) -> dict[Any, int | None]:
    """The shift of each person and day; of several the last one."""
    return {
        (become.whole(one.get("employee_id")), become.day(one.get("start_date"))): become.whole(one.get("schedule_id"))
        for one in earlier.rows("schedules")
    }


def _change(row: Row, table: Table, shifts: Mapping[Any, int | None]) -> dict[str, Any]:
    values = become.converted(table, row)
    shift = shifts.get((values.get("employee_id"), values.get("schedule_date")))
    if shift is None:
        raise ValueError("schedule_date: this person has no shift on that day")
    return {**values, "schedule_id": shift}


def _starts(earlier: Earlier) -> dict[tuple[int, date], datetime]:
    found: dict[tuple[int, date], datetime] = {}
    for table in ("schedules", "schedules_history"):
        for row in earlier.rows(table):
            if (one := become.start(row)) is not None:
                person, begins = one
                place = (person, begins.date())
                found[place] = min(begins, found.get(place, begins))
    return found


def _new_options(conn: Connection, earlier: Earlier) -> list[dict[str, Any]]:
    """The options that are missing here: listed there, or used there. Raises Invalid where one needs a class."""
    listed = {
        (str(one["category"]), _word(one.get("value"))): bool(one.get("is_active"))
        for one in earlier.rows("admin_options")
        if one.get("category") in CATEGORIES
    }
    for category, places in USES.items():
        for table, column in places:
            for used in {_word(row.get(column)) for row in earlier.rows(table)}:
                listed.setdefault((category, used), True)
    there = queries.options(conn)
    missing = {one: active for one, active in listed.items() if one not in there and one[1]}
    needy = sorted(f"{category} {value[:60]!r}" for category, value in missing if category in CLASSED)
    if needy:
        more = f" and {len(needy) - 50} more" if len(needy) > 50 else ""
        raise Invalid(f"Make these options here first, each with its class: {', '.join(needy[:50])}{more}.")
    return [
        {"category": category, "value": value, "is_active": active} for (category, value), active in missing.items()
    ]


def _word(value: Any) -> str:
    """As rows keep it; bytes and what has no end are no words, and their rows are rejected."""
    return "" if value is None or isinstance(value, bytes) or "\0" in str(value) else str(value).strip()


def _left_behind(earlier: Earlier) -> dict[str, str]:
    """What is not carried over, and what to do about it: names and counts, never a secret's text."""
    found = {}
    if earlier.journaled:
        found["what was in opsdb.db-wal, if that was there"] = "close the earlier opsdb before its file is copied"
    for table, what in (("users", "users"), ("db_users", "database users")):
        names = [_name(one.get("username")) for one in earlier.rows(table)]
        if names:
            found[f"{len(names)} {what} with password hashes ({_some(names)})"] = f"make each of the {what} anew"
    others = Counter(_name(one.get("category")) for one in earlier.rows("admin_options"))
    for category, count in sorted(others.items()):
        if category not in CATEGORIES:
            # What is no dropdown is a key or some other setting: nothing here says which.
            do = "if these are keys, make new ones with `opsdb keys create` and revoke the old"
            found[f"{count} admin_options of the category {category}"] = do
    return found


def _name(value: Any) -> str:
    """A name that may be shown; what looks like something else is not."""
    return str(value) if NAME.fullmatch(str(value)) else "without a name"


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{', '.join(names[:NAMED])}{more}"


def _reconcile(conn: Connection, earlier: Earlier, done: Moved, today: date) -> None:
    """Report balances that disagree with the ledger; lift each ledger below zero to zero by a marked entry."""
    ledger = queries.balances(conn)
    shown = {
        person: become.whole(one.get("point_balance")) or 0
        for one in earlier.rows("employees")
        if (person := become.whole(one.get("employee_id"))) is not None
    }
    found = [Balance(one, shown.get(one, 0), ledger.get(one, 0)) for one in sorted({*shown, *ledger})]
    done.disagreeing = [one for one in found if one.shown != one.ledger and one.employee_id in shown]
    done.adjusted = [one for one in found if one.ledger < 0]
    first = queries.highest_award(conn) + 1
    entries = [
        {
            "reward_id": first + place,
            "employee_id": one.employee_id,
            "points": -one.ledger,
            "date_awarded": today,
            "notes": f"Opening adjustment: the earlier ledger stood at {one.ledger}",
            "awarded_by": "opening adjustment",
            "upload_id": done.upload_id,
        }
        for place, one in enumerate(done.adjusted)
    ]
    queries.insert_rows(conn, table=tables.employee_rewards, rows=entries)
