"""SQL that says of everybody's working day how they stand: one row for each, in one statement however many they are.

`standing` in states.py is what it says; a test holds the two together.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

import msgspec

from chalicelib.core.inputs import PersonFilters
from chalicelib.floor.states import AHEAD, LATE, MISSED, Moment
from chalicelib.schedules.belonging_queries import GONE
from chalicelib.schedules.calendars import AWAY, BUSY, WORKED
from chalicelib.schedules.instants import Interval
from chalicelib.schedules.rules import ONE_DAY


class Look(msgspec.Struct, frozen=True):
    """What is looked at: nominal dates, both included; where `near` is given, only shifts that touch it."""

    at: Moment
    first: date
    last: date
    near: Interval | None = None

    @classmethod
    def around(cls, at: Moment, *, before: timedelta, after: timedelta) -> "Look":
        """The shifts that have any moment from so long before until so long after. A shift starts a day from its
        nominal date at most, and stops two after it."""
        near = Interval(at.now - before, at.now + after)
        first, last = (_clock(one, at).date() for one in (near.start - _SLACK, near.stop + _SLACK))
        return cls(at, first - 2 * ONE_DAY, last + ONE_DAY, near)

    @property
    def plain(self) -> bool:
        """Whether the site's clocks do not change near these dates, so that each of their times is one instant."""
        days = range((self.last - self.first).days + 6)
        noons = (datetime.combine(self.first + (one - 2) * ONE_DAY, datetime.min.time(), self.at.zone) for one in days)
        return len({noon.utcoffset() for noon in noons}) == 1


_SLACK = timedelta(hours=3)
"""More than clocks ever change by: what is chosen by local times is chosen with so much on either side."""


def _words(values: Iterable[str]) -> str:
    return ", ".join(f"'{one}'" for one in sorted(values))


_BUSY, _WORKED, _AWAY, _MISSED = (f"({_words(one)})" for one in (BUSY, WORKED, AWAY, MISSED))

BELONGING: Mapping[str, str] = {
    **{name: f"coalesce(a.{name}, e.{name})" for name in ("department", "supervisor", "manager", "shift", "role")},
    "batch": "e.batch",
    "employee_status": "e.status",
}
"""What people are chosen by."""

_CHOSEN = """chosen AS MATERIALIZED (
        SELECT e.employee_id FROM employees e
        LEFT JOIN assignments a ON a.employee_id = e.employee_id
            AND a.valid_from <= :last AND (a.valid_to IS NULL OR a.valid_to > :first)
        WHERE {wanted}),
    """
"""Who may be meant, so that nobody else's rows are looked at; where they belong on the day itself is asked again."""

_NEAR = """near AS MATERIALIZED (
        SELECT s.employee_id, s.nominal_date FROM schedules s
        WHERE s.nominal_date BETWEEN :first AND :last AND s.start_time IS NOT NULL AND NOT s.given_away{mine}
        GROUP BY s.employee_id, s.nominal_date
        HAVING min(s.start_date + s.start_time) <= :clock_last AND max(s.stop_date + s.stop_time) >= :clock_first),
    """

