"""A backup into S3, counted and hashed, against `pg_dump -Fc | cat >/dev/null`; then both with twice the data.

Seconds are of whole processes, interpreter and imports included, so that the smaller floor judges more harshly.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psycopg2

from chalicelib.migrations import steps
from local import postgres
from local import s3 as local_s3

RUNS = 3
PEOPLE = 1_000
PASSWORDS = {role: f"{role}-bench" for role in steps.ROLES}
BACKUP = "from datetime import *; from chalicelib.backups import nightly; assert nightly(now=datetime.now(UTC))['size']"

FILL = """
SET session_replication_role = replica;
INSERT INTO people (employee_id) SELECT generate_series({first}, {last});
INSERT INTO schedules (employee_id, nominal_date, start_date, start_time, stop_date, stop_time, work_code, created_at)
SELECT p, d::date, d::date, time '06:00' + make_interval(mins => 30 * ((p * 7 + extract(doy FROM d)::int) % 20)),
       d::date + 1, '00:30', 'REG', now() + random() * interval '1 day'
FROM generate_series({first}, {last}) p, generate_series(date '2025-01-01', date '2026-12-31', interval '1 day') d;
INSERT INTO attendances (employee_id, date, check_in, check_out, late_minutes, check_in_source)
SELECT employee_id, nominal_date, start_date + start_time + random() * interval '12 min',
       start_date + start_time + interval '8 hours' + random() * interval '30 min', (random() * 12)::int, 'clock'
FROM schedules WHERE employee_id BETWEEN {first} AND {last};
INSERT INTO audit_log (actor, action, table_name, row_id, after)
SELECT 'key:' || schedule_id % 9, 'update', 'schedules', schedule_id::text, to_jsonb(s)
FROM schedules s WHERE schedule_id % 3 = 0 AND employee_id BETWEEN {first} AND {last};
ANALYZE;
"""
"""Two years of a floor, rows as varied as real ones; without triggers and exclusions, which a dump does not see."""


def run() -> list[dict[str, Any]]:
    """Rows of `{name, seconds, ratio, peak_mb}`: medians of three, plain and ours in turns."""
    with (
        tempfile.TemporaryDirectory(prefix="opsdb-bench-") as folder,
        postgres.start(Path(folder) / "postgresql", durable=False) as server,
        local_s3.start(Path(folder) / "s3") as store,
    ):
        environment = _prepare(server, store)
        found = []
        for times in (1, 2):
            _execute(_admin(server), FILL.format(first=(times - 1) * PEOPLE + 1, last=times * PEOPLE))
            found += _measure(f"{times}x", server, environment)
        return found


def _prepare(server: postgres.Server, store: local_s3.Server) -> dict[str, str]:
    steps.bootstrap(server.admin_url, database="bench", passwords=PASSWORDS)
    steps.upgrade(server.url("opsdb_owner", PASSWORDS["opsdb_owner"], "bench"))
    _execute(
        _admin(server),
        "ALTER TABLE schedules DROP CONSTRAINT schedules_no_overlap, DROP CONSTRAINT schedules_timed_or_untimed",
    )
    store.make_bucket("bench-backups")
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("OPSDB_", "AWS_", "PG"))},
        "OPSDB_BACKUP_DATABASE_URL": server.url("opsdb_backup", PASSWORDS["opsdb_backup"], "bench"),
        "OPSDB_BACKUPS_BUCKET": "bench-backups",
        "OPSDB_PG_BIN": str(server.bin_dir),
        "AWS_ENDPOINT_URL_S3": store.endpoint,
        "AWS_ACCESS_KEY_ID": store.access_key,
        "AWS_SECRET_ACCESS_KEY": store.secret_key,
        "AWS_DEFAULT_REGION": store.region,
        "PGPASSWORD": PASSWORDS["opsdb_backup"],
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }


def _measure(size: str, server: postgres.Server, environment: Mapping[str, str]) -> list[dict[str, Any]]:
    url = f"host=127.0.0.1 port={server.port} user=opsdb_backup dbname=bench"
    plain = ["sh", "-c", f'"{server.bin_dir}/pg_dump" -Fc "{url}" | cat >/dev/null']
    ours = [sys.executable, "-c", BACKUP]
    pairs = [(_timed(plain, environment), _timed(ours, environment)) for _ in range(RUNS)]
    base = statistics.median(seconds for (seconds, _), _ in pairs)
    return [
        _row(f"pg_dump -Fc | cat, {size}", [one for one, _ in pairs], base),
        _row(f"backup, {size}", [one for _, one in pairs], base),
    ]


def _row(name: str, runs: list[tuple[float, float]], base: float) -> dict[str, Any]:
    seconds = statistics.median(seconds for seconds, _ in runs)
    peak = max(peak for _, peak in runs)
    return {"name": name, "seconds": round(seconds, 2), "ratio": round(seconds / base, 2), "peak_mb": round(peak)}


def _timed(command: list[str], environment: Mapping[str, str]) -> tuple[float, float]:
    """Seconds, and the most megabytes that the process and its children held at once."""
    began = time.monotonic()
    process = subprocess.Popen(command, env=dict(environment), stdout=subprocess.DEVNULL)
    peak = 0.0
    while process.poll() is None:
        peak = max(peak, _megabytes(process.pid))
        time.sleep(0.02)
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}")
    return time.monotonic() - began, peak


def _megabytes(pid: int) -> float:
    return sum(_of(f"/proc/{one}/status", _resident) for one in _family(pid)) / 1024


def _family(pid: int) -> list[int]:
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
    except (FileNotFoundError, ProcessLookupError):
        return read(Path(os.devnull))


def _names(path: Path) -> list[str]:
    return [one.name for one in path.iterdir()] if path.is_dir() else []


def _words(path: Path) -> list[str]:
    return path.read_text().split()


def _resident(path: Path) -> int:
    return sum(int(line.split()[1]) for line in path.read_text().splitlines() if line.startswith("VmRSS"))


def _admin(server: postgres.Server) -> str:
    return steps.with_database(server.admin_url, "bench")


def _execute(url: str, sql: str) -> None:
    conn = psycopg2.connect(url)
    conn.autocommit = True
    try:
        with conn.cursor() as cursor:
            cursor.execute(sql)
    finally:
        conn.close()


if __name__ == "__main__":
    for row in run():
        print(row)
