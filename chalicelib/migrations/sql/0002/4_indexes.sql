-- GET /schedule_changes is sorted by the date of the shift: a page of a hundred reads a hundred rows and sorts none.
CREATE INDEX schedule_changes_schedule_date_idx ON schedule_changes (schedule_date, change_id);
