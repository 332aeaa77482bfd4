DROP TABLE token_issuers;
