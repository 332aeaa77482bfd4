CREATE INDEX employees_search_idx ON employees
USING gin (searchable(full_name, first_name, last_name, ruex_id, company_email, agent_id, axonify_id) gin_trgm_ops);
