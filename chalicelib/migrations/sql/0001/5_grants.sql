-- The roles themselves are the server's, not the database's: the bootstrap step makes them, revisions only grant.
GRANT USAGE ON SCHEMA public TO opsdb_app, opsdb_readonly, opsdb_backup;

-- The application changes rows, never the schema; what is append-only it cannot change at all.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO opsdb_app;
REVOKE UPDATE, DELETE ON people, employee_rewards FROM opsdb_app;
REVOKE INSERT, UPDATE, DELETE ON audit_log, absences FROM opsdb_app;
REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM opsdb_app;

-- Analysts and wallboards read the floor, not its secrets.
GRANT SELECT ON ALL TABLES IN SCHEMA public TO opsdb_readonly;
REVOKE SELECT ON users, api_keys, db_users, audit_log, upload_rows, upload_errors FROM opsdb_readonly;

-- A dump reads everything and keeps its own record.
GRANT SELECT ON ALL TABLES IN SCHEMA public TO opsdb_backup;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO opsdb_backup;
GRANT INSERT, UPDATE ON backups TO opsdb_backup;

-- Later revisions make tables too; a dump that misses one would be no backup.
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO opsdb_backup;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON SEQUENCES TO opsdb_backup;

