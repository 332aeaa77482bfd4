"""SQL that sums person-days as `totals_of` does: the plain ones in the database, the others by `totals_of` itself.

A person-day is plain with at most one row of the plan that was not given away, and no leave of some hours: what it
adds takes no sets of intervals, and that is most of any floor. What was given away adds nothing. Times are local to the
site, which differ by elapsed time unless the clocks change near; there they are in UTC.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, text

from chalicelib.reports.filters import Asked
from chalicelib.reports.person_day_queries import unusual_days
from chalicelib.reports.person_days import USUAL_MINUTES, PersonDay
from chalicelib.reports.source_queries import CLASS, CLASSES, KEYS, LAST_SHIFT, chosen, given, people, sources
from chalicelib.reports.spans import Span
from chalicelib.reports.totals import VALUES, Grouping, Key, Totals, totals_of

Groups = dict[Key, Totals]

MINUTES = "CAST(floor(date_part('epoch', {}) / 60) AS integer)"
WORKED, _BUSY, AWAY = "('work', 'nesting')", "('work', 'nesting', 'training')", "('away_planned', 'away_unplanned')"

_LOCAL = {
    "start": "d.start_date + d.start_time",
    "stop": "d.stop_date + d.stop_time",
    "check_in": "d.check_in",
    "check_out": "d.check_out",
    "clock": "CAST(:clock AS timestamp)",
}
_EXACT = {
    "start": "shift_start(d.start_date, d.start_time, d.stop_date, d.stop_time, :zone)",
    "stop": "shift_stop(d.start_date, d.start_time, d.stop_date, d.stop_time, :zone)",
    "check_in": "d.check_in AT TIME ZONE :zone",
    "check_out": "d.check_out AT TIME ZONE :zone",
    "clock": "CAST(:now AS timestamptz)",
}
"""The same as instants, unless the clocks have shown a check-in or check-out twice, which is left to Python."""

_DAYS = f"""
    SELECT {{keys}}, d.day, u.employee_id IS NULL AS plain, {{moments}}, {CLASS} AS class,
           CASE WHEN d.schedule_id IS NOT NULL AND d.start_time IS NULL AND d.day <= :today AND {CLASS} IN {AWAY}
                THEN coalesce({LAST_SHIFT}, {USUAL_MINUTES}) END AS untimed,
           marks.class AS mark, d.late_minutes AS late, d.early_minutes AS early, d.overtime_minutes AS overtime,
           CASE WHEN d.overtime_approved AND (marks.class IN {AWAY}) IS NOT TRUE THEN d.overtime_minutes ELSE 0 END
               AS approved
    FROM (
        SELECT * FROM (SELECT * FROM plan WHERE NOT given_away) s FULL JOIN seen t USING (employee_id, day)
    ) d{CLASSES}{{people}}
    LEFT JOIN unnest(CAST(:ids AS bigint[]), CAST(:days AS date[])) u (employee_id, day)
        ON u.employee_id = d.employee_id AND u.day = d.day
    WHERE {{chosen}}
    OFFSET 0"""

_BEGUN = f"""
    SELECT *, start <= clock AND start < stop AND class IS DISTINCT FROM 'off' AS begun,
           {MINUTES.format("stop - start")} AS length,
           {MINUTES.format("clock - start")} AS due,
           CASE WHEN (start <= clock AND start < stop AND class IN {WORKED}) IS NOT TRUE THEN NULL
                WHEN mark = 'away_planned' THEN 'away'
                WHEN mark = 'away_unplanned' THEN 'absent'
                WHEN mark IN {WORKED} OR check_in IS NOT NULL THEN 'present'
                WHEN day <= :closed THEN 'absent' ELSE 'unmarked' END AS standing
    FROM ({_DAYS}) days OFFSET 0"""

_WORK = f"""
    SELECT *,
           CASE WHEN standing = 'present' THEN greatest(0, {
    MINUTES.format(
        "least(coalesce(check_out, stop - early * interval '1 minute'), stop, clock)"
        " - greatest(coalesce(check_in, start + late * interval '1 minute'), start)"
    )
}) ELSE 0 END AS inside,
           CASE WHEN approved > 0 AND start IS NOT NULL AND class IN {_BUSY}
                THEN least(approved, greatest(0, {MINUTES.format("clock - stop")}))
                WHEN approved > 0 THEN CASE WHEN day <= :today THEN approved ELSE 0 END
                WHEN standing = 'present' AND check_out IS NOT NULL
                THEN greatest(0, greatest(0, {
    MINUTES.format("least(check_out, clock) - greatest(stop, check_in)")
}) - overtime)
                ELSE 0 END AS extra
    FROM ({_BEGUN}) begun OFFSET 0"""

_SUMS = {
    "gross_minutes": "sum(length) FILTER (WHERE plain AND begun)",
    "gross_people": "count(*) FILTER (WHERE plain AND begun)",
    "net_minutes": "sum(length) FILTER (WHERE plain AND standing IS NOT NULL)",
    "net_people": "count(standing) FILTER (WHERE plain)",
    "present": "count(*) FILTER (WHERE plain AND standing = 'present')",
    "unmarked": "count(*) FILTER (WHERE plain AND standing = 'unmarked')",
    "absent": "count(*) FILTER (WHERE plain AND standing = 'absent')",
    "late": "count(*) FILTER (WHERE plain AND standing = 'present' AND late > 0)",
    "due_minutes": "sum(least(length, due)) FILTER (WHERE plain AND standing IS NOT NULL)",
    "inside_minutes": "sum(inside) FILTER (WHERE plain)",
    "worked_minutes": "sum(inside + extra) FILTER (WHERE plain)",
    "training_minutes": "sum(length) FILTER (WHERE plain AND begun AND class = 'training')",
    "planned_minutes": """sum(coalesce(untimed, length)) FILTER (WHERE plain AND (standing = 'away'
            OR class = 'away_planned' AND (begun OR untimed IS NOT NULL)))""",
    "unplanned_minutes": """sum(coalesce(untimed, length)) FILTER (WHERE plain AND (standing = 'absent'
            OR class = 'away_unplanned' AND (begun OR untimed IS NOT NULL)))""",
    "untimed_minutes": "sum(untimed) FILTER (WHERE plain)",
    "lost_minutes": "sum(least(late + early, length)) FILTER (WHERE plain AND standing = 'present')",
}
assert tuple(_SUMS) == tuple(one.name for one in fields(Totals))

_TOTALS = """
    WITH {sources}
    SELECT grouping({names}), {names}, {sums}
    FROM ({work}) worked
    GROUP BY GROUPING SETS ({sets})"""


def totals(conn: Connection, *, span: Span, asked: Asked, by: Sequence[Sequence[Grouping]]) -> list[Groups]:
    """For each of `by` what `grouped` says of the same person-days, all in two questions, however many they are; but
    for groups that have nothing other than shifts given away, which are left out."""
    others = list(unusual_days(conn, span=span, asked=asked))
    found = _summed(conn, span, asked, by, others)
    for row in others:
        part = totals_of(row, now=span.now)
        for names, groups in zip(by, found, strict=True):
            key = tuple(VALUES[name](row) for name in names)
            groups[key] = groups.get(key, Totals()) + part
    return found


def _summed(
    conn: Connection, span: Span, asked: Asked, by: Sequence[Sequence[Grouping]], others: Iterable[PersonDay]
) -> list[Groups]:
    """The groups of all person-days, with the sums of those that are not among the others."""
    names = sorted({name for names in by for name in names})
    keys = [f"{KEYS[name]} AS key_{name}" for name in names] or ["1 AS key_none"]
    listed = [f"key_{name}" for name in names] or ["key_none"]
    changing = span.changing()
    work = _WORK.format(
        keys=", ".join(keys),
        moments=moments(_LOCAL, changing=bool(changing)),
        people=people(asked, by=names),
        chosen=chosen(asked),
    )
    statement = _TOTALS.format(
        sources=sources(asked),
        names=", ".join(listed),
        sums=", ".join(f"coalesce({one}, 0)" for one in _SUMS.values()),
        work=work,
        sets=", ".join(f"({', '.join(f'key_{name}' for name in one)})" for one in by),
    )
    moment = {"now": span.now, "clock": span.clock, "closed": span.closed, "changing": changing}
    left_out = {"ids": [row.employee_id for row in others], "days": [row.day for row in others]}
    rows = conn.execute(text(statement), {**given(asked, span), **moment, **left_out})
    return _sorted_out(rows, names, by)


def moments(names: Collection[str], *, changing: bool) -> str:
    """These moments of a person-day as columns, all of them local or, on days near a change of the clocks, in UTC."""
    near = (
        "CASE WHEN d.day = ANY(:changing) THEN {exact} AT TIME ZONE 'UTC' ELSE {local} END" if changing else "{local}"
    )
    return ", ".join(f"{near.format(exact=_EXACT[name], local=_LOCAL[name])} AS {name}" for name in names)


def _sorted_out(rows: Iterable[Any], names: Sequence[Grouping], by: Sequence[Sequence[Grouping]]) -> list[Groups]:
    """Each row to the set that it is of, which the bits of its `grouping` tell: those set are not in it."""
    places = {name: number for number, name in enumerate(names)}
    bits = {name: 1 << (len(names) - 1 - number) for name, number in places.items()}
    masks = [sum(bit for name, bit in bits.items() if name not in one) if names else 1 for one in by]
    found: list[Groups] = [{} for _ in by]
    width = max(len(names), 1)
    for mask, *values in rows:
        sums = Totals(*values[width:])
        for one, wanted, groups in zip(by, masks, found, strict=True):
            if mask == wanted:
                groups[tuple(values[places[name]] for name in one)] = sums
    return found
