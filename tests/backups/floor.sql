-- A small floor with rows in nearly every table; the triggers fill absences, people and the audit log.
INSERT INTO employees (employee_id, first_name, last_name, company_email, department, role, hire_date)
SELECT g, 'First' || g, 'Läst' || g, 'p' || g || '@example.test', 'Support', 'Agent', date '2025-01-01' + g
FROM generate_series(1, 40) g;
INSERT INTO employments (employee_id, hire_date) SELECT employee_id, hire_date FROM employees;
INSERT INTO assignments (employee_id, department, valid_from) SELECT employee_id, department, hire_date FROM employees;
INSERT INTO employees_history (employee_id, full_name, status, archived_date, created_at, updated_at)
VALUES (40, 'First40 Läst40', 'Inactive', '2026-10-01', now(), now());
INSERT INTO schedules (employee_id, nominal_date, start_date, start_time, stop_date, stop_time, work_code)
SELECT p, d::date, d::date, '09:00', d::date, '17:30', 'REG'
FROM generate_series(1, 40) p, generate_series(date '2026-11-01', date '2026-11-28', interval '1 day') d;
INSERT INTO schedules_history (schedule_id, employee_id, nominal_date, start_date, stop_date, work_code, archived_date)
VALUES (900001, 40, '2025-01-05', '2025-01-05', '2025-01-05', 'OFF', '2026-03-01');
INSERT INTO attendances (employee_id, date, check_in, check_out, late_minutes, notes)
SELECT employee_id, nominal_date, start_date + time '09:04', start_date + time '17:30', 4, E'a tab\there, a \\. there'
FROM schedules WHERE nominal_date < '2026-11-15';
INSERT INTO leave_requests (employee_id, leave_type, start_date, end_date, status)
SELECT g, 'Vacation', '2026-12-01', '2026-12-05', 'Approved' FROM generate_series(1, 10) g;
INSERT INTO exceptions (employee_id, exception_type, start_date, end_date)
SELECT g, 'Training', '2026-12-10', '2026-12-11' FROM generate_series(1, 10) g;
INSERT INTO leave_allowances (employee_id, year, leave_type, days)
SELECT g, 2026, 'Vacation', 12.5 FROM generate_series(1, 40) g;
INSERT INTO reward_reasons (reason, points) VALUES ('Perfect month', 50), ('Cover', 20);
INSERT INTO employee_rewards (employee_id, reason_id, points, date_awarded, awarded_by)
SELECT g, 1, 50, '2026-11-02', 'lead' FROM generate_series(1, 20) g;
INSERT INTO employee_reward_redemptions (employee_id, points_redeemed, redemption_date, redemption_type)
SELECT g, 30, '2026-11-10', 'Gift Card' FROM generate_series(1, 5) g;
INSERT INTO floor_notes (date, author, text)
SELECT '2026-11-01', 'lead', repeat(md5(g::text), 20) || E'\nCOPY public.people FROM stdin;\n\\.\n' FROM generate_series(1, 500) g;
INSERT INTO forecasts (date, interval_start, department, calls, handling_seconds) VALUES ('2026-11-18', '09:00', 'Support', 120, 300);
INSERT INTO requirements (date, interval_start, department, required) VALUES ('2026-11-18', '09:00', 'Support', 14);
INSERT INTO holidays (date, name) VALUES ('2026-12-25', 'Christmas');
INSERT INTO users (username, password_hash) VALUES ('lead', 'scrypt$x');
INSERT INTO api_keys (name, role, secret_hash) VALUES ('wallboard', 'viewer', '\x00ff');
INSERT INTO uploads (kind, filename, bucket, key, uploaded_by) VALUES ('schedules', 'a.xlsx', 'b', 'incoming/schedules/a.xlsx', 's3:x');
INSERT INTO upload_rows (upload_id, row_number, cells) VALUES (1, 2, ARRAY['1', NULL, 'ü']);
INSERT INTO upload_errors (upload_id, row_number, reason) VALUES (1, 2, 'no such person');
INSERT INTO new_employee_reviews (first_name, upload_id) VALUES ('New', 1);
INSERT INTO db_users (username) VALUES ('report_ann');
INSERT INTO periods (month, closed_by) VALUES ('2025-01-01', 'lead');
INSERT INTO adjustments (month, table_name, row_id, employee_id, date, action, before, actor)
VALUES ('2025-01-01', 'schedules', '900002', 40, '2025-01-06', 'delete', '{"work_code": "OFF"}', 'lead');
INSERT INTO request_keys (caller, key, fingerprint, status, answer) VALUES ('wallboard', 'a-key', '\x00ff', 201, '{"id": 1}');
INSERT INTO sessions (user_id, secret_hash, expires_at) VALUES (1, '\x00ff', '2026-11-02T00:00Z');
INSERT INTO last_uses (subject, at) VALUES ('key:1', '2026-11-01T12:00Z');
INSERT INTO request_rates (subject, free_at) VALUES ('key:1', '2026-11-01T12:00Z');
INSERT INTO token_issuers (issuer, client_id, public_keys) VALUES ('https://pool.example', 'c', '[{"kid": "k"}]');
INSERT INTO sign_in_attempts (subject, failures, locked_until, last_at)
VALUES ('user:lead', 3, '2026-11-01T12:00:04Z', '2026-11-01T12:00Z');
INSERT INTO erasures (employee_id, erased_by, reason) VALUES (2, 'user:1', 'asked for it');
INSERT INTO deputies (lead_id, employee_id, start_date, end_date) VALUES (1, 2, '2026-11-01', '2026-11-30');
INSERT INTO upload_outcomes (upload_id, place, row_number, outcome, key) VALUES (1, 1, 2, 'failed', '1 2026-11-01');
INSERT INTO upload_awards (upload_id, row_number, employee_id, reason_id, date_awarded, place) VALUES (1, 2, 1, 1, '2026-11-02', 1);
