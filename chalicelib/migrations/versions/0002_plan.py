"""What the plan of the floor needs: calendar feeds, and what a processed exception made."""

from chalicelib.migrations.steps import run_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run_sql("0002")


def downgrade() -> None:
    run_sql("0002_down")
