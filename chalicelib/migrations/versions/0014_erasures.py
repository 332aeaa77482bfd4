"""People who are erased: what is theirs goes, the figures stay under their number."""

from chalicelib.migrations.steps import run_sql

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    run_sql("0014")


def downgrade() -> None:
    run_sql("0014_down")
