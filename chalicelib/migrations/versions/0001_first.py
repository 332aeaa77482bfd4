"""Every table, constraint, trigger and view of the first release, and the dropdown values it starts with."""

from chalicelib.migrations.steps import run_sql

revision = "0001"
down_revision = None


def upgrade() -> None:
    run_sql("0001")


def downgrade() -> None:
    run_sql("0001_down")
