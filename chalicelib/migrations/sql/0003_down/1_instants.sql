DROP FUNCTION instant_near(timestamp, timestamptz, text);
DROP FUNCTION shift_stop(date, time, date, time, text);
DROP FUNCTION shift_start(date, time, date, time, text);
DROP FUNCTION earlier_instant(timestamp, text);
