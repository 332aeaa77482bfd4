"""Files of the earlier opsdb, made as that one makes them: its schema, with rows in every table and odd ones."""

import sqlite3
from pathlib import Path

SCHEMA = """
CREATE TABLE employees(employee_id BIGINT PRIMARY KEY, first_name VARCHAR(100), last_name VARCHAR(100),
    full_name VARCHAR(200), company_email VARCHAR(150) UNIQUE, access_card VARCHAR(50), token_serial VARCHAR(100),
    building_card VARCHAR(50), batch VARCHAR(20), agent_id BIGINT, ruex_id VARCHAR(50), axonify_id VARCHAR(50),
    supervisor VARCHAR(100), manager VARCHAR(100), tier INTEGER, shift VARCHAR(20), department VARCHAR(50),
    role VARCHAR(50), hire_date DATE, phase_1_date DATE, phase_2_date DATE, phase_3_date DATE, status VARCHAR(20),
    attrition_date DATE, point_balance INTEGER DEFAULT 0, created_at DATETIME, updated_at DATETIME);
CREATE TABLE employees_history(history_id INTEGER PRIMARY KEY, employee_id BIGINT, first_name VARCHAR(100),
    last_name VARCHAR(100), full_name VARCHAR(200), company_email VARCHAR(150), batch VARCHAR(20),
    supervisor VARCHAR(100), manager VARCHAR(100), department VARCHAR(50), role VARCHAR(50), hire_date DATE,
    status VARCHAR(20), attrition_date DATE, archived_date DATE);
CREATE TABLE schedules(schedule_id INTEGER PRIMARY KEY, employee_id BIGINT REFERENCES employees, start_date DATE,
    start_time TIME, stop_date DATE, stop_time TIME, work_code VARCHAR(50), created_at DATETIME);
CREATE TABLE schedules_history(history_id INTEGER PRIMARY KEY, schedule_id INTEGER, employee_id BIGINT,
    start_date DATE, start_time TIME, stop_date DATE, stop_time TIME, work_code VARCHAR(50), archived_date DATE);
CREATE TABLE attendances(attendance_id INTEGER PRIMARY KEY, employee_id BIGINT REFERENCES employees, date DATE,
    check_in TIME, check_out TIME, exception_type VARCHAR(50), late_minutes INTEGER, early_leave TIME,
    overtime_minutes INTEGER, cover_up_for_employee_id BIGINT, notes TEXT, created_at DATETIME,
    UNIQUE(employee_id, date));
CREATE TABLE attendances_history(history_id INTEGER PRIMARY KEY, attendance_id INTEGER, employee_id BIGINT,
    date DATE, check_in TIME, check_out TIME, exception_type VARCHAR(50), notes TEXT, archived_date DATE);
CREATE TABLE leave_requests(leave_id INTEGER PRIMARY KEY, employee_id BIGINT REFERENCES employees,
    leave_type VARCHAR(50), start_date DATE, end_date DATE, status VARCHAR(20), approved_by BIGINT,
    created_at DATETIME, approved_at DATETIME);
CREATE TABLE schedule_changes(change_id INTEGER PRIMARY KEY, employee_id BIGINT, replacement_id BIGINT,
    schedule_date DATE, change_type VARCHAR(20), status VARCHAR(20), created_at DATETIME);
CREATE TABLE reward_reasons(reason_id INTEGER PRIMARY KEY, reason VARCHAR(150) UNIQUE, points INTEGER,
    is_active BOOLEAN, created_at DATETIME);
CREATE TABLE employee_rewards(reward_id INTEGER PRIMARY KEY, employee_id BIGINT, reason_id INTEGER, points INTEGER,
    date_awarded DATE, notes TEXT, awarded_by BIGINT, is_spent BOOLEAN DEFAULT 0, spent_at DATETIME, spent_by BIGINT,
    spend_reason TEXT, redemption_id INTEGER, created_at DATETIME);
CREATE TABLE employee_reward_redemptions(redemption_id INTEGER PRIMARY KEY, employee_id BIGINT,
    points_redeemed INTEGER, redemption_date DATETIME, redemption_type VARCHAR(50), redemption_details TEXT,
    notes TEXT, approved_by BIGINT, approved_at DATETIME, is_approved BOOLEAN DEFAULT 1);
CREATE TABLE exceptions(exception_id INTEGER PRIMARY KEY, employee_id BIGINT, exception_type VARCHAR(50),
    start_date DATE, end_date DATE, work_code VARCHAR(50), status VARCHAR(20), notes TEXT,
    supervisor_override VARCHAR(100), created_at DATETIME, processed_by BIGINT, processed_at DATETIME);
CREATE TABLE admin_options(option_id INTEGER PRIMARY KEY, category VARCHAR(50), value VARCHAR(100),
    is_active BOOLEAN, created_at DATETIME, UNIQUE(category, value));
CREATE TABLE users(id INTEGER PRIMARY KEY, username VARCHAR(80) UNIQUE, email VARCHAR(120) UNIQUE,
    password_hash VARCHAR(128), is_admin BOOLEAN, created_at DATETIME);
CREATE TABLE db_users(id INTEGER PRIMARY KEY, username VARCHAR(80) UNIQUE, email VARCHAR(120),
    password_hash VARCHAR(128), is_superuser BOOLEAN, is_active BOOLEAN, created_at DATETIME, last_login DATETIME,
    notes TEXT);
CREATE TABLE new_employee_reviews(review_id INTEGER PRIMARY KEY, employee_id BIGINT, first_name VARCHAR(100),
    last_name VARCHAR(100), full_name VARCHAR(200), batch VARCHAR(20), supervisor VARCHAR(100),
    manager VARCHAR(100), shift VARCHAR(20), department VARCHAR(50), role VARCHAR(50), hire_date DATE,
    phase_1_date DATE, phase_2_date DATE, phase_3_date DATE, ruex_id VARCHAR(50), axonify_id VARCHAR(50),
    status VARCHAR(20), notes TEXT);
"""

