"""The hot path: a worksheet's XML as a stream of rows, in memory that does not grow with the sheet."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from chalicelib.core.errors import Invalid
from chalicelib.imports.readers.package import DAMAGED, feed, new_parser
from chalicelib.imports.readers.rows import (
    Cell,
    Limits,
    Row,
    Unreadable,
    too_long_cell,
    too_many_columns,
    too_many_rows,
)
from chalicelib.imports.readers.serials import iso

MEMO = 8192
CELL_EVENTS = 50_000
FORMULA = 65_536
LAST_ROW = 1_048_576
_REF = re.compile(r"([A-Za-z]{1,3})([1-9][0-9]{0,6})\Z")
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")

Convert = Callable[[str], Cell]

NO_FORMULA_VALUE = Unreadable("", "holds a formula without a saved value")


class Memo(dict[str, Cell]):
    """`convert(text)` by text, remembered for the last few thousand: columns of a sheet repeat themselves."""

    def __init__(self, convert: Callable[[str], Cell]) -> None:
        super().__init__()
        self.convert = convert

    def __missing__(self, text: str) -> Cell:
        value = self.convert(text)
        if len(self) >= MEMO:
            self.clear()
        if len(text) < 256:
            self[text] = value
        return value


class _Mark:
    """An element's name, told from the text around it by identity."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


_SHEET_DATA, _ROW, _CELL, _VALUE, _FORMULA = map(_Mark, ("sheetData", "row", "c", "v", "f"))
_INLINE, _TEXT, _RUN, _PHONETIC = map(_Mark, ("is", "t", "r", "rPh"))
_MARKS = (_SHEET_DATA, _ROW, _CELL, _VALUE, _FORMULA, _INLINE, _TEXT, _RUN, _PHONETIC)
_BEGIN, _PHONETIC_BEGIN = _Mark("begin"), _Mark("rPh begins")


def unescaped(text: str) -> str:
    """`text` with the `_x000D_` by which spreadsheets write what XML cannot."""
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def column_number(letters: str) -> int:
    """0 for A, 16383 for XFD."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def column_letters(number: int) -> str:
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def sheet_rows(
    pieces: Iterator[bytes],
    limits: Limits,
    *,
    numbers: Sequence[Convert],
    strings: Convert,
) -> Iterator[Row]:
    """The rows with content of one worksheet part, in order.

    `numbers` converts a stored number by the cell's style, `strings` an index into the shared strings. Raises Invalid
    or TooLarge where the sheet is broken or passes a limit.

    Expat calls back for every start tag, end tag and text: 27 times for a row of five numbers. Only the start tags come
    to Python code; end tags and texts go into one list by its own `append`, and a cell is read off that list when the
    next one begins. To tell end tags from texts, the parser's table of interned names is filled with marks of our own
    beforehand: what arrives for `</v>` is the mark V, never the text "v".
    """
    intern: dict[str, Any] = {}
    cells: _Cells | None = None
    parser = new_parser(intern)
    parser.ordered_attributes = True

    def before(name: Any, _: object) -> None:
        nonlocal cells
        if len(intern) < len(_MARKS):
            prefix, colon, local = name.rpartition(":")
            if local != "worksheet":
                raise Invalid(DAMAGED)
            intern.update({prefix + colon + mark.name: mark for mark in _MARKS})
        elif name is _SHEET_DATA:
            cells = _Cells(intern, limits, numbers, strings)
            parser.StartElementHandler = cells.start
            parser.EndElementHandler = parser.CharacterDataHandler = cells.events.append

    parser.StartElementHandler = before
    for _ in feed(parser, pieces):
        if cells is not None:
            yield from cells.taken()
            if cells.over:
                return
    raise Invalid(DAMAGED)


class _Cells:
    """What happens inside sheetData: `start` and `events` get the parser's news, `taken` gives the rows so far."""

    def __init__(self, intern: dict[str, Any], limits: Limits, numbers: Sequence[Convert], strings: Convert) -> None:
        self.events: list[Any] = []
        self.over = False
        self._limits = limits
        self._ready: list[Row] = []
        self.start, self._settle = _handlers(intern, self.events, self._ready, limits, numbers, strings)

    def taken(self) -> Iterator[Row]:
        if _SHEET_DATA in self.events:
            # What follows the cells (merges, conditions, links) is not read.
            del self.events[self.events.index(_SHEET_DATA) :]
            self.start(_ROW, [])
            self.over = True
        self._settle()
        yield from self._ready
        self._ready.clear()
        pending = sum(len(event) for event in self.events if isinstance(event, str))
        if len(self.events) > CELL_EVENTS or pending > FORMULA + self._limits.cell_chars:
            raise too_long_cell(self._limits, "of the sheet")


