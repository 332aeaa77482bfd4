"""How long an import takes in a fresh process. `importing MODULE...`"""

import sys
import time
from importlib import import_module

from bench.contestants.telling import peak_mb, tell

began = time.perf_counter()
for name in sys.argv[1:]:
    import_module(name)
tell(seconds=time.perf_counter() - began, peak_mb=peak_mb())
