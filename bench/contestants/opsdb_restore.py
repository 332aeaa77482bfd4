"""opsdb: the backup named as argument, from S3, proved and counted, into the empty database it is told."""

import sys
import time
from datetime import UTC, datetime

from bench.contestants.telling import cpu_seconds, peak_mb, tell
from chalicelib.backups.restore import restore
from chalicelib.core.settings import settings
from chalicelib.core.storage import s3

s3()
arrived: list[float] = []


def progress(step: str, done: int, total: int | None) -> None:
    if step == "download" and done == total:
        arrived.append(time.perf_counter())


began, computed = time.perf_counter(), cpu_seconds()
done = restore(
    sys.argv[1], to=settings().require("owner_database_url"), now=datetime.now(UTC), safety=False, progress=progress
)
seconds, computed = time.perf_counter() - began, cpu_seconds() - computed
assert done.compared
tell(
    seconds=seconds,
    cpu_seconds=computed,
    peak_mb=peak_mb(),
    rows=sum(done.tables.values()),
    download_seconds=arrived[0] - began,
)
