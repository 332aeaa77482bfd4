"""Who is signed in, how often callers ask, and when they were last seen."""

from chalicelib.migrations.steps import run_sql

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    run_sql("0012")


def downgrade() -> None:
    run_sql("0012_down")
