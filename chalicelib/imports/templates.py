"""Empty sheets to be filled in: their columns, dropdowns of what may be chosen today, and what each column takes."""

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from chalicelib.admin.queries import active_values
from chalicelib.core.answers import File
from chalicelib.core.errors import NotFound
from chalicelib.core.exports import CONTENT_TYPES
from chalicelib.core.http import Call, Routes
from chalicelib.imports.sheets import KINDS
from chalicelib.imports.sheets.sheet import Column

if TYPE_CHECKING:
    from xlsxwriter import Workbook

routes = Routes(__name__, tag="uploads")

CATEGORIES = ("attendance_type", "department", "exception_type", "role", "shift", "work_code")
"""The fields whose values are chosen from the dropdowns."""

ROWS = 1_000
"""So many rows have dropdowns; more may be filled in."""

EXAMPLES = {
    "employee_id": "1042",
    "person": "1042",
    "first_name": "Ada",
    "last_name": "Lovelace",
    "batch": "2026-10",
    "supervisor": "Grace Hopper",
    "manager": "Mary Jackson",
    "hire_date": "2026-10-05",
    "phase_1_date": "2026-10-12",
    "phase_2_date": "2026-10-19",
    "phase_3_date": "2026-10-26",
    "company_email": "ada.lovelace@example.com",
    "tier": "1",
    "nominal_date": "2026-10-05",
    "start": "09:00",
    "stop": "17:30",
    "work_code": "REG",
    "start_date": "2026-10-05",
    "end_date": "2026-10-09",
    "reason_id": "1",
    "points": "50",
    "date_awarded": "2026-10-05",
    "date": "2026-10-05",
    "interval_start": "09:30",
    "calls": "100",
    "handling_seconds": "180",
    "required": "14",
    "check_in": "09:00",
    "check_out": "17:30",
    "sheet_number": "1",
    "name": "Lovelace, Ada",
    "schedule": "Mon-Fri 09:00-17:30",
}
"""What a cell may look like, by field; a dropdown's is its first value."""


@routes.get("/templates/{file}", files=(CONTENT_TYPES["xlsx"],))
def get_template(call: Call, file: str) -> File:
    """An empty sheet of a kind (`<kind>.xlsx`), with today's dropdowns; its second page has notes."""
    kind = KINDS.get(file.removesuffix(".xlsx")) if file.endswith(".xlsx") else None
    if kind is None:
        known = ", ".join(f"{name}.xlsx" for name in KINDS)
        raise NotFound(f"file: must be one of: {known}; got {file!r}")
    with call.reading() as conn:
        choices = active_values(conn, CATEGORIES)
    asked = [column for column in kind.columns if not column.ours]
    return File(template(asked, choices), CONTENT_TYPES["xlsx"], file)


def template(columns: Sequence[Column], choices: Mapping[str, Sequence[str]]) -> bytes:
    """The workbook. Its example is not among its rows, where somebody would upload it."""
    import xlsxwriter

    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False}) as book:
        bold = book.add_format({"bold": True})
        sheet = book.add_worksheet("Sheet")
        sheet.freeze_panes(1, 0)
        _notes(book, bold, columns, choices)
        lists = book.add_worksheet("Choices")
        lists.hide()
        for place, column in enumerate(columns):
            sheet.write_string(0, place, column.header, bold)
            sheet.set_column(place, place, max(len(column.header) + 3, 10))
            values = choices.get(column.field)
            if values:
                lists.write_column(0, place, values)
                last = lists.name, 0, place, len(values) - 1, place
                sheet.data_validation(1, place, ROWS, place, _dropdown(*last))
    return file.getvalue()


def _dropdown(name: str, *place: int) -> dict[str, Any]:
    """A list in a sheet of its own, since a list in the cell's rule may have 255 characters."""
    from xlsxwriter.utility import xl_range_abs

    return {
        "validate": "list",
        "source": f"={name}!{xl_range_abs(*place)}",
        "error_message": "Choose one of the list; an admin adds others.",
    }


def _notes(book: "Workbook", bold: Any, columns: Sequence[Column], choices: Mapping[str, Sequence[str]]) -> None:
    page = book.add_worksheet("Notes")
    page.set_column(0, 2, 26)
    page.write_row(0, 0, ["Column", "Must it be filled in?", "Example"], bold)
    for row, column in enumerate(columns, start=1):
        listed = choices.get(column.field)
        needs = "yes" if column.required and column.filled else "the column, yes; its cells may be blank"
        example = listed[0] if listed else EXAMPLES.get(column.field, "")
        for place, said in enumerate((column.header, needs if column.required else "no", example)):
            page.write_string(row, place, said)
    last = len(columns) + 2
    page.write_string(last, 0, "Dates are dates, or text as YYYY-MM-DD. The order of the columns does not matter.")
    page.write_string(last + 1, 0, "Only the first page is read.")
