""".ods: looked through for what would harm and for what calamine does not tell; the cells come from it."""

from pathlib import Path
from xml.parsers.expat import XMLParserType
from zipfile import ZipInfo

from chalicelib.core.errors import Invalid, WrongType
from chalicelib.imports.readers import confined
from chalicelib.imports.readers.confined import Noted, Notes
from chalicelib.imports.readers.grid import LAST_ROW, NO_FORMULA_VALUE, column_letters
from chalicelib.imports.readers.package import DAMAGED, DOCUMENT, LOCKED, Attributes, Package, Start, feed, new_parser
from chalicelib.imports.readers.rows import Limits, Sheet, Unreadable, too_many_columns, too_many_rows, too_many_styles

MIMETYPE = b"application/vnd.oasis.opendocument.spreadsheet"
ROW, CELLS = "table:table-row", frozenset(("table:table-cell", "table:covered-table-cell"))


def open_sheet(path: Path, package: Package) -> Sheet:
    """The first visible sheet with content, closing `package`; raises WrongType, Invalid or TooLarge as others do."""
    limits = package.limits
    try:
        confined.check_size(path, limits, ".ods")
        package.check_sizes()
        _refuse_locked(package)
        sheets = _looked_through(package, _content(package))
    finally:
        package.close()
    return confined.open_sheet(path, limits, format="ods", sheets=sheets)


def _content(package: Package) -> ZipInfo:
    mimetype, content = package.find("mimetype"), package.find("content.xml")
    if mimetype is None or content is None:
        raise Invalid(DAMAGED)
    if not next(package.pieces(mimetype), b"").startswith(MIMETYPE):
        raise WrongType(DOCUMENT)
    return content


def _refuse_locked(package: Package) -> None:
    def start(name: str, _: Attributes) -> None:
        if name == "encryption-data":
            raise Invalid(LOCKED)

    manifest = package.find("META-INF/manifest.xml")
    if manifest is not None:
        package.walk(manifest, start)


def _looked_through(package: Package, content: ZipInfo) -> list[Noted]:
    """What is to be known of each sheet; every byte has been unpacked and parsed once within the limits."""
    styles = _Styles(package.limits)
    named = package.find("styles.xml")
    if named is not None:
        _parse(package, named, styles.start, new_parser())
    parser = new_parser()
    look = _Look(parser, styles, package.limits)
    _parse(package, content, look.start, parser)
    return [*look.notes.sheets.values()]


def _parse(package: Package, part: ZipInfo, start: Start, parser: XMLParserType) -> None:
    parser.StartElementHandler = start
    for _ in feed(parser, package.pieces(part)):
        pass


class _Styles:
    """Which styles of cells show a day with a time."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._days = ""
        self._with_time: set[str] = set()
        self._shown: dict[str, str] = {}

    def start(self, name: str, attributes: Attributes) -> None:
        if name.startswith("number:"):
            if name == "number:hours" and self._days:
                self._with_time.add(self._days)
            elif name.endswith("-style"):
                self._days = attributes.get("style:name", "") if name == "number:date-style" else ""
        elif name == "style:style" and "style:data-style-name" in attributes:
            self._shown[attributes.get("style:name", "")] = attributes["style:data-style-name"]
        if len(self._shown) + len(self._with_time) > self._limits.styles:
            raise too_many_styles(self._limits)

    def is_moment(self, style: str) -> bool:
        return self._shown.get(style) in self._with_time


class _Look:
    """Where the parser is: row and column from 0 of the cell that comes next.

    Of the three million elements of a large file only the start tags come here, and texts where an error is shown.
    """

    def __init__(self, parser: XMLParserType, styles: _Styles, limits: Limits) -> None:
        self.notes = Notes(limits)
        self._sheet: Noted | None = None
        self._parser = parser
        self._styles = styles
        self._defaults: list[str] = []
        self._limits = limits
        self._row = self._column = self._rows = 0
        self._erring: int | None = None

    def start(self, name: str, attributes: Attributes) -> None:
        if name in CELLS:
            if attributes:
                self._start_cell(attributes)
            else:
                self._column += 1
        elif name == ROW:
            self._row += self._rows
            self._rows, self._column = _count(attributes.get("table:number-rows-repeated")), 0
            if self._row >= LAST_ROW:
                raise Invalid(DAMAGED)
        elif name == "table:table":
            self._sheet = self.notes.begin(len(self.notes.sheets))
            self._row = self._rows = 0
            self._defaults.clear()
        elif name == "table:table-column":
            columns = min(_count(attributes.get("table:number-columns-repeated")), self._limits.columns)
            if len(self._defaults) < self._limits.columns:
                self._defaults += [attributes.get("table:default-cell-style-name", "")] * columns
        elif self._sheet is None:
            self._styles.start(name, attributes)

    def _start_cell(self, attributes: Attributes) -> None:
        if self._erring is not None:
            # Not earlier: expat's binding hands out the same text again when this is set while it is handed out.
            self._parser.CharacterDataHandler = self._erring = None
        column = self._column
        self._column += _count(attributes.get("table:number-columns-repeated"))
        # Cells before the first sheet are the memory of tracked changes.
        has_value = "office:value-type" in attributes
        if self._sheet is None or not (has_value or "table:formula" in attributes):
            return
        self._note_place(self._sheet)
        if not has_value:
            self._note(self._sheet, column, NO_FORMULA_VALUE)
        elif attributes["office:value-type"] == "date":
            self._note_moment(self._sheet, column, attributes.get("table:style-name"))
        elif attributes.get("calcext:value-type") == "error":
            self._erring = column
            self._parser.CharacterDataHandler = self._note_error

    def _note_moment(self, sheet: Noted, column: int, style: str | None) -> None:
        if style is None:
            style = self._defaults[column] if column < len(self._defaults) else ""
        if self._styles.is_moment(style):
            sheet.moments.update(range(column, min(self._column, self._limits.columns)))

    def _note_error(self, text: str) -> None:
        shown = text.strip()[:20]
        if shown and self._sheet is not None and self._erring is not None:
            self._note(self._sheet, self._erring, Unreadable(shown, f"holds the error {shown}"))

    def _note_place(self, sheet: Noted) -> None:
        limits = self._limits
        if self._row + self._rows > limits.rows:
            sheet.problem = sheet.problem or too_many_rows(limits)
        if self._column > limits.columns:
            last = column_letters(self._column - 1)
            sheet.problem = sheet.problem or too_many_columns(limits, f"in column {last} of row {self._row + 1}")

    def _note(self, sheet: Noted, column: int, cell: Unreadable) -> None:
        for row in range(self._row, self._row + self._rows):
            for one in range(column, self._column):
                self.notes.note(sheet, row, one, cell)
                if sheet.problem is not None:
                    return


def _count(stated: str | None) -> int:
    if stated is None:
        return 1
    if len(stated) < 10 and stated.isdecimal() and stated.isascii() and int(stated):
        return int(stated)
    raise Invalid(DAMAGED)
