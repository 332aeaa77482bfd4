"""What a move left behind, as a workbook, and what it found, as findings of its upload."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from chalicelib.imports.earlier_move import Moved, Rejected

LISTED = 1_000
"""So many warnings of a sort are kept; the message has the number of all."""


def write_rejects(file: Path, rejected: list[Rejected]) -> None:
    """A sheet for each table, the reason first; no cell is run as a formula."""
    import xlsxwriter

    plain = {"strings_to_formulas": False, "strings_to_urls": False, "constant_memory": True}
    with xlsxwriter.Workbook(str(file), plain) as book:
        for name in dict.fromkeys(one.table for one in rejected):
            sheet = book.add_worksheet(name[:31])
            rows = [one for one in rejected if one.table == name]
            sheet.write_row(0, 0, ["reason", *rows[0].row])
            for number, one in enumerate(rows, start=1):
                sheet.write_row(number, 0, [one.reason, *one.row.values()])


def findings(done: Moved) -> Iterator[dict[str, Any]]:
    """An error for each row that stays behind, and a warning for what somebody should look at."""
    for row in done.rejected:
        yield _finding(done, "error", row.table, row.row_id, row.reason)
    for balance in done.disagreeing[:LISTED]:
        reason = f"{balance.shown} shown, {balance.ledger} in the ledger, which counts"
        yield _finding(done, "warning", "point_balance", str(balance.employee_id), reason)
    for balance in done.adjusted[:LISTED]:
        reason = f"the ledger is at {balance.ledger} and gets an opening adjustment"
        yield _finding(done, "warning", "employee_rewards", str(balance.employee_id), reason)
    for option in done.options_added[:LISTED]:
        yield _finding(done, "warning", "admin_options", option, "is added to the options")
    for what, do in done.left_behind.items():
        yield _finding(done, "warning", None, what, f"not carried over: {do}")


def _finding(done: Moved, finding: str, column: str | None, value: str, reason: str) -> dict[str, Any]:
    """`column` is the earlier table, `value` the id there: the file has no numbers of rows."""
    about = {"upload_id": done.upload_id, "finding": finding, "row_number": None}
    return {**about, "column_name": column, "value": value[:200], "reason": reason, "cells": None}
