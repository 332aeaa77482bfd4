"""Bytes to rows: the format told by content, every limit enforced while reading."""

from pathlib import Path

from chalicelib.core.errors import Invalid, TooLarge, WrongType
from chalicelib.imports.readers import ods, text, xls, xlsx
from chalicelib.imports.readers.package import Package, is_open_document
from chalicelib.imports.readers.rows import Cell, Limits, LooseNumber, Row, Sheet, Unreadable, megabytes

__all__ = ["Cell", "Limits", "LooseNumber", "Row", "Sheet", "Unreadable", "open_rows"]

ZIP = (b"PK\x03\x04", b"PK\x05\x06")
OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SQLITE = b"SQLite format 3\0"

PICTURE = "This is a picture, whatever its name says: upload the sheet itself, as .xlsx or .csv."
OTHER = {
    b"\x89PNG": PICTURE,
    b"\xff\xd8\xff": PICTURE,
    b"GIF8": PICTURE,
    b"II*\0": PICTURE,
    b"MM\0*": PICTURE,
    b"RIFF": PICTURE,
    b"%PDF": "This is a PDF, not a sheet: upload the sheet itself, as .xlsx or .csv.",
    b"\x1f\x8b": "This file is compressed: unpack it and upload the .xlsx or .csv file itself.",
    b"7z\xbc\xaf": "This file is compressed: unpack it and upload the .xlsx or .csv file itself.",
    b"Rar!": "This file is compressed: unpack it and upload the .xlsx or .csv file itself.",
    SQLITE: "This is a database, not a sheet: upload it as kind opsdb.db.",
}


def open_rows(path: Path, limits: Limits, *, filename: str = "") -> Sheet:
    """The rows of a sheet, to be iterated once, best in a `with`.

    `filename` is only for messages. Raises WrongType, Invalid or TooLarge, here or while iterating, each with one
    sentence that says what is wrong and what to do. Iterating holds a few pieces of the file in memory, never all.
    """
    size = path.stat().st_size
    name = f" {filename}" if filename else ""
    if not size:
        raise Invalid(f"The file{name} is empty.")
    if size > limits.bytes:
        raise TooLarge(
            f"The file{name} is {megabytes(size)}, but at most {megabytes(limits.bytes)} are read: "
            "split it into several files."
        )
    with path.open("rb") as file:
        head = file.read(16)
    if head.startswith(ZIP):
        return _open_zip(path, limits)
    if head.startswith(OLE2):
        return xls.open_sheet(path, limits)
    for signature, sentence in OTHER.items():
        if head.startswith(signature):
            raise WrongType(sentence)
    return text.open_sheet(path, limits)


def _open_zip(path: Path, limits: Limits) -> Sheet:
    package = Package(path, limits)
    return ods.open_sheet(path, package) if is_open_document(package.names()) else xlsx.open_sheet(package)
