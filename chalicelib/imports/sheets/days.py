"""What a sheet's attendance makes of the days that are recorded: who said what before decides (domain.md, rule 1).

Works on two more temporary tables: `proposed` (the days as the sheet would have them, by row number) and `met` (what
in each of them the sheet does not overrule).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, text

from chalicelib.admin.queries import classes
from chalicelib.attendance.entries import SOURCED, entered
from chalicelib.attendance.limits import limits
from chalicelib.attendance.queries import recorded
from chalicelib.attendance.rules import day_of, gives_way
from chalicelib.core.settings import settings
from chalicelib.core.tables import attendances
from chalicelib.imports.sheets.differences import changes, tell
from chalicelib.imports.sheets.sheet import LISTED, Job, record
from chalicelib.imports.sheets.verdicts import judge
from chalicelib.schedules.calendar_queries import calendars
from chalicelib.schedules.calendars import Calendar

PEOPLE = 200
"""So many people's days at a time, so that memory is bounded."""

HEADERS = {"check_in": "Check In", "check_out": "Check Out", "exception_type": "Exception", "notes": "Notes"}
_WRITTEN = [one.name for one in attendances.c if one.name not in {"attendance_id", "created_at"}]


class Met(NamedTuple):
    """A value that stands against the sheet's; it is a lead's, a newer sheet's, or another sheet's."""

    row_number: int
    field: str
    said: str
    stands: str
    whose: str


def propose(conn: Connection, job: Job) -> None:
    """`proposed` and `met`, of the rows without a verdict."""
    conn.execute(text(_TABLES))
    away = {name for name, kind in classes(conn, "attendance_type").items() if kind.startswith("away")}
    newer = {(row.employee_id, row.date) for row in conn.execute(text(_NEWER), {"upload_id": job.upload_id})}
    people = list(conn.execute(text(_PEOPLE)).scalars())
    for number in range(0, len(people), PEOPLE):
        made = list(_proposals(conn, job, people[number : number + PEOPLE], away=away, newer=newer))
        _keep(conn, _PROPOSED, [row for row, _ in made])
        _keep(conn, _MET, [one._asdict() for _, met in made for one in met])
    for table in ("proposed", "met"):
        conn.execute(text(f"ANALYZE {table}"))


def _proposals(
    conn: Connection, job: Job, people: Sequence[int], *, away: set[str], newer: set[tuple[int, date]]
) -> Iterator[tuple[dict[str, Any], list[Met]]]:
    rows = conn.execute(text(_ROWS), {"people": people}).all()
    dates = [row.date for row in rows]
    first, last, zone = min(dates), max(dates), settings().timezone
    before = recorded(conn, employee_ids=people, first=first, last=last)
    plans = calendars(conn, employee_ids=people, first=first, last=last, zone=zone)
    for row in rows:
        if row.employee_id not in plans:
            continue
        key = row.employee_id, row.date
        standing = before.get(key)
        made, met = proposed(
            {name: value for name in HEADERS if (value := getattr(row, name)) is not None},
            msgspec.structs.asdict(standing) if standing else {},
            day=row.date,
            plan=plans[row.employee_id],
            away=away,
            newer=key in newer,
        )
        numbered = {"row_number": row.row_number, "employee_id": row.employee_id, "date": row.date}
        origin = {"attendance_id": standing.attendance_id if standing else None}
        same = standing is not None and all(made[name] == getattr(standing, name) for name in _WRITTEN if name in made)
        found = {**made, **numbered, **origin, "same": same, "upload_id": job.upload_id}
        yield found, [Met(row.row_number, *one) for one in met]


