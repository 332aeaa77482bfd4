"""Why a swap or a cover was decided as it was, which is erased with the people in it."""

from chalicelib.migrations.steps import run_sql

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    run_sql("0017")


def downgrade() -> None:
    run_sql("0017_down")
