"""Finding the row that names the columns, and reading the rows below it by those names."""

from collections.abc import Callable, Sequence
from typing import Any

from chalicelib.core.errors import Invalid
from chalicelib.imports.readers import Cell, Row
from chalicelib.imports.readers.cells import BadCell, is_blank
from chalicelib.imports.sheets.sheet import Column, Problem, Values, missing_columns, normalised

LOOK_AT = 50
"""Rows of preamble and group headers before which the header must have come."""


class Header:
    """Which cell holds which column."""

    def __init__(self, row: Row, columns: Sequence[Column]) -> None:
        self.number = row.number
        self.names = [normalised(str(cell)) if cell is not None else "" for cell in row.cells]
        self.missing = missing_columns(self.names, columns)
        self.twice = sorted(column.header for column in columns if self.names.count(normalised(column.header)) > 1)
        self.found = sum(normalised(column.header) in self.names for column in columns)
        self._readers: list[tuple[int, Callable[[Cell], Any], str, Column]] = [
            (self.names.index(normalised(column.header)), column.read, column.field, column)
            for column in columns
            if normalised(column.header) in self.names
        ]

    def repeats(self, row: Row) -> bool:
        """The header again, as exports that are glued together have it."""
        place, _, _, column = self._readers[0]
        cell = row.cells[place] if place < len(row.cells) else None
        return isinstance(cell, str) and normalised(cell) == normalised(column.header)

    def values(self, row: Row) -> tuple[Values, list[Problem]]:
        """The row's values by field, and what is wrong with its cells."""
        values: Values = {}
        problems: list[Problem] = []
        cells = row.cells
        width = len(cells)
        for place, read, field, column in self._readers:
            cell = cells[place] if place < width else None
            if cell is None or (cell.__class__ is str and is_blank(cell)):
                if column.required and column.filled:
                    problems.append(Problem(column.header, None, "must not be empty"))
                continue
            try:
                values[field] = read(cell)
            except BadCell as bad:
                problems.append(Problem(column.header, shown(cell), str(bad)))
        return values, problems


def find(rows: Sequence[Row], columns: Sequence[Column]) -> Header:
    """The header among the first rows; Invalid says which columns are missing, of the row that came closest."""
    headers = [Header(row, columns) for row in rows]
    for header in headers:
        if not header.missing:
            if header.twice:
                raise Invalid(f"These columns are there twice: {', '.join(header.twice)}. Remove one of each.")
            return header
    closest = max(headers, key=lambda header: header.found, default=None)
    if closest is None:
        raise Invalid("The sheet is empty.")
    needed = ", ".join(closest.missing)
    where = f"row {closest.number} has some of the columns" if closest.found else "no row names the columns"
    raise Invalid(f"These columns are missing: {needed} ({where}; looked at the first {LOOK_AT} rows).")


def shown(cell: Cell) -> str:
    """A cell in an error report: as typed, cut to a readable length."""
    text = str(cell)
    return text if len(text) <= 200 else text[:197] + "..."
