"""The same sheet as other programs write it: whoever did, the same is understood."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.imports.readers.books import MAIN, book, rows_of
from tests.imports.readers.kinds import MEANT, as_text, understood, with_openpyxl, with_xlsxwriter

WRITTEN = Path(__file__).with_name("data")
"""By LibreOffice 7.4 from a workbook of openpyxl's, and by pandas 3.1."""


@pytest.mark.parametrize("name", ["libreoffice.xlsx", "libreoffice.xls", "libreoffice.ods", "libreoffice.csv"])
def test_what_libreoffice_wrote_is_understood(name: str) -> None:
    assert understood(rows_of(WRITTEN / name)) == MEANT


def test_what_pandas_wrote_is_understood() -> None:
    assert understood(rows_of(WRITTEN / "pandas.xlsx")) == MEANT


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed here")
@pytest.mark.parametrize("suffix", ["xlsx", "xls", "ods"])
def test_what_libreoffice_writes_here_is_understood(tmp_path: Path, suffix: str) -> None:
    source = with_openpyxl(tmp_path / "kinds.xlsx", formulas=True)
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    subprocess.run(
        ["soffice", profile, "--headless", "--convert-to", suffix, "--outdir", str(tmp_path / "out"), str(source)],
        capture_output=True,
        check=True,
        timeout=120,
    )
    assert understood(rows_of(tmp_path / "out" / f"kinds.{suffix}")) == MEANT


def test_what_openpyxl_writes_is_understood(tmp_path: Path) -> None:
    assert understood(rows_of(with_openpyxl(tmp_path / "a.xlsx"))) == MEANT


@pytest.mark.parametrize("options", [{}, {"constant_memory": True}, {"date_1904": True}], ids=str)
def test_what_xlsxwriter_writes_is_understood(tmp_path: Path, options: dict[str, bool]) -> None:
    assert understood(rows_of(with_xlsxwriter(tmp_path / "a.xlsx", **options))) == MEANT


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_text_files_of_any_country_are_understood(tmp_path: Path, encoding: str, delimiter: str) -> None:
    assert understood(rows_of(as_text(tmp_path / "a.csv", encoding=encoding, delimiter=delimiter))) == MEANT


def test_a_sheet_as_google_exports_it_is_understood(tmp_path: Path) -> None:
    """No dimension, texts shared, whole numbers as `42.0`, and a thousand rows that are blank but styled."""
    shared = ["Zoë Núñez", "ab", "00123", "one\ntwo", "end", "second", "1e5", "&lt;&amp;&gt;", *MEANT[0][1]]
    header = "".join(f'<c r="{chr(65 + n)}1" s="1" t="s"><v>{n + 8}</v></c>' for n in range(16))
    first = _google_row(
        2, "s0", "42.0", "-0.25", "4.1031748911E10", "46300.0", "0.3541666666666667", "46300.927083333336",
        "46301.0", "b1", "=B2*2|84.0", "=NA()|#N/A", "0.16666666666666666", "s2", "", "s3", "s4",
    )  # fmt: skip
    second = _google_row(
        4, "s5", "0.0", "0.1", "7.0", "45351.0", "0.0", "46301.0000115741", "46301.375", "b0",
        "=&quot;a&quot;&amp;&quot;b&quot;|ab", "=1/0|#DIV/0!", "0.3125", "s6", "", "s7", "s4",
    )  # fmt: skip
    blank = "".join(f'<row r="{n}" ht="15.75" customHeight="1"><c r="B{n}" s="1"/></row>' for n in range(5, 1001))
    sheet = (
        f'<worksheet xmlns="{MAIN}" xmlns:mx="http://schemas.microsoft.com/office/mac/excel/2008/main">'
        '<sheetPr><outlinePr summaryBelow="0" summaryRight="0"/></sheetPr>'
        '<sheetViews><sheetView workbookViewId="0"/></sheetViews>'
        '<sheetFormatPr customHeight="1" defaultColWidth="12.63" defaultRowHeight="15.75"/>'
        f'<sheetData><row r="1">{header}</row>{first}{second}{blank}</sheetData><drawing r:id="rId1"/></worksheet>'
    )
    formats = ["yyyy-mm-dd", "h:mm:ss", 'yyyy"-"mm"-"dd" "h:mm:ss', "[h]:mm:ss"]
    styles = "".join(f'<numFmt numFmtId="{164 + n}" formatCode="{code}"/>' for n, code in enumerate(formats))
    styles = styles.replace('yyyy"-"mm"-"dd" "h', "yyyy&quot;-&quot;mm&quot;-&quot;dd&quot; &quot;h")
    kinds = "".join(f'<xf numFmtId="{one}" applyNumberFormat="1"/>' for one in (0, 0, 164, 165, 166, 167))
    path = book(
        tmp_path / "a.xlsx",
        sheet,
        strings="".join(f"<si><t>{text}</t></si>" for text in shared),
        styles=f"<numFmts>{styles}</numFmts><cellXfs>{kinds}</cellXfs>",
    )
    assert understood(rows_of(path)) == MEANT


def _google_row(number: int, *values: str) -> str:
    """`s1` is a shared text, `b1` a truth, `=A1|5` a formula and what it gave."""
    styles = dict(zip("EFGHL", (2, 3, 4, 4, 5), strict=True))
    cells = ""
    for letter, value in zip("ABCDEFGHIJKLMNOP", values, strict=True):
        place = f'r="{letter}{number}" s="{styles.get(letter, 1)}"'
        if value.startswith("="):
            formula, _, given = value[1:].partition("|")
            kind = ' t="e"' if given.startswith("#") else "" if given[0].isdigit() else ' t="str"'
            cells += f"<c {place}{kind}><f>{formula}</f><v>{given}</v></c>"
        elif value[:1] in ("s", "b"):
            cells += f'<c {place} t="{value[0]}"><v>{value[1:]}</v></c>'
        else:
            cells += f"<c {place}><v>{value}</v></c>" if value else f"<c {place}/>"
    return f'<row r="{number}">{cells}</row>'
