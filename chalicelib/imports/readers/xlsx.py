""".xlsx and .xlsm: which sheet is read, its styles and strings; the rows themselves come from `grid`."""

from array import array
from collections.abc import Callable, Iterator
from itertools import chain
from typing import NamedTuple
from zipfile import ZipInfo

from chalicelib.core.errors import Invalid, TooLarge
from chalicelib.imports.readers.grid import sheet_rows, unescaped
from chalicelib.imports.readers.package import DAMAGED, Attributes, Package, feed, new_parser, relations, wrong_zip
from chalicelib.imports.readers.rows import (
    NOTHING,
    Cell,
    Row,
    Sheet,
    megabytes,
    too_long_cell,
    too_many_sheets,
    too_many_styles,
)
from chalicelib.imports.readers.serials import BUILT_IN, Kind, converter, kind_of

Convert = Callable[[str], Cell]


class _Workbook(NamedTuple):
    sheets: list[tuple[str, ZipInfo]]
    strings: ZipInfo | None
    styles: ZipInfo | None
    date1904: bool


def open_sheet(package: Package) -> Sheet:
    """The first visible sheet with content; raises WrongType, Invalid or TooLarge where there is none to be read."""
    try:
        book = _workbook(package)
        package.check_sizes()
        numbers = _numbers(package, book)
        strings = _strings(package, book)
        title, part, rows = _first_with_content(package, book, numbers, strings)
    except BaseException:
        package.close()
        raise
    return Sheet(
        rows,
        format="xlsx",
        title=title,
        progress=lambda: package.unpacked_of_part / max(part.file_size, 1),
        close=package.close,
    )


def _first_with_content(
    package: Package, book: _Workbook, numbers: list[Convert], strings: Convert
) -> tuple[str, ZipInfo, Iterator[Row]]:
    for title, part in book.sheets:
        rows = sheet_rows(package.pieces(part), package.limits, numbers=numbers, strings=strings)
        first = next(rows, None)
        if first is not None:
            return title, part, chain([first], rows)
    raise Invalid(NOTHING)


def _workbook(package: Package) -> _Workbook:
    main = next(
        (target for kind, target in relations(package, "").values() if kind == "officeDocument"), "xl/workbook.xml"
    )
    part = package.find(main)
    if part is None or not main.lower().endswith(".xml"):
        raise wrong_zip(package.names())
    targets = relations(package, main)
    named: list[tuple[str, str]] = []
    date1904 = False

    def start(name: str, attributes: Attributes) -> None:
        nonlocal date1904
        if name == "workbookPr":
            date1904 = attributes.get("date1904", "") in ("1", "true", "on")
        elif name == "sheet" and attributes.get("state", "visible") == "visible":
            identity = next((value for key, value in attributes.items() if key.endswith(":id")), "")
            named.append((attributes.get("name", ""), identity))

    package.walk(part, start)
    if len(named) > package.limits.sheets:
        raise too_many_sheets(package.limits)
    by_kind: dict[str, str] = dict(targets.values())
    return _Workbook(
        [(title, _sheet_part(package, *targets[identity])) for title, identity in named if _is_grid(targets, identity)],
        package.find(by_kind.get("sharedStrings", "")),
        package.find(by_kind.get("styles", "")),
        date1904,
    )


def _is_grid(targets: dict[str, tuple[str, str]], identity: str) -> bool:
    """Charts and dialogs stand among the sheets, too."""
    return identity in targets and targets[identity][0] == "worksheet"


def _sheet_part(package: Package, _: str, target: str) -> ZipInfo:
    part = package.find(target)
    if part is None:
        raise Invalid(DAMAGED)
    return part


def _numbers(package: Package, book: _Workbook) -> list[Convert]:
    """How a number is shown, by the style number of its cell."""
    by_kind = {kind: converter(kind, date1904=book.date1904) for kind in Kind}
    return [by_kind[kind] for kind in (_kinds(package, book.styles) if book.styles else [])] or [by_kind[Kind.NUMBER]]


def _kinds(package: Package, part: ZipInfo) -> list[Kind]:
    most = package.limits.styles
    custom: dict[str, Kind] = {}
    identities: list[str] = []
    inside = False

    def start(name: str, attributes: Attributes) -> None:
        nonlocal inside
        if name == "xf":
            if inside:
                identities.append(attributes.get("numFmtId", "0"))
        elif name == "numFmt":
            custom[attributes.get("numFmtId", "")] = kind_of(attributes.get("formatCode", ""))
        else:
            # alignment, protection and extensions stand inside an xf; a list of other styles ends this one
            inside = name == "cellXfs" or (inside and name not in ("cellStyleXfs", "cellStyles", "dxfs"))
        if len(identities) > most or len(custom) > most:
            raise too_many_styles(package.limits)

    package.walk(part, start)
    return [custom.get(identity) or BUILT_IN.get(_whole(identity), Kind.NUMBER) for identity in identities]


def _whole(text: str) -> int:
    return int(text) if len(text) < 8 and text.isdecimal() else 0


def _strings(package: Package, book: _Workbook) -> Convert:
    """The shared string by index, out of one block of bytes: a million of them as objects would be ten times that."""
    block = bytearray()
    ends = array("L", [0])
    if book.strings is not None:
        _read_strings(package, book.strings, block, ends)

    def string(index: str) -> Cell:
        index = index.strip()
        if len(index) > 10 or not index.isdecimal() or int(index) >= len(ends) - 1:
            raise Invalid(DAMAGED)
        at = int(index)
        return unescaped(block[ends[at] : ends[at + 1]].decode()) or None

    return string


def _read_strings(package: Package, part: ZipInfo, block: bytearray, ends: "array[int]") -> None:
    """Every `si`: its own `t` or those of its runs; `rPh`, how it is pronounced, is left out."""
    limits = package.limits
    parser = new_parser()
    texts: list[str] = []
    phonetic = reading = False

    def start(name: str, _: object) -> None:
        nonlocal phonetic, reading
        name = name.rpartition(":")[2]
        if name == "t":
            reading = not phonetic
        elif name == "rPh":
            phonetic = True

    def data(text: str) -> None:
        if reading:
            texts.append(text)

    def end(name: str) -> None:
        nonlocal phonetic, reading
        name = name.rpartition(":")[2]
        if name == "t":
            reading = False
        elif name == "rPh":
            phonetic = False
        elif name == "si":
            text = "".join(texts)
            texts.clear()
            if len(text) > limits.cell_chars:
                raise too_long_cell(limits, "of the file")
            block.extend(text.encode())
            ends.append(len(block))

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, data
    for _ in feed(parser, package.pieces(part)):
        if len(ends) > limits.shared_strings or len(block) > limits.shared_strings_bytes:
            raise TooLarge(
                f"The file has more than {limits.shared_strings:,} different texts, or more than "
                f"{megabytes(limits.shared_strings_bytes)} of them: split it into several files."
            )
        if sum(map(len, texts)) > limits.cell_chars:
            raise too_long_cell(limits, "of the file")
