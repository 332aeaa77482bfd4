"""The schedules sheet: the weekly plan and its corrections. Its unit is the person-day."""

from collections.abc import Callable, Sequence
from datetime import time

from sqlalchemy import Connection

from chalicelib.admin.queries import active_values, classes
from chalicelib.attendance.following import follow
from chalicelib.core.settings import settings
from chalicelib.imports.people import Directory
from chalicelib.imports.queries import wait_for_table
from chalicelib.imports.readers import cells
from chalicelib.imports.sheets import plan
from chalicelib.imports.sheets.clashes import refuse_what_meets_in_the_sheet
from chalicelib.imports.sheets.differences import tell
from chalicelib.imports.sheets.sheet import Column, Counts, Job, Problem, Values, record, stage_as
from chalicelib.imports.sheets.turning import turning
from chalicelib.imports.sheets.verdicts import day, meant, unknown
from chalicelib.imports.sheets.warned import warn
from chalicelib.schedules.rules import place

COLUMNS = (
    Column("Employee - ID", "person", cells.text),
    Column("Date - Nominal Date", "nominal_date", day),
    Column("Earliest - Start", "start", cells.time, filled=False),
    Column("Latest - Stop", "stop", cells.time, filled=False),
    Column("Work - Code", "work_code", cells.text),
)


class Schedules:
    name = "schedules"
    columns = COLUMNS
    staged = (
        ("employee_id", "bigint"),
        ("nominal_date", "date"),
        ("start_date", "date"),
        ("start_time", "time"),
        ("stop_date", "date"),
        ("stop_time", "time"),
        ("work_code", "text"),
    )

    def checker(self, conn: Connection, job: Job) -> "ShiftChecker":
        return ShiftChecker(
            find=Directory(conn, job.beside).find,
            active=active_values(conn, ["work_code"])["work_code"],
            class_by_code=classes(conn, "work_code"),
            day_start=settings().day_start,
        )

    def decide(self, conn: Connection, job: Job) -> Counts:
        """What each person-day of the sheet does to the plan (imports.md, the weekly plan and its corrections)."""
        wait_for_table(conn, table="schedules")
        stage_as(conn, "incoming", kind=self, job=job, extra=plan.PLACES)
        duplicate = record(conn, job, finding="duplicate", rows=plan.DUPLICATES)
        if duplicate:
            plan.drop_duplicates(conn, job)
        changes = turning(conn)
        refuse_what_meets_in_the_sheet(conn, job, changes)
        plan.gather_days(conn, job)
        plan.judge_days(conn, job, changes)
        disappeared = plan.note_disappeared(conn, job)
        warned = warn(conn, job, changes)
        tell(conn, job, rows=plan.OUTCOMES)
        return plan.count(conn, disappeared=disappeared, duplicate=duplicate, warned=warned)

    def write(self, conn: Connection, job: Job) -> None:
        recorded = plan.attended(conn, job)
        plan.carry_out(conn, job)
        if recorded:
            follow(conn, employee_ids=recorded.employee_ids, first=recorded.first, last=recorded.last)


class ShiftChecker:
    """Checks one row by itself; overlaps and what stands already are decided set by set later."""

    def __init__(
        self,
        *,
        find: Callable[[str], int],
        active: Sequence[str],
        class_by_code: dict[str, str],
        day_start: time,
    ) -> None:
        self._find = find
        self._active = frozenset(active)
        self._listed = active
        self._off = {code for code, kind in class_by_code.items() if kind == "off"}
        self._untimed = {
            code for code, kind in class_by_code.items() if kind in {"off", "away_planned", "away_unplanned"}
        }
        self._day_start = day_start

    def __call__(self, values: Values, problems: list[Problem]) -> Sequence[str | None] | None:
        nominal, code = values.get("nominal_date"), values.get("work_code")
        employee_id = meant(values, problems, find=self._find)
        # Planning tools give days off the times of the template they were made from.
        start, stop = (None, None) if code in self._off else (values.get("start"), values.get("stop"))
        if not problems and (start is None or stop is None or code not in self._active):
            problems += self._problems(start, stop, str(code))
        if employee_id is None or nominal is None:
            return None
        if problems:
            return (str(employee_id), nominal.isoformat(), nominal.isoformat(), None, nominal.isoformat(), None, None)
        shift = place(nominal_date=nominal, start=start, stop=stop, day_start=self._day_start)
        return (
            str(employee_id),
            nominal.isoformat(),
            shift.start_date.isoformat(),
            None if shift.start_time is None else shift.start_time.isoformat(),
            shift.stop_date.isoformat(),
            None if shift.stop_time is None else shift.stop_time.isoformat(),
            code,
        )

    def _problems(self, start: time | None, stop: time | None, code: str) -> list[Problem]:
        if code not in self._active:
            return unknown("work_code", code, header="Work - Code", active=self._listed)
        if (start is None) != (stop is None):
            lacking = "Earliest - Start" if start is None else "Latest - Stop"
            return [Problem(lacking, None, "must not be empty when the other time is given")]
        if start is None and code not in self._untimed:
            return [Problem("Earliest - Start", None, f"must not be empty: {code} is a shift, not a day off")]
        return []
