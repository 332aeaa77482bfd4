-- Moving in from an earlier opsdb keeps its ids, and new rows are to follow them. A sequence is its owner's to set, so
-- that the application has this instead: it only ever goes forward, to the highest id that stands, whoever calls it.
CREATE FUNCTION follow_kept_ids() RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    one record;
    sequence text;
    highest bigint;
    reached bigint;
BEGIN
    FOR one IN SELECT * FROM (VALUES
        ('attendances', 'attendance_id', 'attendances_history'),
        ('employee_reward_redemptions', 'redemption_id', NULL),
        ('employee_rewards', 'reward_id', NULL),
        ('employees_history', 'history_id', NULL),
        ('exceptions', 'exception_id', NULL),
        ('leave_requests', 'leave_id', NULL),
        ('new_employee_reviews', 'review_id', NULL),
        ('reward_reasons', 'reason_id', NULL),
        ('schedule_changes', 'change_id', NULL),
        ('schedules', 'schedule_id', 'schedules_history')
    ) AS kept (live, key, archive)
    LOOP
        sequence := pg_get_serial_sequence('public.' || one.live, one.key);
        EXECUTE format('SELECT max(%I) FROM public.%I', one.key, one.live) INTO highest;
        IF one.archive IS NOT NULL THEN
            -- What is archived keeps its id, and what is to be archived later must not have the same.
            EXECUTE format('SELECT greatest($1, max(%I)) FROM public.%I', one.key, one.archive)
            INTO highest USING highest;
        END IF;
        EXECUTE format('SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM %s', sequence) INTO reached;
        IF highest > reached THEN
            PERFORM setval(sequence, highest);
        END IF;
    END LOOP;
END $$;

REVOKE EXECUTE ON FUNCTION follow_kept_ids() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION follow_kept_ids() TO opsdb_app;
