"""Whole lists as files: each row is written as it is read, so that memory does not grow with the list."""

import csv
import io
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from datetime import time as time_of_day
from tempfile import SpooledTemporaryFile
from time import monotonic
from typing import IO, TYPE_CHECKING, Annotated, Any, NamedTuple, get_args
from uuid import uuid4

import msgspec
from msgspec import Meta

from chalicelib.core.answers import Elsewhere, File
from chalicelib.core.errors import TooLarge
from chalicelib.core.settings import settings
from chalicelib.core.storage import export_key, s3

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

CONTENT_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

MOST_XLSX_ROWS = 100_000
MOST_SECONDS = 20.0
"""From the request's arrival to its last row, of the 30 that the gateway waits: when the rows are there a workbook is
still to be packed (a tenth of the time more), and what is large to be stored."""

LARGEST_ANSWER = 4_000_000
"""Bytes: Lambda answers with 6 MB at most, and base64 takes a third more."""

LINK_SECONDS = 300

Share = Annotated[float, Meta(description="a share: 0.833 is 83.3 %")]
"""A number that a workbook shows in per cent."""

Counts = dict[str, int]
"""Numbers by names that only the rows know: a file has a column for each, where the whole list is at hand."""

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a cell of text begins with that a spreadsheet would run, or look behind."""

_MOST_CHARACTERS = 32_767  # of a cell, says Excel
_MOST_DIGITS = 10**15  # Excel keeps 15 and makes the others 0
_FIRST_DAY = date(1900, 3, 1)  # Excel believes in 29 February 1900
_WIDTHS = (8, 50)
_SAMPLE = 200
"""Rows by whose cells the columns are made wide enough."""


class _Column(NamedTuple):
    """The field at that place, or one of its counts."""

    head: str
    place: int
    counted: str | None
    share: bool


def exported(
    kind: str, rows: Iterable[msgspec.Struct], *, shape: type[msgspec.Struct], total: int, name: str, began: float
) -> File | Elsewhere:
    """`rows`, each a `shape`, as a file of that kind with the fields as its columns, and of `Counts` each number.

    TooLarge when a workbook has no room for `total` rows, or when there is no time: `began` is when the request came.
    """
    if kind == "xlsx" and total > MOST_XLSX_ROWS:
        raise TooLarge(f"format: xlsx holds up to {MOST_XLSX_ROWS} rows, this list has {total}; ask for csv or less")
    columns = _columns(shape, rows if isinstance(rows, list) else [])
    with SpooledTemporaryFile(max_size=LARGEST_ANSWER) as file:
        _WRITERS[kind](file, columns, _cells(columns, _in_time(rows, kind, began)), name)
        return _handed_over(file, CONTENT_TYPES[kind], f"{name}.{kind}")


def _columns(shape: type[msgspec.Struct], rows: list[msgspec.Struct]) -> list[_Column]:
    """Where no row has counts their field stays one column."""
    found = []
    for place, field in enumerate(msgspec.structs.fields(shape)):
        counts = sorted({name for row in rows for name in getattr(row, field.name)}) if field.type == Counts else []
        share = Share in (field.type, *get_args(field.type))
        names = [(f"{field.encode_name}: {count}", count) for count in counts] or [(field.encode_name, None)]
        found += [_Column(head, place, count, share) for head, count in names]
    return found


def _cells(columns: Sequence[_Column], rows: Iterable[msgspec.Struct]) -> Iterator[Sequence[Any]]:
    """The values of each row; who has none of a count has 0."""
    values = map(msgspec.structs.astuple, rows)
    if all(one.counted is None for one in columns):
        return values
    return (
        [row[one.place] if one.counted is None else row[one.place].get(one.counted, 0) for one in columns]
        for row in values
    )


def _in_time(rows: Iterable[msgspec.Struct], kind: str, began: float) -> Iterator[msgspec.Struct]:
    last = began + MOST_SECONDS
    for number, row in enumerate(rows):
        if number % 500 == 0 and monotonic() > last:
            other = ", or for csv" if kind == "xlsx" else ""
            raise TooLarge(f"format: after {number} rows there is no time left; ask for less at once{other}")
        yield row


def _handed_over(file: IO[bytes], content_type: str, name: str) -> File | Elsewhere:
    """The file itself, or where it can be fetched for a short time when it is too large for an answer."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if size <= LARGEST_ANSWER:
        return File(file.read(), content_type, name)
    where = {"Bucket": settings().require("uploads_bucket"), "Key": export_key(str(uuid4()), name)}
    s3().put_object(**where, Body=file, ContentType=content_type, ContentDisposition=f'attachment; filename="{name}"')
    return Elsewhere(s3().generate_presigned_url("get_object", Params=where, ExpiresIn=LINK_SECONDS), LINK_SECONDS)


