"""What is read of .xls and .ods beyond what the library gives: cell by cell as an .xlsx would be."""

import struct
from datetime import date, datetime, time
from pathlib import Path

import pytest

from chalicelib.core.errors import Invalid
from chalicelib.imports.readers import LooseNumber, Row, open_rows
from tests.imports.readers.books import LIMITS, rows_of
from tests.imports.readers.older import cell, label, line, number, ods, record, table, xls

DAY, MOMENT, CLOCK, ELAPSED = 14, 22, 20, 46
FORMATS = (0, DAY, MOMENT, CLOCK, ELAPSED, 170)
MONDAY, TUESDAY = datetime(2026, 10, 5), datetime(2026, 10, 6)


def day(value: str, style: str = "") -> str:
    named = f'table:style-name="{style}"' if style else ""
    return f'<table:table-cell {named} office:value-type="date" office:date-value="{value}"/>'


def shown(*, named: str = "m") -> str:
    """The style `named` of a day with a time, and `d` of a day."""
    return (
        '<number:date-style style:name="N1"><number:day/></number:date-style>'
        '<number:date-style style:name="N2"><number:day/><number:hours/></number:date-style>'
        '<number:time-style style:name="N3"><number:hours/></number:time-style>'
        '<style:style style:name="d" style:family="table-cell" style:data-style-name="N1"/>'
        '<style:style style:name="t" style:family="table-cell" style:data-style-name="N3"/>'
        f'<style:style style:name="{named}" style:family="table-cell" style:data-style-name="N2"/>'
    )


def test_a_midnight_in_an_xls_is_a_moment_where_its_format_shows_one(tmp_path: Path) -> None:
    custom = record(0x41E, struct.pack("<HHB", 170, 13, 0) + b"d-mmm-yy h:mm")
    packed = struct.pack("<HH", 1, 0) + b"".join(struct.pack("<HI", style, 46_300 << 2 | 2) for style in (1, 2, 5))
    cells = number(0, 0, 46_300, 1) + number(0, 1, 46_300, 2) + number(0, 2, 46_301, 5)
    path = xls(tmp_path / "a", cells + record(0xBD, packed + b"\2\0"), formats=FORMATS, globals=custom)
    assert rows_of(path) == [Row(1, [MONDAY.date(), MONDAY, TUESDAY]), Row(2, [MONDAY.date(), MONDAY, MONDAY])]


@pytest.mark.parametrize("where", ["content", "styles"])
def test_a_midnight_in_an_ods_is_a_moment_where_its_style_shows_one(tmp_path: Path, where: str) -> None:
    columns = (
        '<table:table-column table:number-columns-repeated="2"/><table:table-column table:default-cell-style-name="m"/>'
    )
    rows = line(day("2026-10-05", "d"), day("2026-10-05", "m"), day("2026-10-06"), day("2026-10-06"))
    styles = f"<office:automatic-styles>{shown()}</office:automatic-styles>"
    parts: dict[str, str | bytes] = (
        {"styles.xml": f"<office:styles>{shown()}</office:styles>"} if where == "styles" else {}
    )
    path = ods(tmp_path / "a", table(columns + rows), before=styles if where == "content" else "", parts=parts)
    assert rows_of(path) == [Row(1, [MONDAY.date(), MONDAY, TUESDAY, TUESDAY.date()])]


def test_times_of_an_xls_are_what_an_xlsx_would_make_of_them(tmp_path: Path) -> None:
    cells = [
        number(0, 0, 0.25, 3),
        number(0, 1, 1.25, 3),
        number(0, 2, 0.25, 4),
        number(0, 3, 1, 4),
        number(0, 4, 1.5, 4),
    ]
    cells.append(number(0, 5, 46_300.25 + 0.4 / 86_400, 2))
    found = rows_of(xls(tmp_path / "a", b"".join(cells), formats=FORMATS))
    assert found == [Row(1, [time(6), time(6), time(6), time(0), 1.5, datetime(2026, 10, 5, 6)])]


def test_a_workbook_of_the_1904_system_gives_the_same_days_and_no_bare_ones(tmp_path: Path) -> None:
    cells = number(0, 0, 46_300 - 1_462, 1) + number(0, 1, 46_300) + number(0, 2, 7)
    [(_, found)] = rows_of(xls(tmp_path / "a", cells, formats=FORMATS, date1904=True))
    assert found == [date(2026, 10, 5), 46_300, 7]
    assert [isinstance(one, LooseNumber) for one in found] == [False, True, False]


def test_what_an_ods_says_in_its_own_way(tmp_path: Path) -> None:
    def elapsed(value: str) -> str:
        return f'<table:table-cell office:value-type="time" office:time-value="{value}"/>'

    truth = '<table:table-cell office:value-type="boolean" office:boolean-value="true"/>'
    share = '<table:table-cell office:value-type="percentage" office:value="0.5"/>'
    row = line(
        elapsed("PT08H30M00S"), elapsed("PT26H00M00S"), truth, share, cell(41031748911.0), day("2026-10-05T22:15:00")
    )
    found = rows_of(ods(tmp_path / "a", table(row)))
    assert found == [Row(1, [time(8, 30), 26 / 24, True, 0.5, 41031748911, datetime(2026, 10, 5, 22, 15)])]
    assert isinstance(found[0].cells[4], int)


def test_rows_and_columns_keep_their_places(tmp_path: Path) -> None:
    gap = '<table:table-cell table:number-columns-repeated="2"/>'
    covered = '<table:covered-table-cell table:number-columns-repeated="2"/>'
    rows = line(gap, repeated=3) + line(gap, cell(5), covered, cell(7)) + line(cell(1), repeated=2)
    at = [Row(4, [None, None, 5, None, None, 7]), Row(5, [1]), Row(6, [1])]
    assert rows_of(ods(tmp_path / "a", table(rows))) == at
    late = [Row(3, [None, None, 5]), Row(7, [None, None, None, "x"])]
    assert rows_of(xls(tmp_path / "b", number(2, 2, 5) + label(6, 3, "x"))) == late


def test_empty_sheets_are_passed_over(tmp_path: Path) -> None:
    assert rows_of(xls(tmp_path / "a", b"", number(0, 0, 7))) == [Row(1, [7])]
    assert rows_of(ods(tmp_path / "b", table(""), table(line(cell(7)), name="S2"))) == [Row(1, [7])]
    for empty in (xls(tmp_path / "c", b""), ods(tmp_path / "d", table("")), ods(tmp_path / "e")):
        with pytest.raises(Invalid, match="no visible sheet with anything in it"):
            rows_of(empty)


def test_format_title_and_progress_are_told(tmp_path: Path) -> None:
    path = xls(tmp_path / "a", b"".join(number(row, 0, row) for row in range(100)))
    with open_rows(path, LIMITS) as sheet:
        next(iter(sheet))
        begun = sheet.progress
        assert (sheet.format, sheet.title) == ("xls", "S1")
        assert len(list(sheet)) == 99
        assert begun < sheet.progress == 1
