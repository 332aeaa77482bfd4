"""The attendances sheet: when people came and went, and what their days are marked as."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection

from chalicelib.admin.queries import active_values
from chalicelib.imports.people import Directory
from chalicelib.imports.queries import wait_for_table
from chalicelib.imports.readers import cells
from chalicelib.imports.sheets import days
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

COLUMNS = (
    Column("Employee - ID", "person", cells.text),
    Column("Date", "date", day),
    Column("Check In", "check_in", cells.time, required=False),
    Column("Check Out", "check_out", cells.time, required=False),
    # Named as its dropdown; the column of the table is exception_type.
    Column("Exception", "attendance_type", cells.text, required=False),
    Column("Notes", "notes", cells.text, required=False),
)
_KEY = "employee_id, date"
_CELLS = ("check_in", "check_out", "attendance_type", "notes")
_FACTS = ("check_in", "check_out", "exception_type", "notes")


class Attendances:
    name = "attendances"
    columns = COLUMNS
    staged = (
        ("employee_id", "bigint"),
        ("date", "date"),
        ("check_in", "time"),
        ("check_out", "time"),
        ("exception_type", "text"),
        ("notes", "text"),
    )

    def checker(self, conn: Connection, job: Job) -> "DayChecker":
        return DayChecker(Directory(conn).find, active_values(conn, ["attendance_type"])["attendance_type"])

    def decide(self, conn: Connection, job: Job) -> Counts:
        """New working days, days to change, and why each of the others is neither."""
        # Whoever marks somebody, or changes their plan, waits for this lock, and sheets of the plan take it too.
        wait_for_table(conn, table="schedules")
        gather(conn, job, self)
        refuse_oneself(conn, job)
        refuse_others(conn, job)
        judge_repeated(conn, job, header="Date", key=_KEY, facts=_FACTS)
        days.propose(conn, job)
        for rows in (days.GONE, days.ARCHIVED):
            judge(conn, job, finding="error", rows=rows)
        if job.role != "admin":
            judge(conn, job, finding="error", rows=days.CLOSED)
        warned = days.settle(conn, job)
        days.tell_days(conn, job)
        counts = count(conn)
        counts.warned = warned
        return counts

    def write(self, conn: Connection, job: Job) -> None:
        days.write(conn, job)


class DayChecker:
    """Checks one row by itself; what is recorded, and the shifts, are looked at set by set later."""

    def __init__(self, find: Callable[[str], int], active: Sequence[str]) -> None:
        self._find = find
        self._active = active

    def __call__(self, values: Values, problems: list[Problem]) -> Sequence[str | None] | None:
        employee_id = meant(values, problems, find=self._find)
        mark = values.get("attendance_type")
        if mark is not None:
            problems += unknown("attendance_type", mark, header="Exception", active=self._active)
        if not problems and mark is None and "check_in" not in values:
            problems.append(Problem("Check In", None, "must not be empty where Exception is"))
        if problems or employee_id is None:
            return None
        given = (values.get(name) for name in _CELLS)
        return [str(employee_id), str(values["date"]), *(None if value is None else str(value) for value in given)]
