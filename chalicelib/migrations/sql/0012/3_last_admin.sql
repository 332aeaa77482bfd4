-- One after the other, so that of the last two admins only one can go; the count sees what was committed meanwhile.
CREATE FUNCTION hold_admins() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('opsdb admins', 0));
    RETURN NULL;
END $$;

CREATE FUNCTION keep_an_admin() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM old_rows WHERE role = 'admin' AND is_active)
       AND NOT EXISTS (SELECT 1 FROM public.users WHERE role = 'admin' AND is_active) THEN
        RAISE EXCEPTION 'the last admin stays' USING ERRCODE = 'check_violation', CONSTRAINT = 'users_last_admin';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER hold_admins BEFORE UPDATE OR DELETE ON users FOR EACH STATEMENT EXECUTE FUNCTION hold_admins();
CREATE TRIGGER keep_an_admin_update AFTER UPDATE ON users REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION keep_an_admin();
CREATE TRIGGER keep_an_admin_delete AFTER DELETE ON users REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION keep_an_admin();
