"""The floor of a list: one statement written by hand with its count inside, rows into dicts, json.dumps. Nobody asks
who is calling, and nothing of a request is read or checked."""

import json
import os
import time
from typing import Any

import psycopg2

from bench.contestants.telling import asked, peak_mb, tell

EMPLOYEES = """
SELECT (SELECT count(*) FROM employees WHERE status = 'Active') AS total,
       e.employee_id, e.first_name, e.last_name, e.full_name, e.company_email, e.access_card, e.token_serial,
       e.building_card, e.batch, e.agent_id, e.ruex_id, e.axonify_id, e.supervisor, e.manager, e.tier, e.shift,
       e.department, e.role, e.hire_date, e.phase_1_date, e.phase_2_date, e.phase_3_date, e.status, e.attrition_date,
       coalesce((SELECT b.point_balance FROM point_balances b WHERE b.employee_id = e.employee_id), 0) AS point_balance,
       e.created_at, e.updated_at
FROM employees e WHERE e.status = 'Active' ORDER BY e.employee_id LIMIT %(limit)s OFFSET 0"""

# The page is found first, and only its rows are seen through the layers of the plan.
SCHEDULES = """
SELECT (SELECT count(*) FROM schedules WHERE nominal_date BETWEEN %(start_date)s AND %(end_date)s) AS total,
       s.schedule_id, s.employee_id, e.full_name, e.first_name, e.last_name, e.department, e.supervisor, e.batch,
       s.nominal_date, s.start_date, s.start_time, s.stop_date, s.stop_time, s.effective_work_code AS work_code,
       s.work_code AS planned_work_code, s.effective_class AS work_class, s.why, s.origin, s.given_away, s.change_id,
       s.covers_schedule_id, s.upload_id, s.created_at
FROM (SELECT schedule_id FROM schedules WHERE nominal_date BETWEEN %(start_date)s AND %(end_date)s
      ORDER BY nominal_date, schedule_id LIMIT %(limit)s OFFSET 0) page
JOIN effective_schedules s USING (schedule_id)
LEFT JOIN employees e ON e.employee_id = s.employee_id
ORDER BY s.nominal_date, s.schedule_id"""

STATEMENTS = {"/api/employees": EMPLOYEES, "/api/schedules": SCHEDULES}


def get(conn: Any, path: str, query: dict[str, str]) -> str:
    with conn.cursor() as cursor:
        cursor.execute(STATEMENTS[path], query)
        names = [column.name for column in cursor.description[1:]]
        rows = cursor.fetchall()
    data = [dict(zip(names, row[1:], strict=True)) for row in rows]
    total = rows[0][0] if rows else 0
    return json.dumps({"total": total, "limit": int(query["limit"]), "offset": 0, "data": data}, default=str)


if __name__ == "__main__":
    conn = psycopg2.connect(os.environ["DATABASE_URL"])
    conn.autocommit = True
    tell()
    for question in asked():
        seconds, body = [], ""
        for _ in range(question["calls"]):
            began = time.perf_counter()
            body = get(conn, question["path"], question["query"])
            seconds.append(time.perf_counter() - began)
        tell(ms=[1000 * one for one in seconds], peak_mb=peak_mb(), body=body if question.get("show") else None)
