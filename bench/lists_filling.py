"""A large floor in SQL: people by the ten thousand, four months of their plan, and what lies over it."""

from bench.sheets import FIRST_DAY

DAYS = 120
FIRST_ID = 100_001
"""Of those who are added to the thousand of the template."""

_SYLLABLES = (
    "string_to_array('ba ber da dal fe fen go gor ha hal ka kar li lin mo mor na nor sa sal te tor vi wen', ' ')"
)


def _syllable(step: int) -> str:
    return f"({_SYLLABLES})[1 + (n / {step} * 7 + n % {step} * 5 + n) % 24]"


PEOPLE = f"""
SET session_replication_role = replica;
INSERT INTO people (employee_id) SELECT {FIRST_ID} + n FROM generate_series({{first}}, {{last}}) n;
INSERT INTO employees (employee_id, first_name, last_name, company_email, ruex_id, agent_id, axonify_id, batch,
                       supervisor, manager, tier, shift, department, role, hire_date, status, attrition_date)
SELECT {FIRST_ID} + n, first, last, lower(first || '.' || last) || n || '@opsdb.example', lower(left(first, 1) || last),
       (500000 + n)::text, 'ax' || n, '20' || 20 + n % 6 || '-0' || 1 + n % 9, 'Supervisor ' || n % 400,
       'Manager ' || n % 50, 1 + n % 3, 'Morning', 'Department ' || n % 20, 'Agent', date '2020-01-01' + n % 2200,
       CASE WHEN n % 20 > 0 THEN 'Active' ELSE 'Inactive' END, CASE WHEN n % 20 = 0 THEN date '{FIRST_DAY}' + n % 60 END
FROM (SELECT n, initcap({_syllable(24)} || {_syllable(3)}) AS first,
             initcap({_syllable(576)} || {_syllable(31)} || {_syllable(7)}) AS last
      FROM generate_series({{first}}, {{last}}) n) named;
"""
"""Made of syllables, since names of random letters are too unlike each other to be confused."""

PLAN = f"""
SET session_replication_role = replica;
ALTER TABLE schedules DROP CONSTRAINT schedules_no_overlap, DROP CONSTRAINT schedules_timed_or_untimed;
INSERT INTO schedules (employee_id, nominal_date, start_date, start_time, stop_date, stop_time, work_code)
SELECT employee_id, day, day, CASE WHEN off THEN NULL ELSE start END,
       CASE WHEN off OR start < '16:00' THEN day ELSE day + 1 END,
       CASE WHEN off THEN NULL ELSE start + interval '8 h' END,
       CASE WHEN off THEN 'OFF' WHEN start >= '20:00' THEN 'NIGHT' ELSE 'REG' END
FROM (SELECT employee_id, date '{FIRST_DAY}' + d AS day, (d + place) % 7 > 4 AS off,
             time '06:00' + make_interval(mins => 30 * (place % 32)::int) AS start
      FROM generate_series(0, {DAYS - 1}) d,
           (SELECT employee_id, row_number() OVER () AS place FROM employees) p) planned;
"""
"""Day by day, as plans come in. Without the exclusion constraints, which would make filling long."""

