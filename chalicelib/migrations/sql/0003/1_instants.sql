-- From the site's clocks to instants, as chalicelib/schedules/instants.py has it; a test holds the two together.
-- AT TIME ZONE takes the later of two instants at which the clocks show the same; this is the earlier.
CREATE FUNCTION earlier_instant(local timestamp, zone text) RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT CASE
        WHEN ((local AT TIME ZONE zone) - interval '1 hour') AT TIME ZONE zone = local
        THEN (local AT TIME ZONE zone) - interval '1 hour'
        WHEN ((local AT TIME ZONE zone) - interval '30 minutes') AT TIME ZONE zone = local
        THEN (local AT TIME ZONE zone) - interval '30 minutes'
        ELSE local AT TIME ZONE zone
    END
$$;

-- Each edge of a shift is the occurrence nearest to the other one: the later start, unless both are in the repeated hour.
CREATE FUNCTION shift_start(start_date date, start_time time, stop_date date, stop_time time, zone text)
RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT CASE
        WHEN public.earlier_instant(stop_date + stop_time, zone) < (stop_date + stop_time) AT TIME ZONE zone
        THEN public.earlier_instant(start_date + start_time, zone)
        ELSE (start_date + start_time) AT TIME ZONE zone
    END
$$;

-- And the earlier stop. A shift that ends within the hour after the missing one may come out empty, never negative.
CREATE FUNCTION shift_stop(start_date date, start_time time, stop_date date, stop_time time, zone text)
RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT greatest(public.earlier_instant(stop_date + stop_time, zone),
                    public.shift_start(start_date, start_time, stop_date, stop_time, zone))
$$;

-- What a clock showed, near an edge of the shift it belongs to; as near to both is the earlier.
CREATE FUNCTION instant_near(local timestamp, edge timestamptz, zone text)
RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT CASE
        WHEN (local AT TIME ZONE zone) - edge < edge - public.earlier_instant(local, zone)
        THEN local AT TIME ZONE zone
        ELSE public.earlier_instant(local, zone)
    END
$$;
