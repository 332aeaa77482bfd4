"""Hostile files of the older kinds, and a child that falls over them: the reason is told, and nothing is hurt."""

import os
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from msgspec.structs import replace

from chalicelib.core.errors import Invalid, OpsdbError, TooLarge, WrongType
from chalicelib.imports.readers import Row, Unreadable, confined, open_rows
from tests.imports.readers.books import LIMITS, book, rows_of, worksheet
from tests.imports.readers.older import cell, container, error, label, line, number, ods, record, table, xls
from tests.imports.readers.test_hostile import MEGABYTE, refused

ROOT = Path(__file__).parents[3]


def test_the_far_corners_of_an_xls(tmp_path: Path) -> None:
    path = xls(tmp_path / "a.xls", number(0, 0, 1) + number(65_535, 255, 1))
    refused(path, TooLarge, "column IV of row 65536", "200 columns")


def test_the_far_corners_of_an_ods(tmp_path: Path) -> None:
    blank = line("<table:table-cell/>", repeated=1_048_574)
    gap = '<table:table-cell table:number-columns-repeated="16383"/>'
    path = ods(tmp_path / "a.ods", table(line(cell(1)) + blank + line(gap, cell(1))))
    refused(path, TooLarge, "column XFD of row 1048576", "200 columns")


def test_a_small_ods_that_repeats_itself_a_hundred_million_times(tmp_path: Path) -> None:
    within = ods(tmp_path / "a.ods", table(line(cell(1, repeated=200), repeated=1_048_576)))
    refused(within, TooLarge, "too much memory")
    wide = ods(tmp_path / "b.ods", table(line(cell("x" * 30_000, repeated=1_000), repeated=1_000)))
    refused(wide, TooLarge, "column ALL of row 1", "200 columns")
    long = ods(tmp_path / "c.ods", table(line(cell("x" * 30_000, repeated=100), repeated=10_000)))
    refused(long, TooLarge, "too much memory")


@pytest.mark.parametrize("count", ["0", "-1", "1e9", "99999999999999999999", "²", ""])
def test_an_ods_with_a_count_that_is_none(tmp_path: Path, count: str) -> None:
    odd = cell(1).replace('repeated="1"', f'repeated="{count}"')
    refused(ods(tmp_path / "a.ods", table(line(odd))), Invalid, "damaged")


def test_more_columns_and_rows_than_are_read(tmp_path: Path) -> None:
    wide = ods(tmp_path / "a.ods", table(line(*[cell(1)] * 300)))
    refused(wide, TooLarge, "column GS of row 1", "200 columns")
    few = replace(LIMITS, rows=10)
    refused(ods(tmp_path / "b.ods", table(line(cell(1), repeated=11))), TooLarge, "beyond row 10", limits=few)
    refused(xls(tmp_path / "c.xls", number(10, 0, 1)), TooLarge, "beyond row 10", limits=few)


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls", "a.ods", "a.csv", "a", "-a'\n.sheet"])
def test_a_name_says_nothing(tmp_path: Path, name: str) -> None:
    assert rows_of(xls(tmp_path / name, number(0, 0, 1))) == [Row(1, [1])]
    assert rows_of(ods(tmp_path / name, table(line(cell(2))))) == [Row(1, [2])]
    endless = ods(tmp_path / name, table(line(cell(1, repeated=200), repeated=1_048_576)))
    refused(endless, TooLarge, "too much memory")


def test_a_hidden_sheet_may_be_as_wide_as_it_likes(tmp_path: Path) -> None:
    styles = (
        '<style:style style:name="h" style:family="table"><style:table-properties table:display="false"/></style:style>'
    )
    content = table(line(cell(7))) + table(line(*[cell(1)] * 300), name="S2")
    assert rows_of(ods(tmp_path / "a.ods", content, parts={"styles.xml": styles})) == [Row(1, [7])]


def test_a_million_blank_rows_are_nothing(tmp_path: Path) -> None:
    styled = line('<table:table-cell table:style-name="ce1"/>', repeated=1_048_574)
    assert rows_of(ods(tmp_path / "a.ods", table(line(cell(1)) + styled + line(cell(2))))) == [
        Row(1, [1]),
        Row(1_048_576, [2]),
    ]


