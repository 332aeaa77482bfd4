"""Schedules: the plan, what changed it, and what it must cover."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Time,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint

from chalicelib.core.tables.columns import created_at, identity, moment, one_of, person, table, words

ORIGINS = ("plan", "manual", "change")
DECISIONS = ("Pending", "Approved", "Rejected", "Cancelled")


def _shift() -> list[Column[Any]]:
    """One stretch of work, or one day off: the same columns live and archived."""
    return [
        person(),
        Column("nominal_date", Date, nullable=False),
        Column("start_date", Date, nullable=False),
        Column("start_time", Time),
        Column("stop_date", Date, nullable=False),
        Column("stop_time", Time),
        words("work_code", nullable=False),
        words("origin", nullable=False, server_default="plan"),
        Column("change_id", BigInteger),
        Column("covers_schedule_id", BigInteger),
        Column("given_away", Boolean, nullable=False, server_default=text("false")),
        Column("upload_id", BigInteger),
        created_at(),
    ]


schedules = table(
    "schedules",
    identity("schedule_id"),
    *_shift(),
    also=lambda: (
        CheckConstraint("(start_time IS NULL) = (stop_time IS NULL)", name="times"),
        CheckConstraint(
            "start_time IS NULL OR start_date + start_time < stop_date + stop_time", name="stop_after_start"
        ),
        CheckConstraint("start_time IS NULL OR stop_date - start_date <= 1", name="one_day"),
        CheckConstraint("start_date - nominal_date BETWEEN -1 AND 1", name="nominal_date"),
        CheckConstraint(one_of("origin", *ORIGINS), name="origin"),
        # Deferred to the end of the statement, so that one UPDATE may trade two shifts.
        ExcludeConstraint(
            ("employee_id", "="),
            (text("tsrange(start_date + start_time, stop_date + stop_time)"), "&&"),
            name="schedules_no_overlap",
            using="gist",
            where=text("start_time IS NOT NULL AND NOT given_away"),
            deferrable=True,
            initially="IMMEDIATE",
        ),
        # A timed row stands for itself, an untimed one for the whole day: so many of the first, or one of the second.
        ExcludeConstraint(
            ("employee_id", "="),
            ("nominal_date", "="),
            (
                text(
                    "(CASE WHEN start_time IS NULL THEN int8range(NULL, NULL)"
                    " ELSE int8range(schedule_id, schedule_id, '[]') END)"
                ),
                "&&",
            ),
            name="schedules_timed_or_untimed",
            using="gist",
            where=text("NOT given_away"),
            deferrable=True,
            initially="IMMEDIATE",
        ),
        Index("schedules_nominal_date_idx", "nominal_date", "employee_id"),
        Index("schedules_employee_id_idx", "employee_id", "nominal_date"),
        Index("schedules_upload_id_idx", "upload_id", postgresql_where=text("upload_id IS NOT NULL")),
    ),
)

schedules_history = table(
    "schedules_history",
    Column("schedule_id", BigInteger, primary_key=True, autoincrement=False),
    *_shift(),
    Column("archived_date", Date, nullable=False),
    also=lambda: (
        Index("schedules_history_employee_id_idx", "employee_id", "nominal_date"),
        Index("schedules_history_nominal_date_idx", "nominal_date", "schedule_id"),
    ),
)

schedule_changes = table(
    "schedule_changes",
    identity("change_id"),
    person(),
    Column("schedule_id", BigInteger, nullable=False),
    person("replacement_id"),
    Column("replacement_schedule_id", BigInteger),
    Column("schedule_date", Date, nullable=False),
    words("change_type", nullable=False),
    words("status", nullable=False, server_default="Pending"),
    Column("snapshot", JSONB),
    Column("overrides", JSONB),
    words("override_reason"),
    words("decided_by"),
    moment("decided_at"),
    created_at(),
    words("reason"),
    also=lambda: (
        CheckConstraint(one_of("change_type", "Swap", "Cover"), name="change_type"),
        CheckConstraint(one_of("status", *DECISIONS), name="status"),
        CheckConstraint("employee_id <> replacement_id", name="replacement_id"),
        CheckConstraint("change_type = 'Swap' OR replacement_schedule_id IS NULL", name="replacement_schedule_id"),
        Index("schedule_changes_schedule_date_idx", "schedule_date", "change_id"),
        Index(
            "schedule_changes_schedule_id_key", "schedule_id", unique=True, postgresql_where=text("status = 'Approved'")
        ),
        Index(
            "schedule_changes_replacement_schedule_id_key",
            "replacement_schedule_id",
            unique=True,
            postgresql_where=text("status = 'Approved'"),
        ),
    ),
)

exceptions = table(
    "exceptions",
    identity("exception_id"),
    person(),
    words("exception_type", nullable=False),
    Column("start_date", Date, nullable=False),
    Column("end_date", Date, nullable=False),
    words("work_code"),
    words("status", nullable=False, server_default="Pending"),
    words("notes"),
    words("supervisor_override"),
    words("processed_by"),
    moment("processed_at"),
    Column("upload_id", BigInteger),
    created_at(),
    Column("made", JSONB),
    also=lambda: (
        CheckConstraint("end_date >= start_date", name="end_date"),
        CheckConstraint(one_of("status", "Pending", "Completed", "Rejected"), name="status"),
        Index(
            "exceptions_employee_id_exception_type_start_date_key",
            "employee_id",
            "exception_type",
            "start_date",
            unique=True,
            postgresql_where=text("status <> 'Rejected'"),
        ),
        Index("exceptions_start_date_idx", "start_date", "exception_id"),
    ),
)

forecasts = table(
    "forecasts",
    identity("forecast_id"),
    Column("date", Date, nullable=False),
    Column("interval_start", Time, nullable=False),
    words("department", nullable=False),
    Column("calls", Numeric, nullable=False),
    Column("handling_seconds", Numeric, nullable=False),
    Column("upload_id", BigInteger),
    also=lambda: (
        UniqueConstraint("date", "interval_start", "department"),
        CheckConstraint("calls >= 0 AND handling_seconds >= 0", name="not_negative"),
    ),
)

requirements = table(
    "requirements",
    identity("requirement_id"),
    Column("date", Date, nullable=False),
    Column("interval_start", Time, nullable=False),
    words("department", nullable=False),
    Column("required", Integer, nullable=False),
    Column("upload_id", BigInteger),
    also=lambda: (
        UniqueConstraint("date", "interval_start", "department"),
        CheckConstraint("required >= 0", name="not_negative"),
    ),
)

holidays = table(
    "holidays",
    identity("holiday_id"),
    Column("date", Date, nullable=False),
    words("name", nullable=False),
    words("department"),
    also=lambda: (UniqueConstraint("date", "department", postgresql_nulls_not_distinct=True),),
)

floor_notes = table(
    "floor_notes",
    identity("note_id"),
    Column("date", Date, nullable=False),
    words("department"),
    words("author", nullable=False),
    words("text", nullable=False),
    created_at(),
    also=lambda: (Index("floor_notes_date_idx", "date"),),
)

leave_requests = table(
    "leave_requests",
    identity("leave_id"),
    person(),
    words("leave_type", nullable=False),
    Column("start_date", Date, nullable=False),
    Column("end_date", Date, nullable=False),
    Column("start_time", Time),
    Column("end_time", Time),
    words("status", nullable=False, server_default="Pending"),
    words("approved_by"),
    moment("approved_at"),
    words("reason"),
    created_at(),
    also=lambda: (
        CheckConstraint("end_date >= start_date", name="end_date"),
        CheckConstraint(one_of("status", *DECISIONS), name="status"),
        CheckConstraint(
            "(start_time IS NULL AND end_time IS NULL)"
            " OR (start_time IS NOT NULL AND end_time IS NOT NULL AND start_date = end_date)",
            name="times",
        ),
        Index("leave_requests_employee_id_idx", "employee_id", "start_date"),
        Index("leave_requests_start_date_idx", "start_date", "leave_id"),
    ),
)

leave_allowances = table(
    "leave_allowances",
    identity("allowance_id"),
    person(),
    words("leave_type", nullable=False),
    Column("year", Integer, nullable=False),
    Column("days", Numeric, nullable=False),
    also=lambda: (
        UniqueConstraint("employee_id", "leave_type", "year"),
        CheckConstraint("days >= 0", name="days"),
        Index("leave_allowances_year_idx", "year", "allowance_id"),
    ),
)

absences = table(
    "absences",
    identity("absence_id"),
    person(),
    Column("start_date", Date, nullable=False),
    Column("end_date", Date, nullable=False),
    Column("leave_id", BigInteger, ForeignKey("leave_requests.leave_id", ondelete="CASCADE"), unique=True),
    Column("exception_id", BigInteger, ForeignKey("exceptions.exception_id", ondelete="CASCADE"), unique=True),
    also=lambda: (
        CheckConstraint("num_nonnulls(leave_id, exception_id) = 1", name="source"),
        ExcludeConstraint(
            ("employee_id", "="),
            (text("daterange(start_date, end_date, '[]')"), "&&"),
            name="absences_no_overlap",
            using="gist",
        ),
    ),
)
