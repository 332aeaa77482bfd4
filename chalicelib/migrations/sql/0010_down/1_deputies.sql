ALTER TABLE audit_log DROP COLUMN acting;
DROP TABLE deputies;
