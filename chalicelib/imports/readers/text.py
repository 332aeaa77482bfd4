"""csv and other delimited text: encoding and delimiter are told from the bytes."""

import codecs
import csv
from collections import Counter
from collections.abc import Iterator
from io import BufferedReader, StringIO, TextIOWrapper
from pathlib import Path

from chalicelib.core.errors import Invalid, TooLarge, WrongType
from chalicelib.imports.readers.grid import column_letters
from chalicelib.imports.readers.rows import Cell, Limits, Row, Sheet, too_long_cell, too_many_columns, too_many_rows

PIECE = 64 * 1024
DELIMITERS = ",;\t|"
SAMPLE_RECORDS = 20
LINE = 1_000_000
RECORD = 4 * LINE

BINARY = "This is not a sheet: upload an .xlsx or .csv file."
BROKEN_TEXT = "The text of the file is damaged: save it as .csv in UTF-8 and upload it again."
WEB_PAGE = (
    "This is a web page or XML, not a sheet, whatever its name says: "
    "open it in the spreadsheet program, save it as .xlsx and upload that."
)


def open_sheet(path: Path, limits: Limits) -> Sheet:
    """The records of a text file; raises WrongType, Invalid or TooLarge where it is no text or passes a limit."""
    encoding = encoding_of(path)
    sample = _sample(path, encoding)
    delimiter = _stated_delimiter(sample) or delimiter_of(sample)
    lines = _Lines(path, encoding, limits)
    if _stated_delimiter(sample):
        # Spreadsheet programs swallow this line and number the next one 1.
        lines.file.readline()
    return Sheet(
        _rows(lines, delimiter, limits), format="csv", title="", progress=lines.progress, close=lines.file.close
    )


def encoding_of(path: Path) -> str:
    """By its mark at the start; else UTF-8 where the whole file is that, else Windows' western European."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        start = file.read(4)
        if start in (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE):
            return "utf-32"
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        file.seek(0)
        try:
            while piece := file.read(PIECE):
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"


def delimiter_of(sample: str) -> str:
    """The delimiter that cuts most records of the sample into the same, largest number of cells."""

    def score(delimiter: str) -> int:
        widths = Counter(len(record) for record in _records(sample, delimiter) if record)
        return max(((width - 1) * count for width, count in widths.items()), default=0)

    return max(DELIMITERS, key=score)


def _records(sample: str, delimiter: str) -> list[list[str]]:
    records: list[list[str]] = []
    try:
        for record in csv.reader(StringIO(sample, newline=""), delimiter=delimiter):
            records.append(record)
            if len(records) == SAMPLE_RECORDS:
                break
    except csv.Error:
        # a quote that never closes under this delimiter: what came before it still counts
        pass
    return records


def _stated_delimiter(sample: str) -> str | None:
    """The one of a first line `sep=;`, by which some programs help spreadsheets."""
    line = sample.partition("\n")[0].strip("\r\n\"' ").lower()
    return line[4] if len(line) == 5 and line.startswith("sep=") and line[4] in DELIMITERS else None


def _sample(path: Path, encoding: str) -> str:
    with path.open("rb") as file:
        piece = file.read(PIECE)
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(piece)
    except UnicodeDecodeError as error:
        raise Invalid(BROKEN_TEXT) from error
    if any(letter < " " and letter not in "\t\r\n\f\x1a" for letter in set(text)):
        raise WrongType(BINARY)
    if text.lstrip()[:200].lower().startswith(("<html", "<!doctype", "<?xml", "<table", "<head", "<meta")):
        raise WrongType(WEB_PAGE)
    if len(piece) < PIECE:
        return text
    whole, newline, _ = text.rpartition("\n")
    return whole + newline if newline else text


class _Lines:
    """The lines of a text file, refusing one that is too long before it is held whole."""

    def __init__(self, path: Path, encoding: str, limits: Limits) -> None:
        self._raw = path.open("rb", buffering=0)
        self._size = path.stat().st_size
        self.file = TextIOWrapper(BufferedReader(self._raw, PIECE), encoding, newline="")
        self._limits = limits
        # Characters since the record began; whoever takes a record sets it back.
        self.taken = 0

    def progress(self) -> float:
        return 1.0 if self._raw.closed else self._raw.tell() / max(self._size, 1)

    def __iter__(self) -> Iterator[str]:
        readline = self.file.readline
        try:
            while line := readline(LINE):
                self.taken += len(line)
                if len(line) == LINE or self.taken > RECORD:
                    raise too_long_cell(self._limits, "or a row of the file (or a quote in it is never closed)")
                if "\0" in line:
                    raise WrongType(BINARY)
                yield line
        except UnicodeError as error:
            raise Invalid(BROKEN_TEXT) from error


def _rows(lines: _Lines, delimiter: str, limits: Limits) -> Iterator[Row]:
    number = 0
    try:
        for number, record in enumerate(csv.reader(lines, delimiter=delimiter), 1):
            lines.taken = 0
            cells: list[Cell] = [cell or None for cell in record]
            while cells and cells[-1] is None:
                cells.pop()
            if cells:
                _check(number, record, len(cells), limits)
                yield Row(number, cells)
    except csv.Error as error:
        raise _unreadable(error, number + 1, limits) from error


def _check(number: int, record: list[str], columns: int, limits: Limits) -> None:
    if number > limits.rows:
        raise too_many_rows(limits)
    if columns > limits.columns:
        raise too_many_columns(limits, f"in column {column_letters(columns - 1)} of row {number}")
    if len(max(record, key=len)) > limits.cell_chars:
        raise too_long_cell(limits, f"in row {number}")


def _unreadable(error: csv.Error, number: int, limits: Limits) -> Invalid | TooLarge:
    if "field limit" in str(error):
        return too_long_cell(limits, f"in row {number} (or a quote there is never closed)")
    return Invalid(f"Row {number} of the file cannot be read as text: save it as .csv in UTF-8 and upload it again.")
