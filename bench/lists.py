"""Lists through the handler, as bare SQL, and as a small Flask app; asked in turns, all on the same rows."""

import json
import re
import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bench import processes, sheets
from bench.processes import Failed, Kept
from bench.result import Result, Row, Target, median
from bench.site import Site

DAYS = 28
PEOPLE = 1_000
BLOCK = 5
"""Calls of one contestant before it is another one's turn."""

_SPAN = {
    "start_date": f"{sheets.FIRST_DAY}",
    "end_date": f"{sheets.FIRST_DAY + timedelta(DAYS - 1)}",
}
REQUESTS: dict[str, tuple[str, dict[str, str]]] = {
    "employees, 100 rows": ("/api/employees", {"limit": "100"}),
    "schedules, 100 rows": ("/api/schedules", {"limit": "100", **_SPAN}),
    "schedules, 1,000 rows": ("/api/schedules", {"limit": "1000", **_SPAN}),
}
OPSDB, BARE, FLASK = "opsdb", "bare SQL + json", "Flask + ORM"
_STATEMENT = re.compile(rb"LOG:  (statement|execute [^:]*): ")


def measure(site: Site, *, calls: int, usual_python: Path, say: Callable[[str], None]) -> Result:
    """Milliseconds are medians of `calls`; round trips are counted by the server, in a pass of its own."""
    with site.database() as database:
        say(f"lists: {PEOPLE * DAYS:,} shifts go in")
        sheet = sheets.write(site.folder / "lists.xlsx", sheets.people(PEOPLE), PEOPLE * DAYS)
        environment = site.environment(database)
        processes.run([*processes.module("opsdb_import"), str(sheet), "schedules"], environment, site.folder)
        site.settle(database)
        say("lists: statements are counted")
        with statements_logged(site, database), _contestants(site, environment, usual_python) as kept:
            trips = {
                (request, name): round_trips(site, one, **_question(request))
                for request in REQUESTS
                for name, one in kept.items()
            }
        with _contestants(site, environment, usual_python) as kept:
            ms = {}
            for request in REQUESTS:
                say(f"lists: {request}, {calls} calls each")
                _compare(kept, request)
                ms[request] = _ask(kept, request, calls)
            peaks = {name: one.ask(**_question(request, calls=1))["peak_mb"] for name, one in kept.items()}
    return _result(ms, trips, peaks)


@contextmanager
def _contestants(site: Site, environment: Mapping[str, str], usual_python: Path) -> Iterator[dict[str, Kept]]:
    with ExitStack() as stack:

        def keep(name: str, python: Path | None = None, **more: str) -> Kept:
            command = processes.module(name, **({"python": python} if python else {}))
            return stack.enter_context(processes.kept(command, {**environment, **more}, site.folder))

        opsdb = keep("opsdb_lists")
        yield {
            OPSDB: opsdb,
            BARE: keep("bare_lists"),
            FLASK: keep("flask_lists", usual_python, BENCH_KEY=opsdb.ready["key"]),
        }


def _question(request: str, **more: Any) -> dict[str, Any]:
    path, query = REQUESTS[request]
    return {"path": path, "query": query, **more}


def _ask(kept: dict[str, Kept], request: str, calls: int) -> dict[str, list[float]]:
    """Milliseconds by contestant, after a warm-up; the order changes from block to block."""
    found: dict[str, list[float]] = {name: [] for name in kept}
    names = list(kept)
    for name in names:
        kept[name].ask(**_question(request, calls=20))
    for turn in range(-(-calls // BLOCK)):
        for name in names[turn % 3 :] + names[: turn % 3]:
            found[name] += kept[name].ask(**_question(request, calls=BLOCK))["ms"]
    return found


def _compare(kept: dict[str, Kept], request: str) -> None:
    """All three answer the same, field for field."""
    answers = {
        name: _read(json.loads(one.ask(**_question(request, calls=1, show=True))["body"])) for name, one in kept.items()
    }
    if not answers[OPSDB] == answers[BARE] == answers[FLASK]:
        one, other = (answers[OPSDB]["data"][0], answers[BARE if answers[OPSDB] != answers[BARE] else FLASK]["data"][0])
        raise Failed(f"{request}: the answers differ: {set(one.items()) ^ set(other.items())}")


def _read(value: Any) -> Any:
    """The answer with its timestamps understood: `Z` and `+00:00`, `T` and a space mean the same."""
    if isinstance(value, dict):
        return {name: _moment(one) if name.endswith("_at") else _read(one) for name, one in value.items()}
    return [_read(one) for one in value] if isinstance(value, list) else value


def _moment(said: str) -> datetime:
    return datetime.fromisoformat(said)


@contextmanager
def statements_logged(site: Site, database: str) -> Iterator[None]:
    """The server logs every statement that new connections to this database send, BEGIN and ROLLBACK included."""
    site.execute(f"ALTER DATABASE {database} SET log_statement = 'all'", database="postgres")
    try:
        yield
    finally:
        site.execute(f"ALTER DATABASE {database} RESET log_statement", database="postgres")


def round_trips(site: Site, one: Kept, **question: Any) -> int:
    """Statements that a call sends, where they are logged."""
    one.ask(**question, calls=2)
    before = site.server.log.stat().st_size
    one.ask(**question, calls=10)
    return round(len(_STATEMENT.findall(site.server.log.read_bytes()[before:])) / 10)


def _result(
    ms: dict[str, dict[str, list[float]]], trips: dict[tuple[str, str], int], peaks: dict[str, float]
) -> Result:
    rows, targets = [], []
    for request, by_name in ms.items():
        middle = {name: median(found) for name, found in by_name.items()}
        for name, found in by_name.items():
            values: dict[str, float | None] = {
                "ms": middle[name],
                "above bare": middle[name] - middle[BARE],
                "95 % below": statistics.quantiles(found, n=20)[-1],
                "round trips": trips[request, name],
                "peak MB": peaks[name],
            }
            rows.append(Row(f"{request}: {name}", values))
        targets.append(Target(f"{request}: opsdb above bare", "<=", 3, middle[OPSDB] - middle[BARE], " ms"))
    more = max(trips[request, OPSDB] - trips[request, BARE] for request in ms)
    targets.append(Target("round trips of opsdb above bare", "<=", 1, more))
    return Result(f"Lists: {PEOPLE:,} people, {PEOPLE * DAYS:,} shifts", rows, targets)
