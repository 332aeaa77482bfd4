-- A row that moves between a table and its history is in neither image of the audit: one line a statement counts them,
-- as for an upload's inserts. What counts as moved is proved, not claimed: the row stands in the other table, the same in
-- every column. Whatever else is inserted into a history, or deleted from a table that has one, is audited row by row.
CREATE FUNCTION audit_moved() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    EXECUTE format(
        'WITH compared AS (
             SELECT w.%1$I::text AS id, to_jsonb(w) AS image,
                    coalesce(to_jsonb(w) - ''archived_date'' = to_jsonb(o) - ''archived_date'', false) AS moved
             FROM written_rows w LEFT JOIN public.%2$I o USING (%1$I)),
         written AS (
             SELECT CASE WHEN NOT moved THEN id END AS id, CASE WHEN NOT moved THEN image END AS image FROM compared)
         INSERT INTO public.audit_log (actor, action, table_name, row_id, row_count, before, after, request_id, upload_id)
         SELECT $1, $2, $3, id, count(*), CASE $2 WHEN ''delete'' THEN image END, CASE $2 WHEN ''insert'' THEN image END,
                $4, $5
         FROM written GROUP BY id, image',
        TG_ARGV[1], TG_ARGV[0])
    USING public.audit_actor(), lower(TG_OP), TG_TABLE_NAME, nullif(current_setting('opsdb.request_id', true), ''),
          nullif(current_setting('opsdb.upload_id', true), '')::bigint;
    RETURN NULL;
END $$;

DROP TRIGGER audit_delete ON schedules;
DROP TRIGGER audit_delete ON attendances;
DROP TRIGGER audit_insert ON schedules_history;
DROP TRIGGER audit_insert ON attendances_history;
CREATE TRIGGER audit_delete AFTER DELETE ON schedules REFERENCING OLD TABLE AS written_rows
FOR EACH STATEMENT EXECUTE FUNCTION audit_moved('schedules_history', 'schedule_id');
CREATE TRIGGER audit_delete AFTER DELETE ON attendances REFERENCING OLD TABLE AS written_rows
FOR EACH STATEMENT EXECUTE FUNCTION audit_moved('attendances_history', 'attendance_id');
CREATE TRIGGER audit_insert AFTER INSERT ON schedules_history REFERENCING NEW TABLE AS written_rows
FOR EACH STATEMENT EXECUTE FUNCTION audit_moved('schedules', 'schedule_id');
CREATE TRIGGER audit_insert AFTER INSERT ON attendances_history REFERENCING NEW TABLE AS written_rows
FOR EACH STATEMENT EXECUTE FUNCTION audit_moved('attendances', 'attendance_id');
