DROP TRIGGER audit_delete ON schedules;
DROP TRIGGER audit_delete ON attendances;
DROP TRIGGER audit_insert ON schedules_history;
DROP TRIGGER audit_insert ON attendances_history;
DROP FUNCTION audit_moved();
CREATE TRIGGER audit_delete AFTER DELETE ON schedules REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION audit_change('schedule_id');
CREATE TRIGGER audit_delete AFTER DELETE ON attendances REFERENCING OLD TABLE AS old_rows
FOR EACH STATEMENT EXECUTE FUNCTION audit_change('attendance_id');
CREATE TRIGGER audit_insert AFTER INSERT ON schedules_history REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION audit_change('schedule_id');
CREATE TRIGGER audit_insert AFTER INSERT ON attendances_history REFERENCING NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION audit_change('attendance_id');
