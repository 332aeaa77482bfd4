-- Everything somebody may be looked for by, folded: the name, the planning tool's login as it is usually made, and the
-- logins and the address as they are. One index answers for all of it, typos included. Apostrophes go, since O'Neil is
-- typed oneil. Names are spelled out in full: pg_restore builds the index with an empty search path.
CREATE FUNCTION searchable(full_name text, first_name text, last_name text, ruex_id text, company_email text,
                           agent_id text, axonify_id text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT replace(public.folded(full_name || ' ' || coalesce(replace(left(first_name, 1) || last_name, ' ', ''), '')
    || ' ' || coalesce(ruex_id, '') || ' ' || coalesce(company_email, '') || ' ' || coalesce(agent_id, '') || ' '
    || coalesce(axonify_id, '')), '''', '') $$;
