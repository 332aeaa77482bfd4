"""Rewards: a ledger of points; nothing in it is ever edited."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    ForeignKey,
    Index,
    Integer,
    UniqueConstraint,
    text,
)

from chalicelib.core.tables.columns import created_at, identity, moment, one_of, person, table, words

reward_reasons = table(
    "reward_reasons",
    identity("reason_id"),
    words("reason", nullable=False),
    Column("points", Integer, nullable=False),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    created_at(),
    also=lambda: (
        UniqueConstraint("reason"),
        CheckConstraint("points > 0", name="points"),
    ),
)

employee_rewards = table(
    "employee_rewards",
    identity("reward_id"),
    person(),
    Column("reason_id", BigInteger, ForeignKey("reward_reasons.reason_id")),
    Column("points", Integer, nullable=False),
    Column("date_awarded", Date, nullable=False),
    words("notes"),
    words("awarded_by", nullable=False),
    Column("reverses", BigInteger, ForeignKey("employee_rewards.reward_id"), unique=True),
    Column("upload_id", BigInteger),
    # Which of several equal rows of one sheet this is: the key that lets the same sheet come twice.
    Column("sheet_key", Integer),
    created_at(),
    also=lambda: (
        CheckConstraint("points <> 0", name="points"),
        CheckConstraint("(reverses IS NULL) OR points < 0", name="reverses"),
        Index("employee_rewards_employee_id_idx", "employee_id"),
        Index(
            "employee_rewards_sheet_key",
            "employee_id",
            "reason_id",
            "date_awarded",
            "sheet_key",
            unique=True,
            postgresql_where=text("sheet_key IS NOT NULL"),
        ),
    ),
)

employee_reward_redemptions = table(
    "employee_reward_redemptions",
    identity("redemption_id"),
    person(),
    Column("points_redeemed", Integer, nullable=False),
    Column("redemption_date", Date, nullable=False),
    words("redemption_type", nullable=False),
    words("redemption_details"),
    words("notes"),
    words("status", nullable=False, server_default="Pending"),
    words("approved_by"),
    moment("approved_at"),
    Column("is_approved", Boolean, Computed("status = 'Approved'", persisted=True)),
    created_at(),
    also=lambda: (
        CheckConstraint("points_redeemed > 0", name="points_redeemed"),
        CheckConstraint(one_of("status", "Pending", "Approved", "Rejected", "Reversed"), name="status"),
        Index("employee_reward_redemptions_employee_id_idx", "employee_id"),
    ),
)
