"""A schedule sheet into an empty plan: opsdb with all its checks, the floor, and the usual way."""

from collections.abc import Callable
from pathlib import Path

from bench import processes, sheets
from bench.processes import Failed, Ran
from bench.result import Result, Row, Target, median
from bench.site import Site

PLAIN = """
CREATE TABLE plain_schedules (LIKE schedules INCLUDING DEFAULTS INCLUDING IDENTITY, PRIMARY KEY (schedule_id));
GRANT SELECT, INSERT ON plain_schedules TO opsdb_app
"""
WRITTEN = """
SELECT count(*), coalesce(sum(hashtextextended(concat_ws(' ', employee_id, nominal_date, start_date, start_time,
                                                         stop_date, stop_time, work_code), 0)), 0)::text
FROM {}"""
"""How many shifts, and a number that is equal where they are."""


def measure(
    site: Site, *, rows: int, usual_rows: int, repeat: int, usual_python: Path, say: Callable[[str], None]
) -> Result:
    say(f"a sheet of {rows:,} rows")
    sheet = sheets.write(site.folder / "schedules.xlsx", sheets.people(min(1_000, rows)), rows)
    commands = {
        "opsdb": [*processes.module("opsdb_import"), str(sheet), "schedules"],
        "floor: calamine + COPY": [*processes.module("floor_import"), str(sheet)],
        "usual: pandas + ORM": [*processes.module("usual_import", python=usual_python), str(sheet), str(usual_rows)],
    }
    opsdb, floor, usual = commands
    runs: dict[str, list[Ran]] = {name: [] for name in commands}
    for turn in range(repeat):
        written = {}
        for name, command in commands.items():
            say(f"import {turn + 1} of {repeat}: {name}")
            ran, written[name] = _run(site, command, table="plain_schedules" if name == usual else "schedules")
            runs[name].append(ran)
        if written[opsdb] != written[floor] or written[opsdb][0] != rows:
            raise Failed(f"opsdb and the floor wrote different plans: {written}")
    return _result(runs, rows=rows, usual_rows=min(rows, usual_rows))


def _run(site: Site, command: list[str], *, table: str) -> tuple[Ran, tuple[int, str]]:
    with site.database() as database:
        site.execute(PLAIN, database=database)
        site.execute("CHECKPOINT", database=database)
        with site.computing() as sessions:
            ran = processes.run(command, site.environment(database), site.folder)
        ran.told["cpu_seconds"] += sessions[0]
        count, digest = site.execute(WRITTEN.format(table), database=database)[0]
        if ran.told["rows"] != count:
            raise Failed(f"{command} told of {ran.told} and wrote {count} rows")
        return ran, (count, digest)


def _result(runs: dict[str, list[Ran]], *, rows: int, usual_rows: int) -> Result:
    opsdb, floor, usual = runs
    scale = {opsdb: 1.0, floor: 1.0, usual: rows / usual_rows}
    seconds = {name: median([one.seconds for one in runs[name]]) * scale[name] for name in runs}
    table = [
        Row(
            name if scale[name] == 1 else f"{name}, {usual_rows:,} rows scaled",
            {
                "seconds": seconds[name],
                "rows/s": rows / seconds[name],
                "of the floor": seconds[name] / seconds[floor],
                "CPU s": median([one.cpu_seconds for one in runs[name]]) * scale[name],
                "peak MB": median([one.peak_mb for one in runs[name]]),
                "whole process s": median([one.process_seconds for one in runs[name]]) if scale[name] == 1 else None,
            },
        )
        for name in runs
    ]
    ratio = median([one.seconds / low.seconds for one, low in zip(runs[opsdb], runs[floor], strict=True)])
    computed = median([one.cpu_seconds / low.cpu_seconds for one, low in zip(runs[opsdb], runs[floor], strict=True)])
    phases = {name: median([one.told["phases"][name] for one in runs[floor]]) for name in runs[floor][0].told["phases"]}
    return Result(
        f"Import of {rows:,} schedule rows",
        table,
        [
            Target("opsdb / floor, median of pairs", "<=", 1.6, ratio),
            Target("peak memory of opsdb", "<", 150, max(one.peak_mb for one in runs[opsdb]), " MB"),
        ],
        [
            f"opsdb / floor in CPU seconds of client and server, which neighbours disturb less: {computed:.2f}",
            "the floor: " + ", ".join(f"{name} {value:.2f} s" for name, value in phases.items()),
            f"opsdb is {seconds[usual] / seconds[opsdb]:.1f} times as fast as the usual way",
        ],
    )
