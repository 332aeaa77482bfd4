"""Indexes in the order in which lists are shown."""

from chalicelib.migrations.steps import run_sql

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    run_sql("0007")


def downgrade() -> None:
    run_sql("0007_down")
