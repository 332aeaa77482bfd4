"""What most sheets have in common: rows with a verdict each, in the temporary table `incoming`."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, text

from chalicelib.admin.rules import unknown_value
from chalicelib.core.settings import settings
from chalicelib.imports.readers import cells
from chalicelib.imports.readers.cells import BadCell
from chalicelib.imports.sheets.sheet import Counts, Job, Kind, Problem, Values, record, stage_as
from chalicelib.people import team_queries, teams


def day(cell: Any) -> Any:
    """A date, in the site's order."""
    return cells.date(cell, order=settings().date_order)


def meant(values: Values, problems: list[Problem], *, find: Callable[[str], int]) -> int | None:
    """Who the row is about; None where nobody is named, or where `find` knows nobody, which becomes a problem."""
    said = values.get("person")
    if said is None:
        return None
    try:
        return find(said)
    except BadCell as bad:
        problems.append(Problem("Employee - ID", said, str(bad)))
        return None


def gather(conn: Connection, job: Job, kind: Kind, *, extra: str = "") -> None:
    """The good rows as `incoming`, without a verdict yet."""
    stage_as(conn, "incoming", kind=kind, job=job, extra=extra)
    conn.execute(text("ALTER TABLE incoming ADD verdict text"))


def judge(conn: Connection, job: Job, *, finding: str, rows: str) -> None:
    """Record these rows under `finding`, which becomes their verdict, and leave them out of what follows."""
    if record(conn, job, finding=finding, rows=rows):
        conn.execute(
            text(
                """UPDATE incoming i SET verdict = :finding FROM upload_errors e
                WHERE e.upload_id = :upload_id AND e.row_number = i.row_number AND e.finding = :finding
                  AND i.verdict IS NULL"""
            ),
            {"upload_id": job.upload_id, "finding": finding},
        )


def judge_repeated(conn: Connection, job: Job, *, header: str, key: str, facts: Sequence[str]) -> None:
    """Rows with the same key: one that says the same as an earlier row is a duplicate, others contradict each other."""
    same = " AND ".join(f"o.{fact} IS NOT DISTINCT FROM i.{fact}" for fact in facts)
    pairs = f"FROM incoming i JOIN incoming o USING ({key}) WHERE i.verdict IS NULL AND o.verdict IS NULL"
    judge(
        conn,
        job,
        finding="duplicate",
        rows=f"""SELECT i.row_number, '{header}', NULL::text, 'is the same as row ' || min(o.row_number)
            {pairs} AND o.row_number < i.row_number AND {same} GROUP BY i.row_number""",
    )
    judge(
        conn,
        job,
        finding="error",
        rows=f"""SELECT i.row_number, '{header}', NULL::text, 'is said otherwise in row '
                   || string_agg(o.row_number::text, ', ' ORDER BY o.row_number)
            {pairs} AND o.row_number <> i.row_number GROUP BY i.row_number""",
    )


def count(conn: Connection) -> Counts:
    """Rows by verdict; `new` and `changed` are those that will be written."""
    rows = conn.execute(text("SELECT verdict, count(*) AS rows FROM incoming GROUP BY verdict"))
    found = {row.verdict: row.rows for row in rows}
    return Counts(
        success=found.get("new", 0) + found.get("changed", 0),
        unchanged=found.get("unchanged", 0),
        duplicate=found.get("duplicate", 0),
        kept=found.get("kept", 0),
    )


def unknown(category: str, value: str, *, header: str, active: Sequence[str]) -> list[Problem]:
    """What is wrong with a dropdown's value, under its column's name."""
    sentence = unknown_value(category, value, active)
    return [Problem(header, value, sentence.partition(f"{value}: ")[2], category)] if sentence else []


def refuse_oneself(conn: Connection, job: Job) -> None:
    """Nobody awards or excuses themselves, by a sheet no more than otherwise (domain.md, rule 12)."""
    if job.brought_by is not None:
        judge(
            conn,
            job,
            finding="error",
            rows=f"""SELECT row_number, 'Employee - ID', employee_id::text, 'nobody decides about themselves'
                FROM incoming WHERE verdict IS NULL AND employee_id = {int(job.brought_by)}""",
        )


def refuse_others(conn: Connection, job: Job) -> None:
    """A lead's sheet is about the lead's own people, and those for whose lead they stand in."""
    if job.role not in teams.LEADS:
        return
    meant = conn.execute(text("SELECT DISTINCT employee_id FROM incoming WHERE verdict IS NULL")).scalars()
    standings = team_queries.standings(
        conn,
        lead=job.brought_by,
        departments=(),
        employee_ids=set(meant) - {job.brought_by},
        today=job.local_now.date(),
        now=job.local_now.replace(tzinfo=settings().timezone),
        zone=settings().timezone,
    )
    others = ", ".join(str(one) for one, standing in standings.items() if standing is None)
    if others:
        judge(
            conn,
            job,
            finding="error",
            rows=f"""SELECT row_number, 'Employee - ID', employee_id::text, 'is not in your team'
                FROM incoming WHERE verdict IS NULL AND employee_id = ANY ('{{{others}}}'::bigint[])""",
        )
