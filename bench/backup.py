"""A backup into S3, counted and hashed, against `pg_dump -Fc | cat >/dev/null`; then both on twice the data."""

from collections.abc import Callable

from bench import watched
from bench.result import Result, Row, Target, median
from bench.site import Site
from bench.watched import Worked

DAYS = 730

DUMP = '"{bin}/pg_dump" -Fc "{url}" | cat >/dev/null'

FILL = f"""
SET session_replication_role = replica;
INSERT INTO people (employee_id) SELECT generate_series({{first}}, {{last}});
INSERT INTO schedules (employee_id, nominal_date, start_date, start_time, stop_date, stop_time, work_code, created_at)
SELECT p, d::date, d::date, time '06:00' + make_interval(mins => 30 * ((p * 7 + extract(doy FROM d)::int) % 20)),
       d::date + 1, '00:30', 'REG', now() + random() * interval '1 day'
FROM generate_series({{first}}, {{last}}) p,
     generate_series(date '2025-01-01', date '2025-01-01' + {DAYS - 1}, interval '1 day') d;
INSERT INTO attendances (employee_id, date, check_in, check_out, late_minutes, check_in_source)
SELECT employee_id, nominal_date, start_date + start_time + random() * interval '12 min',
       start_date + start_time + interval '8 hours' + random() * interval '30 min', (random() * 12)::int, 'clock'
FROM schedules WHERE employee_id BETWEEN {{first}} AND {{last}};
INSERT INTO audit_log (actor, action, table_name, row_id, after)
SELECT 'key:' || schedule_id % 9, 'update', 'schedules', schedule_id::text, to_jsonb(s)
FROM schedules s WHERE schedule_id % 3 = 0 AND employee_id BETWEEN {{first}} AND {{last}}
"""
"""Two years of a floor, rows as varied as real ones; without triggers and exclusions, which a dump does not see."""


def measure(site: Site, *, rows: int, repeat: int, say: Callable[[str], None]) -> Result:
    """`rows` schedule rows, with as many attendances and a third as many audit entries; then twice that."""
    people = max(1, rows // DAYS)
    found: dict[int, dict[str, list[Worked]]] = {}
    with site.database() as database:
        gone = "DROP CONSTRAINT schedules_no_overlap, DROP CONSTRAINT schedules_timed_or_untimed"
        site.execute(f"ALTER TABLE schedules {gone}", database=database)
        for times in (1, 2):
            say(f"backup: {times * people * DAYS:,} schedule rows")
            site.execute(FILL.format(first=(times - 1) * people + 1, last=times * people), database=database)
            site.settle(database)
            found[times] = {"pg_dump -Fc | cat": [], "opsdb": []}
            plain, ours = found[times].values()
            for turn in range(repeat):
                say(f"backup {turn + 1} of {repeat}, {times} x")
                plain.append(watched.program(site, database, "opsdb_backup", DUMP))
                ours.append(watched.contestant(site, database, "opsdb_backup"))
    return _result(found, people * DAYS)


def _result(found: dict[int, dict[str, list[Worked]]], rows: int) -> Result:
    table, targets, peaks = [], [], []
    for times, by_name in found.items():
        plain, ours = by_name.values()
        low = median([one.seconds for one in plain])
        for name, runs in by_name.items():
            seconds = median([one.seconds for one in runs])
            values: dict[str, float | None] = {
                "seconds": seconds,
                "of the floor": seconds / low,
                "CPU s": median([one.cpu_seconds for one in runs]),
                "whole process s": median([one.process_seconds for one in runs]),
                "peak MB, with children": median([one.peak_mb for one in runs]),
                "own peak MB": max((one.own_peak_mb for one in runs if one.own_peak_mb), default=None),
            }
            table.append(Row(f"{times * rows:,} rows: {name}", values))
        ratio = median([one.seconds / other.seconds for one, other in zip(ours, plain, strict=True)])
        targets.append(Target(f"{times * rows:,} rows: backup / pg_dump, median of pairs", "<=", 1.15, ratio))
        peaks.append(max(one.own_peak_mb or 0 for one in ours))
    targets.append(Target("own peak memory when the rows double, times", "<=", 1.1, peaks[1] / peaks[0]))
    return Result("Backup", table, targets)
