"""Files that would harm the service: each ends quickly, small, and with a sentence that says why."""

import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from msgspec.structs import replace

from chalicelib.core.errors import Invalid, OpsdbError, TooLarge, WrongType
from chalicelib.imports.readers import Limits, Row, open_rows
from tests.imports.readers.books import LIMITS, book, rows_of, worksheet
from tests.imports.readers.older import container

ONE = worksheet('<row r="1"><c r="A1"><v>1</v></c></row>')
MEGABYTE = 1_000_000


def refused(path: Path, error: type[OpsdbError], *words: str, limits: Limits = LIMITS) -> None:
    """Asserts the refusal, its words, and that it cost less than 12 MB."""
    tracemalloc.start()
    try:
        with pytest.raises(error) as caught:
            rows_of(path, limits)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    (sentence,) = caught.value.problems
    assert all(word in sentence for word in words), sentence
    assert peak < 12 * MEGABYTE


def test_two_cells_in_the_far_corners(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    refused(book(tmp_path / "a.xlsx", worksheet(rows)), TooLarge, "column XFD of row 1048576", "200 columns")


def test_three_hundred_columns(tmp_path: Path) -> None:
    rows = '<row r="1">' + "<c><v>1</v></c>" * 300 + "</row>"
    refused(book(tmp_path / "a.xlsx", worksheet(rows)), TooLarge, "column GS of row 1", "200 columns")
    (tmp_path / "a.csv").write_text(",".join("x" * 300))
    refused(tmp_path / "a.csv", TooLarge, "column KN of row 1", "200 columns")


def test_more_rows_than_are_read(tmp_path: Path) -> None:
    few = replace(LIMITS, rows=10)
    rows = '<row r="11"><c r="A11"><v>1</v></c></row>'
    refused(book(tmp_path / "a.xlsx", worksheet(rows)), TooLarge, "beyond row 10", limits=few)
    (tmp_path / "a.csv").write_text("a,b\n" * 11)
    refused(tmp_path / "a.csv", TooLarge, "beyond row 10", limits=few)


def test_a_million_blank_rows_are_nothing(tmp_path: Path) -> None:
    blank = '<row><c s="1"/></row>' * 999_999
    path = book(tmp_path / "a.xlsx", worksheet(f'<row r="1"><c r="A1"><v>1</v></c></row>{blank}'))
    loose = replace(LIMITS, ratio=10_000)
    assert rows_of(path, loose) == [Row(1, [1])]


def test_a_cell_of_a_megabyte(tmp_path: Path) -> None:
    long = "x" * MEGABYTE
    inline = f'<row r="1"><c r="A1" t="inlineStr"><is><t>{long}</t></is></c></row>'
    refused(book(tmp_path / "a.xlsx", worksheet(inline)), TooLarge, "more than 32,767 characters")
    refused(book(tmp_path / "b.xlsx", ONE, strings=f"<si><t>{long}</t></si>"), TooLarge, "more than 32,767 characters")
    (tmp_path / "a.csv").write_text(f"a,b\n1,{long}\n")
    refused(tmp_path / "a.csv", TooLarge, "more than 32,767 characters")


def test_a_cell_just_too_long(tmp_path: Path) -> None:
    long = "x" * 32_768
    inline = f'<row r="7"><c r="A7" t="inlineStr"><is><t>{long}</t></is></c></row>'
    refused(book(tmp_path / "a.xlsx", worksheet(inline)), TooLarge, "in row 7")
    (tmp_path / "a.csv").write_text(f"a,b\n1,{long}\n")
    refused(tmp_path / "a.csv", TooLarge, "in row 2")


def test_a_cell_of_endless_runs(tmp_path: Path) -> None:
    inline = f'<row r="1"><c r="A1" t="inlineStr"><is>{"<r><t>x</t></r>" * 200_000}</is></c></row>'
    refused(book(tmp_path / "a.xlsx", worksheet(inline)), TooLarge, "more than 32,767 characters")


def test_a_tag_of_many_megabytes(tmp_path: Path) -> None:
    row = f'<row r="1" spans="{"1" * 30 * MEGABYTE}"/>'
    loose = replace(LIMITS, ratio=10_000)
    refused(book(tmp_path / "a.xlsx", worksheet(row)), Invalid, "a tag of over a million characters", limits=loose)


def test_endless_new_names(tmp_path: Path) -> None:
    names = "".join(f"<n{n}/>" for n in range(100_000))
    refused(book(tmp_path / "a.xlsx", worksheet(f'<row r="1">{names}</row>')), Invalid, "XML")
    refused(book(tmp_path / "b.xlsx", ONE, strings=names), Invalid, "XML")
    refused(book(tmp_path / "c.xlsx", ONE, styles=names), Invalid, "XML")


@pytest.mark.parametrize(
    "part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/sharedStrings.xml", "xl/styles.xml"]
)
def test_entity_bombs(tmp_path: Path, part: str) -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "ha">{levels}]><worksheet>&e9;</worksheet>'
    path = book(tmp_path / "a.xlsx", ONE, strings="", styles="", parts={part: bomb})
    refused(path, Invalid, "entities")


@pytest.mark.parametrize("encoding", ["UTF-8h", "undefined", "idna", "zlib", "utf-7", "cp1252"])
def test_an_encoding_that_no_spreadsheet_program_writes(tmp_path: Path, encoding: str) -> None:
    declared = f'<?xml version="1.0" encoding="{encoding}"?>{ONE}'
    refused(book(tmp_path / "a.xlsx", declared), Invalid, "damaged")


def test_a_zip_bomb(tmp_path: Path) -> None:
    bomb = worksheet(" " * 20 * MEGABYTE)
    refused(book(tmp_path / "a.xlsx", bomb), TooLarge, "unpacks to more than 200 times its size")


