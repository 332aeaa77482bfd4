"""Which of its like an award is in its sheet: what makes equal rows several awards, and the same sheet twice one.

A row that comes back corrected is numbered by the sheet that it failed in (`upload_awards`): where it had its place
already it keeps it, and where its person, reason or date is another by now it follows those of its like there.
"""

from sqlalchemy import Connection, text

from chalicelib.imports.readers import cells
from chalicelib.imports.sheets.sheet import Column, Job, Problem, Values
from chalicelib.imports.sheets.verdicts import judge

COLUMNS = (
    Column("Upload", "from_upload", cells.whole_number, required=False, ours=True),
    Column("Row", "from_row", cells.whole_number, required=False, ours=True),
)
STAGED = (("from_upload", "bigint"), ("from_row", "integer"))
KEY = ("employee_id", "reason_id", "date_awarded")

MOST_ROWS = 1_048_576


def problems(values: Values) -> list[Problem]:
    """What is wrong with where a row says that it comes from. A number in Row alone is somebody's own."""
    upload, row = values.get("from_upload"), values.get("from_row")
    if upload is not None and (row is None or not 1 <= row <= MOST_ROWS):
        return [Problem("Row", None if row is None else str(row), "must be the row's number, as it was given back")]
    return []


def staged(values: Values) -> tuple[str | None, str | None]:
    """The texts of STAGED; both or neither."""
    upload, row = values.get("from_upload"), values.get("from_row")
    if upload is None or row is None or not 1 <= row <= MOST_ROWS:
        return None, None
    return str(upload), str(row)


def number(conn: Connection, job: Job) -> None:
    """Give the rows of `incoming` their `place`, bad ones too, and keep it for the rows that are this sheet's own."""
    for rows in (_NOT_GIVEN_BACK, _TWICE):
        judge(conn, job, finding="error", rows=rows)
    conn.execute(text(_NUMBER))
    judge(conn, job, finding="duplicate", rows=_THE_SAME)
    conn.execute(
        text(_KEEP.format(said=":upload_id, row_number", where="from_upload IS NULL")), {"upload_id": job.upload_id}
    )


def keep_corrected(conn: Connection) -> None:
    """Once they are awarded, rows that were corrected have their place in the sheet that they failed in."""
    where = "from_upload IS NOT NULL AND verdict IN ('new', 'unchanged')"
    conn.execute(text(_KEEP.format(said="from_upload, from_row", where=where)))


_NOT_GIVEN_BACK = """
    SELECT row_number, 'Upload', from_upload::text,
           'gave no row ' || from_row || ' back: leave Upload and Row empty if this is another award'
    FROM incoming i
    WHERE verdict IS NULL AND from_upload IS NOT NULL AND NOT EXISTS (
        SELECT FROM uploads u WHERE u.upload_id = i.from_upload AND u.kind = 'rewards' AND (
            EXISTS (SELECT FROM upload_awards a WHERE a.upload_id = i.from_upload AND a.row_number = i.from_row)
            OR EXISTS (SELECT FROM upload_errors e WHERE e.upload_id = i.from_upload AND e.row_number = i.from_row
                       AND e.finding = 'error')))"""
_TWICE = """
    SELECT row_number, 'Row', from_row::text, 'of upload ' || from_upload || ' is also in row '
           || array_to_string(array_remove(sharing, row_number), ', ')
    FROM (SELECT row_number, from_upload, from_row,
                 array_agg(row_number) OVER (PARTITION BY from_upload, from_row) AS sharing
          FROM incoming WHERE verdict IS NULL AND from_upload IS NOT NULL) shared
    WHERE cardinality(sharing) > 1"""
_NUMBER = """
    ALTER TABLE incoming ADD place integer;
    UPDATE incoming i SET place = n.place
    FROM (SELECT row_number, row_number() OVER (PARTITION BY employee_id, reason_id, date_awarded
                                                ORDER BY row_number) AS place
          FROM incoming WHERE from_upload IS NULL) n
    WHERE n.row_number = i.row_number;
    UPDATE incoming i SET place = a.place FROM upload_awards a
    WHERE a.upload_id = i.from_upload AND a.row_number = i.from_row AND a.employee_id = i.employee_id
      AND a.reason_id = i.reason_id AND a.date_awarded = i.date_awarded;
    UPDATE incoming i SET place = n.place
    FROM (SELECT row_number, row_number() OVER (PARTITION BY from_upload, employee_id, reason_id, date_awarded
                                                ORDER BY from_row)
              + coalesce((SELECT max(a.place) FROM upload_awards a
                          WHERE a.upload_id = o.from_upload AND a.employee_id = o.employee_id
                            AND a.reason_id = o.reason_id AND a.date_awarded = o.date_awarded), 0) AS place
          FROM incoming o WHERE from_upload IS NOT NULL AND place IS NULL AND verdict IS NULL) n
    WHERE n.row_number = i.row_number"""
_THE_SAME = """
    SELECT i.row_number, 'Employee - ID', NULL::text, 'is the same award as row ' || min(o.row_number)
    FROM incoming i JOIN incoming o USING (employee_id, reason_id, date_awarded, place)
    WHERE i.verdict IS NULL AND o.verdict IS NULL AND o.row_number < i.row_number
    GROUP BY i.row_number"""
_KEEP = """
    INSERT INTO upload_awards (upload_id, row_number, employee_id, reason_id, date_awarded, place)
    SELECT {said}, employee_id, reason_id, date_awarded, place FROM incoming
    WHERE {where} ON CONFLICT DO NOTHING"""
