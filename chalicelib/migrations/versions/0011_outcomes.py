"""What becomes of each row of a sheet, and who brought the sheet."""

from chalicelib.migrations.steps import run_sql

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    run_sql("0011")


def downgrade() -> None:
    run_sql("0011_down")