def proposed(
    said: Mapping[str, Any], before: Mapping[str, Any], *, day: date, plan: Calendar, away: set[str], newer: bool
) -> tuple[dict[str, Any], list[tuple[str, str, str, str]]]:
    """The day as it would be, and what of the sheet meets another word: (field, said, stands, whose).

    `said` are the row's filled cells. A lead's value stays, and so does one of a sheet that is `newer`. Another sheet's
    is replaced here, which the caller may not want.
    """
    zone = settings().timezone
    shifts = day_of(plan, day, zone=zone)

    def made(facts: Mapping[str, Any]) -> dict[str, Any]:
        found = entered(facts, before, day=day, shifts=shifts, limits=limits(), zone=zone, source="sheet")
        return {**dict.fromkeys(_WRITTEN), **before, **found}

    met = []
    kept = set()
    would = made(said)
    for name in said:
        stands, source = before.get(name), before.get(f"{name}_source") if name in SOURCED else "sheet"
        if stands is None or _clock(stands) == _clock(would[name]):
            # An equal word of a lead's stays the lead's.
            kept |= {name} if stands is not None and not gives_way(source, "sheet") else set()
            continue
        # What an earlier opsdb left has no source, and somebody meant it.
        replaceable = "newer" if newer else source or "sheet"
        whose = replaceable if gives_way(source, "sheet") else "lead"
        if whose in {"lead", "newer", "sheet"}:
            met.append((name, _shown(said[name]), _shown(stands), whose))
        kept |= {name} if whose in {"lead", "newer"} else set()
    heard = {name: value for name, value in said.items() if name not in kept}
    return made({**heard, **_taken_back(heard, before, away)}), met


def _taken_back(heard: Mapping[str, Any], before: Mapping[str, Any], away: set[str]) -> dict[str, Any]:
    """What only followed from the plan, and the sheet knows better: the shift's own times of somebody who was away."""
    if heard.get("exception_type") in away:
        times = ("check_in", "check_out")
        return {name: None for name in times if name not in heard and before.get(f"{name}_source") == "derived"}
    return {}


def _clock(value: Any) -> Any:
    """Times are compared as the sheet says them; which date they belong to follows from the shifts."""
    return value.time() if hasattr(value, "time") else value


def _shown(value: Any) -> str:
    return f"{value:%H:%M}" if hasattr(value, "hour") else str(value)


def settle(conn: Connection, job: Job) -> int:
    """A verdict for every row that has none; how many warnings there are, of days that are written in part."""
    if not job.options.update_existing:
        judge(conn, job, finding="duplicate", rows=_OTHERWISE)
    judge(conn, job, finding="kept", rows=_KEPT.format(where="i.verdict IS NULL AND d.same"))
    conn.execute(text(_VERDICTS))
    partly = _KEPT.format(where="i.verdict IN ('new', 'changed')")
    record(conn, job, finding="warning", rows=f"{partly} ORDER BY i.row_number LIMIT {LISTED}")
    return int(conn.execute(text(f"SELECT count(*) FROM ({partly}) partly")).scalar_one())


def tell_days(conn: Connection, job: Job) -> None:
    shown = (*HEADERS, "late_minutes", "early_minutes", "overtime_minutes")
    sources = tuple(f"{name}_source" for name in HEADERS if name in SOURCED)
    tell(
        conn,
        job,
        rows=f"""SELECT i.row_number, i.verdict AS outcome, i.employee_id || ' ' || i.date AS key,
                        CASE WHEN o.attendance_id IS NOT NULL AND p.row_number IS NOT NULL
                             THEN {changes((*shown, *sources), new="p")}
                             WHEN p.row_number IS NOT NULL THEN {changes(shown, new="p")} END AS changes
                 FROM incoming i LEFT JOIN proposed p ON p.row_number = i.row_number
                 LEFT JOIN attendances o ON o.employee_id = i.employee_id AND o.date = i.date""",
    )


