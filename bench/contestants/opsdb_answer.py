"""opsdb, cold: everything from the start of the process to the first answer. `opsdb_answer KEY STARTED`, the parent's
monotonic clock, which is the machine's."""

import sys
import time

from bench.contestants.opsdb_lists import get
from bench.contestants.telling import peak_mb, tell

get("/api/employees", {"limit": "100"}, sys.argv[1])
tell(seconds=time.monotonic() - float(sys.argv[2]), peak_mb=peak_mb())
