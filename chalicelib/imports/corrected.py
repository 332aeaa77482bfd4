"""Rows that failed, in the layout of their sheet with the reasons beside them: to be corrected and uploaded again."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from datetime import time as time_of_day
from itertools import chain, islice, takewhile
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from chalicelib.core import exports
from chalicelib.imports import header
from chalicelib.imports.readers import Cell, Limits, open_rows
from chalicelib.imports.readers.cells import BadCell
from chalicelib.imports.readers.rows import LooseNumber
from chalicelib.imports.sheets.sheet import Column, normalised

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

MOST_ROWS = 100_000
"""Rows that one workbook gives back; the list of findings has every one."""

ADDED = ("Reason", "Upload", "Row")
"""The columns that are put behind the sheet's own, which a second upload passes over."""

_FIRST_DAY = date(1900, 3, 1)  # Excel believes in 29 February 1900
_MOST_DIGITS = 10**15
_MOST_CHARACTERS = 32_767
_SHOWN: dict[type, str] = {datetime: "yyyy-mm-dd hh:mm:ss", date: "yyyy-mm-dd", time_of_day: "hh:mm:ss"}


def write(
    book: IO[bytes],
    table: IO[bytes],
    path: Path,
    limits: Limits,
    *,
    columns: Sequence[Column],
    reasons: Mapping[int, str],
    upload_id: int,
) -> None:
    """The rows of the sheet at `path` that `reasons` names by number, as a workbook and as csv; nothing can run."""
    import xlsxwriter

    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(book, options) as made:
        sheet = made.add_worksheet("Failed rows")
        formats = {kind: made.add_format({"num_format": shown}) for kind, shown in _SHOWN.items()}
        rows = _also_in(sheet, formats, _rows(path, limits, columns, reasons, upload_id))
        exports.write_csv(table, [str(title) for title in next(rows)], rows)


def _also_in(sheet: "Worksheet", formats: Mapping[type, Any], rows: Iterator[list[Any]]) -> Iterator[list[Any]]:
    """The rows, each of which has been written to `sheet` too."""
    for place, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            _write(sheet, place, column, cell, formats)
        yield [_typed(cell) for cell in cells]


def _typed(cell: Any) -> Any:
    """A cell as people would type it."""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < _MOST_DIGITS:
        return int(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    return cell if cell is None or isinstance(cell, (bool, int, float, date, time_of_day)) else str(cell)


def _rows(
    path: Path, limits: Limits, columns: Sequence[Column], reasons: Mapping[int, str], upload_id: int
) -> Iterator[list[Any]]:
    """The header and the failed rows, each as wide as the header, and then what is added.

    A row that has been given back before still says where it failed first: it is numbered by that sheet.
    """
    last = max(reasons, default=0)
    with open_rows(path, limits) as opened:
        rows = iter(opened)
        head = list(islice(rows, header.LOOK_AT))
        found = header.find(head, columns)
        [titles] = [row.cells for row in head if row.number == found.number]
        known = [found.names.index(name) if name in found.names else None for name in map(normalised, ADDED)]
        own = [place for place in range(len(titles)) if place not in known]
        named = {found.names.index(name): name for name in found.names if name}
        read = {normalised(column.header): column.read for column in columns}
        yield [*(titles[place] for place in own), *ADDED]
        for row in takewhile(lambda one: one.number <= last, chain(head, rows)):
            if row.number in reasons:
                cells = [_certain(cell, read.get(named.get(place, ""))) for place, cell in enumerate(row.cells)]
                cells += [None] * len(titles)
                before = [None if place is None else cells[place] for place in known[1:]]
                origin = [upload_id, row.number] if None in before else before
                yield [*(cells[place] for place in own), reasons[row.number], *origin]


def _certain(cell: Cell, read: Callable[[Cell], Any] | None) -> Any:
    """What a workbook that counts days from 1904 leaves in doubt is given back as a question, since these files count
    from 1900 and would answer it."""
    if isinstance(cell, LooseNumber) and read is not None:
        try:
            read(cell)
        except BadCell:
            return f"{cell:.15g}?"
    return cell


def _write(sheet: "Worksheet", row: int, column: int, cell: Any, formats: Mapping[type, Any]) -> None:
    """A cell as it was, where Excel can say it; nothing goes through the library's guessing."""
    if cell is None:
        return
    if type(cell) in formats and not (isinstance(cell, date) and _is_early(cell)):
        sheet.write_datetime(row, column, cell, formats[type(cell)])
    elif isinstance(cell, bool):
        sheet.write_boolean(row, column, cell)
    elif isinstance(cell, (int, float)) and abs(cell) < _MOST_DIGITS:
        sheet.write_number(row, column, cell)
    else:
        sheet.write_string(row, column, str(cell)[:_MOST_CHARACTERS])


def _is_early(day: date) -> bool:
    return (day.date() if isinstance(day, datetime) else day) < _FIRST_DAY
