"""What the live floor needs: shifts as instants, and months that close."""

from chalicelib.migrations.steps import run_sql

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run_sql("0003")


def downgrade() -> None:
    run_sql("0003_down")
