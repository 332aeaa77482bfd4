"""Calendar feeds: a secret address for each person who wants their shifts in a calendar."""

from chalicelib.migrations.steps import run_sql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run_sql("0002")


def downgrade() -> None:
    run_sql("0002_down")