SECRETS = ("pbkdf2-of-a-user", "pbkdf2-of-a-database-user", "key-of-a-wallboard", "note-of-a-database-user")
"""What must be nowhere once the file is moved."""

ROWS = f"""
INSERT INTO employees (employee_id, first_name, last_name, full_name, ruex_id, supervisor, department, role, shift,
    hire_date, status, point_balance) VALUES
    (41, 'Ana', 'Bo', 'Ana Bo', 'abo', 'Cy Do', 'Lifts', 'Agent', 'Night', '2026-01-05', 'Active', 40),
    (42, 'Cy', 'Do', 'Cy Do', NULL, NULL, 'Lifts', 'Lead', 'Day', '2025-01-05', 'On Leave', 0),
    ('no id', 'Odd', 'One', 'Odd One', NULL, NULL, 'Lifts', 'Agent', 'Day', '2026-01-05', 'Active', 10),
    (99999999999999999999, 'Too', 'Long', 'Too Long', NULL, NULL, 'Lifts', 'Agent', 'Day', NULL, 'Active', 10),
    (43.5, 'Half', 'One', 'Half One', NULL, NULL, 'Lifts', 'Agent', 'Day', NULL, 'Active', 'many'),
    (44, 'Sta', 'Tus', 'Sta Tus', NULL, NULL, 'Lifts', 'Agent', 'Day', NULL, 'Gone', 0),
    (45, 'No', 'Century', 'No Century', NULL, NULL, 'Lifts', 'Agent', 'Day', '0026-01-05', 'Active', 0);
INSERT INTO employees_history (history_id, employee_id, first_name, last_name, full_name, status, attrition_date,
    archived_date) VALUES
    (8, 7, 'Eve', 'Fox', NULL, 'Inactive', '2024-12-31', '2025-01-31'),
    (9, 6, 'Gus', 'Hay', 'Gus Hay', 'Inactive', NULL, NULL),
    (10, 'x', 'No', 'Body', 'No Body', 'Inactive', NULL, '2025-01-31');
INSERT INTO schedules VALUES
    (7, 41, '2026-03-02', '22:00:00.000000', '2026-03-02', '06:00:00.000000', 'REG', NULL),
    (8, 42, '2026-03-02', '09:00:00', '2026-03-02', '17:00:00', 'REG', '2026-02-01 08:00:00'),
    (9, 41, 'soon', '09:00:00', NULL, '17:00:00', 'REG', NULL),
    (10, 'none', '2026-03-03', '25:00:00', NULL, '17:00:00', 'REG', NULL),
    (1000000000001, 42, '2026-03-09', '09:00:00', NULL, '17:00:00', 'REG', NULL),
    (11, 42, '2026-03-04', NULL, NULL, NULL, 'OFF', NULL);
INSERT INTO schedules_history VALUES
    (1, 30, 7, '2024-03-02', '22:00:00', '2024-03-03', '06:00:00', 'REG', '2025-04-01'),
    (2, 8, 7, '2024-03-03', '09:00:00', '2024-03-03', '17:00:00', 'REG', '2025-04-01'),
    (3, NULL, 7, '2024-03-04', '09:00:00', '2024-03-04', '17:00:00', 'REG', '2025-04-01'),
    (4, 31, 7, '2024-03-05', '09:00:00', '2024-03-05', '17:00:00', 'REG', NULL);
INSERT INTO attendances VALUES
    (5, 41, '2026-03-02', '00:10:00.000000', '06:00:00.000000', NULL, 130, NULL, NULL, NULL, '', NULL),
    (6, 42, '2026-03-02', NULL, NULL, 'Sick', NULL, NULL, NULL, NULL, 'called', NULL),
    (7, 42, 'today', '09:00:00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (8, 'none', '2026-03-03', '09:00:00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (9, 42, '2026-03-04', 'nine', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO attendances_history VALUES
    (1, 20, 7, '2024-03-02', '22:05:00', '06:00:00', 'Late', 'rain', '2025-04-01'),
    (2, 5, 7, '2024-03-03', '09:00:00', '17:00:00', NULL, NULL, '2025-04-01');
INSERT INTO leave_requests VALUES
    (3, 42, 'Vacation', '2026-03-16', '2026-03-20', 'Approved', 1, '2026-02-01 08:00:00', '2026-02-02 08:00:00'),
    (4, 42, 'Vacation', '2026-03-18', '2026-03-18', 'Pending', NULL, NULL, NULL),
    (5, 42, 'Vacation', '2026-04-20', '2026-04-16', 'Pending', NULL, NULL, NULL),
    (6, 41, 'Sick', '2026-04-20', '2026-04-20', 'Rejected', 1, NULL, NULL);
INSERT INTO schedule_changes VALUES
    (12, 41, 42, '2026-03-02', 'Cover', 'Approved', '2026-02-20 08:00:00'),
    (13, 41, 42, '2026-03-05', 'Swap', 'Pending', NULL),
    (14, 42, 42, '2026-03-02', 'Swap', 'Pending', NULL),
    (15, 42, NULL, '2026-03-02', 'Swap', 'Pending', NULL);
INSERT INTO reward_reasons VALUES (1, 'Great week', 50, 1, NULL), (2, 'Old one', 10, NULL, NULL),
    (3, 'Nothing', 0, 1, NULL);
INSERT INTO employee_rewards (reward_id, employee_id, reason_id, points, date_awarded, awarded_by) VALUES
    (3, 41, 1, 50, '2026-03-02', 1), (4, 41, 2, 10, '2026-03-03', NULL), (5, 41, 3, 10, '2026-03-03', 1),
    (6, 55, 1, 50, '2026-03-02', 1);
INSERT INTO employee_reward_redemptions VALUES
    (2, 42, 30, '2026-03-02 08:00:00', 'Gift Card', NULL, NULL, 1, '2026-03-03 08:00:00', 1),
    (3, 41, 20, '2026-03-02 08:00:00', 'Mug', NULL, NULL, NULL, NULL, 0),
    (4, 41, 20, '2026-03-02 08:00:00', 'Mug', NULL, NULL, 1, '2026-03-03 08:00:00', 0),
    (5, 41, -5, '2026-03-02 08:00:00', 'Mug', NULL, NULL, NULL, NULL, 1);
INSERT INTO exceptions VALUES
    (21, 41, 'Vacation', '2026-05-04', '2026-05-08', 'VACATION', 'Completed', 'sea', NULL, NULL, 1,
        '2026-04-01 08:00:00'),
    (22, 42, 'Leave', '2026-03-17', '2026-03-17', NULL, 'Pending', NULL, NULL, NULL, NULL, NULL),
    (23, 41, 'Training', '2026-06-02', '2026-06-01', 'TRAIN', 'Pending', NULL, NULL, NULL, NULL, NULL),
    (24, 41, 'Training', '2026-06-01', '2026-06-02', 'TRAIN', 'Rejected', NULL, 'Cy Do', NULL, NULL, NULL);
INSERT INTO new_employee_reviews (review_id, first_name, last_name, department, hire_date, status, notes) VALUES
    (31, 'New', 'Comer', 'Lifts', '2026-03-09', 'Pending', 'rings back'),
    (32, 'Odd', 'Comer', 'Lifts', '2026-03-09', 'Perhaps', NULL);
INSERT INTO admin_options VALUES (1, 'department', 'Lifts', 1, NULL), (2, 'department', 'Closed', 0, NULL),
    (3, 'api_key', '{SECRETS[2]}', 1, NULL), (4, 'role', NULL, 1, NULL);
INSERT INTO users VALUES (1, 'admin', 'a@x', '{SECRETS[0]}', 1, NULL);
INSERT INTO db_users VALUES (1, 'tool', 't@x', '{SECRETS[1]}', 0, 1, NULL, NULL, '{SECRETS[3]}');
"""


def made(path: Path, *statements: str) -> Path:
    """A file with rows in every table, then changed by `statements`."""
    file = sqlite3.connect(path)
    file.executescript(SCHEMA + ROWS + ";".join(statements))
    file.close()
    return path
