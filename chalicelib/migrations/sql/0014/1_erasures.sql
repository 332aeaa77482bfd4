-- Who was erased; an older backup that is restored brings them back, and they are erased again.
CREATE TABLE erasures (
    employee_id BIGINT NOT NULL,
    erased_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    erased_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT erasures_pkey PRIMARY KEY (employee_id),
    CONSTRAINT erasures_employee_id_fkey FOREIGN KEY (employee_id) REFERENCES people (employee_id)
);
GRANT SELECT ON erasures TO opsdb_app;

-- An image of the audit without somebody: `theirs` loses every field that tells them apart, and any is left with their
-- number where it names them.
CREATE FUNCTION without_person(image jsonb, theirs boolean, names text[], alias text) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE
AS $$
DECLARE
    name text;
BEGIN
    IF theirs THEN
        SELECT image || coalesce(jsonb_object_agg(key, NULL), '{}') INTO image FROM jsonb_object_keys(image) key
        WHERE key = ANY ('{first_name,last_name,full_name,company_email,access_card,token_serial,building_card,agent_id,
            ruex_id,axonify_id,phase_1_date,phase_2_date,phase_3_date,sheet_number,schedule,sheet_said,username,email,name,
            notes,reason,redemption_details,override_reason,supervisor_override}');
    END IF;
    FOREACH name IN ARRAY names LOOP
        image := replace(image::text, trim('"' FROM to_jsonb(name)::text), alias)::jsonb;
    END LOOP;
    RETURN image;
END $$;

