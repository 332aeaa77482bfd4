"""opsdb: one backup into S3, counted, hashed and with its manifest."""

import time
from datetime import UTC, datetime

from bench.contestants.telling import peak_mb, tell
from chalicelib.backups.run import backup
from chalicelib.core.storage import s3

s3()

began = time.perf_counter()
made = backup(tier="manual", now=datetime.now(UTC))
seconds = time.perf_counter() - began
assert made is not None
tell(seconds=seconds, peak_mb=peak_mb(), size=made.size, rows=sum(made.tables.values()))
