-- Each list is sorted as its page asks, its key last, so that a page of a hundred reads a hundred rows.

-- GET /forecasts and /requirements: by the moment, which the key on date, interval and department does not give.
CREATE INDEX forecasts_moment_idx ON forecasts ((date + interval_start), forecast_id);
CREATE INDEX requirements_moment_idx ON requirements ((date + interval_start), requirement_id);

-- GET /schedule_changes: by the date of the shift; there was none for it, and the filter by date read everything too.
CREATE INDEX schedule_changes_schedule_date_idx ON schedule_changes (schedule_date, change_id);
