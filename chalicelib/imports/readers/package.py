"""The zip that an .xlsx is: its parts, unpacked in pieces and never beyond the limits."""

import zlib
from collections.abc import Callable, Iterator
from io import BufferedReader, FileIO
from pathlib import Path
from posixpath import dirname, join, normpath
from xml.parsers import expat
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from chalicelib.core.errors import Invalid, TooLarge, WrongType
from chalicelib.imports.readers.rows import MEGABYTE, Limits, megabytes

PIECE = 64 * 1024
# Small files compress to nothing honestly; the ratio only judges what could hurt.
RATIO_FLOOR = 8 * MEGABYTE
SMALL_PART = 16 * MEGABYTE
DIRECTORY = 2 * MEGABYTE
# Expat keeps an unfinished tag whole; no honest one comes near this.
TAG = MEGABYTE
# Of elements and attributes; the parser keeps every one that it has seen.
NAMES = 2_000
ENCRYPTED = 0x1
# What expat reads by itself; for any other it would ask Python's codecs, of which some are no encodings.
ENCODINGS = frozenset(("utf-8", "utf-16", "us-ascii", "iso-8859-1"))

# What zipfile raises where a file is broken: places before its beginning, names that are none, a foreign compression.
BROKEN = (BadZipFile, EOFError, OSError, ValueError, NotImplementedError, zlib.error)

DAMAGED = "The file is damaged or incomplete: open it in the spreadsheet program, save it again and upload that."
LOCKED = "This file is password-protected: save it without a password and upload it again."
DOCUMENT = "This is a document or a presentation, not a sheet: upload an .xlsx or .csv file."
DOCTYPE = "The file declares XML entities, which no spreadsheet program writes: it is refused."

Attributes = dict[str, str]
Start = Callable[[str, Attributes], None]


