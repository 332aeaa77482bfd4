-- What processing an exception made, so that reverting takes exactly that away: ids of schedules, days of attendance.
ALTER TABLE exceptions ADD COLUMN made JSONB;