def test_more_than_may_be_unpacked(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", worksheet("<row/>" * MEGABYTE))
    refused(path, TooLarge, "6 MB", "at most 5 MB", limits=replace(LIMITS, unpacked_bytes=5 * MEGABYTE))


def test_a_zip_bomb_that_lies_about_its_size(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", worksheet(" " * 20 * MEGABYTE))
    data = bytearray(path.read_bytes())
    true = struct.pack("<I", len(worksheet(" " * 20 * MEGABYTE)))
    path.write_bytes(bytes(data).replace(true, struct.pack("<I", 1000)))
    refused(path, Invalid, "damaged")


def test_a_zip_of_far_too_many_parts(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        for n in range(10_000):
            archive.writestr(f"{n:0250}", b"")
    refused(tmp_path / "a.xlsx", Invalid, "far too many parts")


def test_too_many_shared_strings_and_styles(tmp_path: Path) -> None:
    few = replace(LIMITS, shared_strings=100, styles=100)
    refused(book(tmp_path / "a.xlsx", ONE, strings="<si/>" * 200), TooLarge, "100 different texts", limits=few)
    many = f"<cellXfs>{'<xf/>' * 200}</cellXfs>"
    refused(book(tmp_path / "b.xlsx", ONE, styles=many), TooLarge, "100 cell formats", limits=few)


def test_a_file_too_large_to_look_at(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", ONE)
    refused(path, TooLarge, "at most 0 MB", limits=replace(LIMITS, bytes=100))


def test_a_password_protected_workbook(tmp_path: Path) -> None:
    container(tmp_path / "a.xlsx", EncryptionInfo=b"", EncryptedPackage=bytes(5000))
    refused(tmp_path / "a.xlsx", Invalid, "password-protected", "save it without a password")


def test_an_encrypted_zip(tmp_path: Path) -> None:
    path = book(tmp_path / "a.xlsx", ONE)
    data = bytearray(path.read_bytes())
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        data[at + 8] |= 1
        at = data.find(b"PK\x01\x02", at + 4)
    path.write_bytes(data)
    refused(path, Invalid, "password-protected")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_truncated_workbook(tmp_path: Path, share: float) -> None:
    whole = book(tmp_path / "a.xlsx", ONE).read_bytes()
    (tmp_path / "a.xlsx").write_bytes(whole[: int(len(whole) * share)])
    refused(tmp_path / "a.xlsx", Invalid, "damaged or incomplete")


@pytest.mark.parametrize("back", [1, 10, 29, 40, 10**9])
def test_a_part_that_begins_near_the_end_or_past_it(tmp_path: Path, back: int) -> None:
    whole = bytearray(book(tmp_path / "a.xlsx", ONE).read_bytes())
    at = whole.find(b"PK\x01\x02")
    while at >= 0:
        struct.pack_into("<I", whole, at + 42, (len(whole) - back) % 2**32)
        at = whole.find(b"PK\x01\x02", at + 4)
    (tmp_path / "a.xlsx").write_bytes(whole)
    refused(tmp_path / "a.xlsx", Invalid, "damaged")


def test_a_sheet_that_breaks_off(tmp_path: Path) -> None:
    refused(book(tmp_path / "a.xlsx", ONE[: ONE.index("</row>")]), Invalid, "damaged")


def test_a_shared_string_that_is_not_there(tmp_path: Path) -> None:
    sheet = worksheet('<row r="1"><c r="A1" t="s"><v>99999999999999999999</v></c></row>')
    refused(book(tmp_path / "a.xlsx", sheet), Invalid, "damaged")


@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"", Invalid, "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), WrongType, "picture"),
        (b"\xff\xd8\xff\xe0" + bytes(100), WrongType, "picture"),
        (b"%PDF-1.7", WrongType, "PDF"),
        (b"SQLite format 3\0" + bytes(100), WrongType, "database"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000), Invalid, "damaged"),
        (b"a,b\0c\n", WrongType, "not a sheet"),
        (b"\x01\x02\x03", WrongType, "not a sheet"),
        (b"a,b\n\x81\x8d,\xff\n", Invalid, "UTF-8"),
        (b"<html><table>", WrongType, "web page"),
        (b"\xff\xfea", Invalid, "UTF-8"),
        (b'a,b\n"' + b"x\n" * 3_000_000, TooLarge, "never closed"),
        (b"x" * 3_000_000, TooLarge, "32,767"),
        (b"," * 3_000_000, TooLarge, "32,767"),
    ],
)
def test_what_is_no_sheet_is_refused_by_its_content(
    tmp_path: Path, content: bytes, error: type[OpsdbError], words: str
) -> None:
    (tmp_path / "sheet.xlsx").write_bytes(content)
    refused(tmp_path / "sheet.xlsx", error, words)


@pytest.mark.parametrize(
    ("name", "words"),
    [("xl/workbook.bin", ".xlsb"), ("word/document.xml", "document"), ("x.csv", "without a workbook")],
)
def test_other_zips_are_refused_by_what_is_in_them(tmp_path: Path, name: str, words: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr(name, b"1")
    refused(tmp_path / "a.xlsx", WrongType, words)


def test_memory_does_not_grow_with_the_sheet(tmp_path: Path) -> None:
    cells = '<c r="A{0}"><v>{0}</v></c><c r="B{0}" t="inlineStr"><is><t>name {0}</t></is></c>'
    sheet = worksheet("".join(f'<row r="{n}">{cells.format(n)}</row>' for n in range(1, 20_001)))
    path = book(tmp_path / "a.xlsx", sheet)
    tracemalloc.start()
    try:
        with open_rows(path, LIMITS) as rows:
            count = sum(1 for _ in rows)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 20_000
    assert peak < 5 * MEGABYTE
