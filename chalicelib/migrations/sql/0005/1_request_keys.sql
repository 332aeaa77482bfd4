-- What was answered to requests that may be sent again, written with what they wrote.
CREATE TABLE request_keys (
    caller TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint BYTEA NOT NULL,
    status INTEGER,
    answer TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT request_keys_pkey PRIMARY KEY (caller, key)
);
CREATE INDEX request_keys_created_at_idx ON request_keys (created_at);

-- Answers name people, and analysts have no business with them.
GRANT SELECT, INSERT, UPDATE, DELETE ON request_keys TO opsdb_app;
