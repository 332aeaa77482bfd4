"""Sheets of the older kinds written by hand, record by record and tag by tag."""

import struct
import zipfile
from pathlib import Path

SECTOR, END, FREE, IS_TABLE = 512, 0xFFFF_FFFE, 0xFFFF_FFFF, 0xFFFF_FFFD
NAMES = " ".join(
    f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{prefix}:1.0"' for prefix in ("office", "table", "text")
)
CALC = 'xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'


def container(path: Path, **streams: bytes) -> Path:
    """An OLE2 file of these streams, none of them so short that it would lie in the small sectors."""
    bodies = {name: body.ljust(4096, b"\0") for name, body in streams.items()}
    lengths = [-(-len(body) // SECTOR) for body in bodies.values()]
    tables = -(-(sum(lengths) + 1 + 128) // 127)
    following = [IS_TABLE] * tables + [END]
    entries = [_entry("Root Entry", 5, END, 0)]
    for (name, body), length in zip(bodies.items(), lengths, strict=True):
        entries.append(_entry(name, 2, len(following), len(body)))
        following += [*range(len(following) + 1, len(following) + length), END]
    header = struct.pack(
        "<8s16xHHHHH6xIIIIIIIIII",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        62,
        3,
        0xFFFE,
        9,
        6,
        0,
        tables,
        tables,
        0,
        4096,
        END,
        0,
        END,
        0,
        0,
    )
    header = header[:76] + struct.pack("<109I", *range(tables), *[FREE] * (109 - tables))
    table = struct.pack(f"<{tables * 128}I", *following, *[FREE] * (tables * 128 - len(following)))
    directory = b"".join(entries).ljust(SECTOR, b"\0")
    path.write_bytes(
        header
        + table
        + directory
        + b"".join(body.ljust(-(-len(body) // SECTOR) * SECTOR, b"\0") for body in bodies.values())
    )
    return path


def _entry(name: str, kind: int, start: int, size: int) -> bytes:
    written = name.encode("utf-16-le")
    return struct.pack("<64sHBB48xIQ", written, len(written) + 2, kind, 1, start, size)


def record(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def number(row: int, column: int, value: float, style: int = 0) -> bytes:
    return record(0x203, struct.pack("<HHHd", row, column, style, value))


def label(row: int, column: int, text: str) -> bytes:
    return record(0x204, struct.pack("<HHHHB", row, column, 0, len(text), 1) + text.encode("utf-16-le"))


def error(row: int, column: int, code: int) -> bytes:
    return record(0x205, struct.pack("<HHHBB", row, column, 0, code, 1))


def formula(row: int, column: int, value: float) -> bytes:
    return record(0x06, struct.pack("<HHHdHIH", row, column, 0, value, 0, 0, 3) + b"\x1e\x01\x00")


def xls(
    path: Path, *sheets: bytes, formats: tuple[int, ...] = (0,), date1904: bool = False, globals: bytes = b""
) -> Path:
    """An .xls of sheets made of records; a cell's style is the place of its built-in number format in `formats`."""
    begin, end = struct.pack("<HHHHII", 0x600, 5, 0, 1997, 0, 6), record(0x0A)
    styles = b"".join(record(0xE0, struct.pack("<HHHBBBBIIH", 0, one, 0, 0, 0, 0, 0, 0, 0, 0)) for one in formats)
    head = record(0x809, begin) + globals + record(0x22, struct.pack("<H", date1904)) + styles
    bodies = [record(0x809, begin[:2] + b"\x10\0" + begin[4:]) + sheet + end for sheet in sheets]
    names = [f"S{n}".encode() for n, _ in enumerate(sheets, 1)]
    at = len(head) + sum(12 + len(name) for name in names) + len(end)
    for name, body in zip(names, bodies, strict=True):
        head += record(0x85, struct.pack("<IBBBB", at, 0, 0, len(name), 0) + name)
        at += len(body)
    return container(path, Workbook=head + end + b"".join(bodies))


def table(rows: str, name: str = "S1") -> str:
    return f'<table:table table:name="{name}">{rows}</table:table>'


def line(*cells: str, repeated: int = 1) -> str:
    return f'<table:table-row table:number-rows-repeated="{repeated}">{"".join(cells)}</table:table-row>'


def cell(value: object, *, repeated: int = 1, more: str = "") -> str:
    kind, stated = ("float", f'office:value="{value}"') if isinstance(value, int | float) else ("string", "")
    return (
        f'<table:table-cell office:value-type="{kind}" {stated} table:number-columns-repeated="{repeated}" {more}>'
        f"<text:p>{value}</text:p></table:table-cell>"
    )


def ods(path: Path, *tables: str, before: str = "", parts: dict[str, str | bytes] | None = None) -> Path:
    """An .ods of whole tables; `before` is what stands before them, and `parts` adds or replaces parts by name."""
    body = f"<office:body><office:spreadsheet>{''.join(tables)}</office:spreadsheet></office:body>"
    content: dict[str, str | bytes] = {
        "mimetype": "application/vnd.oasis.opendocument.spreadsheet",
        "META-INF/manifest.xml": "<manifest/>",
        "content.xml": f"<office:document-content {NAMES} {CALC}>{before}{body}</office:document-content>",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**content, **(parts or {})}.items():
            archive.writestr(name, data)
    return path
