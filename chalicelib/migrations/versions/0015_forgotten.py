"""An audit that is old enough may go, and is found by person."""

from chalicelib.migrations.steps import run_sql

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    run_sql("0015")


def downgrade() -> None:
    run_sql("0015_down")