_SOURCES = f"""{{chosen}}{{near}}laid AS MATERIALIZED (
        SELECT DISTINCT ON (l.employee_id, day) l.employee_id, greatest(l.start_date, :first) + n AS day, codes.class
        FROM (
            SELECT r.employee_id, r.start_date, r.end_date, r.leave_id AS id, kinds.work_code AS code, 1 AS rank
            FROM leave_requests r
            JOIN admin_options kinds ON kinds.category = 'leave_type' AND kinds.value = r.leave_type
            WHERE r.status = 'Approved' AND r.start_time IS NULL AND r.start_date <= :last AND r.end_date >= :first
            UNION ALL
            SELECT x.employee_id, x.start_date, x.end_date, x.exception_id, coalesce(x.work_code, kinds.work_code), 2
            FROM exceptions x
            JOIN admin_options kinds ON kinds.category = 'exception_type' AND kinds.value = x.exception_type
            WHERE x.status = 'Completed' AND x.start_date <= :last AND x.end_date >= :first
        ) l
        CROSS JOIN LATERAL generate_series(0, least(l.end_date, :last) - greatest(l.start_date, :first)) n
        JOIN admin_options codes ON codes.category = 'work_code' AND codes.value = l.code
        ORDER BY l.employee_id, day, l.rank, l.start_date, l.id),
    hours AS MATERIALIZED (
        SELECT leave_id, employee_id, start_date AS day, start_time, end_time,
               CAST(end_time <= start_time AS integer) AS overnight
        FROM leave_requests
        WHERE status = 'Approved' AND start_time IS NOT NULL AND start_date BETWEEN :first AND :last),
    belonged AS MATERIALIZED (
        SELECT employee_id, valid_from, valid_to, supervisor, manager, department, role, shift FROM assignments
        WHERE valid_from <= :last AND (valid_to IS NULL OR valid_to > :first)),
    planned AS (
        SELECT s.employee_id, s.nominal_date, s.schedule_id, {{start}} AS starts_at, {{stop}} AS stops_at,
               CASE WHEN codes.class = 'off' OR laid.day IS NULL THEN codes.class ELSE laid.class END AS class
        FROM schedules s {{only}}
        LEFT JOIN admin_options codes ON codes.category = 'work_code' AND codes.value = s.work_code
        LEFT JOIN laid ON laid.employee_id = s.employee_id AND laid.day = s.nominal_date
        WHERE s.nominal_date BETWEEN :first AND :last AND NOT s.given_away{{mine}}
        OFFSET 0),
    left_to_do AS (
        SELECT p.employee_id, p.nominal_date, p.schedule_id, p.starts_at, p.stops_at, h.leave_id,
               CASE WHEN (t.starts_at, t.stops_at) = (p.starts_at, p.stops_at) THEN 'away_planned' ELSE p.class END
                   AS class,
               CASE WHEN t.starts_at = p.starts_at THEN t.stops_at ELSE p.starts_at END AS begins_at,
               CASE WHEN t.stops_at = p.stops_at THEN t.starts_at ELSE p.stops_at END AS ends_at
        FROM planned p
        LEFT JOIN hours h ON h.employee_id = p.employee_id AND h.day = p.nominal_date
        LEFT JOIN LATERAL (
            SELECT greatest(x.starts_at, p.starts_at) AS starts_at, least(x.stops_at, p.stops_at) AS stops_at
            FROM (
                SELECT n,
                       shift_start(h.day + n, h.start_time, h.day + n + h.overnight, h.end_time, :zone) AS starts_at,
                       shift_stop(h.day + n, h.start_time, h.day + n + h.overnight, h.end_time, :zone) AS stops_at
                FROM generate_series(0, 1) n WHERE h.leave_id IS NOT NULL AND p.class IN {_BUSY} OFFSET 0
            ) x
            WHERE greatest(x.starts_at, p.starts_at) < least(x.stops_at, p.stops_at)
            ORDER BY n LIMIT 1
        ) t ON true
        OFFSET 0),
    days AS (
        SELECT employee_id, nominal_date, max(leave_id) AS leave_id,
               min(begins_at) FILTER (WHERE class IN {_BUSY}) AS due_from,
               max(ends_at) FILTER (WHERE class IN {_BUSY}) AS due_till,
               min(starts_at) FILTER (WHERE class IN {_WORKED}) AS net_from,
               min(starts_at) FILTER (WHERE class IN {_AWAY}) AS away_from,
               max(stops_at) FILTER (WHERE class IN {_AWAY}) AS away_till,
               (min(ARRAY[coalesce(CAST(extract(epoch FROM starts_at) AS bigint), 0), schedule_id])
                   FILTER (WHERE class IN {_BUSY} AND starts_at IS NOT NULL))[2] AS due_id,
               (min(ARRAY[coalesce(CAST(extract(epoch FROM starts_at) AS bigint), 0), schedule_id])
                   FILTER (WHERE class IN {_AWAY}))[2] AS away_id
        FROM left_to_do
        GROUP BY employee_id, nominal_date
        HAVING bool_or(class IN {_AWAY} OR (class IN {_BUSY} AND starts_at IS NOT NULL))),
    seen AS (
        SELECT s.employee_id, s.nominal_date, s.leave_id, s.net_from, s.due_id IS NOT NULL AS due,
               coalesce(s.due_id, s.away_id) AS schedule_id, coalesce(s.due_from, s.away_from) AS starts_at,
               coalesce(s.due_till, s.away_till) AS stops_at, e.full_name, {BELONGING["department"]} AS department,
               {BELONGING["supervisor"]} AS supervisor, t.attendance_id, t.check_in, t.check_out, t.late_minutes,
               t.overtime_minutes, t.exception_type AS mark, marks.class AS mark_class,
               {{left_at}} AS left_at, {{due_at}} AS due_at
        FROM days s
        LEFT JOIN employees e ON e.employee_id = s.employee_id
        LEFT JOIN belonged a ON a.employee_id = s.employee_id
            AND a.valid_from <= s.nominal_date AND (a.valid_to IS NULL OR a.valid_to > s.nominal_date)
        LEFT JOIN attendances t ON t.employee_id = s.employee_id AND t.date = s.nominal_date
            AND t.date BETWEEN :first AND :last
        LEFT JOIN admin_options marks ON marks.category = 'attendance_type' AND marks.value = t.exception_type
        WHERE {GONE} IS NOT TRUE{{wanted}}
        OFFSET 0),
    board AS MATERIALIZED (
        SELECT *,
               CASE WHEN NOT due OR mark_class = 'away_planned'
                         OR (mark_class = 'away_unplanned' AND mark NOT IN {_MISSED}) THEN 'away'
                    WHEN mark IN {_MISSED}
                         OR (nominal_date <= :closed AND check_in IS NULL AND check_out IS NULL AND mark IS NULL)
                    THEN 'no_show'
                    WHEN left_at <= :now THEN 'out'
                    WHEN check_in IS NOT NULL OR mark_class IN {_BUSY}
                    THEN CASE WHEN mark = '{LATE}' OR late_minutes > 0 THEN 'late' ELSE 'in' END
                    WHEN due_at + :grace >= :now THEN 'expected'
                    WHEN starts_at - interval '{AHEAD // timedelta(minutes=1)} minutes' <= :now THEN 'awaited'
                    ELSE 'upcoming' END AS state,
               CASE WHEN NOT due THEN 'away'
                    WHEN net_from IS NULL OR net_from > :now THEN NULL
                    WHEN mark_class = 'away_planned' THEN 'away'
                    WHEN mark_class = 'away_unplanned' THEN 'absent'
                    WHEN check_in IS NOT NULL OR mark_class IN {_WORKED} THEN 'present'
                    WHEN nominal_date <= :closed THEN 'absent' ELSE 'unmarked' END AS stand
        FROM seen {{touching}})"""

