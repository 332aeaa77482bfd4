-- The upload of an employee file by which the logins of a schedule file are matched.
ALTER TABLE uploads ADD COLUMN employees_upload_id BIGINT;
ALTER TABLE uploads ADD CONSTRAINT uploads_employees_upload_id_fkey FOREIGN KEY(employees_upload_id) REFERENCES uploads (upload_id);
