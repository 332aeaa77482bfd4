"""What becomes of each row of a sheet, told before anything is written: of a dry run all that happens."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from chalicelib.imports.sheets.sheet import Job

NOTHING = "SELECT NULL::integer AS row_number, NULL AS outcome, NULL AS key, NULL::jsonb AS changes WHERE false"


def tell(conn: Connection, job: Job, *, rows: str = NOTHING) -> None:
    """Keep what the query `rows` says (row_number, outcome, key, changes), with the findings on each row.

    Rows with a finding that keeps them out are told whether `rows` has them or not; what happens to no row of the sheet
    (a planned day that goes) has no row number and comes last. To be called once, when all findings are recorded.
    """
    conn.execute(text(_TELL.format(rows=rows)), {"upload_id": job.upload_id, "local_now": job.local_now})


def tell_findings(conn: Connection, job: Job) -> None:
    """What is known of a sheet whose kind tells nothing itself."""
    told = text("SELECT EXISTS (SELECT FROM upload_outcomes WHERE upload_id = :upload_id)")
    if not conn.execute(told, {"upload_id": job.upload_id}).scalar_one():
        tell(conn, job)


def tell_verdicts(
    conn: Connection, job: Job, *, key: Sequence[str], facts: Sequence[str], standing: str, blank_keeps: bool = False
) -> None:
    """`tell` for the temporary table `incoming`, whose rows have a verdict each.

    `standing` joins to it, as `o`, what is here already; `facts` are compared. With `blank_keeps` a blank cell says
    nothing.
    """
    named = ", ".join(f"i.{name}" for name in key)
    tell(
        conn,
        job,
        rows=f"""SELECT i.row_number, i.verdict AS outcome, concat_ws(' ', {named}) AS key,
                        {changes(facts, blank_keeps=blank_keeps)} AS changes FROM incoming i {standing}""",
    )


def changes(facts: Sequence[str], *, new: str = "i", old: str = "o", blank_keeps: bool = False) -> str:
    """SQL: in which of these columns `new` differs from `old`, with both values as text."""
    said = f" AND {new}.{{0}} IS NOT NULL" if blank_keeps else ""
    each = ", ".join(
        f"CASE WHEN {new}.{fact} IS DISTINCT FROM {old}.{fact}{said.format(fact)} THEN jsonb_build_object("
        f"'field', '{fact}', 'old', {old}.{fact}::text, 'new', {new}.{fact}::text) END"
        for fact in facts
    )
    return f"to_jsonb(array_remove(ARRAY[{each}]::jsonb[], NULL))"


def tell_options(conn: Connection, job: Job) -> None:
    """List the dropdown values that rows failed for, each once: the first thing to be decided about such a sheet."""
    conn.execute(text(_OPTIONS), {"upload_id": job.upload_id, "most": MOST_OPTIONS})


def tell_new_options(conn: Connection, job: Job, *, headers: dict[str, str]) -> None:
    """List the dropdown values that `incoming` brings along, by the column that is named as its category."""
    for field, header in headers.items():
        given = {"upload_id": job.upload_id, "field": field, "header": header, "most": MOST_OPTIONS}
        conn.execute(text(_NEW_OPTIONS.format(field=field)), given)


MOST_OPTIONS = 1_000
"""So many values of a dropdown are listed: more are no dropdown's."""

# An error weighs more than what is kept, that more than a duplicate.
_TELL = """
    WITH found AS (
        SELECT row_number, min(CASE finding WHEN 'error' THEN 1 WHEN 'kept' THEN 2 ELSE 3 END) AS weight
        FROM upload_errors
        WHERE upload_id = :upload_id AND row_number IS NOT NULL AND finding IN ('error', 'kept', 'duplicate')
        GROUP BY row_number
    ), why AS (
        SELECT row_number, (ARRAY['failed', 'kept', 'duplicate'])[weight] AS outcome,
               string_agg(concat_ws(': ', e.column_name, e.reason), '; ' ORDER BY e.error_id) AS reason
        FROM found JOIN upload_errors e USING (row_number)
        WHERE e.upload_id = :upload_id AND e.finding = (ARRAY['error', 'kept', 'duplicate'])[weight]
        GROUP BY row_number, weight
    ), told AS (
        SELECT row_number, r.key, r.changes, why.reason,
               coalesce(why.outcome, CASE r.outcome WHEN 'error' THEN 'failed' ELSE r.outcome END) AS outcome
        FROM ({rows}) r FULL JOIN why USING (row_number)
    )
    INSERT INTO upload_outcomes (upload_id, place, row_number, outcome, key, changes, reason)
    SELECT :upload_id, row_number() OVER (ORDER BY row_number NULLS LAST, key), row_number, outcome, key,
           CASE WHEN outcome NOT IN ('failed', 'unchanged', 'disappeared') THEN nullif(changes, '[]') END, reason
    FROM told"""

_OPTIONS = """
    INSERT INTO upload_errors (upload_id, finding, column_name, value, category, reason)
    SELECT :upload_id, 'option', column_name, value, category,
           'is no choice yet, and ' || count(DISTINCT row_number)
           || CASE count(DISTINCT row_number) WHEN 1 THEN ' row has it: ' ELSE ' rows have it: ' END || min(reason)
    FROM upload_errors
    WHERE upload_id = :upload_id AND finding = 'error' AND category IS NOT NULL
    GROUP BY column_name, value, category
    ORDER BY category, count(DISTINCT row_number) DESC, value LIMIT :most"""
_NEW_OPTIONS = """
    INSERT INTO upload_errors (upload_id, finding, column_name, value, category, reason)
    SELECT :upload_id, 'option', :header, i.{field}, :field,
           'becomes choosable, since ' || count(*) || CASE count(*) WHEN 1 THEN ' row has it' ELSE ' rows have it' END
    FROM incoming i
    WHERE i.verdict IN ('new', 'changed') AND i.{field} IS NOT NULL AND NOT EXISTS (
        SELECT FROM admin_options o WHERE o.category = :field AND o.value = i.{field} AND o.is_active)
    GROUP BY i.{field} ORDER BY count(*) DESC, i.{field} LIMIT :most"""
