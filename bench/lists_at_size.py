"""Lists of a large floor: each page through the handler against the statements that it sends, alone; in turns."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from bench import lists, lists_filling, processes
from bench.processes import Failed, Kept
from bench.result import Result, Row, Target, median
from bench.sheets import FIRST_DAY
from bench.site import Site

PEOPLE = 10_000
MORE_PEOPLE = 50_000
BLOCK = 5

_SOMEBODY = {"employee_id": str(lists_filling.FIRST_ID + 777)}
_DAY = f"{FIRST_DAY + timedelta(50)}"
_WEEK = {"start_date": _DAY, "end_date": f"{FIRST_DAY + timedelta(56)}"}
_DEPARTMENT = {"department": "Department 7"}

Asked = tuple[str, dict[str, str], dict[str, str]]
"""Path, query, and what stands in the path."""

REQUESTS: dict[str, Asked] = {
    "employees": ("/api/employees", {}, {}),
    "employees, by points": ("/api/employees", {"sort": "point_balance", "order": "desc"}, {}),
    "employees, search=": ("/api/employees", {"search": "kar"}, {}),
    "history": ("/api/employees/history", {}, {}),
    "assignments": ("/api/employees/{employee_id}/assignments", {}, _SOMEBODY),
    "employments": ("/api/employees/{employee_id}/employments", {}, _SOMEBODY),
    "reviews": ("/api/employees/reviews", {}, {}),
    "schedules, all": ("/api/schedules", {}, {}),
    "schedules, a day": ("/api/schedules", {"start_date": _DAY, "end_date": _DAY}, {}),
    "schedules, a week": ("/api/schedules", _WEEK, {}),
    "schedules, a week of a department": ("/api/schedules", {**_WEEK, **_DEPARTMENT}, {}),
    "schedules, a person": ("/api/schedules", _SOMEBODY, {}),
    "schedules, a day by code": ("/api/schedules", {"start_date": _DAY, "end_date": _DAY, "work_code": "VACATION"}, {}),
    "schedules, an hour": ("/api/schedules", {"overlaps": f"{_DAY}T10:00,{_DAY}T11:00"}, {}),
    "schedules, history of a week": (
        "/api/schedules/history",
        {"start_date": f"{FIRST_DAY - timedelta(390)}", "end_date": f"{FIRST_DAY - timedelta(384)}"},
        {},
    ),
    "open, a week": ("/api/schedules/open", _WEEK, {}),
    "coverage": ("/api/schedules/coverage", {"date": _DAY}, {}),
    "coverage of a department": ("/api/schedules/coverage", {"date": _DAY, **_DEPARTMENT}, {}),
    "dashboard": ("/api/reports/dashboard", {"date": _DAY}, {}),
    "dashboard of a department": ("/api/reports/dashboard", {"date": _DAY, **_DEPARTMENT}, {}),
    "floor": ("/api/floor", {"at": f"{_DAY}T13:50"}, {}),
    "floor of a department": ("/api/floor", {"at": f"{_DAY}T13:50", **_DEPARTMENT}, {}),
    "daily report": ("/api/attendances/daily-report", {"date": _DAY}, {}),
    "handover": ("/api/reports/handover", {"at": f"{_DAY}T13:50"}, {}),
    "candidates": ("/api/schedules/{schedule_id}/candidates", {}, {"schedule_id": "500001"}),
    "changes": ("/api/schedule_changes", {}, {}),
    "changes, pending": ("/api/schedule_changes", {"status": "Pending"}, {}),
    "leave": ("/api/leave_requests", {}, {}),
    "leave of a department": ("/api/leave_requests", {**_DEPARTMENT, "status": "Pending"}, {}),
    "allowances": ("/api/leave_allowances", {}, {}),
    "holidays": ("/api/holidays", {}, {}),
    "exceptions": ("/api/exceptions", {}, {}),
    "forecasts": ("/api/forecasts", {}, {}),
    "requirements, a day": ("/api/requirements", {"start_date": _DAY, "end_date": _DAY}, {}),
    "options": ("/api/admin/options", {}, {}),
    "uploads": ("/api/uploads", {}, {}),
    "upload's errors": ("/api/uploads/{upload_id}/errors", {}, {"upload_id": "3"}),
    "upload's rows": ("/api/uploads/{upload_id}/rows", {}, {"upload_id": "3"}),
}

SEARCHES: dict[str, Asked] = {
    f"search: {what}": ("/api/employees/search", {"q": q}, {})
    for what, q in {
        "a name": "Karlin Morsalten",
        "a typo": "Karlim Morsaltem",
        "few letters": "kar",
        "an id": str(lists_filling.FIRST_ID + 777),
        "a login": "ax777",
        "an address": "777@opsdb.example",
    }.items()
}


def measure(site: Site, *, calls: int, say: Callable[[str], None]) -> Result:
    """Milliseconds are medians of `calls`; round trips are counted by the server, in a pass of its own."""
    found: dict[str, dict[str, float | None]] = {}
    with site.database() as database:
        say(f"lists at size: {PEOPLE:,} people and {PEOPLE * lists_filling.DAYS:,} shifts go in")
        _fill(site, database, lists_filling.PEOPLE.format(first=1, last=PEOPLE - lists.PEOPLE))
        _fill(site, database, lists_filling.PLAN)
        _fill(site, database, lists_filling.AROUND)
        site.settle(database)
        found |= _asked(site, database, REQUESTS, calls, say)
        say(f"lists at size: {MORE_PEOPLE:,} people are searched")
        _fill(site, database, lists_filling.PEOPLE.format(first=PEOPLE, last=MORE_PEOPLE - lists.PEOPLE - 1))
        site.settle(database)
        found |= _asked(site, database, SEARCHES, calls, say)
    rows = [Row(name, values) for name, values in found.items()]
    above = {name: values["above bare"] or 0 for name, values in found.items()}
    worst = max(above, key=lambda name: above[name])
    more = max((values["round trips"] or 0) - (values["statements"] or 0) for values in found.values())
    targets = [
        Target(f"opsdb above bare, at worst ({worst})", "<=", 3, above[worst], " ms"),
        Target("round trips of opsdb above its statements", "<=", 1, more),
    ]
    title = f"Lists at size: {PEOPLE:,} people, {PEOPLE * lists_filling.DAYS:,} shifts; search: {MORE_PEOPLE:,} people"
    return Result(title, rows, targets)


def _fill(site: Site, database: str, sql: str) -> None:
    site.execute(sql, database=database)


def _asked(
    site: Site, database: str, requests: dict[str, Asked], calls: int, say: Callable[[str], None]
) -> dict[str, dict[str, float | None]]:
    command, environment = processes.module("opsdb_and_its_sql"), site.environment(database)
    with lists.statements_logged(site, database), processes.kept(command, environment, site.folder) as kept:
        trips = {name: lists.round_trips(site, kept, **_question(one, "handler")) for name, one in requests.items()}
    found: dict[str, dict[str, float | None]] = {}
    with processes.kept(command, environment, site.folder) as kept:
        for name, one in requests.items():
            found[name] = {**_timed(kept, one, calls), "round trips": trips[name]}
            say(f"lists at size: {name}: {found[name]}")
    return found


def _question(one: Asked, through: str) -> dict[str, Any]:
    path, query, at = one
    return {"path": path, "query": query, "at": at, "through": through}


def _timed(kept: Kept, one: Asked, calls: int) -> dict[str, float | None]:
    """Both in turns after a warm-up. The difference is the median of those of neighbouring blocks."""
    handler, bare = _question(one, "handler"), _question(one, "psycopg2")
    first = kept.ask(**handler, calls=5)["ms"]
    statements = kept.ask(**bare, calls=5)["sent"]
    blocks: list[tuple[float, float]] = []
    slow = median(first) > 50
    for turn in range(-(-calls // BLOCK // (5 if slow else 1))):
        ordered = (handler, bare) if turn % 2 else (bare, handler)
        by = {question["through"]: median(kept.ask(**question, calls=BLOCK)["ms"]) for question in ordered}
        blocks.append((by["handler"], by["psycopg2"]))
    if not blocks:
        raise Failed("no calls were asked for")
    return {
        "ms": median([ours for ours, _ in blocks]),
        "bare SQL": median([bare for _, bare in blocks]),
        "above bare": median([ours - bare for ours, bare in blocks]),
        "statements": statements,
    }