def _handlers(
    intern: dict[str, Any],
    events: list[Any],
    ready: list[Row],
    limits: Limits,
    numbers: Sequence[Convert],
    strings: Convert,
) -> tuple[Callable[[Any, list[Any]], None], Callable[[], None]]:
    """The handler of start tags, and the function that forgets the events it has read.

    One long closure: a call, an attribute or an object more per cell is seconds more per sheet.
    """
    cell_mark, value_mark, row_mark, text_mark, inline_mark = _CELL, _VALUE, _ROW, _TEXT, _INLINE
    most, longest = limits.columns, limits.cell_chars
    columns = {column_letters(number): number for number in range(most)}
    # Names of attributes are interned, too: in a sheet without prefixes "r" and "t" arrive as marks.
    key_r, key_s, key_t = intern.get("r", "r"), intern.get("s", "s"), intern.get("t", "t")
    append = events.append
    pending: list[Any] | None = None
    cells: list[Cell] = []
    number = cut = begin = 0
    column = -1

    def text(raw: str) -> Cell:
        if len(raw) > longest:
            raise too_long_cell(limits, f"in row {number}")
        return unescaped(raw)

    memos = {read: Memo(read) for read in {*numbers, strings, text, _boolean, _error, iso}}
    plain, texts = memos[numbers[0]], memos[text]
    by_style = {str(n): memos[read] for n, read in enumerate(numbers)}
    reads = {"s": strings, "str": text, "inlineStr": text, "b": _boolean, "e": _error, "d": iso}
    by_type = {word: memos[read] for word, read in reads.items()}
    by_attribute = {key_s: by_style, key_t: by_type}

    def start(name: Any, attributes: list[Any]) -> None:
        nonlocal pending, cells, number, cut, begin, column
        if name is value_mark:
            return
        if name is not cell_mark:
            if name is not row_mark:
                if name is _PHONETIC:
                    append(_PHONETIC_BEGIN)
                elif len(events) > begin:
                    append(_BEGIN)
                if name.__class__ is str:
                    intern[name] = _Mark(name)
                return
            if events and events[-1] is row_mark:
                events.pop()

        if pending is not None:
            size = len(pending)
            try:
                # Nearly every cell: its reference first, then its style, or its type, or both in this order.
                if size == 4:
                    _, reference, key, word = pending
                    memo = by_attribute[key][word]
                elif size == 6 and pending[4] is key_t:
                    reference = pending[1]
                    memo = by_type[pending[5]]
                else:
                    _, reference = pending
                    memo = plain
                column = columns[reference[:-cut]]
            except (ValueError, KeyError):
                stated = dict(zip(pending[::2], pending[1::2], strict=True))
                memo = by_type.get(stated.get(key_t, "n")) or by_style.get(stated.get(key_s, "0"), plain)
                reference = stated.get(key_r)
                column = column + 1 if reference is None else _located(reference, number)

            count = len(events) - begin
            if count != 1:
                if (count == 3 and events[begin + 1] is value_mark) or (
                    count == 4 and events[begin + 1] is text_mark and events[begin + 2] is inline_mark
                ):
                    value = memo[events[begin]]
                else:
                    value = _gathered(events[begin:], memo, texts)
                if value is not None:
                    if column >= most:
                        raise too_many_columns(limits, f"in column {column_letters(column)} of row {number}")
                    filled = len(cells)
                    if column == filled:
                        cells.append(value)
                    elif column > filled:
                        cells.extend([None] * (column - filled))
                        cells.append(value)
                    else:
                        cells[column] = value
        begin = len(events)
        if name is cell_mark:
            pending = attributes
            return

        pending = None
        if cells:
            if number > limits.rows:
                raise too_many_rows(limits)
            ready.append(Row(number, cells))
            cells = []
        if not attributes:
            number += 1
        elif attributes[0] is key_r:
            number = _row_number(attributes[1], number)
        else:
            stated = dict(zip(attributes[::2], attributes[1::2], strict=True))
            number = _row_number(stated.get(key_r, str(number + 1)), number)
        cut = len(str(number))
        column = -1

    def settle() -> None:
        nonlocal begin
        del events[:begin]
        begin = 0

    return start, settle


def _row_number(stated: str, before: int) -> int:
    if len(stated) < 8 and stated.isdecimal() and before < (number := int(stated)) <= LAST_ROW:
        return number
    raise Invalid(DAMAGED)


def _located(reference: str, row: int) -> int:
    """The column of a reference that the table of columns did not have: far right, in lower case, or broken."""
    match = _REF.match(reference)
    if match is None or int(match[2]) != row:
        raise Invalid(DAMAGED)
    return column_number(match[1])


def _gathered(events: list[Any], memo: Memo, texts: Memo) -> Cell:
    """The value of a cell that is more than one value: runs, how they are pronounced, a formula, spaces between."""
    parts: list[str] = []
    run: list[str] = []
    formula = phonetic = has_value = False
    for event in events:
        if event.__class__ is str:
            run.append(event)
            continue
        if event is _VALUE or event is _TEXT:
            has_value = True
            if len(run) > 1 and run[0].isspace():
                # the indentation before a <v>, whose start tag leaves no event
                del run[0]
            if not phonetic:
                parts.extend(run)
        elif event is _FORMULA:
            formula = True
        elif event is _PHONETIC_BEGIN or event is _PHONETIC:
            phonetic = event is _PHONETIC_BEGIN
        run.clear()
    text = "".join(parts)
    if text:
        return memo[text]
    # A formula may well have given an empty text; but an empty number was never computed.
    return NO_FORMULA_VALUE if formula and not (has_value and memo is texts) else None


def _boolean(text: str) -> Cell:
    return {"1": True, "true": True, "0": False, "false": False}.get(text.strip().lower(), text)


def _error(text: str) -> Cell:
    return Unreadable(text, f"holds the error {text}")
