"""Alembic's entry: runs on the connection that steps.py hands over, in its one transaction."""

from alembic import context

from chalicelib.core.tables import whole

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=whole(),
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
