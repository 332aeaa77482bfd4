"""opsdb: the real path of a sheet, from a file through S3 into the plan. `opsdb_import FILE KIND [OPTION ...]`."""

import sys
import time
from pathlib import Path

from bench.contestants.telling import cpu_seconds, pace, peak_mb, tell
from chalicelib.core.storage import s3
from chalicelib.imports.arrivals import import_file

# What a warm function has and a cold one makes once; the other contestants' libraries are imported by now as well.
s3()

options = dict.fromkeys(sys.argv[3:], True)
read: list[float] = []
"""When each chunk was read, checked and staged; all but the last have as many rows."""

began, computed = time.perf_counter(), cpu_seconds()
done = import_file(
    Path(sys.argv[1]),
    kind=sys.argv[2],
    options=options,
    uploaded_by="bench",
    progress=lambda rows, share: read.append(time.perf_counter()),
)
seconds, computed = time.perf_counter() - began, cpu_seconds() - computed
tell(
    seconds=seconds,
    cpu_seconds=computed,
    peak_mb=peak_mb(),
    state=done.state,
    rows=done.success_count,
    message=done.message,
    pace=pace(read),
)
