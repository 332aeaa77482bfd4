"""Who stands in for a lead, and what is written in another's place."""

from chalicelib.migrations.steps import run_sql

revision = "0010"
down_revision = "0008"


def upgrade() -> None:
    run_sql("0010")


def downgrade() -> None:
    run_sql("0010_down")