def write_csv(file: IO[bytes], head: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    """A table for a spreadsheet (RFC 4180, with a BOM for Excel) in which no cell can be run as a formula."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    text.detach()


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _csv(file: IO[bytes], columns: Sequence[_Column], rows: Iterable[Sequence[Any]], _name: str) -> None:
    write_csv(file, [one.head for one in columns], (map(_plain, msgspec.to_builtins(row)) for row in rows))


def _plain(value: object) -> object:
    """What JSON would show; structures as JSON."""
    return msgspec.json.encode(value).decode() if isinstance(value, (bool, dict, list, tuple)) else value


def _xlsx(file: IO[bytes], columns: Sequence[_Column], rows: Iterable[Sequence[Any]], name: str) -> None:
    import xlsxwriter

    head = [one.head for one in columns]
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(file, options) as book:
        sheet = book.add_worksheet(name[:31])
        widths = [len(field) for field in head]
        sheet.freeze_panes(1, 0)
        sheet.write_row(0, 0, head, book.add_format({"bold": True}))
        cells = _Cells(sheet, book.add_format, {place for place, one in enumerate(columns) if one.share})
        place = 0
        for place, row in enumerate(rows, start=1):
            for column, value in enumerate(row):
                written = cells.write(place, column, value)
                if place <= _SAMPLE and written > widths[column]:
                    widths[column] = written
        sheet.autofilter(0, 0, place, len(head) - 1)
        for column, width in enumerate(widths):
            # Room for the arrow of the filter.
            sheet.set_column(column, column, min(max(width + 3, _WIDTHS[0]), _WIDTHS[1]))


class _Cells:
    """Writes values as what they are, in the columns of `shares` in per cent. Nothing goes through the library's
    guessing, so no text can become a formula."""

    def __init__(
        self, sheet: "Worksheet", add_format: "Callable[[dict[str, str]], Format]", shares: Collection[int]
    ) -> None:
        self.sheet, self.shares = sheet, shares
        self.share = add_format({"num_format": "0.0%"})
        self.number = add_format({"num_format": "0.00"})
        self.whole = add_format({"num_format": "0"})
        self.day = add_format({"num_format": "yyyy-mm-dd"})
        self.clock = add_format({"num_format": "hh:mm:ss"})
        self.moment = add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})

    def write(self, row: int, column: int, value: Any) -> int:
        """Write one cell; how many characters it shows."""
        if value is None:
            return 0
        kind = type(value)
        if kind is str:
            return self._text(row, column, value)
        if kind is int and abs(value) < _MOST_DIGITS:
            self.sheet.write_number(row, column, value, self.whole)
            return len(str(value))
        return self._rarer(row, column, value)

    def _rarer(self, row: int, column: int, value: Any) -> int:
        match value:
            case bool():
                self.sheet.write_boolean(row, column, value)
                return 5
            case datetime():
                self.sheet.write_datetime(row, column, value.astimezone(UTC).replace(tzinfo=None), self.moment)
                return 19
            case date() if value >= _FIRST_DAY:
                self.sheet.write_datetime(row, column, value, self.day)
                return 10
            case time_of_day():
                self.sheet.write_datetime(row, column, value, self.clock)
                return 8
            case float():
                self.sheet.write_number(row, column, value, self.share if column in self.shares else self.number)
                return 10
            case date() | int():
                return self._text(row, column, str(value))
            case _:
                return self._text(row, column, msgspec.json.encode(value).decode())

    def _text(self, row: int, column: int, text: str) -> int:
        self.sheet.write_string(row, column, text[:_MOST_CHARACTERS])
        return len(text)


_WRITERS: dict[str, Callable[[IO[bytes], Sequence[_Column], Iterable[Sequence[Any]], str], None]] = {
    "csv": _csv,
    "xlsx": _xlsx,
}
