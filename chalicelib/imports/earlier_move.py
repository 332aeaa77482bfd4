"""Moving in from the earlier opsdb: every table in one transaction, what is refused on a list with its reason."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import uuid4

import msgspec
from sqlalchemy import Connection, Table

from chalicelib.core import tables
from chalicelib.core.errors import Conflict, Invalid
from chalicelib.core.tables.admin import CATEGORIES
from chalicelib.imports import earlier_queries as queries
from chalicelib.imports import earlier_rows as become
from chalicelib.imports.earlier import Rows

KIND = "opsdb.db"
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

COUNTED = {"employees", "schedules_history", "attendances_history"}
"""Whose ids no sequence gives."""


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
    """What a move did, or would do."""

    upload_id: int | None = None
    moved: dict[str, int] = {}
    rejected: list[Rejected] = []
    options_added: list[str] = []
    disagreeing: list[Balance] = []
    adjusted: list[Balance] = []
    left_behind: dict[str, str] = {}


def move(conn: Connection, earlier: Rows, *, filename: str, sha256: str, by: str, today: date, now: datetime) -> Moved:
    """Move everything that the constraints take; the caller's transaction keeps or forgets it.

    Raises Conflict where these tables hold rows already, and Invalid where values need a class that nobody gave.
    """
    _refuse_full(conn)
    done = Moved()
    facts: dict[str, Any] = {
        "kind": KIND,
        "filename": filename,
        "sha256": sha256,
        "bucket": "",
        "key": f"{KIND}/{uuid4()}",
    }
    facts |= {"state": "done", "uploaded_by": by, "started_at": now, "finished_at": now}
    return _move(conn, earlier, done, facts, today)


def _refuse_full(conn: Connection) -> None:
    full = [table.name for table, _ in ORDER if queries.holds_rows(conn, table=table)]
    if full:
        raise Conflict(f"An earlier opsdb moves into empty tables only; these hold rows already: {', '.join(full)}.")


def _move(conn: Connection, earlier: Rows, done: Moved, facts: dict[str, Any], today: date) -> Moved:
    done.left_behind = _left_behind(earlier)
    options = _new_options(conn, earlier)
    done.options_added = [f"{one['category']}: {one['value']}" for one in options]
    upload_id = done.upload_id = queries.record(conn, facts=facts)
    queries.act_for(conn, upload_id=upload_id)
    queries.insert_rows(conn, table=tables.admin_options, rows=[{**one, "upload_id": upload_id} for one in options])
    queries.remember(conn, employee_ids=[int(one["employee_id"]) for one in earlier["employees_history"]])
    queries.allow_debt(conn, allowed=True)
    for table, key in ORDER:
        _move_table(conn, earlier, table, key, done)
        if table is tables.employees:
            queries.open_histories(conn, upload_id=upload_id)
    queries.act_for(conn, upload_id=upload_id)
    _reconcile(conn, earlier, done, today)
    queries.allow_debt(conn, allowed=False)
    counts = {"success_count": sum(done.moved.values()), "error_count": len(done.rejected)}
    message = f"{counts['success_count']:,} rows moved, {counts['error_count']:,} rejected."
    state = "done_with_errors" if done.rejected else "done"
    queries.finish(conn, upload_id=upload_id, values={**counts, "message": message, "state": state})
    return done


def continue_sequences(conn: Connection) -> None:
    """New rows get ids after the kept ones. No transaction takes this back, so it comes last."""
    for table, key in ORDER:
        if table.name not in COUNTED:
            queries.continue_sequence(conn, table=table, column=key)


def _move_table(conn: Connection, earlier: Rows, table: Table, key: str, done: Moved) -> None:
    good: list[dict[str, Any]] = []
    origins: list[Mapping[str, Any]] = []
    become_one = _becoming(earlier, table)
    for row in earlier[table.name]:
        try:
            good.append(become_one(row))
            origins.append(row)
        except (ValueError, TypeError, KeyError, OverflowError) as error:
            done.rejected.append(_rejected(table, key, row, str(error)))
    if "upload_id" in table.c:
        good = [{**one, "upload_id": done.upload_id} for one in good]
    # A row that does not carry the upload's id has an audit entry of its own.
    queries.act_for(conn, upload_id=done.upload_id if "upload_id" in table.c else None)
    refused = queries.insert_rows(conn, table=table, rows=good)
    done.moved[str(table.name)] = len(good) - len(refused)
    done.rejected += [_rejected(table, key, origins[place], why) for place, why in refused.items()]


def _rejected(table: Table, key: str, row: Mapping[str, Any], reason: str) -> Rejected:
    shown = {name: "" if value is None else str(value)[:500] for name, value in row.items()}
    return Rejected(str(table.name), shown.get(key, ""), reason, shown)


def _becoming(earlier: Rows, table: Table) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """How a row of this table becomes one here."""
    name = table.name
    if name.startswith("schedules"):
        return lambda row: become.schedule(table, row)
    if name.startswith("attendances"):
        starts = _starts([*earlier["schedules"], *earlier["schedules_history"]])
        return lambda row: become.attendance(table, row, starts)
    if name == "employees_history":
        return lambda row: become.archived(table, row)
    if name == "employee_reward_redemptions":
        return lambda row: become.redemption(table, row)
    if name == "schedule_changes":
        shifts = {(one["employee_id"], one["start_date"]): one["schedule_id"] for one in earlier["schedules"]}
        return lambda row: _change(row, table, shifts)
    return lambda row: become.converted(table, row)


def _change(row: Mapping[str, Any], table: Table, shifts: Mapping[Any, int]) -> dict[str, Any]:
    shift = shifts.get((row["employee_id"], row["schedule_date"]))
    if shift is None:
        raise ValueError("schedule_date: this person has no shift on that day")
    return {**become.converted(table, row), "schedule_id": shift}


def _starts(shifts: list[dict[str, Any]]) -> dict[tuple[int, date], datetime]:
    found: dict[tuple[int, date], datetime] = {}
    for one in shifts:
        try:
            day = date.fromisoformat(str(one["start_date"])[:10])
            start = datetime.fromisoformat(f"{day}T{one['start_time']}")
            found[int(one["employee_id"]), day] = min(start, found.get((int(one["employee_id"]), day), start))
        except (ValueError, TypeError):
            continue
    return found


def _new_options(conn: Connection, earlier: Rows) -> list[dict[str, Any]]:
    """The options that are missing here: listed there, or used there. Raises Invalid where one needs a class."""
    listed = {
        (str(one["category"]), str(one["value"]).strip()): bool(one["is_active"])
        for one in earlier["admin_options"]
        if one["category"] in CATEGORIES
    }
    for category, places in USES.items():
        for table, column in places:
            for row in earlier[table]:
                if row.get(column):
                    listed.setdefault((category, str(row[column]).strip()), True)
    missing = {one: active for one, active in listed.items() if one not in queries.options(conn) and one[1]}
    needy = sorted(f"{category} {value!r}" for category, value in missing if category in CLASSED)
    if needy:
        raise Invalid(f"Make these options here first, each with its class: {', '.join(needy)}.")
    return [
        {"category": category, "value": value, "is_active": active} for (category, value), active in missing.items()
    ]


def _left_behind(earlier: Rows) -> dict[str, str]:
    """What is not carried over, and what to do about it; never a secret's text."""
    keys = sum(one["category"] not in CATEGORIES for one in earlier["admin_options"])
    found = {
        f"{len(earlier['users'])} users with password hashes": "make each user anew",
        f"{len(earlier['db_users'])} database users with password hashes": "make each database user anew",
        f"{keys} API keys or other settings in admin_options": "make keys with `opsdb keys create`; revoke the old",
    }
    return {what: do for what, do in found.items() if not what.startswith("0 ")}


def _reconcile(conn: Connection, earlier: Rows, done: Moved, today: date) -> None:
    """Report balances that disagree with the ledger; lift each ledger below zero to zero by a marked entry."""
    ledger = queries.balances(conn)
    shown = {int(one["employee_id"]): int(one["point_balance"] or 0) for one in earlier["employees"]}
    found = [Balance(one, shown.get(one, 0), ledger.get(one, 0)) for one in sorted({*shown, *ledger})]
    done.disagreeing = [one for one in found if one.shown != one.ledger and one.employee_id in shown]
    done.adjusted = [one for one in found if one.ledger < 0]
    first = max((int(one["reward_id"]) for one in earlier["employee_rewards"]), default=0) + 1
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
