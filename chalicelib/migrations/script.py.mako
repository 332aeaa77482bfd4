"""${message}."""

from chalicelib.migrations.steps import run_sql

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    run_sql(revision)


def downgrade() -> None:
    run_sql(f"{revision}_down")
