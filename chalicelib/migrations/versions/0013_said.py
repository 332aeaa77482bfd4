"""What the roster said of those who wait for HR."""

from chalicelib.migrations.steps import run_sql

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    run_sql("0013")


def downgrade() -> None:
    run_sql("0013_down")
