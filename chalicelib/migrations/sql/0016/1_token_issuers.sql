-- Whose tokens are taken: delivered by whoever deploys, who reaches the pool; the functions do not. The keys are public ones.
CREATE TABLE token_issuers (
    issuer TEXT NOT NULL,
    client_id TEXT NOT NULL,
    address TEXT,
    public_keys JSONB NOT NULL,
    delivered_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT token_issuers_pkey PRIMARY KEY (issuer)
);
GRANT SELECT ON token_issuers TO opsdb_app;
