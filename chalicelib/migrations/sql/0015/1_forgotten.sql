-- The audit is the owner's, and this is the only way to shorten it: the last 13 months stay whoever asks, and a line says
-- how many entries went.
CREATE FUNCTION forget_audit(until timestamptz, most integer) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    gone bigint;
BEGIN
    IF until > now() - interval '13 months' THEN
        RAISE EXCEPTION 'the audit of the last 13 months stays'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'audit_log_kept', TABLE = 'audit_log';
    END IF;
    DELETE FROM public.audit_log
    WHERE audit_id IN (SELECT audit_id FROM public.audit_log WHERE at < until ORDER BY at LIMIT most);
    GET DIAGNOSTICS gone = ROW_COUNT;
    IF gone > 0 THEN
        INSERT INTO public.audit_log (actor, action, table_name, row_count)
        VALUES (public.audit_actor(), 'delete', 'audit_log', gone);
    END IF;
    RETURN gone;
END $$;
REVOKE ALL ON FUNCTION forget_audit(timestamptz, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_audit(timestamptz, integer) TO opsdb_app;
