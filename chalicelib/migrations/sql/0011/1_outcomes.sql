-- What became of each row of a sheet, or would have: a dry run's answer, and a real run's record for some weeks. No foreign
-- key, as with staged rows: it would be checked once per row, and nothing ever deletes an upload.
CREATE TABLE upload_outcomes (
    upload_id BIGINT NOT NULL,
    place INTEGER NOT NULL,
    row_number INTEGER,
    outcome TEXT NOT NULL,
    key TEXT,
    changes JSONB,
    reason TEXT,
    CONSTRAINT upload_outcomes_pkey PRIMARY KEY (upload_id, place),
    CONSTRAINT upload_outcomes_outcome_check CHECK (outcome IN ('new', 'changed', 'removed', 'unchanged', 'duplicate', 'kept', 'disappeared', 'failed'))
);

-- Which of its like each award of a sheet was. Rows that are corrected later are numbered by their sheet, so these stay.
CREATE TABLE upload_awards (
    upload_id BIGINT NOT NULL,
    row_number INTEGER NOT NULL,
    employee_id BIGINT NOT NULL,
    reason_id BIGINT NOT NULL,
    date_awarded DATE NOT NULL,
    place INTEGER NOT NULL,
    CONSTRAINT upload_awards_pkey PRIMARY KEY (upload_id, row_number, employee_id, reason_id, date_awarded)
);

GRANT SELECT, INSERT, UPDATE, DELETE ON upload_outcomes, upload_awards TO opsdb_app;
