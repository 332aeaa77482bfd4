"""The user pool whose tokens are taken, and its keys."""

from chalicelib.migrations.steps import run_sql

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    run_sql("0016")


def downgrade() -> None:
    run_sql("0016_down")
