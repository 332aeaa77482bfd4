"""One sheet with every kind of cell, as programs write it, and what must be understood of it whoever did."""

import csv
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from xlsxwriter import Workbook as XlsxWriter

from chalicelib.imports.readers import Cell, Row, cells
from chalicelib.imports.readers.cells import BadCell

Understood = Callable[[Cell], object]


def refused(cell: Cell) -> str:
    try:
        return f"text {cells.text(cell)}; time {cells.time(cell)}"
    except BadCell as reason:
        return str(reason).partition(", got")[0]


def moment(cell: Cell) -> tuple[date, time]:
    return cells.date(cell), cells.time(cell)


def fraction(cell: Cell) -> float:
    return float(str(cell))


NOT_A_TIME = "must be a time such as 08:00"

COLUMNS: dict[str, tuple[Understood, object, object]] = {
    "Text": (cells.text, "Zoë Núñez", "second"),
    "Whole": (cells.whole_number, 42, 0),
    "Fraction": (fraction, -0.25, 0.1),
    "Id": (cells.employee_id, 41031748911, 7),
    "Date": (cells.date, date(2026, 10, 5), date(2024, 2, 29)),
    "Time": (cells.time, time(8, 30), time(0)),
    "Moment": (moment, (date(2026, 10, 5), time(22, 15)), (date(2026, 10, 6), time(0, 0, 1))),
    "Midnight": (moment, (date(2026, 10, 6), time(0)), (date(2026, 10, 6), time(9))),
    "Yes": (cells.boolean, True, False),
    "Formula": (cells.text, "84", "ab"),
    "Error": (refused, "holds the error #N/A", "holds the error #DIV/0!"),
    "Elapsed": (cells.time, time(4), time(7, 30)),
    "Coded": (cells.text, "00123", "1e5"),
    "Blank": (cells.is_blank, True, True),
    "Lines": (cells.text, "one two", "<&>"),
    "End": (cells.text, "end", "end"),
}
"""Column -> how it is read, and what that gives in the sheet's rows 2 and 4; row 3 is blank."""

HOURS = timedelta(hours=4), timedelta(hours=7, minutes=30)
FORMULAS = ("=B2*2", 84), ('="a"&"b"', "ab")
ERRORS = ("=NA()", "#N/A"), ("=1/0", "#DIV/0!")
CONTENT: list[list[Any]] = [
    [
        *("Zoë Núñez", 42, -0.25, 41031748911, date(2026, 10, 5), time(8, 30), datetime(2026, 10, 5, 22, 15)),
        *(datetime(2026, 10, 6), True, FORMULAS[0], ERRORS[0], HOURS[0], "00123", None, "one\ntwo", "end"),
    ],
    [
        *("second", 0, 0.1, 7, date(2024, 2, 29), time(0), datetime(2026, 10, 6, 0, 0, 1)),
        *(datetime(2026, 10, 6, 9), False, FORMULAS[1], ERRORS[1], HOURS[1], "1e5", None, "<&>", "end"),
    ],
]


def understood(rows: Sequence[Row]) -> list[tuple[int, dict[str, object]]]:
    """Row number and meaning by column."""
    header, *below = rows
    assert [cells.text(cell) for cell in header.cells] == [*COLUMNS]
    return [
        (number, {name: read(cell) for (name, (read, *_)), cell in zip(COLUMNS.items(), row, strict=True)})
        for number, row in below
    ]


MEANT = [(row, {name: told[place] for name, told in COLUMNS.items()}) for row, place in ((2, 1), (4, 2))]


def with_openpyxl(path: Path, *, formulas: bool = False) -> Path:
    """It computes nothing: formulas are left to whoever opens the file, or are values at once."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([*COLUMNS])
    for row in (CONTENT[0], [], CONTENT[1]):
        sheet.append([value[0 if formulas else 1] if isinstance(value, tuple) else value for value in row])
    hidden = book.create_sheet("Hidden")
    hidden.sheet_state = "hidden"
    book.save(path)
    return path


def with_xlsxwriter(path: Path, **options: bool) -> Path:
    with XlsxWriter(path, options) as book:
        sheet = book.add_worksheet()
        shapes = {
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            date: book.add_format({"num_format": "yyyy-mm-dd"}),
            time: book.add_format({"num_format": "hh:mm"}),
            timedelta: book.add_format({"num_format": "[h]:mm:ss"}),
        }
        sheet.write_row(0, 0, [*COLUMNS])
        for row, content in ((1, CONTENT[0]), (3, CONTENT[1])):
            for column, value in enumerate(content):
                if isinstance(value, tuple):
                    sheet.write_formula(row, column, value[0], None, value[1])
                elif isinstance(value, str):
                    sheet.write_string(row, column, value)
                elif value is not None:
                    sheet.write(row, column, value, shapes.get(type(value)))
    return path


def as_text(path: Path, *, encoding: str, delimiter: str) -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerow(COLUMNS)
        for row in (CONTENT[0], [], CONTENT[1]):
            values = [value[1] if isinstance(value, tuple) else value for value in row]
            writer.writerow(["0" + str(one) if isinstance(one, timedelta) else one for one in values])
    return path
