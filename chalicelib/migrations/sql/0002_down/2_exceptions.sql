ALTER TABLE exceptions DROP COLUMN made;
