"""Requests that may be sent again."""

from chalicelib.migrations.steps import run_sql

revision = "0005"
down_revision = "0003"


def upgrade() -> None:
    run_sql("0005")


def downgrade() -> None:
    run_sql("0005_down")
