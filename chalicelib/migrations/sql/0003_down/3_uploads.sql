ALTER TABLE admin_options DROP COLUMN upload_id;
ALTER TABLE assignments DROP COLUMN upload_id;
ALTER TABLE employees DROP COLUMN upload_id;
ALTER TABLE employments DROP COLUMN upload_id;
