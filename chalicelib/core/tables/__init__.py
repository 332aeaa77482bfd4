"""The tables of opsdb, as SQLAlchemy Core; the migrations make them, a test holds the two together."""

from chalicelib.core.tables.admin import admin_options, api_keys, audit_log, calendar_feeds, db_users, users
from chalicelib.core.tables.attendance import attendances, attendances_history
from chalicelib.core.tables.callers import last_uses, request_rates, sessions, sign_in_attempts, token_issuers
from chalicelib.core.tables.columns import metadata, whole
from chalicelib.core.tables.files import backups, upload_awards, upload_errors, upload_outcomes, upload_rows, uploads
from chalicelib.core.tables.people import (
    assignments,
    deputies,
    employees,
    employees_history,
    employments,
    erasures,
    new_employee_reviews,
    people,
)
from chalicelib.core.tables.periods import adjustments, periods
from chalicelib.core.tables.repeats import request_keys
from chalicelib.core.tables.rewards import employee_reward_redemptions, employee_rewards, reward_reasons
from chalicelib.core.tables.schedules import (
    absences,
    exceptions,
    floor_notes,
    forecasts,
    holidays,
    leave_allowances,
    leave_requests,
    requirements,
    schedule_changes,
    schedules,
    schedules_history,
)

__all__ = [
    "absences",
    "adjustments",
    "admin_options",
    "api_keys",
    "assignments",
    "attendances",
    "attendances_history",
    "audit_log",
    "backups",
    "calendar_feeds",
    "db_users",
    "deputies",
    "employee_reward_redemptions",
    "employee_rewards",
    "employees",
    "employees_history",
    "employments",
    "erasures",
    "exceptions",
    "floor_notes",
    "forecasts",
    "holidays",
    "last_uses",
    "leave_allowances",
    "leave_requests",
    "metadata",
    "new_employee_reviews",
    "people",
    "periods",
    "request_keys",
    "request_rates",
    "requirements",
    "reward_reasons",
    "schedule_changes",
    "schedules",
    "schedules_history",
    "sessions",
    "sign_in_attempts",
    "token_issuers",
    "upload_awards",
    "upload_errors",
    "upload_outcomes",
    "upload_rows",
    "uploads",
    "users",
    "whole",
]
