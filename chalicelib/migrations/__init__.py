"""How the database came to be: Alembic revisions in SQL, and the roles that use it."""
