"""What a backup holds in memory, with its pg_dump, when the data grow twentyfold."""

from collections.abc import Callable

from bench import watched
from bench.result import Result, Row, Target
from bench.site import Site
from bench.watched import Worked

SMALL_MB = 100
ROW_BYTES = 1638
"""Five rows of FILL on a page."""

SHEET = ", ".join(f"'column_{n}', md5(g || '{{side}} {n}') || md5(g || '{{side}} again {n}')" for n in range(9))
FILL = f"""
SET session_replication_role = replica;
INSERT INTO audit_log (actor, action, table_name, row_id, before, after)
SELECT 'key:' || g % 9, 'update', 'schedules', g::text,
       jsonb_build_object({SHEET.format(side="before")}), jsonb_build_object({SHEET.format(side="after")})
FROM generate_series({{first}}, {{last}}) g
"""
"""Rows below the size at which PostgreSQL would compress them or put them elsewhere."""


def measure(site: Site, *, megabytes: int, say: Callable[[str], None]) -> Result:
    """One backup of about 100 MB in the table, one of `megabytes`."""
    table: list[Row] = []
    runs: list[Worked] = []
    filled = 0
    with site.database() as database:
        for wanted in (SMALL_MB, megabytes):
            say(f"size: filling up to {wanted:,} MB")
            rows = wanted * 1_000_000 // ROW_BYTES
            site.execute(FILL.format(first=filled + 1, last=rows), database=database)
            filled = rows
            site.settle(database)
            sizes = "SELECT pg_table_size('audit_log') / 1e6, pg_database_size(current_database()) / 1e6"
            held, whole = map(float, site.execute(sizes, database=database)[0])
            say(f"size: backup of {held:,.0f} MB, the database has {whole:,.0f} MB")
            one = watched.contestant(site, database, "opsdb_backup")
            runs.append(one)
            table.append(Row(f"{held:,.0f} MB of table data", _values(one, whole)))
    small, large = runs
    targets = [
        Target("peak memory, with children, times", "<=", 1.1, large.peak_mb / small.peak_mb),
        Target("own peak memory, times", "<=", 1.1, (large.own_peak_mb or 0) / (small.own_peak_mb or 1)),
    ]
    return Result("Memory of a backup at size", table, targets, ["one run of each"])


def _values(one: Worked, database_mb: float) -> dict[str, float | None]:
    return {
        "database MB": database_mb,
        "dump MB": one.told["size"] / 1e6,
        "seconds": one.seconds,
        "CPU s": one.cpu_seconds,
        "peak MB, with children": one.peak_mb,
        "own peak MB": one.own_peak_mb,
    }
