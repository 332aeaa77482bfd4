"""Administration: dropdown values, who may come in, and who did what."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from chalicelib.core.tables.columns import created_at, identity, moment, of_upload, one_of, person, table, words

CLASSES = ("work", "nesting", "training", "away_planned", "away_unplanned", "off")
CATEGORIES = (
    "leave_type",
    "work_code",
    "attendance_type",
    "exception_type",
    "status",
    "shift",
    "department",
    "role",
    "redemption_type",
)
EVENTS = ("sign_in", "sign_in_failed", "sign_out", "refused", "exported")
ACTIONS = ("insert", "update", "delete", *EVENTS)
ROLES = ("viewer", "supervisor", "duty_lead", "planner", "hr", "admin")


def departments() -> Column[list[str]]:
    """Those that a duty lead is named for."""
    return Column("departments", ARRAY(Text), nullable=False, server_default=text("'{}'"))


admin_options = table(
    "admin_options",
    identity("option_id"),
    words("category", nullable=False),
    words("value", nullable=False),
    words("class"),
    words("work_code"),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    created_at(),
    of_upload(),
    also=lambda: (
        UniqueConstraint("category", "value"),
        CheckConstraint(one_of("category", *CATEGORIES), name="category"),
        CheckConstraint(one_of("class", *CLASSES), name="class"),
        CheckConstraint(
            "class IS NOT NULL OR category NOT IN ('work_code', 'leave_type', 'attendance_type', 'exception_type')",
            name="class_needed",
        ),
        CheckConstraint("value = btrim(value) AND value <> ''", name="value"),
    ),
)

users = table(
    "users",
    identity("user_id"),
    words("username", nullable=False),
    words("email"),
    words("password_hash"),
    words("role", nullable=False, server_default="viewer"),
    person(nullable=True),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    created_at(),
    departments(),
    also=lambda: (
        CheckConstraint(one_of("role", *ROLES), name="role"),
        Index("users_username_key", func.lower(text("username")), unique=True),
        Index("users_email_key", func.lower(text("email")), unique=True),
    ),
)

api_keys = table(
    "api_keys",
    identity("key_id"),
    words("name", nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    words("role", nullable=False),
    person(nullable=True),
    moment("expires_at"),
    moment("revoked_at"),
    created_at(),
    departments(),
    also=lambda: (CheckConstraint(one_of("role", *ROLES), name="role"),),
)

calendar_feeds = table(
    "calendar_feeds",
    identity("feed_id"),
    person(),
    Column("secret_hash", LargeBinary, nullable=False),
    moment("revoked_at"),
    created_at(),
    also=lambda: (
        UniqueConstraint("secret_hash"),
        Index(
            "calendar_feeds_employee_id_key", "employee_id", unique=True, postgresql_where=text("revoked_at IS NULL")
        ),
    ),
)

db_users = table(
    "db_users",
    identity("db_user_id"),
    words("username", nullable=False, unique=True),
    person(nullable=True),
    words("email"),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    Column("connection_limit", Integer, nullable=False, server_default=text("3")),
    Column("valid_until", Date),
    words("notes"),
    created_at(),
)

audit_log = table(
    "audit_log",
    identity("audit_id"),
    moment("at", nullable=False, server_default=func.clock_timestamp()),
    words("actor", nullable=False),
    words("action", nullable=False),
    words("table_name", nullable=False),
    words("row_id"),
    Column("row_count", BigInteger, nullable=False, server_default=text("1")),
    Column("before", JSONB),
    Column("after", JSONB),
    words("request_id"),
    Column("upload_id", BigInteger),
    words("acting", server_default=text("NULLIF(current_setting('opsdb.acting'::text, true), ''::text)")),
    # Its images have lost what was personal.
    Column("erased", Boolean, nullable=False, server_default=text("false")),
    also=lambda: (
        CheckConstraint(one_of("action", *ACTIONS), name="action"),
        Index("audit_log_table_name_row_id_idx", "table_name", "row_id"),
        Index("audit_log_at_idx", "at"),
        Index("audit_log_actor_at_idx", "actor", "at"),
        Index("audit_log_before_employee_id_idx", text("(before ->> 'employee_id'::text)")),
        Index("audit_log_after_employee_id_idx", text("(after ->> 'employee_id'::text)")),
        Index("audit_log_request_id_idx", "request_id", postgresql_where=text("request_id IS NOT NULL")),
        Index("audit_log_upload_id_idx", "upload_id", postgresql_where=text("upload_id IS NOT NULL")),
    ),
)
