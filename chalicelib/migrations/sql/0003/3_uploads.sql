-- Whatever a sheet makes carries its id, so that it can be undone; said here once, since several statements write these.
ALTER TABLE admin_options ADD COLUMN upload_id BIGINT DEFAULT nullif(current_setting('opsdb.upload_id', true), '')::bigint;
ALTER TABLE assignments ADD COLUMN upload_id BIGINT DEFAULT nullif(current_setting('opsdb.upload_id', true), '')::bigint;
ALTER TABLE employees ADD COLUMN upload_id BIGINT DEFAULT nullif(current_setting('opsdb.upload_id', true), '')::bigint;
ALTER TABLE employments ADD COLUMN upload_id BIGINT DEFAULT nullif(current_setting('opsdb.upload_id', true), '')::bigint;
