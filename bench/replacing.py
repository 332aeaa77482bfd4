"""A sheet that replaces a tenth of a large plan, beside the same sheet into an empty one."""

from collections.abc import Callable
from dataclasses import replace

from bench import processes, sheets
from bench.processes import Failed, Ran
from bench.result import Result, Row, Target
from bench.site import Site

PEOPLE = 1_000


def measure(site: Site, *, rows: int, say: Callable[[str], None]) -> Result:
    """`rows` shifts, of which the sheet of every tenth person is brought again with other hours."""
    everybody = sheets.people(PEOPLE)
    moved = [replace(one, shift=(one.shift + 1) % len(sheets.SHIFTS)) for one in everybody[::10]]
    say(f"sheets of {rows:,} and {rows // 10:,} rows")
    plan = sheets.write(site.folder / "plan.xlsx", everybody, rows)
    later = sheets.write(site.folder / "later.xlsx", moved, rows // 10)
    with site.database() as database:
        say("the whole plan")
        whole = _run(site, database, str(plan), rows)
        say("a tenth of it again")
        again = _run(site, database, str(later))
    with site.database() as database:
        say("the same into an empty plan")
        empty = _run(site, database, str(later), rows // 10)
    runs = {"the whole plan": whole, "a tenth of it, replaced": again, "the same into an empty plan": empty}
    table = [
        Row(
            name,
            {
                "rows written": float(ran.told["rows"]),
                "seconds": ran.seconds,
                "rows/s": ran.told["rows"] / ran.seconds,
                "CPU s": ran.cpu_seconds,
                "peak MB": ran.peak_mb,
                "slowest fifth read / quickest": ran.told["pace"],
            },
        )
        for name, ran in runs.items()
    ]
    return Result(
        f"Replacing {rows // 10:,} of {rows:,} schedule rows",
        table,
        [
            Target("peak memory", "<", 150, max(one.peak_mb for one in runs.values()), " MB"),
            Target("slowest fifth read / quickest, of the whole plan", "<=", 1.2, whole.told["pace"] or 1),
        ],
        [f"replaced rows take {again.seconds / empty.seconds:.1f} times as long as new ones"],
    )


def _run(site: Site, database: str, sheet: str, rows: int | None = None) -> Ran:
    site.execute("CHECKPOINT", database=database)
    with site.computing() as sessions:
        # The floor's first days are over by now, whenever that is.
        command = [*processes.module("opsdb_import"), sheet, "schedules", "correct_past"]
        ran = processes.run(command, site.environment(database), site.folder)
    ran.told["cpu_seconds"] += sessions[0]
    if not ran.told["rows"] or (rows is not None and ran.told["rows"] != rows):
        raise Failed(f"{sheet} wrote {ran.told}")
    return ran
