"""Uploads that callers of the API asked for."""

from chalicelib.migrations.steps import run_sql

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run_sql("0006")


def downgrade() -> None:
    run_sql("0006_down")
