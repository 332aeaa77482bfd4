ALTER TABLE new_employee_reviews DROP COLUMN sheet_said;
