"""The forecast and requirement sheets: what is expected of an interval, and whom it needs. The newest word counts."""

import re
from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import Connection, text

from chalicelib.admin.queries import active_values, add_values
from chalicelib.imports.queries import wait_for_table
from chalicelib.imports.readers import Cell, cells
from chalicelib.imports.readers.cells import BadCell
from chalicelib.imports.sheets.differences import tell_new_options, tell_verdicts
from chalicelib.imports.sheets.sheet import Column, Counts, Job, Problem, Values
from chalicelib.imports.sheets.verdicts import count, day, gather, judge_repeated, unknown
from chalicelib.staffing.rules import interval_problems, load_problems

_PLAIN = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,15})?\Z")


def amount(cell: Cell) -> Decimal:
    """A number that is not negative, with a point for its fraction; a comma is refused, since it may be either."""
    words = cells.text(cell)
    if not _PLAIN.match(words):
        raise BadCell(f"must be a number such as 12 or 12.5, got '{words[:40]}'")
    return Decimal(words)


_WHERE = (
    Column("Date", "date", day),
    Column("Interval", "interval_start", cells.time),
    Column("Department", "department", cells.text),
)
_TYPED = (("date", "date"), ("interval_start", "time"), ("department", "text"))
_MOST = {"calls": 1_000_000, "handling_seconds": 86_400, "required": 100_000}


class Intervals:
    """A sheet of one row per date, interval and department, and the table that it goes to."""

    def __init__(self, *, name: str, table: str, facts: Sequence[Column], type_: str) -> None:
        self.name = name
        self.columns = (*_WHERE, *facts)
        self.staged = (*_TYPED, *((fact.field, type_) for fact in facts))
        self._table = table
        self._facts = [fact.field for fact in facts]

    def checker(self, conn: Connection, job: Job) -> "IntervalChecker":
        active = None if job.options.add_options else active_values(conn, ["department"])["department"]
        return IntervalChecker(self.columns, active)

    def decide(self, conn: Connection, job: Job) -> Counts:
        """Which intervals are new, said otherwise by now, or stand so already."""
        wait_for_table(conn, table=self._table)
        gather(conn, job, self)
        judge_repeated(conn, job, header="Interval", key="date, interval_start, department", facts=self._facts)
        same = " AND ".join(f"t.{fact} = i.{fact}" for fact in self._facts)
        conn.execute(
            text(
                f"""UPDATE incoming i SET verdict = CASE WHEN {same} THEN 'unchanged' ELSE 'changed' END
                FROM {self._table} t WHERE i.verdict IS NULL AND t.date = i.date
                  AND t.interval_start = i.interval_start AND t.department = i.department"""
            )
        )
        conn.execute(text("UPDATE incoming SET verdict = 'new' WHERE verdict IS NULL"))
        if job.options.add_options:
            tell_new_options(conn, job, headers={"department": "Department"})
        key = ("date", "interval_start", "department")
        tell_verdicts(
            conn, job, key=key, facts=self._facts, standing=f"LEFT JOIN {self._table} o USING ({', '.join(key)})"
        )
        return count(conn)

    def write(self, conn: Connection, job: Job) -> None:
        if job.options.add_options:
            add_values(conn, {"department": list(conn.execute(text(_NEW_DEPARTMENTS)).scalars())})
        names = ", ".join(name for name, _ in self.staged)
        said = ", ".join(f"{fact} = excluded.{fact}" for fact in (*self._facts, "upload_id"))
        conn.execute(
            text(
                f"""INSERT INTO {self._table} ({names}, upload_id)
                SELECT {names}, :upload_id FROM incoming WHERE verdict IN ('new', 'changed') ORDER BY row_number
                ON CONFLICT (date, interval_start, department) DO UPDATE SET {said}"""
            ),
            {"upload_id": job.upload_id},
        )


class IntervalChecker:
    """Checks one row by itself. `active` departments are None where new ones will be added."""

    def __init__(self, columns: Sequence[Column], active: Sequence[str] | None) -> None:
        self._columns = columns
        self._active = active

    def __call__(self, values: Values, problems: list[Problem]) -> Sequence[str | None] | None:
        headers = {column.field: column.header for column in self._columns}
        if self._active is not None and "department" in values:
            problems += unknown("department", values["department"], header="Department", active=self._active)
        if "interval_start" in values:
            said = interval_problems(values["interval_start"])
            problems += [Problem("Interval", str(values["interval_start"]), one.partition(": ")[2]) for one in said]
        for field, most in _MOST.items():
            if field in values and not 0 <= values[field] <= most:
                problems.append(Problem(headers[field], str(values[field]), f"must be from 0 to {most:,}"))
        if not problems and "calls" in values:
            said = load_problems(float(values["calls"]), float(values["handling_seconds"]))
            problems += [Problem("Calls", str(values["calls"]), one.partition(": ")[2]) for one in said]
        return None if problems else [str(values[column.field]) for column in self._columns]


_NEW_DEPARTMENTS = """
    SELECT DISTINCT department FROM incoming i
    WHERE verdict IN ('new', 'changed') AND NOT EXISTS (
        SELECT FROM admin_options o WHERE o.category = 'department' AND o.value = i.department AND o.is_active)
    ORDER BY 1"""

FORECAST = Intervals(
    name="forecast",
    table="forecasts",
    facts=(Column("Calls", "calls", amount), Column("AHT", "handling_seconds", amount)),
    type_="numeric",
)
REQUIREMENT = Intervals(
    name="requirement",
    table="requirements",
    facts=(Column("Required", "required", cells.whole_number),),
    type_="integer",
)
