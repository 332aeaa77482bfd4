"""The exceptions sheet: days on which people do not work the normal schedule, as pending exceptions."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, text

from chalicelib.admin.queries import active_values, classes
from chalicelib.exceptions.rules import code_problem, range_problems
from chalicelib.imports.people import Directory
from chalicelib.imports.queries import wait_for_table
from chalicelib.imports.readers import cells
from chalicelib.imports.sheets.differences import tell_verdicts
from chalicelib.imports.sheets.sheet import Column, Counts, Job, Problem, Values
from chalicelib.imports.sheets.verdicts import (
    count,
    day,
    gather,
    judge,
    judge_repeated,
    meant,
    refuse_oneself,
    refuse_others,
    unknown,
)

LONGEST = 366
"""Days that one exception may last, as through the API."""

COLUMNS = (
    Column("Employee - ID", "person", cells.text),
    Column("Exception Type", "exception_type", cells.text),
    Column("Start Date", "start_date", day),
    Column("End Date", "end_date", day),
    Column("Work Code", "work_code", cells.text, required=False),
    Column("Supervisor Override", "supervisor_override", cells.text, required=False),
    Column("Notes", "notes", cells.text, required=False),
)
_KEY = "employee_id, exception_type, start_date"
_FACTS = ("end_date", "work_code", "supervisor_override", "notes")


class Exceptions:
    name = "exceptions"
    columns = COLUMNS
    staged = (
        ("employee_id", "bigint"),
        ("exception_type", "text"),
        ("start_date", "date"),
        ("end_date", "date"),
        ("work_code", "text"),
        ("supervisor_override", "text"),
        ("notes", "text"),
    )

    def checker(self, conn: Connection, job: Job) -> "ExceptionChecker":
        return ExceptionChecker(
            find=Directory(conn).find,
            active=active_values(conn, ["exception_type", "work_code"]),
            type_classes=classes(conn, "exception_type"),
            code_classes=classes(conn, "work_code"),
        )

    def decide(self, conn: Connection, job: Job) -> Counts:
        """New exceptions, pending ones to change, and why each of the others is neither."""
        wait_for_table(conn, table="exceptions")
        gather(conn, job, self)
        refuse_oneself(conn, job)
        refuse_others(conn, job)
        judge_repeated(conn, job, header="Start Date", key=_KEY, facts=_FACTS)
        conn.execute(text(_COMPARE))
        judge_changed(conn, job)
        judge(conn, job, finding="error", rows=_MEETS_THE_SHEET)
        judge(conn, job, finding="error", rows=_MEETS_AN_ABSENCE)
        conn.execute(text("UPDATE incoming SET verdict = 'new' WHERE verdict IS NULL AND exception_id IS NULL"))
        conn.execute(text("UPDATE incoming SET verdict = 'changed' WHERE verdict IS NULL"))
        standing = "LEFT JOIN exceptions o ON o.exception_id = i.exception_id"
        tell_verdicts(conn, job, key=_KEY.split(", "), facts=_FACTS, standing=standing, blank_keeps=True)
        return count(conn)

    def write(self, conn: Connection, job: Job) -> None:
        names = ", ".join(name for name, _ in self.staged)
        # A blank cell of a sheet says nothing; it never erases what is known. What gets shorter makes room first.
        said = ", ".join(f"{fact} = coalesce(i.{fact}, x.{fact})" for fact in _FACTS)
        conn.execute(
            text(
                f"UPDATE exceptions x SET {said} FROM incoming i"
                " WHERE x.exception_id = i.exception_id AND i.verdict = 'changed'"
            )
        )
        conn.execute(
            text(
                f"INSERT INTO exceptions ({names}, upload_id) SELECT {names}, :upload_id FROM incoming"
                " WHERE verdict = 'new' ORDER BY row_number"
            ),
            {"upload_id": job.upload_id},
        )


class ExceptionChecker:
    """Checks one row by itself; overlaps and what stands already are decided set by set later."""

    def __init__(
        self,
        *,
        find: Callable[[str], int],
        active: dict[str, list[str]],
        type_classes: dict[str, str],
        code_classes: dict[str, str],
    ) -> None:
        self._find = find
        self._active = active
        self._type_classes = type_classes
        self._code_classes = code_classes

    def __call__(self, values: Values, problems: list[Problem]) -> Sequence[str | None] | None:
        employee_id = meant(values, problems, find=self._find)
        problems += self._of_values(values)
        if "start_date" in values and "end_date" in values:
            said = range_problems(values["start_date"], values["end_date"], LONGEST)
            problems += [Problem("End Date", str(values["end_date"]), one.partition(": ")[2]) for one in said]
        if problems or employee_id is None:
            return None
        given = (values.get(name) for name in ("exception_type", "start_date", *_FACTS))
        return [str(employee_id), *(None if value is None else str(value) for value in given)]

    def _of_values(self, values: Values) -> list[Problem]:
        kind, code = values.get("exception_type"), values.get("work_code")
        types, codes = self._active["exception_type"], self._active["work_code"]
        found = unknown("exception_type", kind, header="Exception Type", active=types) if kind else []
        found += unknown("work_code", code, header="Work Code", active=codes) if code else []
        if kind and not found:
            sentence = code_problem(kind, code, type_classes=self._type_classes, code_classes=self._code_classes)
            found += [Problem("Work Code", code, sentence.partition(": ")[2])] if sentence else []
        return found


def judge_changed(conn: Connection, job: Job) -> None:
    """What is here with other facts is changed on request, and only while it is pending."""
    if job.options.update_existing:
        judge(conn, job, finding="error", rows=_OTHERWISE.format(where="status <> 'Pending'", why=_PROCESSED))
    else:
        judge(conn, job, finding="duplicate", rows=_OTHERWISE.format(where="true", why=_HERE))


_SAME = " AND ".join(f"(i.{fact} IS NULL OR i.{fact} IS NOT DISTINCT FROM x.{fact})" for fact in _FACTS)
_COMPARE = f"""
    ALTER TABLE incoming ADD exception_id bigint, ADD status text;
    UPDATE incoming i SET exception_id = x.exception_id, status = x.status,
                          verdict = CASE WHEN {_SAME} THEN 'unchanged' END
    FROM exceptions x
    WHERE x.employee_id = i.employee_id AND x.exception_type = i.exception_type AND x.start_date = i.start_date
      AND x.status <> 'Rejected' AND i.verdict IS NULL"""
_OTHERWISE = """
    SELECT row_number, 'Start Date', start_date::text, '{why}' FROM incoming
    WHERE verdict IS NULL AND exception_id IS NOT NULL AND {where}"""
_HERE = "is here already, with other facts: update-existing changes them"
_PROCESSED = "has been processed with other facts: revert it first"

_AWAY = """(SELECT value FROM admin_options
    WHERE category = 'exception_type' AND class IN ('away_planned', 'away_unplanned'))"""
_MEETS_THE_SHEET = f"""
    SELECT i.row_number, 'Start Date', i.start_date::text,
           'overlaps row ' || string_agg(o.row_number::text, ', ' ORDER BY o.row_number)
    FROM incoming i JOIN incoming o USING (employee_id)
    WHERE i.row_number <> o.row_number AND i.verdict IS NULL AND coalesce(o.verdict, 'unchanged') = 'unchanged'
      AND i.start_date <= o.end_date AND o.start_date <= i.end_date
      AND i.exception_type IN {_AWAY} AND o.exception_type IN {_AWAY}
    GROUP BY i.row_number, i.start_date"""
_MEETS_AN_ABSENCE = f"""
    SELECT i.row_number, 'Start Date', i.start_date::text,
           'overlaps ' || string_agg(coalesce(l.leave_type, x.exception_type) || ' from ' || a.start_date || ' to '
                                     || a.end_date, ', ' ORDER BY a.start_date)
    FROM incoming i JOIN absences a USING (employee_id)
    LEFT JOIN leave_requests l ON l.leave_id = a.leave_id LEFT JOIN exceptions x ON x.exception_id = a.exception_id
    WHERE i.verdict IS NULL AND i.exception_type IN {_AWAY}
      AND (i.exception_id IS NULL OR a.exception_id IS DISTINCT FROM i.exception_id)
      AND a.start_date <= i.end_date AND i.start_date <= a.end_date
    GROUP BY i.row_number, i.start_date"""
