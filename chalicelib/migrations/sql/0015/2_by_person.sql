-- What is on record about somebody is asked for by auditors, and whenever somebody wants to see or lose it.
CREATE INDEX audit_log_before_employee_id_idx ON audit_log ((before ->> 'employee_id'));
CREATE INDEX audit_log_after_employee_id_idx ON audit_log ((after ->> 'employee_id'));