-- Runs as the owner, since the app may change neither ledger nor audit. Whoever still works here is refused.
CREATE FUNCTION erase_person(who bigint, why text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    alias constant text := 'Erased ' || who;
    names text[];
    emails text[];
    marks text[];
    place record;
BEGIN
    PERFORM 1 FROM people WHERE employee_id = who FOR UPDATE;
    IF EXISTS (SELECT FROM employees WHERE employee_id = who AND status <> 'Inactive') THEN
        RAISE EXCEPTION '% still works here', who USING ERRCODE = 'check_violation', CONSTRAINT = 'erased_when_gone', TABLE = 'erasures';
    END IF;
    INSERT INTO erasures (employee_id, erased_by, reason) VALUES (who, audit_actor(), why);

    WITH theirs AS (
        SELECT full_name, company_email, access_card, token_serial, building_card, agent_id, ruex_id, axonify_id
        FROM employees WHERE employee_id = who
        UNION ALL
        SELECT full_name, company_email, access_card, token_serial, building_card, agent_id, ruex_id, axonify_id
        FROM employees_history WHERE employee_id = who)
    SELECT coalesce(array_agg(DISTINCT full_name), '{}'),
           coalesce(array_agg(DISTINCT company_email) FILTER (WHERE company_email IS NOT NULL), '{}'),
           coalesce(array_agg(DISTINCT mark) FILTER (WHERE mark <> ''), '{}')
    INTO names, emails, marks
    FROM theirs CROSS JOIN LATERAL unnest(ARRAY[full_name, company_email, access_card, token_serial, building_card,
                                                agent_id, ruex_id, axonify_id]) mark;
    -- What is found in text: whole names, unless somebody else has the same, and addresses.
    names := ARRAY(SELECT name FROM unnest(names || emails) name
                   WHERE length(name) > 5 AND NOT EXISTS (SELECT FROM employees WHERE full_name = name AND employee_id <> who));

    -- The person, wherever they are described
    FOR place IN SELECT unnest('{employees,employees_history,new_employee_reviews}'::regclass[]) AS described LOOP
        EXECUTE format(
            'UPDATE %s SET first_name = ''Erased'', last_name = $1::text, company_email = NULL, access_card = NULL,
                token_serial = NULL, building_card = NULL, agent_id = NULL, ruex_id = NULL, axonify_id = NULL,
                phase_1_date = NULL, phase_2_date = NULL, phase_3_date = NULL WHERE employee_id = $1', place.described)
        USING who;
    END LOOP;
    UPDATE new_employee_reviews SET sheet_number = NULL, schedule = NULL, notes = NULL, sheet_said = NULL WHERE employee_id = who;
    UPDATE employees_history SET full_name = alias, reason = NULL WHERE employee_id = who;
    UPDATE employments SET reason = NULL WHERE employee_id = who;
    UPDATE users SET username = 'erased-' || user_id, email = NULL, password_hash = NULL, is_active = false WHERE employee_id = who;
    DELETE FROM sessions WHERE user_id IN (SELECT user_id FROM users WHERE employee_id = who);
    UPDATE api_keys SET name = 'erased-' || key_id, revoked_at = coalesce(revoked_at, now()) WHERE employee_id = who;
    UPDATE db_users SET username = 'erased_' || db_user_id, email = NULL, notes = NULL, is_active = false WHERE employee_id = who;
    DELETE FROM calendar_feeds WHERE employee_id = who;

    -- Whoever they led
    UPDATE assignments SET supervisor = alias WHERE supervisor_id = who OR supervisor = ANY (names);
    UPDATE assignments SET manager = alias WHERE manager_id = who OR manager = ANY (names);
    FOR place IN SELECT unnest('{employees,employees_history,new_employee_reviews}'::regclass[]) AS naming LOOP
        EXECUTE format('UPDATE %s SET supervisor = $1 WHERE supervisor = ANY ($2)', place.naming) USING alias, names;
        EXECUTE format('UPDATE %s SET manager = $1 WHERE manager = ANY ($2)', place.naming) USING alias, names;
    END LOOP;

    -- What was written about them in words
    UPDATE attendances SET notes = NULL WHERE employee_id = who AND notes IS NOT NULL;
    UPDATE attendances_history SET notes = NULL WHERE employee_id = who AND notes IS NOT NULL;
    UPDATE exceptions SET notes = NULL, supervisor_override = NULL WHERE employee_id = who;
    UPDATE leave_requests SET reason = NULL WHERE employee_id = who AND reason IS NOT NULL;
    UPDATE schedule_changes SET override_reason = NULL WHERE who IN (employee_id, replacement_id) AND override_reason IS NOT NULL;
    UPDATE employee_reward_redemptions SET redemption_details = NULL, notes = NULL WHERE employee_id = who;
    ALTER TABLE employee_rewards DISABLE TRIGGER append_only;
    UPDATE employee_rewards SET notes = NULL WHERE employee_id = who AND notes IS NOT NULL;
    ALTER TABLE employee_rewards ENABLE TRIGGER append_only;
    FOR place IN SELECT unnest(names) AS name LOOP
        UPDATE floor_notes SET text = replace(text, place.name, alias) WHERE strpos(text, place.name) > 0;
    END LOOP;

    -- What sheets said of them
    UPDATE upload_errors SET cells = NULL, value = NULL
    WHERE cells && marks OR cells[1] = who::text OR value = ANY (marks);
    UPDATE upload_outcomes SET changes = NULL WHERE split_part(key, ' ', 1) = who::text;

    -- The record keeps that it happened, and who did it; of this very deed it has one line.
    DELETE FROM adjustments WHERE xmin = pg_current_xact_id()::xid;
    DELETE FROM audit_log WHERE xmin = pg_current_xact_id()::xid;
    UPDATE adjustments SET before = without_person(before, true, names, alias), after = without_person(after, true, names, alias)
    WHERE employee_id = who;
    UPDATE audit_log SET before = without_person(before, theirs, names, alias), after = without_person(after, theirs, names, alias)
    FROM (SELECT audit_id AS id,
                 coalesce(who::text IN (before ->> 'employee_id', after ->> 'employee_id'), false)
                 OR table_name = 'employees' AND row_id = who::text AS theirs
          FROM audit_log WHERE coalesce(before, after) IS NOT NULL) found
    WHERE audit_id = id
      AND (theirs OR EXISTS (SELECT FROM unnest(names) name WHERE strpos(concat(before, after), name) > 0));
    INSERT INTO audit_log (actor, action, table_name, row_id, after, request_id)
    VALUES (audit_actor(), 'insert', 'erasures', who, jsonb_build_object('employee_id', who, 'reason', why),
            nullif(current_setting('opsdb.request_id', true), ''));
END $$;
REVOKE ALL ON FUNCTION erase_person(bigint, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION erase_person(bigint, text) TO opsdb_app;
