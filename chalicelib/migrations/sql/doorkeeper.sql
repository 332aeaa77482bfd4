-- Login roles for tools that read the database. Whoever calls these functions can make, change and drop roles whose
-- names begin with opsdb_ro_ and that may do what opsdb_readonly may; they belong to a role that nobody signs in as.
CREATE OR REPLACE FUNCTION opsdb_roles.checked(name text, verifier text, connections int) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF name IS NULL OR name !~ '^opsdb_ro_[a-z0-9_]{1,40}$' THEN
        RAISE EXCEPTION 'no name of a reader';
    ELSIF verifier !~ '^SCRAM-SHA-256\$[0-9]{4,6}:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$' THEN
        RAISE EXCEPTION 'no verifier of a password';
    ELSIF connections NOT BETWEEN 1 AND 20 THEN
        RAISE EXCEPTION 'no number of connections';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION opsdb_roles.change_login(name text, verifier text, until date, connections int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM opsdb_roles.checked(name, verifier, connections);
    -- The day is the last one on which the password is good.
    EXECUTE format('ALTER ROLE %I CONNECTION LIMIT %s VALID UNTIL %L', name, connections,
                   coalesce((until + 1)::text || ' 00:00:00Z', 'infinity'));
    IF verifier IS NOT NULL THEN
        EXECUTE format('ALTER ROLE %I PASSWORD %L', name, verifier);
    END IF;
END $$;

CREATE OR REPLACE FUNCTION opsdb_roles.make_login(name text, verifier text, until date, connections int) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM opsdb_roles.checked(name, coalesce(verifier, 'none'), connections);
    EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE', name);
    EXECUTE format('GRANT opsdb_readonly TO %I', name);
    EXECUTE format('GRANT %I TO opsdb_doorkeeper', name);
    EXECUTE format('ALTER ROLE %I SET default_transaction_read_only = on', name);
    EXECUTE format('ALTER ROLE %I SET statement_timeout = %L', name, '5min');
    EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = %L', name, '5min');
    PERFORM opsdb_roles.change_login(name, verifier, until, connections);
END $$;

CREATE OR REPLACE FUNCTION opsdb_roles.drop_login(name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM opsdb_roles.checked(name, NULL, NULL);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
        EXECUTE format('ALTER ROLE %I NOLOGIN', name);
        PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = name;
        EXECUTE format('DROP ROLE %I', name);
    END IF;
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA opsdb_roles FROM PUBLIC;
GRANT USAGE ON SCHEMA opsdb_roles TO opsdb_app;
GRANT EXECUTE ON FUNCTION opsdb_roles.make_login(text, text, date, int), opsdb_roles.change_login(text, text, date, int),
    opsdb_roles.drop_login(text) TO opsdb_app;
