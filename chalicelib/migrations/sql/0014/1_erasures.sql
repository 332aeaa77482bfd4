-- Who was erased; whatever brings an older state back erases them again.
CREATE TABLE erasures (
    employee_id BIGINT NOT NULL,
    erased_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    erased_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    CONSTRAINT erasures_pkey PRIMARY KEY (employee_id),
    CONSTRAINT erasures_employee_id_fkey FOREIGN KEY (employee_id) REFERENCES people (employee_id)
);
GRANT SELECT ON erasures TO opsdb_app;

-- The entry stays, its images have lost what was personal.
ALTER TABLE audit_log ADD COLUMN erased BOOLEAN DEFAULT false NOT NULL;

-- An entry of the ledger may lose its note, and a name in it become another; what it says of points never changes.
DROP TRIGGER append_only ON employee_rewards;
CREATE TRIGGER append_only BEFORE DELETE ON employee_rewards
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only_entries BEFORE UPDATE ON employee_rewards FOR EACH ROW
WHEN (to_jsonb(OLD) - '{notes,awarded_by}'::text[] IS DISTINCT FROM to_jsonb(NEW) - '{notes,awarded_by}'::text[]
      OR NEW.notes IS NOT NULL AND NEW.notes IS DISTINCT FROM OLD.notes
      OR NEW.awarded_by <> OLD.awarded_by AND NEW.awarded_by NOT LIKE 'Erased %')
EXECUTE FUNCTION refuse_change();

-- What of a row about somebody tells them apart, or was said of them, in tables and in images.
CREATE FUNCTION personal_fields() RETURNS text[] LANGUAGE sql IMMUTABLE
AS $$ SELECT '{first_name,last_name,full_name,company_email,access_card,token_serial,building_card,agent_id,ruex_id,
    axonify_id,phase_1_date,phase_2_date,phase_3_date,sheet_number,schedule,sheet_said,future_schedule,username,email,name,
    author,text,address,notes,reason,redemption_details,overrides,override_reason,
    supervisor_override}'::text[] $$;

-- Where a row says by name who leads, decided or wrote.
CREATE FUNCTION naming_fields() RETURNS text[] LANGUAGE sql IMMUTABLE
AS $$ SELECT '{supervisor,manager,supervisor_override,approved_by,processed_by,decided_by,awarded_by,reviewed_by,author}'::text[] $$;

-- By what somebody is, or was, known here: `names` in the forms in which sheets have them and in lower case; `alone`,
-- whether nobody else has such a name; and patterns that find them in text: by `called`, names and addresses that are
-- theirs alone, and by `marked`, their number, logins and cards too. Short logins are words, and left out.
CREATE FUNCTION known_as(who bigint, OUT names text[], OUT alone boolean, OUT called text, OUT marked text) LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    images jsonb[];
    words text[];
    logins text[];
BEGIN
    SELECT array_agg(image) INTO images FROM (
        SELECT to_jsonb(e) AS image FROM public.employees e WHERE employee_id = who
        UNION ALL SELECT to_jsonb(h) FROM public.employees_history h WHERE employee_id = who
        UNION ALL SELECT to_jsonb(r) FROM public.new_employee_reviews r WHERE employee_id = who
        UNION ALL SELECT to_jsonb(u) FROM public.users u WHERE employee_id = who
        UNION ALL
        SELECT sides.image FROM public.audit_log CROSS JOIN LATERAL (VALUES (before), (after)) sides (image)
        WHERE table_name = 'employees' AND row_id = who::text) seen
    WHERE image IS NOT NULL;
    SELECT coalesce(array_agg(DISTINCT lower(form)), '{}') INTO names
    FROM unnest(images) image CROSS JOIN LATERAL (VALUES
        (btrim(concat_ws(' ', image ->> 'first_name', image ->> 'last_name'))),
        ((image ->> 'last_name') || ', ' || (image ->> 'first_name'))) forms (form)
    WHERE form <> '' AND image ->> 'last_name' IS DISTINCT FROM who::text;
    alone := NOT EXISTS (
        SELECT FROM public.employees WHERE employee_id <> who AND lower(full_name) = ANY (names)
        UNION ALL SELECT FROM public.employees_history WHERE employee_id <> who AND lower(full_name) = ANY (names));
    -- A single word is no name that could be found among words.
    SELECT coalesce(array_agg(one), '{}') INTO words FROM unnest(names) one WHERE alone AND one ~ '[[:space:]]';
    SELECT words || coalesce(array_agg(DISTINCT value) FILTER (WHERE value ~ '@'), '{}'),
           array_agg(DISTINCT value)
    INTO words, logins
    FROM unnest(images) image CROSS JOIN LATERAL (
        SELECT image ->> field AS value FROM unnest('{company_email,email,agent_id,ruex_id,axonify_id,access_card,
            token_serial,building_card,username}'::text[]) field) said
    WHERE length(value) > 4 AND value !~ '^erased-[0-9]+$';
    called := public.finding(words);
    marked := public.finding(words || logins || who::text);
END $$;

-- A pattern that finds any of these words, whole, whatever stands between their parts; NULL of none.
CREATE FUNCTION finding(words text[]) RETURNS text LANGUAGE sql IMMUTABLE
AS $$
    -- Without groups and looking around, since those take five times as long.
    SELECT string_agg(
        CASE WHEN one ~ '^\w' THEN '\m' ELSE '' END
        || regexp_replace(regexp_replace(one, '([^[:alnum:][:space:],])', '\\\1', 'g'), '[[:space:],]+', '[\\s,]+', 'g')
        || CASE WHEN one ~ '\w$' THEN '\M' ELSE '' END, '|')
    FROM (SELECT DISTINCT lower(word) AS one FROM unnest(words) word) said
$$;
