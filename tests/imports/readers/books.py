"""Workbooks written by hand, so that the odd cell can be seen."""

import zipfile
from pathlib import Path

from chalicelib.imports.readers import Limits, Row, open_rows

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
LIMITS = Limits(bytes=20_000_000, unpacked_bytes=500_000_000, columns=200, rows=1_048_576)


def relationships(*kinds_and_targets: tuple[str, str]) -> str:
    links = "".join(
        f'<Relationship Id="rId{n}" Type="{LINKS}/{kind}" Target="{target}"/>'
        for n, (kind, target) in enumerate(kinds_and_targets, 1)
    )
    return f'<Relationships xmlns="{PACKAGE}">{links}</Relationships>'


def worksheet(rows: str) -> str:
    return f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>'


def book(
    path: Path,
    *sheets: str,
    states: tuple[str, ...] = (),
    strings: str | None = None,
    styles: str | None = None,
    properties: str = "",
    parts: dict[str, str | bytes] | None = None,
) -> Path:
    """An .xlsx of whole worksheet parts; `parts` adds or replaces parts by name."""
    links = [("worksheet", f"worksheets/sheet{n}.xml") for n, _ in enumerate(sheets, 1)]
    content: dict[str, str | bytes] = {
        "[Content_Types].xml": "<Types/>",
        "_rels/.rels": relationships(("officeDocument", "xl/workbook.xml")),
        **{f"xl/worksheets/sheet{n}.xml": sheet for n, sheet in enumerate(sheets, 1)},
    }
    if strings is not None:
        links.append(("sharedStrings", "sharedStrings.xml"))
        content["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}">{strings}</sst>'
    if styles is not None:
        links.append(("styles", "styles.xml"))
        content["xl/styles.xml"] = f'<styleSheet xmlns="{MAIN}">{styles}</styleSheet>'
    entries = "".join(
        f'<sheet name="S{n}" sheetId="{n}" r:id="rId{n}"{f" state={chr(34)}{state}{chr(34)}" if state else ""}/>'
        for n, state in enumerate([*states, *[""] * (len(sheets) - len(states))], 1)
    )
    content["xl/workbook.xml"] = (
        f'<workbook xmlns="{MAIN}" xmlns:r="{LINKS}"><workbookPr {properties}/><sheets>{entries}</sheets></workbook>'
    )
    content["xl/_rels/workbook.xml.rels"] = relationships(*links)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in {**content, **(parts or {})}.items():
            archive.writestr(name, data)
    return path


def rows_of(path: Path, limits: Limits = LIMITS) -> list[Row]:
    with open_rows(path, limits) as sheet:
        return list(sheet)
