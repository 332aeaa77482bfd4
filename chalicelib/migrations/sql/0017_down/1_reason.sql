ALTER TABLE schedule_changes DROP COLUMN reason;
