"""Moving in by an upload, and the employee file beside a schedule file."""

from chalicelib.migrations.steps import run_sql

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    run_sql("0008")


def downgrade() -> None:
    run_sql("0008_down")
