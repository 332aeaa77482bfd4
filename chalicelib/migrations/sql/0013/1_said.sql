-- What the roster said of somebody, whatever HR has made of it since: the same sheet again says nothing new.
ALTER TABLE new_employee_reviews ADD COLUMN sheet_said JSONB;
