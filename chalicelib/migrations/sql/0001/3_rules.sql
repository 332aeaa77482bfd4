-- What no path around the API can break: audit, people who are never forgotten, the ledger, absences, the archive.

-- Audit ---------------------------------------------------------------------------------------------------------------
-- Statement-level, over the transition tables, so that an import of 100,000 rows writes its audit in one statement.
-- The first argument is the primary key. Hashes of secrets are nobody's business, not even an auditor's.
CREATE FUNCTION audit_actor() RETURNS text LANGUAGE sql STABLE
AS $$ SELECT coalesce(nullif(current_setting('opsdb.actor', true), ''), 'database:' || session_user) $$;

CREATE FUNCTION audit_image(image jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE
AS $$ SELECT image - ARRAY['secret_hash', 'password_hash'] $$;

CREATE FUNCTION audit_change() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    who text := public.audit_actor();
    request text := nullif(current_setting('opsdb.request_id', true), '');
    upload bigint := nullif(current_setting('opsdb.upload_id', true), '');
BEGIN
    IF TG_OP = 'INSERT' AND upload IS NOT NULL THEN
        -- The rows carry the upload's id themselves; one line says how many they were.
        INSERT INTO public.audit_log (actor, action, table_name, row_count, request_id, upload_id)
        SELECT who, 'insert', TG_TABLE_NAME, count(*), request, upload FROM new_rows HAVING count(*) > 0;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO public.audit_log (actor, action, table_name, row_id, after, request_id)
        SELECT who, 'insert', TG_TABLE_NAME, to_jsonb(n) ->> TG_ARGV[0], public.audit_image(to_jsonb(n)), request
        FROM new_rows n;
    ELSIF TG_OP = 'DELETE' THEN
        INSERT INTO public.audit_log (actor, action, table_name, row_id, before, request_id, upload_id)
        SELECT who, 'delete', TG_TABLE_NAME, to_jsonb(o) ->> TG_ARGV[0], public.audit_image(to_jsonb(o)), request, upload
        FROM old_rows o;
    ELSE
        EXECUTE format(
            'INSERT INTO public.audit_log (actor, action, table_name, row_id, before, after, request_id, upload_id)
             SELECT $1, ''update'', $2, n.%1$I::text, public.audit_image(to_jsonb(o)), public.audit_image(to_jsonb(n)), $3, $4
             FROM old_rows o JOIN new_rows n USING (%1$I) WHERE o.* IS DISTINCT FROM n.*', TG_ARGV[0])
        USING who, TG_TABLE_NAME, request, upload;
    END IF;
    RETURN NULL;
END $$;

CREATE PROCEDURE audit_table(audited regclass, key text) LANGUAGE plpgsql
AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER audit_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION audit_change(%L)', audited, key);
    EXECUTE format('CREATE TRIGGER audit_update AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION audit_change(%L)', audited, key);
    EXECUTE format('CREATE TRIGGER audit_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows
                    FOR EACH STATEMENT EXECUTE FUNCTION audit_change(%L)', audited, key);
END $$;

CALL audit_table('absences', 'absence_id');
CALL audit_table('admin_options', 'option_id');
CALL audit_table('api_keys', 'key_id');
CALL audit_table('assignments', 'assignment_id');
CALL audit_table('attendances', 'attendance_id');
CALL audit_table('attendances_history', 'attendance_id');
CALL audit_table('db_users', 'db_user_id');
CALL audit_table('employee_reward_redemptions', 'redemption_id');
CALL audit_table('employee_rewards', 'reward_id');
CALL audit_table('employees', 'employee_id');
CALL audit_table('employees_history', 'history_id');
CALL audit_table('employments', 'employment_id');
CALL audit_table('exceptions', 'exception_id');
CALL audit_table('floor_notes', 'note_id');
CALL audit_table('forecasts', 'forecast_id');
CALL audit_table('holidays', 'holiday_id');
CALL audit_table('leave_allowances', 'allowance_id');
CALL audit_table('leave_requests', 'leave_id');
CALL audit_table('new_employee_reviews', 'review_id');
CALL audit_table('requirements', 'requirement_id');
CALL audit_table('reward_reasons', 'reason_id');
CALL audit_table('schedule_changes', 'change_id');
CALL audit_table('schedules', 'schedule_id');
CALL audit_table('schedules_history', 'schedule_id');
CALL audit_table('users', 'user_id');

-- People --------------------------------------------------------------------------------------------------------------
CREATE FUNCTION remember_person() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    INSERT INTO public.people (employee_id) VALUES (NEW.employee_id) ON CONFLICT DO NOTHING;
    RETURN NEW;
END $$;

CREATE TRIGGER remember_person BEFORE INSERT ON employees FOR EACH ROW EXECUTE FUNCTION remember_person();

-- Points --------------------------------------------------------------------------------------------------------------
CREATE VIEW point_balances AS
SELECT employee_id, sum(points)::integer AS point_balance
FROM (
    SELECT employee_id, points FROM employee_rewards
    UNION ALL
    SELECT employee_id, -points_redeemed FROM employee_reward_redemptions WHERE status IN ('Pending', 'Approved')
) entries
GROUP BY employee_id;

-- The person is locked first and the balance read afterwards, so that of two entries at the same moment the second
-- sees the first. `opsdb.allow_debt` is set by an admin's reversal only.
CREATE FUNCTION keep_balance() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    balance integer;
BEGIN
    PERFORM 1 FROM public.people WHERE employee_id = NEW.employee_id FOR NO KEY UPDATE;
    SELECT point_balance INTO balance FROM public.point_balances WHERE employee_id = NEW.employee_id;
    IF balance < 0 AND coalesce(current_setting('opsdb.allow_debt', true), '') <> 'on' THEN
        RAISE EXCEPTION 'the balance of % would be %', NEW.employee_id, balance
            USING ERRCODE = 'check_violation', CONSTRAINT = 'points_never_below_zero', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER keep_balance AFTER INSERT ON employee_rewards
FOR EACH ROW WHEN (NEW.points < 0) EXECUTE FUNCTION keep_balance();

CREATE TRIGGER keep_balance AFTER INSERT OR UPDATE ON employee_reward_redemptions
FOR EACH ROW WHEN (NEW.status IN ('Pending', 'Approved')) EXECUTE FUNCTION keep_balance();

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: reverse an entry instead', TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_append_only', TABLE = TG_TABLE_NAME;
END $$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON employee_rewards
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Absences ------------------------------------------------------------------------------------------------------------
-- Live leave and live away exceptions share one calendar, and its exclusion constraint.
CREATE FUNCTION record_leave() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    DELETE FROM public.absences WHERE leave_id = NEW.leave_id;
    IF NEW.status IN ('Pending', 'Approved') THEN
        INSERT INTO public.absences (employee_id, start_date, end_date, leave_id)
        VALUES (NEW.employee_id, NEW.start_date, NEW.end_date, NEW.leave_id);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER record_leave AFTER INSERT OR UPDATE OF employee_id, start_date, end_date, status ON leave_requests
FOR EACH ROW EXECUTE FUNCTION record_leave();

CREATE FUNCTION record_exception() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    DELETE FROM public.absences WHERE exception_id = NEW.exception_id;
    IF NEW.status IN ('Pending', 'Completed') AND EXISTS (
        SELECT 1 FROM public.admin_options
        WHERE category = 'exception_type' AND value = NEW.exception_type AND class IN ('away_planned', 'away_unplanned')
    ) THEN
        INSERT INTO public.absences (employee_id, start_date, end_date, exception_id)
        VALUES (NEW.employee_id, NEW.start_date, NEW.end_date, NEW.exception_id);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER record_exception
AFTER INSERT OR UPDATE OF employee_id, exception_type, start_date, end_date, status ON exceptions
FOR EACH ROW EXECUTE FUNCTION record_exception();

-- The archive ---------------------------------------------------------------------------------------------------------
CREATE FUNCTION refuse_archived_day() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    person bigint;
    day date;
BEGIN
    EXECUTE format('SELECT n.employee_id, n.%1$I FROM new_rows n JOIN public.%2$I h USING (employee_id, %1$I) LIMIT 1',
                   TG_ARGV[0], TG_TABLE_NAME || '_history') INTO person, day;
    IF person IS NOT NULL THEN
        RAISE EXCEPTION '% of % is in the archive', day, person
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_archived', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER refuse_archived_day AFTER INSERT ON schedules REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION refuse_archived_day('nominal_date');

CREATE TRIGGER refuse_archived_day AFTER INSERT ON attendances REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION refuse_archived_day('date');

-- A row may also be moved there. Only then does an update look at the archive at all.
CREATE FUNCTION refuse_archived_move() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    archived boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM public.%2$I WHERE employee_id = $1.employee_id AND %1$I = $1.%1$I)',
                   TG_ARGV[0], TG_TABLE_NAME || '_history') INTO archived USING NEW;
    IF archived THEN
        RAISE EXCEPTION 'that day of % is in the archive', NEW.employee_id
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_archived', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER refuse_archived_move AFTER UPDATE OF employee_id, nominal_date ON schedules FOR EACH ROW
WHEN ((OLD.employee_id, OLD.nominal_date) IS DISTINCT FROM (NEW.employee_id, NEW.nominal_date))
EXECUTE FUNCTION refuse_archived_move('nominal_date');

CREATE TRIGGER refuse_archived_move AFTER UPDATE OF employee_id, date ON attendances FOR EACH ROW
WHEN ((OLD.employee_id, OLD.date) IS DISTINCT FROM (NEW.employee_id, NEW.date))
EXECUTE FUNCTION refuse_archived_move('date');

-- The plan as it is lived ---------------------------------------------------------------------------------------------
-- Leave and exceptions are layers over the plan: the stored row stays, this view says what holds, its class and why.
-- A day off stays one: nobody takes leave from it. Leave of some hours does not change the day's code.
CREATE VIEW effective_schedules AS
SELECT s.*,
       effective.work_code AS effective_work_code,
       codes.class AS effective_class,
       coalesce(layer.why, CASE WHEN s.given_away THEN 'given away' ELSE s.origin END) AS why,
       layer.why_id
FROM schedules s
LEFT JOIN admin_options planned ON planned.category = 'work_code' AND planned.value = s.work_code
LEFT JOIN LATERAL (
    SELECT kinds.work_code, 'leave' AS why, leave.leave_id AS why_id, 1 AS rank
    FROM leave_requests leave
    JOIN admin_options kinds ON kinds.category = 'leave_type' AND kinds.value = leave.leave_type
    WHERE leave.employee_id = s.employee_id AND leave.status = 'Approved' AND leave.start_time IS NULL
      AND s.nominal_date BETWEEN leave.start_date AND leave.end_date
    UNION ALL
    SELECT coalesce(e.work_code, kinds.work_code), 'exception', e.exception_id, 2
    FROM exceptions e
    JOIN admin_options kinds ON kinds.category = 'exception_type' AND kinds.value = e.exception_type
    WHERE e.employee_id = s.employee_id AND e.status = 'Completed'
      AND s.nominal_date BETWEEN e.start_date AND e.end_date
    ORDER BY rank LIMIT 1
) layer ON NOT s.given_away AND planned.class IS DISTINCT FROM 'off'
CROSS JOIN LATERAL (
    SELECT CASE WHEN s.given_away THEN 'OFF' ELSE coalesce(layer.work_code, s.work_code) END AS work_code
) effective
LEFT JOIN admin_options codes ON codes.category = 'work_code' AND codes.value = effective.work_code;
