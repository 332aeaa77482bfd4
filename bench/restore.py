"""A restore from S3, proved, counted and analysed, against `pg_restore --single-transaction` of the same archive."""

import time
from collections.abc import Callable
from pathlib import Path

from bench import watched
from bench.backup import DAYS, FILL
from bench.processes import Failed
from bench.result import Result, Row, median
from bench.site import Site
from bench.watched import Worked

LOAD = '"{{bin}}/pg_restore" --single-transaction -d "{{url}}" "{archive}"'
FILLED = ("people", "employees", "schedules", "attendances", "audit_log")
COUNT = "SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in FILLED)
"""How much arrived; what opsdb counts itself is more."""


def measure(site: Site, *, rows: int, repeat: int, say: Callable[[str], None]) -> Result:
    """`rows` schedule rows with all their constraints, as many attendances and a third as many audit entries."""
    people = max(1, rows // DAYS)
    archive = site.folder / "restore.dump"
    plain: list[Worked] = []
    ours: list[Worked] = []
    analyses: list[float] = []
    with site.database() as database:
        say(f"restore: {people * DAYS:,} schedule rows")
        site.execute(FILL.format(first=1, last=people), database=database)
        site.settle(database)
        made = watched.contestant(site, database, "opsdb_backup").told
        wanted = site.execute(COUNT, database=database)
    site.store.client().download_file("backups", made["key"], str(archive))
    for turn in range(repeat):
        say(f"restore {turn + 1} of {repeat}")
        with site.empty() as there:
            plain.append(watched.program(site, there, "opsdb_owner", LOAD.format(archive=archive)))
            _compare(site, there, wanted)
            began = time.monotonic()
            site.execute("ANALYZE", database=there)
            analyses.append(time.monotonic() - began)
        with site.empty() as there:
            ours.append(watched.contestant(site, there, "opsdb_restore", made["backup_id"]))
            _compare(site, there, wanted)
    return _result({"pg_restore --single-transaction": plain, "opsdb": ours}, analyses, people * DAYS, archive)


def _compare(site: Site, database: str, wanted: list[tuple[int, ...]]) -> None:
    found = site.execute(COUNT, database=database)
    if found != wanted:
        raise Failed(f"{FILLED} have {found} rows after a restore, not {wanted}")


def _result(by_name: dict[str, list[Worked]], analyses: list[float], rows: int, archive: Path) -> Result:
    plain, ours = by_name.values()
    table = [
        Row(
            name,
            {
                "seconds": median([one.seconds for one in runs]),
                "of the floor": median([one.seconds / other.seconds for one, other in zip(runs, plain, strict=True)]),
                "CPU s": median([one.cpu_seconds for one in runs]),
                "whole process s": median([one.process_seconds for one in runs]),
                "peak MB, with children": max(one.peak_mb for one in runs),
                "own peak MB": max((one.own_peak_mb for one in runs if one.own_peak_mb), default=None),
            },
        )
        for name, runs in by_name.items()
    ]
    computed = median([one.cpu_seconds / other.cpu_seconds for one, other in zip(ours, plain, strict=True)])
    fetched = median([one.told["download_seconds"] for one in ours])
    return Result(
        f"Restore of {rows:,} schedule rows, {archive.stat().st_size / 1e6:.1f} MB of archive",
        table,
        (),
        [
            f"opsdb / pg_restore in CPU seconds of client and server: {computed:.2f}",
            f"opsdb alone also looks at the target, fetches and hashes the archive (to there {fetched:.2f} s), counts"
            f" every table and runs ANALYZE (alone, after pg_restore, {median(analyses):.2f} s)",
        ],
    )