def write(conn: Connection, job: Job) -> None:
    """The proposed days, but for those that stay as they are."""
    names = ", ".join(_WRITTEN)
    facts = [name for name in _WRITTEN if name not in {"employee_id", "date"}]
    said = ", ".join(f"{name} = p.{name}" for name in facts)
    of = "FROM proposed p JOIN incoming i ON i.row_number = p.row_number WHERE i.verdict = '{}'"
    conn.execute(text(f"UPDATE attendances a SET {said} {of.format('changed')} AND a.attendance_id = p.attendance_id"))
    listed = ", ".join(f"p.{name}" for name in _WRITTEN)
    conn.execute(text(f"INSERT INTO attendances ({names}) SELECT {listed} {of.format('new')} ORDER BY i.row_number"))


def _keep(conn: Connection, statement: str, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        conn.execute(text(statement), {"rows": msgspec.json.encode(rows).decode()})


_TABLES = """
    CREATE TEMPORARY TABLE proposed ON COMMIT DROP AS
    SELECT NULL::integer AS row_number, NULL::boolean AS same, a.* FROM attendances a WHERE false;
    CREATE TEMPORARY TABLE met (row_number integer, field text, said text, stands text, whose text) ON COMMIT DROP"""
_PROPOSED = "INSERT INTO proposed SELECT * FROM jsonb_populate_recordset(NULL::proposed, CAST(:rows AS jsonb))"
_MET = "INSERT INTO met SELECT * FROM jsonb_populate_recordset(NULL::met, CAST(:rows AS jsonb))"
_PEOPLE = "SELECT DISTINCT employee_id FROM incoming WHERE verdict IS NULL ORDER BY 1"
_ROWS = """
    SELECT row_number, employee_id, date, check_in, check_out, exception_type, notes FROM incoming
    WHERE verdict IS NULL AND employee_id = ANY (:people) ORDER BY row_number"""
_NEWER = """
    SELECT i.employee_id, i.date FROM incoming i JOIN attendances a ON a.employee_id = i.employee_id AND a.date = i.date
    JOIN uploads u ON u.upload_id = a.upload_id JOIN uploads this ON this.upload_id = :upload_id
    WHERE u.object_modified > this.object_modified"""

GONE = """
    SELECT row_number, 'Employee - ID', employee_id::text, 'is no employee any more' FROM incoming i
    WHERE verdict IS NULL AND NOT EXISTS (SELECT FROM proposed p WHERE p.row_number = i.row_number)"""
ARCHIVED = """
    SELECT i.row_number, 'Date', i.date::text, 'is in the archive'
    FROM incoming i JOIN attendances_history h ON h.employee_id = i.employee_id AND h.date = i.date
    WHERE i.verdict IS NULL"""
CLOSED = """
    SELECT i.row_number, 'Date', i.date::text, 'is in a month that is closed; an admin may correct it, as an adjustment'
    FROM incoming i JOIN proposed d ON d.row_number = i.row_number
    JOIN periods p ON p.month = date_trunc('month', i.date)
    WHERE i.verdict IS NULL AND NOT d.same"""

_NAMES = " ".join(f"WHEN '{name}' THEN '{header}'" for name, header in HEADERS.items())
_HEADER = f"CASE m.field {_NAMES} END"
_OTHERWISE = f"""
    SELECT i.row_number, {_HEADER}, m.said, 'is ' || m.stands || ' here already: update-existing changes it'
    FROM incoming i JOIN met m ON m.row_number = i.row_number WHERE i.verdict IS NULL AND m.whose = 'sheet'"""
_KEPT = f"""
    SELECT i.row_number, {_HEADER}, m.said,
           'kept: ' || m.stands || CASE m.whose WHEN 'lead' THEN ' is what a lead said' ELSE ' is of a newer sheet' END
    FROM incoming i JOIN met m ON m.row_number = i.row_number JOIN proposed d ON d.row_number = i.row_number
    WHERE m.whose <> 'sheet' AND {{where}}"""
_VERDICTS = """
    UPDATE incoming i SET verdict = CASE WHEN d.same THEN 'unchanged' WHEN d.attendance_id IS NULL THEN 'new'
                                         ELSE 'changed' END
    FROM proposed d WHERE d.row_number = i.row_number AND i.verdict IS NULL"""
