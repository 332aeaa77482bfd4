""".xls: what calamine does not tell of it, being errors, the 1904 system and passwords; the cells come from it."""

from array import array
from collections.abc import Iterator
from pathlib import Path
from struct import unpack_from

from chalicelib.core.errors import Invalid, WrongType
from chalicelib.imports.readers import confined
from chalicelib.imports.readers.confined import Noted, Notes
from chalicelib.imports.readers.grid import column_letters
from chalicelib.imports.readers.ole2 import Container
from chalicelib.imports.readers.package import DAMAGED, DOCUMENT, LOCKED
from chalicelib.imports.readers.rows import Limits, Sheet, Unreadable, too_many_columns, too_many_rows

# Records by number (MS-XLS 2.3).
_FORMULA, _END, _DATE_MODE, _PASSWORD, _SHEET, _BOOL_OR_ERROR, _BEGIN = 0x06, 0x0A, 0x22, 0x2F, 0x85, 0x205, 0x809
_MANY_NUMBERS = 0xBD
# These, texts of two kinds and numbers of two.
_CELLS = frozenset((_FORMULA, _BOOL_OR_ERROR, _MANY_NUMBERS, 0xFD, 0x203, 0x204, 0x27E))
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
    notes, starts = Notes(limits), array("L")
    depth, date1904 = 0, False
    noted = Noted()
    for at, kind, data in _records(pieces):
        if kind == _BEGIN:
            # Charts lie inside of sheets, and have nothing to do with them.
            noted = notes.begin(at) if not depth else Noted()
            depth += 1
        elif kind == _END:
            depth -= 1
        elif kind == _PASSWORD:
            raise Invalid(LOCKED)
        elif kind == _DATE_MODE:
            date1904 = data[:2] == b"\1\0"
        elif kind == _SHEET and len(data) >= 4:
            starts.append(unpack_from("<I", data)[0])
        elif kind in _CELLS and len(data) >= 6:
            _note_cell(notes, noted, kind, data, limits)
    if depth > 0 or not starts:
        raise Invalid(DAMAGED)
    return [notes.sheets.get(start, Noted()) for start in starts[: limits.sheets]], date1904


def _note_cell(notes: Notes, noted: Noted, kind: int, data: bytes, limits: Limits) -> None:
    row, column = unpack_from("<HH", data)
    last = unpack_from("<H", data, len(data) - 2)[0] if kind == _MANY_NUMBERS else column
    if last >= limits.columns:
        where = f"in column {column_letters(last)} of row {row + 1}"
        noted.problem = noted.problem or too_many_columns(limits, where)
    if row >= limits.rows:
        noted.problem = noted.problem or too_many_rows(limits)
    if error := _error(kind, data):
        notes.note(noted, row, column, Unreadable(error, f"holds the error {error}"))


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
