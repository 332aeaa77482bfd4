"""What every reader yields and what it may not exceed."""

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from types import TracebackType
from typing import NamedTuple, Self

import msgspec

from chalicelib.core.errors import TooLarge

MEGABYTE = 1_000_000
NOTHING = "The file has no visible sheet with anything in it."
BLANK = re.compile(r"\s*\Z")


class Limits(msgspec.Struct, frozen=True):
    """What a file may hold; every refusal names the limit that was passed."""

    bytes: int
    unpacked_bytes: int
    columns: int
    rows: int
    cell_chars: int = 32_767
    ratio: int = 200
    shared_strings: int = 2_000_000
    shared_strings_bytes: int = 128 * MEGABYTE
    styles: int = 65_536
    sheets: int = 1_000
    # What another program's library reads whole: .xls and .ods.
    whole_bytes: int = 20 * MEGABYTE
    whole_memory: int = 512 * MEGABYTE
    whole_seconds: int = 60


class Unreadable(msgspec.Struct, frozen=True):
    """A cell that is there but has no value; `reason` completes "this cell ..."."""

    shown: str
    reason: str

    def __str__(self) -> str:
        return self.shown


class LooseNumber(float):
    """A number without a date format in a workbook that counts days from 1904: never a day, it may be 4 years off."""

    __slots__ = ()


Cell = str | float | int | bool | datetime | date | time | Unreadable | None


class Row(NamedTuple):
    """One row with content: `number` as the spreadsheet shows it, trailing blank cells dropped."""

    number: int
    cells: list[Cell]


class Sheet:
    """The rows of one opened file, once; closes the file when left as a context or read to its end."""

    def __init__(
        self,
        rows: Iterator[Row],
        *,
        format: str,
        title: str,
        progress: Callable[[], float],
        close: Callable[[], None],
    ) -> None:
        self.rows = rows
        self.format = format
        self.title = title
        self.close = close
        self._progress = progress

    @property
    def progress(self) -> float:
        """The share of the file that has been read, from 0 to 1."""
        return min(1.0, self._progress())

    def __iter__(self) -> Iterator[Row]:
        return self.rows

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def megabytes(count: int) -> str:
    return f"{count / MEGABYTE:,.1f}".removesuffix(".0") + " MB"


def too_many_sheets(limits: Limits) -> TooLarge:
    return TooLarge(f"The file has more than {limits.sheets:,} sheets: keep the one that is to be read.")


def too_many_styles(limits: Limits) -> TooLarge:
    return TooLarge(
        f"The file has more than {limits.styles:,} cell formats: copy the values into a new workbook and upload that."
    )


def too_many_rows(limits: Limits) -> TooLarge:
    return TooLarge(
        f"The sheet has rows beyond row {limits.rows:,}, the most that is read: split it into several files."
    )


def too_many_columns(limits: Limits, where: str) -> TooLarge:
    return TooLarge(
        f"The sheet has something {where}, but at most {limits.columns} columns are read: "
        "delete what is to the right of the table and upload it again."
    )


def too_long_cell(limits: Limits, where: str) -> TooLarge:
    return TooLarge(
        f"A cell {where} holds more than {limits.cell_chars:,} characters, the most that is read: "
        "shorten it and upload the file again."
    )
