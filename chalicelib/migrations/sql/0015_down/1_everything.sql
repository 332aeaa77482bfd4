DROP INDEX audit_log_after_employee_id_idx;
DROP INDEX audit_log_before_employee_id_idx;
DROP FUNCTION forget_audit(timestamptz, integer);
