DROP TABLE upload_outcomes, upload_awards;
ALTER TABLE uploads DROP COLUMN warning_count, DROP COLUMN brought_by, DROP COLUMN reported_at;
DELETE FROM upload_errors WHERE finding = 'option';
ALTER TABLE upload_errors DROP COLUMN category;
ALTER TABLE upload_errors DROP CONSTRAINT upload_errors_finding_check;
ALTER TABLE upload_errors ADD CONSTRAINT upload_errors_finding_check CHECK (finding IN ('error', 'duplicate', 'kept', 'disappeared', 'warning'));
