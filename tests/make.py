"""Rows for tests: each factory makes one thing that is valid, changed only in what the test is about."""

import io
from collections.abc import Mapping, Sequence
from datetime import date, time
from itertools import count
from pathlib import Path
from typing import Any

import xlsxwriter
from sqlalchemy import Connection, insert

from chalicelib.core import db
from chalicelib.core.tables import admin_options, employees, schedules
from chalicelib.people.queries import record_assignments, record_employments
from chalicelib.schedules.rules import place

_ids = count(41_000_000_001)
EMPLOYEE_HEADERS = (
    "Odoo ID",
    "First Name",
    "Last Name",
    "Batch",
    "Supervisor",
    "Manager",
    "Shift",
    "Department",
    "Role",
    "Hire Date",
    "Company Email",
)
SCHEDULE_HEADERS = ("Employee - ID", "Date - Nominal Date", "Earliest - Start", "Latest - Stop", "Work - Code")


def employee(conn: Connection, **facts: Any) -> int:
    """An active employee with an assignment and an employment; the id."""
    employee_id = facts.pop("employee_id", None) or next(_ids)
    row = {
        "employee_id": employee_id,
        "first_name": "Ada",
        "last_name": f"Person{employee_id % 1000}",
        "company_email": f"p{employee_id}@opsdb.example",
        "hire_date": date(2025, 1, 6),
        **facts,
    }
    conn.execute(insert(employees).values(**row))
    record_assignments(conn, employee_ids=[employee_id], effective_date=date(2025, 1, 6))
    record_employments(conn, employee_ids=[employee_id])
    return employee_id


def shift(
    conn: Connection,
    employee_id: int,
    day: date,
    start: time | None = time(9),
    stop: time | None = time(17),
    **facts: Any,
) -> int:
    """One shift of the plan (no times: a day off); the id."""
    placed = place(nominal_date=day, start=start, stop=stop, day_start=time(0))
    row = {name: getattr(placed, name) for name in placed.__struct_fields__}
    code = {"work_code": "REG" if start else "OFF"}
    made = insert(schedules).values(**{"employee_id": employee_id, **row, **code, **facts})
    return conn.execute(made.returning(schedules.c.schedule_id)).scalar_one()


def options(conn: Connection, category: str, *values: str) -> None:
    conn.execute(insert(admin_options), [{"category": category, "value": value} for value in values])


def written(actor: str = "test") -> Any:
    """`with make.written() as conn:` one committed transaction of this test's site."""
    return db.writing(db.Actor(actor))


def employee_row(employee_id: int | None = None, **cells: Any) -> dict[str, Any]:
    """One good row of the employees sheet, by header."""
    number = employee_id or next(_ids)
    row = dict(
        zip(
            EMPLOYEE_HEADERS,
            (
                number,
                "Ada",
                f"Person{number % 1000}",
                "2025-01",
                None,
                None,
                "Night",
                "Support",
                "Agent",
                date(2025, 1, 6),
                f"p{number}@opsdb.example",
            ),
            strict=True,
        )
    )
    return row | cells


def sheet(path: Path, rows: Sequence[Mapping[str, Any] | Sequence[Any]], headers: Sequence[str] | None = None) -> Path:
    """An .xlsx file at `path`; without `headers` they are the keys of the first row."""
    path.write_bytes(workbook(rows, headers))
    return path


def workbook(rows: Sequence[Mapping[str, Any] | Sequence[Any]], headers: Sequence[str] | None = None) -> bytes:
    names = list(headers or (rows[0] if isinstance(rows[0], Mapping) else ()))
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        formats = {
            date: book.add_format({"num_format": "yyyy-mm-dd"}),
            time: book.add_format({"num_format": "hh:mm"}),
        }
        page = book.add_worksheet()
        lines = [names, *([row.get(name) for name in names] if isinstance(row, Mapping) else row for row in rows)]
        for number, line in enumerate(lines):
            for place_, cell in enumerate(line):
                if cell is not None and cell != "":
                    style = formats.get(type(cell))
                    page.write(number, place_, cell, *([style] if style else []))
    return out.getvalue()
