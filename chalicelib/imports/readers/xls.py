""".xls: what calamine does not tell of it, being errors, the 1904 system and passwords; the cells come from it."""

from array import array
from collections.abc import Iterator
from pathlib import Path
from struct import iter_unpack, unpack_from

from chalicelib.core.errors import Invalid, WrongType
from chalicelib.imports.readers import confined
from chalicelib.imports.readers.confined import Noted, Notes
from chalicelib.imports.readers.grid import column_letters
from chalicelib.imports.readers.ole2 import Container
from chalicelib.imports.readers.package import DAMAGED, DOCUMENT, LOCKED
from chalicelib.imports.readers.rows import Limits, Sheet, Unreadable, too_many_columns, too_many_rows
from chalicelib.imports.readers.serials import BUILT_IN, Kind, kind_of

# Records by number (MS-XLS 2.3).
_FORMULA, _END, _DATE_MODE, _PASSWORD, _SHEET, _BOOL_OR_ERROR, _BEGIN = 0x06, 0x0A, 0x22, 0x2F, 0x85, 0x205, 0x809
_MANY_NUMBERS, _STYLE, _FORMAT = 0xBD, 0xE0, 0x41E
# These, texts of two kinds and numbers of two.
_CELLS = (_FORMULA, _BOOL_OR_ERROR, 0xFD, 0x203, 0x204, 0x27E)
_ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}


def open_sheet(path: Path, limits: Limits) -> Sheet:
    """The first visible sheet with content; raises WrongType, Invalid or TooLarge where there is none to be read."""
    confined.check_size(path, limits, ".xls")
    sheets, date1904 = _looked_through(path, limits)
    return confined.open_sheet(path, limits, format="xls", sheets=sheets, date1904=date1904)


def _looked_through(path: Path, limits: Limits) -> tuple[list[Noted], bool]:
    with path.open("rb") as file:
        container = Container(file)
        names = container.names()
        if names & {"EncryptedPackage", "EncryptionInfo"}:
            raise Invalid(LOCKED)
        stream = next((name for name in ("Workbook", "Book") if name in names), None)
        if stream is None:
            raise WrongType(DOCUMENT)
        return _noted(container.pieces(stream), limits)


def _noted(pieces: Iterator[bytes], limits: Limits) -> tuple[list[Noted], bool]:
    """What is to be known of each sheet, in the order of their names, and whether days count from 1904."""
    look = _Look(limits)
    for at, kind, data in _records(pieces):
        if handle := look.handlers.get(kind):
            handle(at, kind, data)
    if look.depth > 0 or not look.starts:
        raise Invalid(DAMAGED)
    return [look.notes.sheets.get(start, Noted()) for start in look.starts[: limits.sheets]], look.date1904


class _Look:
    """What has been seen so far, and what is done with a record of each kind that matters."""

    def __init__(self, limits: Limits) -> None:
        self.notes, self.starts = Notes(limits), array("L")
        self.depth, self.date1904 = 0, False
        self.handlers = {
            _BEGIN: self._begin,
            _END: self._end,
            _PASSWORD: self._locked,
            _DATE_MODE: self._date_mode,
            _SHEET: self._sheet,
            _FORMAT: self._format,
            _STYLE: self._style,
            _MANY_NUMBERS: self._many,
            **dict.fromkeys(_CELLS, self._cell),
        }
        self._limits = limits
        self._noted = Noted()
        self._formats: dict[int, Kind] = {}
        self._moments: list[bool] = []

    def _begin(self, at: int, _: int, __: bytes) -> None:
        # Charts lie inside of sheets, and have nothing to do with them.
        self._noted = Noted() if self.depth else self.notes.begin(at)
        self.depth += 1

    def _end(self, _: int, __: int, ___: bytes) -> None:
        self.depth -= 1

    def _locked(self, _: int, __: int, ___: bytes) -> None:
        raise Invalid(LOCKED)

    def _date_mode(self, _: int, __: int, data: bytes) -> None:
        self.date1904 = data[:2] == b"\1\0"

    def _sheet(self, _: int, __: int, data: bytes) -> None:
        if len(data) >= 4:
            self.starts.append(unpack_from("<I", data)[0])

    def _format(self, _: int, __: int, data: bytes) -> None:
        """The letters of a format, of one byte or two each, before which stand some that are none."""
        if len(data) > 5 and len(self._formats) < self._limits.styles:
            shown = data[5:].decode("utf-16-le" if data[4] & 1 else "latin-1", "replace")
            self._formats[unpack_from("<H", data)[0]] = kind_of(shown)

    def _style(self, _: int, __: int, data: bytes) -> None:
        if len(data) >= 4 and len(self._moments) < self._limits.styles:
            number = unpack_from("<H", data, 2)[0]
            self._moments.append((self._formats.get(number) or BUILT_IN.get(number)) is Kind.MOMENT)

    def _cell(self, _: int, kind: int, data: bytes) -> None:
        if len(data) < 6:
            return
        row, column, style = unpack_from("<HHH", data)
        self._place(row, column)
        if style < len(self._moments) and self._moments[style]:
            self._noted.moments.add(column)
        if error := _error(kind, data):
            self.notes.note(self._noted, row, column, Unreadable(error, f"holds the error {error}"))

    def _many(self, _: int, __: int, data: bytes) -> None:
        """A row of numbers: each its style, and itself in four bytes."""
        if len(data) < 6:
            return
        row, first = unpack_from("<HH", data)
        styles = [style for style, _ in iter_unpack("<HI", data[4 : len(data) - (len(data) - 4) % 6])]
        self._place(row, first + len(styles) - 1)
        self._noted.moments.update(
            first + n for n, style in enumerate(styles) if style < len(self._moments) and self._moments[style]
        )

    def _place(self, row: int, last: int) -> None:
        noted, limits = self._noted, self._limits
        if last >= limits.columns:
            where = f"in column {column_letters(last)} of row {row + 1}"
            noted.problem = noted.problem or too_many_columns(limits, where)
        if row >= limits.rows:
            noted.problem = noted.problem or too_many_rows(limits)


def _error(kind: int, data: bytes) -> str:
    """The error that a cell shows, or nothing."""
    if kind == _BOOL_OR_ERROR and len(data) >= 8 and data[7]:
        return _ERRORS.get(data[6], "#ERROR!")
    # A formula's result is a number, but for the last two bytes, which make it none.
    if kind == _FORMULA and len(data) >= 14 and data[6] == 2 and data[12:14] == b"\xff\xff":
        return _ERRORS.get(data[8], "#ERROR!")
    return ""


def _records(pieces: Iterator[bytes]) -> Iterator[tuple[int, int, bytes]]:
    """Place, number and content of every record that is whole."""
    at = 0
    buffer = bytearray()
    for piece in pieces:
        buffer += piece
        begin = 0
        while len(buffer) - begin >= 4:
            kind, length = unpack_from("<HH", buffer, begin)
            if len(buffer) - begin - 4 < length:
                break
            yield at, kind, bytes(buffer[begin + 4 : begin + 4 + length])
            begin += 4 + length
            at += 4 + length
        del buffer[:begin]