AROUND = f"""
SET session_replication_role = replica;
CREATE TEMP TABLE who AS SELECT e.*, row_number() OVER (ORDER BY employee_id)::int AS place FROM employees e;
INSERT INTO assignments (employee_id, valid_from, valid_to, supervisor, department, manager, role, shift, tier)
SELECT employee_id, date '{FIRST_DAY}' + 30, NULL::date, supervisor, department, manager, role, shift, tier FROM who
UNION ALL
SELECT employee_id, date '2020-01-01', date '{FIRST_DAY}' + 30, supervisor, 'Department ' || place % 19, manager,
       role, shift, tier FROM who;
INSERT INTO employments (employee_id, hire_date) SELECT employee_id, hire_date FROM who;
INSERT INTO employees_history (employee_id, full_name, status, department, created_at, updated_at, archived_date)
SELECT employee_id, full_name, 'Inactive', department, now(), now(), date '{FIRST_DAY}' - place % 900 FROM who;
INSERT INTO new_employee_reviews (first_name, last_name, batch, department)
SELECT first_name, last_name, batch, department FROM who WHERE place % 5 = 0;
INSERT INTO leave_requests (employee_id, leave_type, start_date, end_date, status)
SELECT employee_id, (ARRAY['Vacation', 'Sick', 'Personal'])[1 + place % 3], start, start + 3,
       (ARRAY['Pending', 'Approved', 'Approved', 'Rejected'])[1 + place % 4]
FROM (SELECT employee_id, place, date '{FIRST_DAY}' + (place * 7 + n * 30) % 110 AS start
      FROM who, generate_series(0, 3) n) asked;
INSERT INTO leave_allowances (employee_id, leave_type, year, days)
SELECT employee_id, type, year, 20 FROM who, unnest(ARRAY['Vacation', 'Sick']) type, generate_series(2025, 2026) year;
INSERT INTO exceptions (employee_id, exception_type, start_date, end_date, status)
SELECT employee_id, 'Training', start, start + 1, (ARRAY['Pending', 'Completed'])[1 + place % 2]
FROM (SELECT employee_id, place, date '{FIRST_DAY}' + (place * 11 + n * 30) % 110 AS start
      FROM who, generate_series(0, 2) n) wanted;
INSERT INTO absences (employee_id, start_date, end_date, leave_id)
SELECT DISTINCT ON (employee_id) employee_id, start_date, end_date, leave_id
FROM leave_requests WHERE status = 'Approved' ORDER BY employee_id, leave_id;
INSERT INTO attendances (employee_id, date, check_in, check_out, exception_type, exception_type_source,
                         late_minutes, early_minutes, overtime_minutes)
SELECT employee_id, nominal_date, CASE WHEN chance > 0 THEN start + make_interval(mins => chance - 9) END,
       CASE WHEN chance > 0 THEN stop + interval '2 minutes' END,
       CASE chance WHEN 0 THEN 'Absent' WHEN 19 THEN 'Late' END, CASE WHEN chance IN (0, 19) THEN 'lead' END,
       CASE WHEN chance > 14 THEN chance - 9 ELSE 0 END, 0, 0
FROM (SELECT employee_id, nominal_date, start_date + start_time AS start, stop_date + stop_time AS stop,
             ((employee_id + (nominal_date - date '{FIRST_DAY}')) % 20)::int AS chance
      FROM schedules WHERE start_time IS NOT NULL AND nominal_date < date '{FIRST_DAY}' + 84) worked;
INSERT INTO schedule_changes (employee_id, schedule_id, replacement_id, schedule_date, change_type, status)
SELECT s.employee_id, s.schedule_id, s.employee_id + 1, s.nominal_date, 'Cover',
       (ARRAY['Pending', 'Approved', 'Rejected'])[1 + s.schedule_id % 3]
FROM schedules s WHERE s.schedule_id % 40 = 0;
INSERT INTO holidays (date, name) SELECT date '{FIRST_DAY}' + 5 * n, 'Holiday ' || n FROM generate_series(0, 23) n;
INSERT INTO forecasts (date, interval_start, department, calls, handling_seconds)
SELECT date '{FIRST_DAY}' + d, time '00:00' + make_interval(mins => 30 * i), 'Department ' || n, 40, 300
FROM generate_series(0, {DAYS - 1}) d, generate_series(0, 47) i, generate_series(0, 19) n;
INSERT INTO requirements (date, interval_start, department, required)
SELECT date, interval_start, department, 12 FROM forecasts;
INSERT INTO uploads (kind, filename, bucket, key, state, uploaded_by)
SELECT 'schedules', n || '.xlsx', 'uploads', n || '.xlsx', 'done', 'bench' FROM generate_series(1, 2000) n;
INSERT INTO upload_errors (upload_id, row_number, reason)
SELECT 1 + n / 100, n % 100, 'text' FROM generate_series(0, 99999) n;
INSERT INTO upload_outcomes (upload_id, place, row_number, outcome)
SELECT 1 + n / 100, n % 100, n % 100, 'unchanged' FROM generate_series(0, 99999) n;
INSERT INTO schedules_history
SELECT schedule_id + 10000000, employee_id, nominal_date - 400, start_date - 400, start_time,
       stop_date - 400, stop_time, work_code, origin, NULL, NULL, false, NULL, created_at, nominal_date
FROM schedules WHERE nominal_date < date '{FIRST_DAY}' + 60;
INSERT INTO employee_rewards (employee_id, points, date_awarded, awarded_by)
SELECT employee_id, 5 + place % 40, date '{FIRST_DAY}', 'bench' FROM who, generate_series(1, 3);
"""