def test_more_blank_rows_than_any_sheet_has(tmp_path: Path) -> None:
    blank = line("<table:table-cell/>", repeated=1_048_576)
    assert rows_of(ods(tmp_path / "a.ods", table(line(cell(1)) + blank))) == [Row(1, [1])]
    refused(ods(tmp_path / "b.ods", table(line(cell(1)) + blank * 3)), Invalid, "damaged")


def test_a_cell_of_a_megabyte(tmp_path: Path) -> None:
    refused(ods(tmp_path / "a.ods", table(line(cell("x" * MEGABYTE)))), TooLarge, "row 1", "32,767 characters")
    assert len(rows_of(ods(tmp_path / "b.ods", table(line(cell("x" * 32_767)))))) == 1


def test_a_cell_of_a_hundred_megabytes(tmp_path: Path) -> None:
    path = ods(tmp_path / "a.ods", table(line(cell("x" * 100 * MEGABYTE))))
    refused(path, TooLarge, limits=replace(LIMITS, ratio=10_000))


@pytest.mark.parametrize("part", ["content.xml", "META-INF/manifest.xml"])
def test_entity_bombs(tmp_path: Path, part: str) -> None:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "ha">{levels}]><x>&e9;</x>'
    refused(ods(tmp_path / "a.ods", table(line(cell(1))), parts={part: bomb}), Invalid, "entities")


def test_a_zip_bomb(tmp_path: Path) -> None:
    path = ods(tmp_path / "a.ods", table(" " * 20 * MEGABYTE))
    refused(path, TooLarge, "unpacks to more than 200 times its size")
    small = replace(LIMITS, unpacked_bytes=5 * MEGABYTE)
    refused(path, TooLarge, "20 MB", "at most 5 MB", limits=small)


def test_a_zip_bomb_that_lies_about_its_size(tmp_path: Path) -> None:
    path = ods(tmp_path / "a.ods", table(" " * 20 * MEGABYTE))
    with zipfile.ZipFile(path) as archive:
        true = struct.pack("<I", archive.getinfo("content.xml").file_size)
    path.write_bytes(path.read_bytes().replace(true, struct.pack("<I", 1000)))
    refused(path, Invalid, "damaged")


def test_passwords(tmp_path: Path) -> None:
    locked = (
        "<manifest:manifest xmlns:manifest='m'><manifest:file-entry><manifest:encryption-data/></manifest:file-entry>"
    )
    parts = {"META-INF/manifest.xml": locked + "</manifest:manifest>", "content.xml": os.urandom(500)}
    refused(ods(tmp_path / "a.ods", parts=parts), Invalid, "password-protected", "save it without a password")
    secret = xls(tmp_path / "a.xls", number(0, 0, 1), globals=record(0x2F, bytes(54)))
    refused(secret, Invalid, "password-protected", "save it without a password")


@pytest.mark.parametrize("share", [0.02, 0.1, 0.5, 0.9, 0.99])
@pytest.mark.parametrize("name", ["libreoffice.xls", "libreoffice.ods"])
def test_a_file_that_breaks_off(tmp_path: Path, name: str, share: float) -> None:
    whole = (Path(__file__).with_name("data") / name).read_bytes()
    (tmp_path / name).write_bytes(whole[: int(len(whole) * share)])
    refused(tmp_path / name, Invalid, "damaged or incomplete")


def test_chains_that_run_in_circles(tmp_path: Path) -> None:
    path = xls(tmp_path / "a.xls", label(0, 0, "x" * 100) * 200)
    whole = bytearray(path.read_bytes())
    tables = struct.unpack_from("<I", whole, 44)[0]
    for at in range(512, 512 + 512 * tables, 4):
        following = struct.unpack_from("<I", whole, at)[0]
        if following < 1000:
            struct.pack_into("<I", whole, at, following - 1)
    path.write_bytes(whole)
    refused(path, Invalid, "damaged")


