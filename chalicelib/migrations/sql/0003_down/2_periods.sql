DROP PROCEDURE closing_table(regclass, text, text, text, text);
DROP FUNCTION keep_closed_months() CASCADE;
DROP TABLE adjustments;
DROP TABLE periods;
