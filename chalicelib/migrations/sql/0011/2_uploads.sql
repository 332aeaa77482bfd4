ALTER TABLE uploads ADD COLUMN warning_count INTEGER DEFAULT 0 NOT NULL;

-- The person of the floor who brought it, of whom it may say nothing that people may not decide about themselves.
ALTER TABLE uploads ADD COLUMN brought_by BIGINT;
ALTER TABLE uploads ADD CONSTRAINT uploads_brought_by_fkey FOREIGN KEY(brought_by) REFERENCES people (employee_id);

-- When its answer lay beside it in the bucket: what ended without one is completed by the sweep.
ALTER TABLE uploads ADD COLUMN reported_at TIMESTAMP WITH TIME ZONE;
UPDATE uploads SET reported_at = finished_at;

-- The dropdown whose value a row error is about, so that values that are new are told once and not row by row.
ALTER TABLE upload_errors ADD COLUMN category TEXT;
ALTER TABLE upload_errors DROP CONSTRAINT upload_errors_finding_check;
ALTER TABLE upload_errors ADD CONSTRAINT upload_errors_finding_check CHECK (finding IN ('error', 'duplicate', 'kept', 'disappeared', 'warning', 'option'));