_ONLY = "JOIN near ON near.employee_id = s.employee_id AND near.nominal_date = s.nominal_date"
_TOUCHING = "WHERE starts_at <= :near_last AND stops_at > :near_first"
_SHIFT = "s.start_date, s.start_time, s.stop_date, s.stop_time, :zone"
_PLAIN = {
    "start": "(s.start_date + s.start_time) AT TIME ZONE :zone",
    "stop": "(s.stop_date + s.stop_time) AT TIME ZONE :zone",
    "left_at": "t.check_out AT TIME ZONE :zone",
    "due_at": "t.expected_at AT TIME ZONE :zone",
}
_CAREFUL = {
    "start": f"shift_start({_SHIFT})",
    "stop": f"shift_stop({_SHIFT})",
    "left_at": "instant_near(t.check_out, coalesce(s.due_till, s.away_till), :zone)",
    "due_at": "instant_near(t.expected_at, coalesce(s.due_from, s.away_from), :zone)",
}


def sources(look: Look, query: PersonFilters) -> str:
    """The tables of a statement up to `board`: a row for each person and nominal date, with state and stand."""
    wanted = [f"{column} = ANY(:{name})" for name, column in BELONGING.items() if getattr(query, name)]
    mine = " AND s.employee_id IN (SELECT employee_id FROM chosen)" if wanted else ""
    if query.employee_id:
        mine += " AND s.employee_id = ANY(:employee_id)"
    near = look.near is not None
    return _SOURCES.format(
        chosen=_CHOSEN.format(wanted=" AND ".join(wanted)) if wanted else "",
        near=_NEAR.format(mine=mine) if near else "",
        only=_ONLY if near else "",
        mine=mine,
        wanted="".join(f" AND {one}" for one in wanted),
        touching=_TOUCHING if near else "",
        **(_PLAIN if look.plain else _CAREFUL),
    )


def given(look: Look, query: PersonFilters) -> dict[str, Any]:
    """The parameters of `sources`."""
    at, near = look.at, look.near or Interval(look.at.now, look.at.now)
    return {
        "first": look.first,
        "last": look.last,
        "now": at.now,
        "zone": at.zone.key,
        "grace": at.grace,
        "closed": at.closed,
        "near_first": near.start,
        "near_last": near.stop,
        "clock_first": _clock(near.start - _SLACK, at),
        "clock_last": _clock(near.stop + _SLACK, at),
        **{name: getattr(query, name) for name in (*BELONGING, "employee_id")},
    }


def _clock(moment: datetime, at: Moment) -> datetime:
    return moment.astimezone(at.zone).replace(tzinfo=None)
