"""The Flask app, cold: as opsdb_answer."""

import sys
import time

from bench.contestants.flask_lists import app
from bench.contestants.telling import peak_mb, tell

answer = app.test_client().get("/api/employees?limit=100", headers={"X-API-Key": sys.argv[1]})
assert answer.status_code == 200, answer.text
tell(seconds=time.monotonic() - float(sys.argv[2]), peak_mb=peak_mb())