def test_a_document_is_no_sheet(tmp_path: Path) -> None:
    refused(container(tmp_path / "a.xls", WordDocument=b"x"), WrongType, "document")
    text = {"mimetype": "application/vnd.oasis.opendocument.text"}
    refused(ods(tmp_path / "a.ods", parts=text), WrongType, "document")


def test_macros_are_neither_run_nor_in_the_way(tmp_path: Path) -> None:
    path = ods(tmp_path / "a.ods", table(line(cell(1))), parts={"Basic/Standard/Module1.xml": "<x>Shell()</x>"})
    assert rows_of(path) == [Row(1, [1])]


def test_formulas_without_values_and_errors_are_told_by_cell(tmp_path: Path) -> None:
    never = '<table:table-cell table:formula="of:=A1"/>'
    failed = cell("#REF!", more='calcext:value-type="error"')
    found = rows_of(ods(tmp_path / "a.ods", table(line(cell(1), never, failed, cell(2)) + line(never))))
    formula = Unreadable("", "holds a formula without a saved value")
    reference = Unreadable("#REF!", "holds the error #REF!")
    assert found == [Row(1, [1, formula, reference, 2]), Row(2, [formula])]
    cells = number(0, 0, 1) + error(0, 1, 23) + error(2, 0, 23) + number(4, 0, 2) + error(5, 1, 23)
    assert rows_of(xls(tmp_path / "a.xls", cells)) == [
        Row(1, [1, reference]),
        Row(3, [reference]),
        Row(5, [2]),
        Row(6, [None, reference]),
    ]


def test_endless_errors_are_one_reason(tmp_path: Path) -> None:
    endless = line(cell("#REF!", repeated=200, more='calcext:value-type="error"'), repeated=1_000)
    refused(ods(tmp_path / "a.ods", table(endless)), TooLarge, "More than 10,000 cells of the sheet", "errors")
    many = line(cell("#REF!", repeated=99, more='calcext:value-type="error"'), repeated=100)
    refused(ods(tmp_path / "b.ods", table(many) * 20), TooLarge, "cells of the file", "errors")
    errors = b"".join(error(row, 0, 23) for row in range(10_001))
    refused(xls(tmp_path / "a.xls", errors), TooLarge, "More than 10,000 cells of the sheet", "errors")


def test_endless_sheets(tmp_path: Path) -> None:
    few = replace(LIMITS, sheets=100)
    refused(ods(tmp_path / "a.ods", table("") * 200), TooLarge, "more than 100 sheets", limits=few)
    refused(xls(tmp_path / "a.xls", *[b""] * 200), TooLarge, "more than 100 sheets", limits=few)


def test_endless_new_names(tmp_path: Path) -> None:
    names = "".join(f"<n{n}/>" for n in range(100_000))
    refused(ods(tmp_path / "a.ods", table(names)), Invalid, "XML that no spreadsheet program writes")


def test_a_file_past_what_is_read_whole_says_the_number(tmp_path: Path) -> None:
    large = xls(tmp_path / "a.xls", number(0, 0, 1))
    os.truncate(large, 20_800_000)
    refused(large, TooLarge, "20.8 MB", "at most 20 MB", "save it as .xlsx", limits=replace(LIMITS, bytes=10**8))
    few = replace(LIMITS, whole_bytes=100)
    refused(ods(tmp_path / "a.ods", table(line(cell(1)))), TooLarge, "of an .ods", "save it as .xlsx", limits=few)


# A child that does not come back


def child_of(monkeypatch: pytest.MonkeyPatch, path: Path, *lines: str) -> Path:
    """Another program in the child's place; and a file to read."""
    (path / "child.py").write_text("\n".join(("import json, os, resource, signal, sys, time", *lines)))
    monkeypatch.setattr(confined, "CHILD", path / "child.py")
    return xls(path / "a.xls", number(0, 0, 1))


