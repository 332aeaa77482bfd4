"""All SQL on whose people somebody is."""

from collections.abc import Collection
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, text

OWN = "own"
"""The standing of a supervisor or manager."""

_STANDINGS = text(
    """
    SELECT wanted.id, CASE WHEN own.people THEN 'own' ELSE coalesce(deputy.standing, duty.standing) END
    FROM unnest(CAST(:ids AS bigint[])) wanted (id)
    CROSS JOIN LATERAL (
        SELECT EXISTS (
            SELECT FROM assignments a WHERE a.employee_id = wanted.id AND :lead IN (a.supervisor_id, a.manager_id)
            AND a.valid_from <= :today AND (a.valid_to IS NULL OR a.valid_to > :today)) AS people
    ) own
    LEFT JOIN LATERAL (
        SELECT 'deputy of ' || d.lead_id AS standing
        FROM deputies d JOIN assignments a ON d.lead_id IN (a.supervisor_id, a.manager_id)
        WHERE d.employee_id = :lead AND :today BETWEEN d.start_date AND d.end_date
        AND a.employee_id = wanted.id AND a.valid_from <= :today AND (a.valid_to IS NULL OR a.valid_to > :today)
        ORDER BY d.lead_id LIMIT 1
    ) deputy ON true
    LEFT JOIN LATERAL (
        SELECT 'duty_lead of ' || coalesce(a.department, e.department) AS standing
        FROM schedules s JOIN employees e ON e.employee_id = s.employee_id
        LEFT JOIN assignments a ON a.employee_id = s.employee_id
            AND a.valid_from <= s.nominal_date AND (a.valid_to IS NULL OR a.valid_to > s.nominal_date)
        WHERE CAST(:departments AS text[]) <> '{}' AND s.employee_id = wanted.id
        AND NOT s.given_away AND s.start_time IS NOT NULL AND s.start_date BETWEEN :today - 2 AND :today + 1
        AND coalesce(a.department, e.department) = ANY (CAST(:departments AS text[]))
        AND :now >= shift_start(s.start_date, s.start_time, s.stop_date, s.stop_time, :zone) - interval '1 hour'
        AND :now < shift_stop(s.start_date, s.start_time, s.stop_date, s.stop_time, :zone) + interval '1 hour'
        LIMIT 1
    ) duty ON true
    ORDER BY wanted.id
    """
)


def standings(
    conn: Connection,
    *,
    lead: int | None,
    departments: Collection[str],
    employee_ids: Collection[int],
    today: date,
    now: datetime,
    zone: ZoneInfo,
) -> dict[int, str | None]:
    """What each of these people is to the lead, by id: OWN on `today`, the site's; of a lead for whom they stand in;
    at work `now` in one of the departments, an hour more at either end; else None."""
    given = {"ids": sorted(employee_ids), "lead": lead, "departments": sorted(departments)}
    found = conn.execute(_STANDINGS, given | {"today": today, "now": now, "zone": zone.key})
    return {row[0]: row[1] for row in found}
