"""A cold start: importing the handler, and a fresh process until its first answer."""

import time
from collections.abc import Callable
from pathlib import Path

from bench import processes
from bench.processes import Ran
from bench.result import Result, Row, Target, median
from bench.site import Site

LIBRARIES = ("chalice", "psycopg2", "sqlalchemy")


def measure(site: Site, *, repeat: int, usual_python: Path, say: Callable[[str], None]) -> Result:
    with site.database() as database:
        environment = site.environment(database)
        with processes.kept(processes.module("opsdb_lists"), environment, site.folder) as one:
            key = one.ready["key"]
        importing = processes.module("importing")
        commands: dict[str, Callable[[], list[str]]] = {
            f"import {', '.join(LIBRARIES)}": lambda: [*importing, *LIBRARIES],
            "import app (opsdb's handler)": lambda: [*importing, "app"],
            "first answer, opsdb": lambda: [*processes.module("opsdb_answer"), key, str(time.monotonic())],
            "first answer, Flask + ORM": lambda: [
                *processes.module("flask_answer", python=usual_python),
                key,
                str(time.monotonic()),
            ],
        }
        say(f"cold starts, {repeat} of each")
        runs: dict[str, list[Ran]] = {name: [] for name in commands}
        for turn in range(repeat + 1):
            for name, command in commands.items():
                ran = processes.run(command(), environment, site.folder)
                if turn:  # the first one compiles
                    runs[name].append(ran)
    return _result(runs)


def _result(runs: dict[str, list[Ran]]) -> Result:
    seconds = {name: median([one.seconds for one in found]) for name, found in runs.items()}
    rows = [
        Row(
            name,
            {
                "seconds": seconds[name],
                "whole process s": median([one.process_seconds for one in found]),
                "peak MB": median([one.peak_mb for one in found]),
            },
        )
        for name, found in runs.items()
    ]
    libraries, handler, ours, flask = seconds.values()
    return Result(
        "Cold start",
        rows,
        [Target("first answer of opsdb, share of Flask's", "<=", 1, ours / flask)],
        [f"of importing the handler, {100 * (handler - libraries) / handler:.0f} % is not its three large libraries"],
    )
