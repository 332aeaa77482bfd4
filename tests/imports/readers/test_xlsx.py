"""Workbooks as people and programs write them."""

from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from chalicelib.core.errors import Invalid
from chalicelib.imports.readers import LooseNumber, Row, Unreadable, open_rows
from tests.imports.readers.books import LIMITS, book, relationships, rows_of, worksheet

FORMATS = (
    '<numFmts><numFmt numFmtId="164" formatCode="[$-409]d\\-mmm\\-yy;@"/><numFmt numFmtId="165" formatCode="[h]:mm"/>'
    '<numFmt numFmtId="166" formatCode="0&quot; days&quot;"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
    '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"><alignment/></xf><xf numFmtId="20"/><xf numFmtId="22"/>'
    '<xf numFmtId="164"/><xf numFmtId="165"/><xf numFmtId="166"/></cellXfs><cellStyles/><dxfs/>'
)


def one_row(tmp_path: Path, cells: str, **options: str) -> list[object]:
    (row,) = rows_of(book(tmp_path / "a.xlsx", worksheet(f'<row r="1">{cells}</row>'), **options))
    return list(row.cells)


def styled(style: int, value: str) -> str:
    return f'<c r="A1" s="{style}"><v>{value}</v></c>'


def test_what_openpyxl_writes_is_read_back(tmp_path: Path) -> None:
    written = [["id", "when"], [41000010001, date(2026, 10, 5)], ["Ana", datetime(2026, 10, 5, 8, 30)], [True, time(9)]]
    workbook = openpyxl.Workbook()
    for row in written:
        workbook.active.append(row)
    workbook.save(tmp_path / "a.xlsx")
    assert [row.cells for row in rows_of(tmp_path / "a.xlsx")] == written


@pytest.mark.parametrize("constant_memory", [True, False])
def test_what_xlsxwriter_writes_is_read_back(tmp_path: Path, constant_memory: bool) -> None:
    workbook = xlsxwriter.Workbook(tmp_path / "a.xlsx", {"constant_memory": constant_memory})
    sheet = workbook.add_worksheet()
    day, clock = workbook.add_format({"num_format": "dd/mm/yyyy"}), workbook.add_format({"num_format": "h:mm AM/PM"})
    sheet.write_row(0, 0, ["Employee - ID", "Date", "Start", "", "a & b <c>"])
    for n in range(1, 3000):
        sheet.write_string(n, 0, f"id{n}")
        sheet.write_number(n, 1, 46300 + n % 7, day)
        sheet.write_number(n, 2, 0.375, clock)
    workbook.close()
    rows = rows_of(tmp_path / "a.xlsx")
    assert rows[0] == Row(1, ["Employee - ID", "Date", "Start", None, "a & b <c>"])
    assert rows[2998] == Row(2999, ["id2998", date(2026, 10, 7), time(9)])
    assert len(rows) == 3000


@pytest.mark.parametrize(
    ("style", "stored", "cell"),
    [
        (0, "41031748911", 41031748911),
        (0, "4.1031748911E10", 41031748911.0),
        (1, "46300", date(2026, 10, 5)),
        (1, "46300.5", datetime(2026, 10, 5, 12)),
        (1, "1", date(1900, 1, 1)),
        (1, "59", date(1900, 2, 28)),
        (1, "60", 60),
        (1, "61", date(1900, 3, 1)),
        (1, "-1", -1),
        (2, "0.35416666666666669", time(8, 30)),
        (2, "0.99999999", time(0)),
        (2, "1.2916666666666667", time(7)),
        (2, "46300.375", datetime(2026, 10, 5, 9)),
        (3, "46300.375", datetime(2026, 10, 5, 9)),
        (4, "46300", date(2026, 10, 5)),
        (5, "0.375", time(9)),
        (5, "1.0625", 1.0625),
        (6, "3", 3),
        (99, "3", 3),
    ],
)
def test_the_number_format_tells_what_a_number_is(tmp_path: Path, style: int, stored: str, cell: object) -> None:
    assert one_row(tmp_path, styled(style, stored), styles=FORMATS) == [cell]


