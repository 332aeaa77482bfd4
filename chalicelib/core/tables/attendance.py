"""Attendance: when people came and went, and which value came from where."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    Time,
    UniqueConstraint,
)

from chalicelib.core.tables.columns import created_at, identity, one_of, person, table, words

SOURCES = ("clock", "sheet", "lead", "derived")
SOURCED = ("check_in", "check_out", "exception_type", "late_minutes", "early_minutes", "overtime_minutes")


def _day() -> list[Column[Any]]:
    """One person's working day: the same columns live and archived."""
    return [
        person(),
        Column("date", Date, nullable=False),
        Column("check_in", DateTime),
        Column("check_out", DateTime),
        words("exception_type"),
        Column("expected_at", DateTime),
        Column("late_minutes", Integer),
        Column("early_leave", Time),
        Column("early_minutes", Integer),
        Column("overtime_minutes", Integer),
        Column("overtime_approved", Boolean),
        person("cover_up_for_employee_id", nullable=True),
        *(words(f"{value}_source") for value in SOURCED),
        words("notes"),
        Column("upload_id", BigInteger),
        created_at(),
    ]


attendances = table(
    "attendances",
    identity("attendance_id"),
    *_day(),
    also=lambda: (
        UniqueConstraint("employee_id", "date"),
        CheckConstraint("check_out > check_in", name="check_out"),
        CheckConstraint("check_in::date - date BETWEEN -1 AND 1", name="check_in"),
        CheckConstraint("late_minutes >= 0 AND early_minutes >= 0 AND overtime_minutes >= 0", name="minutes"),
        CheckConstraint("cover_up_for_employee_id <> employee_id", name="cover_up_for_employee_id"),
        *(CheckConstraint(one_of(f"{value}_source", *SOURCES), name=f"{value}_source") for value in SOURCED),
        Index("attendances_date_idx", "date"),
    ),
)

attendances_history = table(
    "attendances_history",
    Column("attendance_id", BigInteger, primary_key=True, autoincrement=False),
    *_day(),
    Column("archived_date", Date, nullable=False),
    also=lambda: (
        UniqueConstraint("employee_id", "date"),
        Index("attendances_history_date_idx", "date"),
    ),
)