class _Guarded(BufferedReader):
    """A file that hands out no big piece at once: zipfile reads a directory, of whatever size, in one go."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > DIRECTORY:
            raise Invalid("The file is a zip of far too many parts: it is no spreadsheet and is refused.")
        return super().read(size)


class Package:
    """The parts by name, case and leading slash ignored, and the bytes unpacked so far."""

    def __init__(self, path: Path, limits: Limits) -> None:
        self.limits = limits
        self.unpacked = 0
        self.unpacked_of_part = 0
        self._file = _Guarded(FileIO(path))
        try:
            self._zip = ZipFile(self._file)
        except BROKEN as error:
            self._file.close()
            raise Invalid(DAMAGED) from error
        except Invalid:
            self._file.close()
            raise
        self._parts = {info.filename.replace("\\", "/").lstrip("/").lower(): info for info in self._zip.infolist()}

    def close(self) -> None:
        self._zip.close()
        self._file.close()

    def names(self) -> frozenset[str]:
        return frozenset(self._parts)

    def find(self, name: str) -> ZipInfo | None:
        return self._parts.get(normpath(name.replace("\\", "/")).lstrip("/").lower())

    def check_sizes(self) -> None:
        """Refuses by what the directory declares, before a byte is unpacked."""
        parts = self._parts.values()
        total = sum(part.file_size for part in parts)
        if total > self.limits.unpacked_bytes:
            raise self._too_large(total)
        for part in parts:
            if part.file_size > RATIO_FLOOR and part.file_size > self.limits.ratio * max(part.compress_size, 1):
                raise TooLarge(
                    f"The file unpacks to more than {self.limits.ratio} times its size, as no honest sheet does: "
                    "it is refused."
                )

    def pieces(self, part: ZipInfo) -> Iterator[bytes]:
        """The unpacked bytes of `part`, a piece at a time."""
        if part.flag_bits & ENCRYPTED:
            raise Invalid(LOCKED)
        if part.compress_type not in (ZIP_STORED, ZIP_DEFLATED):
            raise Invalid("The file is packed in an unusual way: open it in the spreadsheet program and save it again.")
        self.unpacked_of_part = 0
        try:
            with self._zip.open(part) as stream:
                while piece := stream.read(PIECE):
                    self.unpacked += len(piece)
                    self.unpacked_of_part += len(piece)
                    if self.unpacked > self.limits.unpacked_bytes:
                        raise self._too_large(self.unpacked)
                    yield piece
        except BROKEN as error:
            raise Invalid(DAMAGED) from error

    def walk(self, part: ZipInfo, start: Start, **handlers: Callable[..., None]) -> None:
        """Parses a small XML part; `start` gets local element names, as do further handlers by name."""
        if part.file_size > SMALL_PART:
            raise TooLarge(f"A part of the file that should be small is {megabytes(part.file_size)}: it is refused.")
        parser = new_parser()
        parser.StartElementHandler = lambda name, attributes: start(name.rpartition(":")[2], attributes)
        for name, handler in handlers.items():
            setattr(parser, name, handler)
        for _ in feed(parser, self.pieces(part)):
            pass

    def _too_large(self, size: int) -> TooLarge:
        return TooLarge(
            f"The file is {megabytes(size)} or more once unpacked, but at most "
            f"{megabytes(self.limits.unpacked_bytes)} are read: split it into several files."
        )


def new_parser(intern: dict[str, object] | None = None) -> expat.XMLParserType:
    """A parser that joins split text, and refuses a DOCTYPE and with it every entity."""
    parser = expat.ParserCreate(None, None, intern) if intern is not None else expat.ParserCreate()
    parser.buffer_text = True
    parser.buffer_size = PIECE
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.XmlDeclHandler = _refuse_encoding
    return parser


def feed(parser: expat.XMLParserType, pieces: Iterator[bytes]) -> Iterator[None]:
    """Parses `pieces`, stopping after each so that what was found can be taken."""
    fed = 0
    try:
        for piece in pieces:
            fed += len(piece)
            parser.Parse(piece, False)
            if fed - parser.CurrentByteIndex > TAG + PIECE:
                raise Invalid(
                    "The file holds a tag of over a million characters: it is no honest sheet and is refused."
                )
            if len(parser.intern) > NAMES:
                raise Invalid("The file is full of XML that no spreadsheet program writes: it is refused.")
            yield
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise Invalid(DAMAGED) from error
    yield


def relations(package: Package, of: str) -> dict[str, tuple[str, str]]:
    """(type's last word, target part) by relation id, for the part `of`; empty where it has none."""
    found: dict[str, tuple[str, str]] = {}
    folder = dirname(of)
    part = package.find(join(folder, "_rels", of.rpartition("/")[2] + ".rels"))

    def start(name: str, attributes: Attributes) -> None:
        if name == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "")
            kind = attributes.get("Type", "").rpartition("/")[2]
            found[attributes.get("Id", "")] = (kind, target if target.startswith("/") else join(folder, target))

    if part is not None:
        package.walk(part, start)
    return found


def is_open_document(names: frozenset[str]) -> bool:
    return names >= {"mimetype", "content.xml"} and "xl/workbook.xml" not in names


def wrong_zip(names: frozenset[str]) -> WrongType:
    """What a zip is that is no .xlsx, as far as its parts tell."""
    if "xl/workbook.bin" in names:
        return WrongType("This is a binary workbook (.xlsb): save it as .xlsx and upload that.")
    if any(name.startswith(("word/", "ppt/")) for name in names):
        return WrongType(DOCUMENT)
    return WrongType("This is a zip file without a workbook in it: upload the .xlsx or .csv file itself.")


def _refuse_doctype(*_: object) -> None:
    raise Invalid(DOCTYPE)


def _refuse_encoding(_: object, encoding: str | None, *__: object) -> None:
    if encoding and encoding.lower() not in ENCODINGS:
        raise Invalid(DAMAGED)