def test_a_workbook_of_the_1904_system_gives_the_same_days(tmp_path: Path) -> None:
    shown = one_row(tmp_path, styled(1, "44838"), styles=FORMATS, properties='date1904="1"')
    assert shown == [date(2026, 10, 5)]
    (loose,) = one_row(tmp_path, styled(0, "44838"), styles=FORMATS, properties='date1904="1"')
    assert isinstance(loose, LooseNumber)


def test_shared_strings_join_their_runs_and_leave_the_pronunciation_out(tmp_path: Path) -> None:
    strings = (
        '<si><r><t xml:space="preserve">Ana </t></r>\n<r><rPr><b/></rPr><t>Cruz</t></r></si>'
        "<si><t>東京</t><rPh sb='0' eb='2'><t>トウキョウ</t></rPh></si><si><t>a_x000D_b</t></si><si/>"
    )
    cells = "".join(f'<c r="{letter}1" t="s"><v>{n}</v></c>' for n, letter in enumerate("ABCD"))
    assert one_row(tmp_path, cells, strings=strings) == ["Ana Cruz", "東京", "a\rb"]


def test_inline_strings_join_their_runs_and_leave_the_pronunciation_out(tmp_path: Path) -> None:
    cells = (
        '<c r="A1" t="inlineStr"><is><r><t>Ana </t></r><r><rPr><b/><unheard/></rPr><t>Cruz</t></r></is></c>'
        '<c r="B1" t="inlineStr"><is><rPh><t>x</t></rPh><t>東京</t><rPh><t>トウキョウ</t></rPh></is></c>'
        '<c r="C1" t="inlineStr"><is><t>v</t></is></c>'
    )
    assert one_row(tmp_path, cells) == ["Ana Cruz", "東京", "v"]


def test_formulas_give_their_saved_value(tmp_path: Path) -> None:
    cells = (
        '<c r="A1"><f>1+1</f><v>2</v></c><c r="B1" t="str"><f>A1&amp;"x"</f><v>2x</v></c>'
        '<c r="C1" t="str"><f>""</f><v></v></c><c r="D1" t="b"><f>TRUE()</f><v>1</v></c><c r="E1"><f>A1</f><v/></c>'
    )
    *values, unsaved = one_row(tmp_path, cells)
    assert values == [2, "2x", None, True]
    assert isinstance(unsaved, Unreadable)
    assert unsaved.reason == "holds a formula without a saved value"


def test_an_error_value_is_unreadable_and_shown(tmp_path: Path) -> None:
    (cell,) = one_row(tmp_path, '<c r="A1" t="e"><f>NA()</f><v>#N/A</v></c>')
    assert cell == Unreadable("#N/A", "holds the error #N/A")


def test_iso_dates_are_read(tmp_path: Path) -> None:
    cells = '<c r="A1" t="d"><v>2026-10-05</v></c><c r="B1" t="d"><v>2026-10-05T09:00:00Z</v></c>'
    assert one_row(tmp_path, cells) == [date(2026, 10, 5), datetime(2026, 10, 5, 9)]


def test_cells_and_rows_without_references_are_counted(tmp_path: Path) -> None:
    rows = "<row><c><v>1</v></c><c/><c><v>3</v></c></row><row/><row><c><v>4</v></c></row>"
    assert rows_of(book(tmp_path / "a.xlsx", worksheet(rows))) == [Row(1, [1, None, 3]), Row(3, [4])]


def test_attributes_come_in_any_order_and_with_others(tmp_path: Path) -> None:
    cells = (
        '<c r="A1" s="1" t="str"><v>5</v></c><c r="B1" t="str" s="1"><v>5</v></c><c s="1" r="C1"><v>46300</v></c>'
        '<c s="1"><v>46300</v></c><c t="str" s="1"><v>5</v></c><c r="F1" s="1" t="n"><v>46300</v></c>'
        '<c r="G1" cm="1"><v>7</v></c><c r="h1" s="1" cm="1" t="str"><v>5</v></c><c r="I1" t="unheard"><v>7</v></c>'
    )
    day = date(2026, 10, 5)
    assert one_row(tmp_path, cells, styles=FORMATS) == ["5", "5", day, day, "5", day, 7, "5", 7]


