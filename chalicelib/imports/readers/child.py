"""A program of its own, by which a hostile file harms nothing else: the cells of an .xls or .ods as lines of JSON.

Run as `child.py FILE BYTES SECONDS`; knows nothing of opsdb, so that it starts quickly. The first line is
`{"sheet", "title", "rows"}` or `{"refused"}`; then comes a list of cells for every row from the first, or how many
rows are blank, and `"end"`. What JSON has no word for is a list: `["date", "2026-10-05"]`, or `["elapsed", 27000]`
in seconds.
"""

import json
import os
import re
import resource
import sys
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from math import isfinite
from typing import Any

import python_calamine as calamine

Say = Callable[[Any], None]

DAMAGED = 2
EXACT = 2**53
# Of an .ods, more than a day or otherwise no time.
_DURATION = re.compile(r"PT([0-9]{1,6})H([0-9]{1,2})M([0-9]{1,2})(?:[.,][0-9]*)?S\Z")


def confine(memory: int, seconds: int) -> None:
    """From here on: so many bytes of addresses, so many seconds of work, no file written, no image of a crash."""
    _lower(resource.RLIMIT_AS, memory, memory)
    _lower(resource.RLIMIT_CPU, seconds, seconds + 1)
    _lower(resource.RLIMIT_FSIZE, 0, 0)
    _lower(resource.RLIMIT_CORE, 0, 0)


def _lower(what: int, soft: int, hard: int) -> None:
    """Nobody may have more than was given to the one who started this."""
    most = resource.getrlimit(what)[1]
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    resource.setrlimit(what, (soft, hard))


def tell(path: str, say: Say) -> None:
    """Says what is in the first visible sheet that has content, or why nothing can be said."""
    try:
        sheet = _first_with_content(path)
    except calamine.PasswordError:
        say({"refused": "locked"})
    except calamine.CalamineError as error:
        say({"refused": "memory" if "limit exceeded" in str(error) else "damaged"})
    else:
        if sheet is None:
            say({"refused": "empty"})
        else:
            _tell_rows(*sheet, say)


def _first_with_content(path: str) -> tuple[int, Any] | None:
    book = calamine.CalamineWorkbook.from_path(path)
    for number, told in enumerate(book.sheets_metadata):
        if told.visible == calamine.SheetVisibleEnum.Visible and told.typ == calamine.SheetTypeEnum.WorkSheet:
            sheet = book.get_sheet_by_index(number)
            if sheet.start is not None:
                return number, sheet
    return None


def _tell_rows(number: int, sheet: Any, say: Say) -> None:
    say({"sheet": number, "title": sheet.name, "rows": sheet.end[0] + 1})
    # Rows come from the first on, their cells from the first column that has any.
    before: list[Any] = [None] * sheet.start[1]
    blank = 0
    for row in sheet.iter_rows():
        words = list(map(_word, row))
        if words.count(None) == len(words):
            blank += 1
            continue
        if blank:
            say(blank)
            blank = 0
        say(before + words)
    say("end")


def _word(cell: Any) -> Any:
    if cell.__class__ is str:
        return _text(cell)
    if cell.__class__ is float:
        return _number(cell)
    if isinstance(cell, datetime):
        return ["moment", cell.isoformat()]
    if isinstance(cell, date):
        return ["date", cell.isoformat()]
    if isinstance(cell, time):
        return ["time", cell.isoformat()]
    if isinstance(cell, timedelta):
        return ["elapsed", cell.total_seconds()]
    return cell


def _number(cell: float) -> Any:
    if not isfinite(cell):
        return ["infinite", 0]
    return int(cell) if abs(cell) <= EXACT and cell.is_integer() else cell


def _text(cell: str) -> Any:
    if cell.startswith("PT") and (found := _DURATION.match(cell)):
        return ["elapsed", int(found[1]) * 3600 + int(found[2]) * 60 + int(found[3])]
    return cell or None


def main(path: str, memory: str, seconds: str) -> None:
    """Says it all on standard output; what goes wrong otherwise is told by how this ends."""
    confine(int(memory), int(seconds))
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    with open(1, "wb", buffering=1 << 16) as out:

        def say(news: Any) -> None:
            out.write(encode(news).encode("utf-8", "replace") + b"\n")

        try:
            tell(path, say)
        except MemoryError:
            os.abort()
        except BaseException:
            # Whatever the library makes of the file, its panics too, is the file's fault: 1 is for what is ours.
            sys.exit(DAMAGED)


if __name__ == "__main__":
    main(*sys.argv[1:])
