-- As migration 0014 has it.
CREATE OR REPLACE FUNCTION erase_person(who bigint, why text, moment timestamptz DEFAULT now(), doer text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    alias constant text := 'Erased ' || who;
    elsewhere constant text := alias || ', as others name them';
    acting_as constant text := coalesce(current_setting('opsdb.role', true), '');
    standing constant text := coalesce(current_setting('opsdb.acting', true), '');
    known record;
    users_of bigint[];
    signing text[];
    begun bigint;
    led text[];
    tables text[];
    ids text[];
    entries bigint[];
    place record;
BEGIN
    PERFORM 1 FROM people WHERE employee_id = who FOR UPDATE;
    IF EXISTS (SELECT FROM employees WHERE employee_id = who AND status <> 'Inactive') THEN
        RAISE EXCEPTION '% still works here', who USING ERRCODE = 'check_violation', CONSTRAINT = 'erased_when_gone', TABLE = 'erasures';
    END IF;
    INSERT INTO erasures (employee_id, erased_at, erased_by, reason) VALUES (who, moment, coalesce(doer, audit_actor()), why)
    ON CONFLICT (employee_id) DO UPDATE
    SET erased_at = excluded.erased_at, erased_by = excluded.erased_by, reason = excluded.reason;

    SELECT * INTO known FROM known_as(who);
    SELECT coalesce(array_agg(user_id), '{}'), coalesce(array_agg(lower(username)), '{}') INTO users_of, signing FROM users
    WHERE employee_id = who OR employee_id IS NULL AND email ~* known.called;
    SELECT coalesce(array_agg(DISTINCT employee_id::text), '{}') INTO led FROM assignments
    WHERE who IN (supervisor_id, manager_id) OR supervisor ~* known.called OR manager ~* known.called;
    SELECT coalesce(max(audit_id), 0) INTO begun FROM audit_log;

    -- Texts are no figures: losing them corrects no closed month. What this deed itself puts on record is known by it.
    PERFORM set_config('opsdb.role', 'admin', true), set_config('opsdb.acting', alias, true);

    -- The person, wherever they are described
    UPDATE employees SET first_name = 'Erased', last_name = who::text, company_email = NULL, access_card = NULL,
        token_serial = NULL, building_card = NULL, agent_id = NULL, ruex_id = NULL, axonify_id = NULL,
        phase_1_date = NULL, phase_2_date = NULL, phase_3_date = NULL
    WHERE employee_id = who;
    UPDATE employees_history SET first_name = 'Erased', last_name = who::text, full_name = alias, company_email = NULL,
        access_card = NULL, token_serial = NULL, building_card = NULL, agent_id = NULL, ruex_id = NULL, axonify_id = NULL,
        phase_1_date = NULL, phase_2_date = NULL, phase_3_date = NULL, reason = NULL, future_schedule = '[]'
    WHERE employee_id = who;
    UPDATE new_employee_reviews SET first_name = 'Erased', last_name = who::text, company_email = NULL, access_card = NULL,
        token_serial = NULL, building_card = NULL, agent_id = NULL, ruex_id = NULL, axonify_id = NULL,
        phase_1_date = NULL, phase_2_date = NULL, phase_3_date = NULL, sheet_number = NULL, schedule = NULL, notes = NULL,
        sheet_said = NULL
    WHERE employee_id = who
       OR employee_id IS NULL AND concat_ws(' ', first_name, last_name, company_email) ~* known.called;
    UPDATE employments SET reason = NULL WHERE employee_id = who;
    UPDATE users SET username = 'erased-' || user_id, email = NULL, password_hash = NULL, is_active = false
    WHERE user_id = ANY (users_of);
    DELETE FROM sessions WHERE user_id = ANY (users_of);
    UPDATE api_keys SET name = 'erased-' || key_id, revoked_at = coalesce(revoked_at, now()) WHERE employee_id = who;
    UPDATE db_users SET username = 'erased_' || db_user_id, email = NULL, notes = NULL, is_active = false WHERE employee_id = who;
    DELETE FROM calendar_feeds WHERE employee_id = who;

    -- What was written about them in words
    UPDATE attendances SET notes = NULL WHERE employee_id = who AND notes IS NOT NULL;
    UPDATE attendances_history SET notes = NULL WHERE employee_id = who AND notes IS NOT NULL;
    UPDATE exceptions SET notes = NULL, supervisor_override = NULL WHERE employee_id = who;
    UPDATE leave_requests SET reason = NULL WHERE employee_id = who AND reason IS NOT NULL;
    UPDATE schedule_changes SET override_reason = NULL WHERE who IN (employee_id, replacement_id) AND override_reason IS NOT NULL;
    UPDATE schedule_changes SET overrides = regexp_replace(overrides::text, finding(known.names), alias, 'gi')::jsonb
    WHERE who IN (employee_id, replacement_id) AND overrides::text ~* finding(known.names);
    UPDATE employee_rewards SET notes = NULL WHERE employee_id = who AND notes IS NOT NULL;
    UPDATE employee_reward_redemptions SET redemption_details = NULL, notes = NULL WHERE employee_id = who;

    -- Where others' rows name them: whom they led, what they decided or wrote
    PERFORM set_config('opsdb.acting', elsewhere, true);
    UPDATE assignments SET supervisor = alias WHERE supervisor_id = who;
    UPDATE assignments SET manager = alias WHERE manager_id = who;
    FOR place IN
        SELECT c.relname AS name, a.attname AS field FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attname = ANY (naming_fields()) ORDER BY 1, 2
    LOOP
        EXECUTE format('UPDATE %I SET %2$I = $1 WHERE lower(%2$I) = ANY ($2)', place.name, place.field)
        USING alias, CASE WHEN known.alone THEN known.names END;
    END LOOP;
    UPDATE floor_notes SET text = regexp_replace(text, known.called, alias, 'gi') WHERE text ~* known.called;
    UPDATE new_employee_reviews SET sheet_said = regexp_replace(sheet_said::text, known.called, alias, 'gi')::jsonb
    WHERE sheet_said::text ~* known.called;

    -- What sheets said of them, and what was answered to who may ask again
    DELETE FROM upload_rows WHERE array_to_string(cells, E'\n') ~* known.marked;
    UPDATE upload_errors SET value = NULL, cells = NULL, reason = 'erased'
    WHERE error_id IN (
        SELECT coalesce(same.error_id, e.error_id) FROM upload_errors e
        LEFT JOIN upload_errors same ON same.upload_id = e.upload_id AND same.row_number = e.row_number
        WHERE concat_ws(E'\n', e.value, e.reason, array_to_string(e.cells, E'\n')) ~* known.marked);
    UPDATE upload_outcomes SET key = NULL, changes = NULL, reason = 'erased'
    WHERE concat_ws(E'\n', key, reason, changes::text) ~* known.marked;
    DELETE FROM request_keys WHERE answer ~* known.marked;

    -- The record keeps who did what and when, without what was there; of this very deed it has one line.
    DELETE FROM adjustments WHERE made_at = now() AND actor = audit_actor();
    UPDATE adjustments SET before = before - personal_fields(), after = after - personal_fields() WHERE employee_id = who;
    UPDATE adjustments SET before = regexp_replace(before::text, known.called, alias, 'gi')::jsonb,
        after = regexp_replace(after::text, known.called, alias, 'gi')::jsonb
    WHERE concat(before, after) ~* known.called;

    SELECT array_agg(table_name), array_agg(row_id) INTO tables, ids FROM audit_log WHERE audit_id > begun AND acting = alias;
    UPDATE audit_log SET before = before - personal_fields(), after = after - personal_fields(), erased = true
    WHERE (before ->> 'employee_id' = who::text OR after ->> 'employee_id' = who::text)
      AND (before ?| personal_fields() OR after ?| personal_fields());
    UPDATE audit_log SET before = before - personal_fields(), after = after - personal_fields(), erased = true
    WHERE (table_name, row_id) IN (SELECT * FROM unnest(tables, ids))
      AND (before ?| personal_fields() OR after ?| personal_fields());
    UPDATE audit_log SET after = after - personal_fields(), erased = true
    WHERE table_name = 'sign_ins' AND lower(after ->> 'username') = ANY (signing);

    SELECT array_agg(table_name), array_agg(row_id) INTO tables, ids FROM audit_log WHERE audit_id > begun AND acting = elsewhere;
    -- First which, by the indexes: the texts of a million entries are half a minute.
    SELECT array_agg(audit_id) INTO entries FROM (
        SELECT audit_id FROM audit_log WHERE (table_name, row_id) IN (SELECT * FROM unnest(tables, ids))
        UNION SELECT audit_id FROM audit_log
        WHERE before ->> 'employee_id' = ANY (led) OR after ->> 'employee_id' = ANY (led)) found;
    UPDATE audit_log SET before = regexp_replace(before::text, known.called, alias, 'gi')::jsonb,
        after = regexp_replace(after::text, known.called, alias, 'gi')::jsonb, erased = true
    WHERE audit_id = ANY (entries) AND concat(before, E'\n', after) ~* known.called;
    DELETE FROM audit_log WHERE audit_id > begun AND acting IN (alias, elsewhere);

    PERFORM set_config('opsdb.role', acting_as, true), set_config('opsdb.acting', standing, true);
    INSERT INTO audit_log (actor, action, table_name, row_id, after, request_id)
    VALUES (audit_actor(), 'insert', 'erasures', who, jsonb_build_object('employee_id', who, 'reason', why),
            nullif(current_setting('opsdb.request_id', true), ''));
END $$;