@pytest.mark.parametrize(
    ("lines", "kind", "words"),
    [
        (["os.kill(os.getpid(), signal.SIGKILL)"], TooLarge, "too much memory"),
        (["os.abort()"], TooLarge, "too much memory"),
        (["os.kill(os.getpid(), signal.SIGSEGV)"], Invalid, "damaged"),
        (["resource.setrlimit(resource.RLIMIT_CPU, (1, 2))", "while True: pass"], TooLarge, "too much time"),
        (["time.sleep(600)"], TooLarge, "too much time"),
        (["print('nonsense')"], Invalid, "damaged"),
        (["print('{}')", "print('[1]')"], Invalid, "damaged"),
        (["print('{}')", "print('{}')"], Invalid, "damaged"),
        (["print('{}')", "print('[[1,2,3]]')", "print('\"end\"')"], Invalid, "damaged"),
        (["print('{}')", 'print(\'[["date","x"]]\')', "print('\"end\"')"], Invalid, "damaged"),
        (["print('{}')", "print('[[\"elapsed\",1e400]]')", "print('\"end\"')"], Invalid, "damaged"),
        (["print('{}')", "print(-1)", "print('\"end\"')"], Invalid, "damaged"),
        (["while True: os.write(1, b'x' * 65536)"], TooLarge, "32,767"),
    ],
)
def test_a_child_that_does_not_come_back_is_a_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: list[str], kind: type[OpsdbError], words: str
) -> None:
    path = child_of(monkeypatch, tmp_path, *lines)
    narrow = replace(LIMITS, whole_seconds=1, columns=10)
    refused(path, kind, words, limits=narrow)


def test_a_child_that_cannot_start_is_no_fault_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = child_of(monkeypatch, tmp_path, "import nothing_of_this_name")
    with pytest.raises(RuntimeError, match="does not start"):
        rows_of(path)


def test_a_child_knows_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "known only above")
    path = child_of(monkeypatch, tmp_path, "print('{}')", "print(json.dumps(sorted(os.environ)))", "print('\"end\"')")
    [(_, names)] = rows_of(path)
    assert (
        {"PYTHONPATH"}
        <= {*map(str, names)}
        <= {"PYTHONPATH", "PYTHONUTF8", "PYTHONDONTWRITEBYTECODE", "LD_LIBRARY_PATH", "LC_CTYPE"}
    )


def test_a_sheet_that_is_left_early_leaves_no_process(tmp_path: Path) -> None:
    rows = b"".join(number(n, 0, n) for n in range(30_000))
    before = children()  # servers and browsers of other tests in this process
    with open_rows(xls(tmp_path / "a.xls", rows), LIMITS) as sheet:
        assert next(iter(sheet)) == Row(1, [0])
        assert len(children() - before) == 1
    assert not children() - before


def children() -> set[str]:
    return {*Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()}


# The service


WORST = """
import re, resource, sys
from pathlib import Path
from chalicelib.core.errors import OpsdbError
from chalicelib.imports.readers import Limits, open_rows
limits = Limits(bytes=100_000_000, unpacked_bytes=500_000_000, columns=200, rows=1_048_576)
for path in sys.argv[1:]:
    try:
        with open_rows(Path(path), limits) as sheet:
            for row in sheet: pass
    except OpsdbError: pass
print(int(re.search(r"VmHWM:\\s+([0-9]+)", Path("/proc/self/status").read_text())[1]) // 1000)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1000)
"""


def test_the_worst_of_them_take_megabytes_and_not_the_service(tmp_path: Path) -> None:
    corners = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    texts = "".join(f"<si><t>{n:08}{'x' * 800}</t></si>" for n in range(170_000))
    worst = [
        book(tmp_path / "corners.xlsx", worksheet(corners)),
        book(tmp_path / "texts.xlsx", worksheet(corners), strings=texts),
        ods(tmp_path / "repeated.ods", table(line(cell(1, repeated=90), repeated=1_000_000))),
        xls(tmp_path / "corners.xls", number(0, 0, 1) + number(65_535, 199, 1)),
    ]
    done = subprocess.run(
        [sys.executable, "-c", WORST, *map(str, worst)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    parent, child = map(int, done.stdout.split())
    assert parent < 250
    assert child < 150
