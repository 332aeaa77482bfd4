-- Back to the database as the bootstrap step made it. Everything but Alembic's own table goes, with its rows.
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM opsdb_backup;
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON SEQUENCES FROM opsdb_backup;
DROP VIEW effective_schedules, point_balances;
DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
        EXECUTE format('DROP TABLE public.%I CASCADE', one.tablename);
    END LOOP;
END $$;
DROP PROCEDURE audit_table(regclass, text);
DROP FUNCTION audit_change(), remember_person(), keep_balance(), refuse_change(), record_leave(), record_exception(),
    refuse_archived_day(), refuse_archived_move(), audit_actor(), audit_image(jsonb), folded(text);
DROP EXTENSION btree_gist, pg_trgm, unaccent;
REVOKE USAGE ON SCHEMA public FROM opsdb_app, opsdb_readonly, opsdb_backup;
REVOKE ALL ON alembic_version FROM opsdb_app, opsdb_readonly, opsdb_backup;
