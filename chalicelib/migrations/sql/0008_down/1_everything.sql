ALTER TABLE uploads DROP COLUMN employees_upload_id;
DROP FUNCTION follow_kept_ids();
