"""What a list costs: as many statements for a thousand rows as for a hundred."""

import pytest
from sqlalchemy import text

from chalicelib.routes import ALL
from tests import make
from tests.api import Api
from tests.counting import statements

LISTS = [one.path for feature in ALL for one in feature.declared if one.listed]
PEOPLE = """
    INSERT INTO employees (employee_id, first_name, last_name, hire_date, department)
    SELECT n, 'Ada', 'Person' || n, date '2025-01-06', 'Support' FROM generate_series({first}, {last}) n;"""
SHIFTS = """
    INSERT INTO schedules (employee_id, nominal_date, start_date, start_time, stop_date, stop_time, work_code)
    SELECT n, date '2026-10-05', date '2026-10-05', '09:00', date '2026-10-05', '17:00', 'REG'
    FROM generate_series({first}, {last}) n;"""
BATCHES = PEOPLE + "UPDATE employees SET batch = 'Batch ' || employee_id WHERE batch IS NULL;"
GROWING = {
    "/employees": PEOPLE,
    "/employees/history": PEOPLE
    + """
    INSERT INTO employees_history (employee_id, full_name, status, created_at, updated_at, archived_date)
    SELECT n, 'Ada Person' || n, 'Inactive', now(), now(), date '2026-10-05' FROM generate_series({first}, {last}) n""",
    "/employees/{employee_id}/assignments": """
    INSERT INTO people (employee_id) VALUES (1) ON CONFLICT DO NOTHING;
    INSERT INTO assignments (employee_id, valid_from, valid_to, department)
    SELECT 1, date '2000-01-01' + n, date '2000-01-02' + n, 'Support' FROM generate_series({first}, {last}) n""",
    "/employees/{employee_id}/employments": """
    INSERT INTO people (employee_id) VALUES (1) ON CONFLICT DO NOTHING;
    INSERT INTO employments (employee_id, hire_date, last_day)
    SELECT 1, date '2000-01-01' + n, date '2000-01-01' + n FROM generate_series({first}, {last}) n""",
    "/employees/reviews": """
    INSERT INTO new_employee_reviews (first_name, last_name)
    SELECT 'Ada', 'Person' || n FROM generate_series({first}, {last}) n""",
    "/schedules": PEOPLE + SHIFTS,
    "/schedules/open": PEOPLE
    + SHIFTS
    + """
    INSERT INTO leave_requests (employee_id, leave_type, start_date, end_date, status)
    SELECT n, 'Vacation', date '2026-10-05', date '2026-10-06', 'Approved' FROM generate_series({first}, {last}) n""",
    "/schedules/history": PEOPLE
    + """
    INSERT INTO schedules_history
        (schedule_id, employee_id, nominal_date, start_date, stop_date, work_code, created_at, archived_date)
    SELECT n, n, date '2025-01-06', date '2025-01-06', date '2025-01-06', 'OFF', now(), date '2026-03-01'
    FROM generate_series({first}, {last}) n""",
    "/schedule_changes": PEOPLE
    + """
    INSERT INTO people (employee_id) VALUES (5000) ON CONFLICT DO NOTHING;
    INSERT INTO schedule_changes (employee_id, schedule_id, replacement_id, schedule_date, change_type, snapshot)
    SELECT n, n, 5000, date '2026-10-05', 'Cover', jsonb_build_object('shift', jsonb_build_object(
        'schedule_id', n, 'nominal_date', '2026-10-05', 'start_date', '2026-10-05', 'start_time', '09:00:00',
        'stop_date', '2026-10-05', 'stop_time', '17:00:00', 'work_code', 'REG'), 'replacement_shift', NULL)
    FROM generate_series({first}, {last}) n""",
    "/leave_requests": PEOPLE
    + """
    INSERT INTO leave_requests (employee_id, leave_type, start_date, end_date)
    SELECT n, 'Vacation', date '2026-10-05', date '2026-10-06' FROM generate_series({first}, {last}) n""",
    "/leave_allowances": PEOPLE
    + """
    INSERT INTO leave_allowances (employee_id, leave_type, year, days)
    SELECT n, 'Vacation', 2026, 25 FROM generate_series({first}, {last}) n""",
    "/holidays": """
    INSERT INTO holidays (date, name)
    SELECT date '2026-01-01' + n, 'Holiday ' || n FROM generate_series({first}, {last}) n""",
    "/exceptions": PEOPLE
    + """
    INSERT INTO exceptions (employee_id, exception_type, start_date, end_date, work_code)
    SELECT n, 'Training', date '2026-10-05', date '2026-10-06', 'TRAIN' FROM generate_series({first}, {last}) n""",
    "/attendances": PEOPLE
    + """
    INSERT INTO attendances (employee_id, date, check_in)
    SELECT n, date '2026-10-05', timestamp '2026-10-05 09:00' FROM generate_series({first}, {last}) n""",
    "/attendances/history": PEOPLE
    + """
    INSERT INTO attendances_history (attendance_id, employee_id, date, archived_date)
    SELECT n, n, date '2025-01-06', date '2026-03-01' FROM generate_series({first}, {last}) n""",
    "/periods": """
    INSERT INTO periods (month, closed_by)
    SELECT date '1900-01-01' + n * interval '1 month', 'test' FROM generate_series({first}, {last}) n""",
    "/periods/{month}/adjustments": PEOPLE
    + """
    INSERT INTO periods (month, closed_by) VALUES ('2026-09-01', 'test') ON CONFLICT DO NOTHING;
    SELECT set_config('opsdb.role', 'admin', true);
    INSERT INTO attendances (employee_id, date) SELECT n, date '2026-09-14' FROM generate_series({first}, {last}) n""",
    "/admin/audit": """
    INSERT INTO holidays (date, name)
    SELECT date '2026-01-01' + n, 'Holiday ' || n FROM generate_series({first}, {last}) n""",
    "/admin/users": "INSERT INTO users (username) SELECT 'user' || n FROM generate_series({first}, {last}) n",
    "/admin/api_keys": """
    INSERT INTO api_keys (name, role, secret_hash)
    SELECT 'key' || n, 'viewer', '' FROM generate_series({first}, {last}) n""",
    "/admin/db_users": "INSERT INTO db_users (username) SELECT 'reader' || n FROM generate_series({first}, {last}) n",
    "/floor": PEOPLE + SHIFTS,
    "/attendances/daily-report": PEOPLE + SHIFTS,
    "/reports/weekly": PEOPLE + SHIFTS,
    "/reports/monthly": PEOPLE + SHIFTS,
    "/deputies": PEOPLE
    + """
    INSERT INTO people (employee_id) VALUES (999999) ON CONFLICT DO NOTHING;
    INSERT INTO deputies (lead_id, employee_id, start_date, end_date)
    SELECT 999999, n, '2026-10-05', '2026-10-09' FROM generate_series({first}, {last}) n""",
    "/reports/employees": BATCHES
    + "INSERT INTO employments (employee_id, hire_date) SELECT n, '2025-01-06' FROM generate_series({first}, {last}) n",
    "/reports/schedules": BATCHES + SHIFTS,
    "/reports/attendances": BATCHES + SHIFTS,
    "/reports/rewards": BATCHES
    + """
    INSERT INTO employee_rewards (employee_id, points, date_awarded, awarded_by)
    SELECT n, 30, date '2026-10-05', 'test' FROM generate_series({first}, {last}) n""",
    "/reports/redemptions": BATCHES
    + """
    INSERT INTO employee_reward_redemptions (employee_id, points_redeemed, redemption_date, redemption_type, status)
    SELECT n, 30, date '2026-10-05', 'Donation', 'Rejected' FROM generate_series({first}, {last}) n""",
    "/reports/leave_requests": BATCHES
    + """
    INSERT INTO leave_requests (employee_id, leave_type, start_date, end_date)
    SELECT n, 'Vacation', date '2026-10-05', date '2026-10-06' FROM generate_series({first}, {last}) n""",
    "/reports/exceptions": BATCHES
    + """
    INSERT INTO exceptions (employee_id, exception_type, start_date, end_date, work_code)
    SELECT n, 'Training', date '2026-10-05', date '2026-10-06', 'TRAIN' FROM generate_series({first}, {last}) n""",
    "/floor/notes": """
    INSERT INTO floor_notes (date, author, text)
    SELECT date '2026-10-05', 'Ada Person1', 'Note ' || n FROM generate_series({first}, {last}) n""",
    "/forecasts": """
    INSERT INTO forecasts (date, interval_start, department, calls, handling_seconds)
    SELECT date '2026-01-01' + n, '09:00', 'Support', 100, 180 FROM generate_series({first}, {last}) n""",
    "/requirements": """
    INSERT INTO requirements (date, interval_start, department, required)
    SELECT date '2026-01-01' + n, '09:00', 'Support', 4 FROM generate_series({first}, {last}) n""",
    "/rewards/reasons": """
    INSERT INTO reward_reasons (reason, points)
    SELECT 'Reason ' || n, 30 FROM generate_series({first}, {last}) n""",
    "/rewards/awards": PEOPLE
    + """
    INSERT INTO reward_reasons (reason_id, reason, points) VALUES (1, 'Compliment', 30) ON CONFLICT DO NOTHING;
    INSERT INTO employee_rewards (employee_id, reason_id, points, date_awarded, awarded_by)
    SELECT n, 1, 30, date '2026-10-05', 'test' FROM generate_series({first}, {last}) n""",
    "/rewards/employee/{employee_id}": """
    INSERT INTO people (employee_id) VALUES (1) ON CONFLICT DO NOTHING;
    INSERT INTO employee_rewards (employee_id, points, date_awarded, awarded_by)
    SELECT 1, 30, date '2026-10-05', 'test' FROM generate_series({first}, {last}) n""",
    "/rewards/redemptions": PEOPLE
    + """
    INSERT INTO employee_reward_redemptions (employee_id, points_redeemed, redemption_date, redemption_type, status)
    SELECT n, 30, date '2026-10-05', 'Donation', 'Rejected' FROM generate_series({first}, {last}) n""",
    "/admin/options": """
    INSERT INTO admin_options (category, value)
    SELECT 'department', 'Department ' || n FROM generate_series({first}, {last}) n""",
    "/uploads": """
    INSERT INTO uploads (kind, filename, bucket, key, uploaded_by)
    SELECT 'schedules', 'week.xlsx', 'b', 'k' || n, 'test' FROM generate_series({first}, {last}) n""",
    "/uploads/{upload_id}/errors": """
    INSERT INTO uploads (upload_id, kind, filename, bucket, key, uploaded_by)
    VALUES (1, 'schedules', 'week.xlsx', 'b', 'k', 'test') ON CONFLICT DO NOTHING;
    INSERT INTO upload_errors (upload_id, row_number, reason)
    SELECT 1, n, 'is no employee' FROM generate_series({first}, {last}) n""",
    "/uploads/{upload_id}/rows": """
    INSERT INTO uploads (upload_id, kind, filename, bucket, key, uploaded_by)
    VALUES (1, 'schedules', 'week.xlsx', 'b', 'k', 'test') ON CONFLICT DO NOTHING;
    INSERT INTO upload_outcomes (upload_id, place, row_number, outcome)
    SELECT 1, n, n + 1, 'new' FROM generate_series({first}, {last}) n""",
    "/backups": """
    INSERT INTO backups (backup_id, tier, state, started_at)
    SELECT 'b' || n, 'daily', 'failed', now() FROM generate_series({first}, {last}) n""",
}
"""For each list, the rows `first` to `last` of what it shows."""
ON = {
    "/schedules/open": {"start_date": "2026-10-05", "end_date": "2026-10-06"},
    "/floor": {"at": "2026-10-05T10:00"},
    "/attendances/daily-report": {"date": "2026-10-05"},
    "/reports/weekly": {"date": "2026-10-05"},
    "/reports/monthly": {"month": "2026-10"},
    **{
        f"/reports/{name}": {"group_by": ["batch", "day"], "start_date": "2026-10-05", "end_date": "2026-10-05"}
        for name in ("employees", "schedules", "attendances", "rewards", "redemptions", "leave_requests", "exceptions")
    },
}
"""Where a list shows today unless told, or groups."""
MOST = {"/reports/weekly": 5, "/reports/monthly": 7, "/reports/schedules": 4, "/reports/attendances": 4}
"""Where more than rows are told: what is unusual, sums, holidays, names; services and employments."""


def test_every_list_has_rows_here() -> None:
    assert set(LISTS) == GROWING.keys()


@pytest.mark.parametrize("path", GROWING)
def test_a_list_of_a_thousand_costs_as_many_statements_as_one_of_a_hundred(api: Api, path: str) -> None:
    asked = path.format(employee_id=1, upload_id=1, month="2026-09")
    days = ON.get(path, {})
    sent: list[int] = []
    shown: list[int] = []
    for first, last in ((1, 100), (101, 1000)):
        with make.written() as conn:
            conn.execute(text(GROWING[path].format(first=first, last=last)))
        with statements() as noted:
            answer = api.get(asked, limit=1000, **days)
        assert answer.status == 200, answer.body
        shown.append(len(answer.data))
        sent.append(len(noted))
    assert shown[0] >= 100
    assert shown[1] == min(1000, shown[0] + 900)
    # One for the key, one for the page with its total; a third where an upload must be there first, or a table.
    assert sent[0] == sent[1] <= MOST.get(path, 3)
