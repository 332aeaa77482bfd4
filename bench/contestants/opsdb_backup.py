"""opsdb: one backup into S3, counted, hashed and with its manifest."""

import time
from datetime import UTC, datetime

from bench.contestants.telling import cpu_seconds, peak_mb, tell
from chalicelib.backups.run import backup
from chalicelib.core.storage import s3

s3()

began, computed = time.perf_counter(), cpu_seconds()
made = backup(tier="manual", now=datetime.now(UTC))
seconds, computed = time.perf_counter() - began, cpu_seconds() - computed
assert made is not None
tell(
    seconds=seconds,
    cpu_seconds=computed,
    peak_mb=peak_mb(),
    backup_id=made.backup_id,
    key=made.key,
    size=made.size,
    rows=sum(made.tables.values()),
)
