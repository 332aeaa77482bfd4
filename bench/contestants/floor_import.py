"""The floor: the fastest reader there is and one COPY, with no check but the database's own. `floor_import FILE`."""

import io
import os
import sys
import time
from datetime import timedelta

import psycopg2
from python_calamine import CalamineWorkbook

from bench.contestants.telling import cpu_seconds, peak_mb, tell

COLUMNS = "employee_id, nominal_date, start_date, start_time, stop_date, stop_time, work_code, upload_id"

began, computed = time.perf_counter(), cpu_seconds()
rows = CalamineWorkbook.from_path(sys.argv[1]).get_sheet_by_index(0).to_python(skip_empty_area=False)[1:]
parsed = time.perf_counter()
conn = psycopg2.connect(os.environ["DATABASE_URL"])
with conn, conn.cursor() as cursor:
    cursor.execute("SELECT ruex_id, employee_id FROM employees")
    employee_id_by_ruex_id = dict(cursor.fetchall())
    lines = io.StringIO()
    for who, _, _, day, start, stop, code in rows:
        if code == "OFF":
            shift = f"{day}\t\\N\t{day}\t\\N"
        else:
            shift = f"{day}\t{start}\t{day + timedelta(days=stop <= start)}\t{stop}"
        lines.write(f"{employee_id_by_ruex_id[who]}\t{day}\t{shift}\t{code}\t1\n")
    lines.seek(0)
    formatted = time.perf_counter()
    # As an upload's rows, so that the audit is one line here too and not one for each row.
    cursor.execute("SELECT set_config('opsdb.upload_id', '1', true)")
    cursor.copy_expert(f"COPY schedules ({COLUMNS}) FROM STDIN", lines)
ended = time.perf_counter()
tell(
    seconds=ended - began,
    cpu_seconds=cpu_seconds() - computed,
    peak_mb=peak_mb(),
    rows=len(rows),
    phases={"parse": parsed - began, "format": formatted - parsed, "copy": ended - formatted},
)