def test_prefixes_and_indentation_change_nothing(tmp_path: Path) -> None:
    sheet = """<x:worksheet xmlns:x="urn:x"><x:sheetData>
      <x:row r="1">
        <x:c r="A1" t="str">
          <x:f>x</x:f>
          <x:v>one</x:v>
        </x:c>
        <x:c t="inlineStr" r="C1"><x:is>
          <x:t>two</x:t> </x:is></x:c>
        <x:c r="D1">
          <x:v>3</x:v></x:c>
      </x:row>
    </x:sheetData></x:worksheet>"""
    assert rows_of(book(tmp_path / "a.xlsx", sheet)) == [Row(1, ["one", None, "two", 3])]


def test_blank_rows_are_skipped_and_numbers_stay_as_shown(tmp_path: Path) -> None:
    rows = (
        '<row r="2"><c r="B2"><v>1</v></c><c r="C2" s="1"/></row><row r="3"><c r="A3" s="1"/></row>'
        '<row r="9"><c r="A9"><v>2</v></c></row>'
    )
    assert rows_of(book(tmp_path / "a.xlsx", worksheet(rows))) == [Row(2, [None, 1]), Row(9, [2])]


def test_hidden_and_empty_sheets_are_passed_over(tmp_path: Path) -> None:
    sheets = [worksheet(f'<row r="1"><c r="A1"><v>{n}</v></c></row>') for n in range(4)]
    sheets[2] = worksheet("")
    path = book(tmp_path / "a.xlsx", *sheets, states=("hidden", "veryHidden", "", ""))
    with open_rows(path, LIMITS) as sheet:
        assert (sheet.title, list(sheet)) == ("S4", [Row(1, [3])])


def test_parts_are_found_whatever_their_case_and_slashes(tmp_path: Path) -> None:
    parts = {
        "_rels/.rels": relationships(("officeDocument", "/XL/Workbook.xml")),
        "xl/_rels/workbook.xml.rels": relationships(("worksheet", "/xl/Worksheets/Sheet1.xml")),
    }
    sheet = worksheet('<row r="1"><c r="a1"><v>7</v></c></row>')
    assert rows_of(book(tmp_path / "a.xlsx", sheet, parts=parts)) == [Row(1, [7])]


def test_macros_are_neither_run_nor_in_the_way(tmp_path: Path) -> None:
    sheet = worksheet('<row r="1"><c r="A1"><v>7</v></c></row>')
    assert rows_of(book(tmp_path / "a.xlsm", sheet, parts={"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0"})) == [Row(1, [7])]


def test_what_follows_the_cells_is_not_read(tmp_path: Path) -> None:
    sheet = worksheet('<row r="1"><c r="A1"><v>7</v></c></row>').replace("</worksheet>", "<mergeCells><broken")
    assert rows_of(book(tmp_path / "a.xlsx", sheet)) == [Row(1, [7])]


def test_rows_out_of_order_are_refused(tmp_path: Path) -> None:
    rows = '<row r="2"><c r="A2"><v>1</v></c></row><row r="2"><c r="A2"><v>1</v></c></row>'
    with pytest.raises(Invalid, match="damaged"):
        rows_of(book(tmp_path / "a.xlsx", worksheet(rows)))


def test_progress_goes_from_nothing_to_nearly_all(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{n}"><c r="A{n}"><v>{n}</v></c></row>' for n in range(1, 20_000))
    with open_rows(book(tmp_path / "a.xlsx", worksheet(rows)), LIMITS) as sheet:
        seen = [sheet.progress for _ in sheet]
    assert seen == sorted(seen)
    assert seen[0] < 0.2
    assert seen[-1] > 0.9
