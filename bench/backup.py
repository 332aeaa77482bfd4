"""A backup into S3, counted and hashed, against `pg_dump -Fc | cat >/dev/null`; then both on twice the data."""

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import processes
from bench.processes import Failed
from bench.result import Result, Row, Target, median
from bench.site import Site

DAYS = 730

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


@dataclass(frozen=True)
class Dumped:
    """One run. `seconds` is the work proper, where the program can tell it; the peak is of the whole family."""

    seconds: float
    cpu_seconds: float
    process_seconds: float
    peak_mb: float
    own_peak_mb: float | None = None


def measure(site: Site, *, rows: int, repeat: int, say: Callable[[str], None]) -> Result:
    """`rows` schedule rows, with as many attendances and a third as many audit entries; then twice that."""
    people = max(1, rows // DAYS)
    found: dict[int, dict[str, list[Dumped]]] = {}
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
                plain.append(_plain(site, database))
                ours.append(_ours(site, database))
    return _result(found, people * DAYS)


def _result(found: dict[int, dict[str, list[Dumped]]], rows: int) -> Result:
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


def _plain(site: Site, database: str) -> Dumped:
    url = f"host=127.0.0.1 port={site.server.port} user=opsdb_backup dbname={database}"
    password = site.url(database, "opsdb_backup").partition("://")[2].partition("@")[0].partition(":")[2]
    command = ["bash", "-o", "pipefail", "-c", f'"{site.server.bin_dir}/pg_dump" -Fc "{url}" | cat >/dev/null']
    with tempfile.TemporaryFile("w+") as said, site.computing() as sessions:
        began, computed = time.monotonic(), sum(os.times()[2:4])
        process = subprocess.Popen(
            command, env=site.environment(database) | {"PGPASSWORD": password}, stdin=subprocess.DEVNULL, stderr=said
        )
        watched = _Watch(process.pid)
        process.wait()
        seconds, computed = time.monotonic() - began, sum(os.times()[2:4]) - computed
        if process.returncode:
            said.seek(0)
            raise Failed(f"pg_dump ended with {process.returncode}: {said.read()[-500:]}")
    return Dumped(seconds, computed + sessions[0], seconds, watched.peak_mb())


def _ours(site: Site, database: str) -> Dumped:
    watched: list[_Watch] = []
    with site.computing() as sessions:
        ran = processes.run(
            processes.module("opsdb_backup"),
            site.environment(database),
            site.folder,
            watch=lambda pid: watched.append(_Watch(pid)),
        )
    return Dumped(ran.seconds, ran.cpu_seconds + sessions[0], ran.process_seconds, watched[0].peak_mb(), ran.peak_mb)


class _Watch:
    """Looks fifty times a second at what a process and its children hold; pages they share count for each."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0.0
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def peak_mb(self) -> float:
        """The most that was seen, once the process has ended."""
        self._thread.join()
        return round(self._peak, 1)

    def _look(self) -> None:
        while held := _megabytes(self._pid):
            self._peak = max(self._peak, held)
            time.sleep(0.02)


def _megabytes(pid: int) -> float:
    kilobytes: int = sum(_of(f"/proc/{one}/status", _resident) for one in _family(pid))
    return kilobytes / 1024


def _family(pid: int) -> Sequence[int]:
    children = [
        int(child)
        for task in _of(f"/proc/{pid}/task", _names)
        for child in _of(f"/proc/{pid}/task/{task}/children", _words)
    ]
    return [pid, *(one for child in children for one in _family(child))]


def _of(path: str, read: Callable[[Path], Any]) -> Any:
    """What `read` finds at `path`; of a process that has just ended, nothing."""
    try:
        return read(Path(path))
    except OSError:
        return read(Path(os.devnull))


def _names(path: Path) -> list[str]:
    return [one.name for one in path.iterdir()] if path.is_dir() else []


def _words(path: Path) -> list[str]:
    return path.read_text().split()


def _resident(path: Path) -> int:
    return sum(int(line.split()[1]) for line in path.read_text().splitlines() if line.startswith("VmRSS"))
