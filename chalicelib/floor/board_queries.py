"""All SQL on the live floor and the daily report: a page of those who stand somehow, and how many do."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache

import msgspec
from sqlalchemy import Connection, TextClause, text

from chalicelib.attendance.queries import Local
from chalicelib.core.errors import Invalid
from chalicelib.core.inputs import Clock, PersonFilters
from chalicelib.floor.standing_queries import Look, given, sources
from chalicelib.floor.states import STANDS, STATES, Stand, State


class OnFloor(msgspec.Struct, frozen=True):
    """One person's working day as it stands. Department and supervisor are those of the nominal date.

    `starts_at` and `stops_at` are the first start and the last stop of what is left to work after hours on leave, as
    instants, `start_time` and `stop_time` the same on the site's clock; an away day may have none. `why` says where the
    work code comes from, `why_id` and `why_type` which leave or exception that is. `stand` is how the figures count it.
    """

    employee_id: int
    full_name: str | None
    first_name: str | None
    last_name: str | None
    department: str | None
    supervisor: str | None
    batch: str | None
    nominal_date: date
    schedule_id: int
    starts_at: datetime | None
    stops_at: datetime | None
    start_time: Clock | None
    stop_time: Clock | None
    work_code: str
    work_class: str | None
    why: str
    why_id: int | None
    why_type: str | None
    state: State
    stand: Stand | None
    check_in: Local | None
    check_out: Local | None
    expected_at: Local | None
    awaited_minutes: int | None
    late_minutes: int | None
    overtime_minutes: int | None
    mark: str | None
    covers_employee_id: int | None
    covers_name: str | None
    covered_by_employee_id: int | None
    covered_by_name: str | None
    notes: str | None


class BoardFilters(PersonFilters, frozen=True, kw_only=True):
    """Which people, by where they belong on the nominal date, and standing how."""

    state: list[State] = []
    stand: list[Stand] = []


class Tally(msgspec.Struct, frozen=True):
    """How many people stand how, each state and stand named."""

    states: dict[State, int]
    stands: dict[Stand, int]
    net_scheduled: int


class Found(msgspec.Struct, frozen=True):
    """One page of the board; `total` counts every row that matches, the tally those of any state and stand too."""

    total: int
    tally: Tally
    rows: list[OnFloor]


STAND_INS = """stand_ins AS MATERIALIZED (
        SELECT covered AS employee_id, day AS nominal_date, min(employee_id) AS by_id
        FROM (
            SELECT cover_up_for_employee_id AS covered, date AS day, employee_id FROM attendances
            WHERE date BETWEEN :first AND :last AND cover_up_for_employee_id IS NOT NULL
            UNION ALL
            SELECT theirs.employee_id, mine.nominal_date, mine.employee_id
            FROM schedules mine JOIN schedules theirs ON theirs.schedule_id = mine.covers_schedule_id
            WHERE mine.nominal_date BETWEEN :first AND :last AND NOT mine.given_away
              AND mine.covers_schedule_id IS NOT NULL
        ) taken
        GROUP BY covered, day)"""
"""Who works for somebody who is away: by a cover, or by the mark of the day."""

_SHOWN: Mapping[str, str] = {
    **{name: f"e.{name}" for name in ("first_name", "last_name", "batch")},
    "start_time": "CAST(b.starts_at AT TIME ZONE :zone AS time)",
    "stop_time": "CAST(b.stops_at AT TIME ZONE :zone AS time)",
    "work_code": "v.effective_work_code",
    "work_class": "v.effective_class",
    "why": "CASE WHEN b.leave_id IS NULL THEN v.why ELSE 'leave' END",
    "why_id": "coalesce(b.leave_id, v.why_id)",
    "why_type": "coalesce(l.leave_type, x.exception_type)",
    "expected_at": "t.expected_at",
    "awaited_minutes": """CASE WHEN b.state IN ('awaited', 'expected')
        THEN greatest(0, CAST(floor(extract(epoch FROM :now - b.starts_at) / 60) AS integer)) END""",
    "covers_employee_id": "c.employee_id",
    "covers_name": "c.full_name",
    "covered_by_employee_id": "y.employee_id",
    "covered_by_name": "y.full_name",
    "notes": "t.notes",
}
COLUMNS = ", ".join(f"{_SHOWN.get(name, f'b.{name}')} AS {name}" for name in OnFloor.__struct_fields__)

DETAILS = """
    LEFT JOIN employees e ON e.employee_id = b.employee_id
    LEFT JOIN attendances t ON t.attendance_id = b.attendance_id
    LEFT JOIN LATERAL (
        SELECT * FROM effective_schedules WHERE effective_schedules.schedule_id = b.schedule_id OFFSET 0) v ON true
    LEFT JOIN leave_requests l
        ON l.leave_id = coalesce(b.leave_id, CASE WHEN v.why = 'leave' THEN v.why_id END)
    LEFT JOIN exceptions x
        ON b.leave_id IS NULL AND x.exception_id = CASE WHEN v.why = 'exception' THEN v.why_id END
    LEFT JOIN schedules theirs ON theirs.schedule_id = v.covers_schedule_id
    LEFT JOIN employees c ON c.employee_id = coalesce(theirs.employee_id, t.cover_up_for_employee_id)
    LEFT JOIN stand_ins i ON i.employee_id = b.employee_id AND i.nominal_date = b.nominal_date
    LEFT JOIN employees y ON y.employee_id = i.by_id"""
"""What only the rows that are shown need, looked up for each row `b` of the board."""

_TALLY = ", ".join(
    [
        *(f"count(*) FILTER (WHERE state = '{one}')" for one in STATES),
        *(f"count(*) FILTER (WHERE stand = '{one}')" for one in STANDS),
        "count(*) FILTER (WHERE due AND stand IS NOT NULL)",
    ]
)
_PAGE = """
    WITH {sources}, {stand_ins},
    matching AS (SELECT * FROM board WHERE {matching}),
    tally AS (SELECT (SELECT count(*) FROM matching) AS total, ARRAY[{tally}] AS counts FROM board)
    SELECT tally.total, tally.counts, found.*
    FROM tally LEFT JOIN (
        SELECT row_number() OVER (ORDER BY {order}) AS place, {columns}
        FROM (SELECT * FROM matching b ORDER BY {order} LIMIT :limit OFFSET :offset) b{details}
    ) found ON true
    ORDER BY found.place"""

SORTS: Mapping[str, str] = {
    **{
        name: f"b.{name}" for name in ("starts_at", "stops_at", "nominal_date", "full_name", "department", "supervisor")
    },
    "state": f"array_position(ARRAY[{', '.join(repr(one) for one in STATES)}], b.state)",
    **{name: f"b.{name}" for name in ("stand", "check_in", "late_minutes", "employee_id")},
}


@lru_cache(maxsize=100)
def prepared(statement: str) -> TextClause:
    """The statement with its parameters found, which takes a millisecond; there are as many as ways to ask."""
    return text(statement)


def list_board(conn: Connection, *, query: BoardFilters, look: Look) -> Found:
    """Who stands how, one page, by the start of the shift; and how many do over everybody chosen. One question."""
    matching = [f"{name} = ANY(:{name})" for name in ("state", "stand") if getattr(query, name)]
    statement = _PAGE.format(
        sources=sources(look, query),
        stand_ins=STAND_INS,
        matching=" AND ".join(matching) or "true",
        tally=_TALLY,
        order=_order(query),
        columns=COLUMNS,
        details=DETAILS,
    )
    asked = {name: getattr(query, name) for name in ("state", "stand", "limit", "offset")}
    rows = conn.execute(prepared(statement), {**given(look, query), **asked}).all()
    total, counts = rows[0][:2]
    return Found(total, _tally(counts), [OnFloor(*row[3:]) for row in rows if row[2] is not None])


def _order(query: PersonFilters) -> str:
    if query.sort and query.sort not in SORTS:
        raise Invalid(f"sort: must be one of: {', '.join(SORTS)}; got {query.sort[:80]!r}")
    by = SORTS[query.sort or next(iter(SORTS))]
    way = "DESC NULLS LAST" if query.order == "desc" else "ASC NULLS LAST"
    return f"{by} {way}, b.employee_id, b.nominal_date"


def _tally(counts: Sequence[int]) -> Tally:
    states, stands = counts[: len(STATES)], counts[len(STATES) : -1]
    return Tally(dict(zip(STATES, states, strict=True)), dict(zip(STANDS, stands, strict=True)), counts[-1])


class NamedHoliday(msgspec.Struct, frozen=True):
    """A holiday of a date; without a department everybody's."""

    name: str
    department: str | None


def holidays_on(conn: Connection, *, day: date, departments: Collection[str]) -> list[NamedHoliday]:
    """The holidays of that date; with departments those of these and everybody's."""
    found = conn.execute(
        text(
            """SELECT name, department FROM holidays WHERE date = :day
            AND (department IS NULL OR :every OR department = ANY(CAST(:departments AS text[])))
            ORDER BY department NULLS FIRST, name"""
        ),
        {"day": day, "every": not departments, "departments": list(departments)},
    )
    return [NamedHoliday(*row) for row in found]
