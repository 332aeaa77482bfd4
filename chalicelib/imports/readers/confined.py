"""A file that a library must read whole, read by a child process that may fall over it; rows come through a pipe."""

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any, NoReturn, cast

import msgspec

from chalicelib.core.errors import Invalid, OpsdbError, TooLarge
from chalicelib.imports.readers.cells import EPOCH
from chalicelib.imports.readers.grid import LAST_ROW, column_letters
from chalicelib.imports.readers.package import DAMAGED, LOCKED
from chalicelib.imports.readers.rows import (
    MEGABYTE,
    NOTHING,
    Cell,
    Limits,
    LooseNumber,
    Row,
    Sheet,
    Unreadable,
    megabytes,
    too_long_cell,
    too_many_columns,
    too_many_rows,
    too_many_sheets,
)
from chalicelib.imports.readers.serials import LOOSE_RANGE, NOT_FINITE, SMALL_SERIAL

CHILD = Path(__file__).with_name("child.py")
PIECE = 64 * 1024
# The interpreter, the library and a column of a million blank rows; what a byte of the file may become.
BARE, PER_BYTE = 160 * MEGABYTE, 24
# Seconds of work: six times what large files take, and for what is posted less than an answer may.
START, PER_MEGABYTE = 5, 2
MOST_NOTED = 10_000
DAY_SECONDS = 86_400
END = b'"end"'
FIRST_DAY = datetime.combine(EPOCH, time())

TOO_MUCH = (
    "The file takes too much {} to read: something may stand far outside the table. "
    "Copy the table into a new workbook, save it as .xlsx and upload that."
)


class Noted:
    """What is known of a sheet beforehand: cells without a value by row and column from 0, and what refuses it.

    `moments` are the columns that show days with times: calamine gives a midnight there as if it were a day.
    """

    def __init__(self) -> None:
        self.problem: OpsdbError | None = None
        self.moments: set[int] = set()
        self.unreadable: dict[int, dict[int, Unreadable]] = {}
        self.count = 0


class Notes:
    """What is known of a file's sheets, by the place where each begins; no more of it than memory is cheap for."""

    def __init__(self, limits: Limits) -> None:
        self.sheets: dict[int, Noted] = {}
        self._limits = limits
        self._count = 0

    def begin(self, place: int) -> Noted:
        if len(self.sheets) > self._limits.sheets:
            raise too_many_sheets(self._limits)
        return self.sheets.setdefault(place, Noted())

    def note(self, sheet: Noted, row: int, column: int, cell: Unreadable) -> None:
        """A hidden sheet may be full of errors; ten sheets may not."""
        sheet.count += 1
        self._count += 1
        if sheet.count > MOST_NOTED:
            sheet.unreadable.clear()
            sheet.problem = sheet.problem or _endless("sheet")
        elif self._count > 10 * MOST_NOTED:
            raise _endless("file")
        elif column < self._limits.columns:
            sheet.unreadable.setdefault(row, {})[column] = cell


def _endless(where: str) -> TooLarge:
    return TooLarge(f"More than {MOST_NOTED:,} cells of the {where} hold errors: mend them and upload it again.")


class _Opening(msgspec.Struct):
    """The child's first words."""

    sheet: int = 0
    title: str = ""
    rows: int = 0
    refused: str = ""


def check_size(path: Path, limits: Limits, suffix: str) -> None:
    size = path.stat().st_size
    if size > limits.whole_bytes:
        raise TooLarge(
            f"The file is {megabytes(size)}, but of an {suffix} at most {megabytes(limits.whole_bytes)} are read: "
            "save it as .xlsx and upload that."
        )


def open_sheet(path: Path, limits: Limits, *, format: str, sheets: Sequence[Noted], date1904: bool = False) -> Sheet:
    """The first visible sheet with content; `sheets` is what is known of each. Raises Invalid or TooLarge."""
    speaker = _Child(path, format, limits)
    try:
        opening = _opening(speaker, sheets)
        noted = sheets[opening.sheet] if opening.sheet < len(sheets) else Noted()
        if noted.problem is not None:
            raise noted.problem
        rows = _rows(speaker, noted, limits, date1904)
        first = next(rows, None)
        if first is None:
            raise Invalid(NOTHING)
    except BaseException:
        speaker.close()
        raise
    return Sheet(
        chain([first], rows),
        format=format,
        title=opening.title,
        progress=lambda: speaker.row / max(opening.rows, 1),
        close=speaker.close,
    )


def _opening(speaker: "_Child", sheets: Sequence[Noted]) -> _Opening:
    try:
        opening: _Opening = _decoded(speaker.line(), _Opening)
        if opening.refused:
            raise _refusal(opening.refused)
    except TooLarge as refusal:
        # What is known to be far too large is the better reason.
        raise next((noted.problem for noted in sheets if noted.problem), refusal) from refusal
    return opening


def _refusal(word: str) -> OpsdbError:
    if word == "memory":
        return TooLarge(TOO_MUCH.format("memory"))
    return Invalid({"locked": LOCKED, "empty": NOTHING}.get(word, DAMAGED))


def _rows(speaker: "_Child", noted: Noted, limits: Limits, date1904: bool) -> Iterator[Row]:
    for index, cells in _indexed(speaker, noted, date1904):
        for column in noted.moments:
            if column < len(cells) and cells[column].__class__ is date:
                cells[column] = datetime.combine(cast(date, cells[column]), time())
        for column, cell in noted.unreadable.get(index, {}).items():
            cells.extend([None] * (column + 1 - len(cells)))
            cells[column] = cell
        while cells and cells[-1] is None:
            cells.pop()
        if cells:
            _check(index + 1, cells, limits)
            yield Row(index + 1, cells)
    speaker.close()


def _indexed(speaker: "_Child", noted: Noted, date1904: bool) -> Iterator[tuple[int, list[Cell]]]:
    """Rows from the first; below the last value there may be some that only have cells without one."""
    for said in iter(speaker.line, END):
        words = _decoded(said, list[Any] | int)
        if isinstance(words, list):
            yield speaker.row, [word if word.__class__ is str else _cell(word, date1904) for word in words]
            speaker.row += 1
        else:
            blank = range(speaker.row, speaker.row + min(words, LAST_ROW))
            yield from ((row, []) for row in blank if row in noted.unreadable)
            speaker.row += words
        if not 0 < speaker.row <= LAST_ROW:
            raise Invalid(DAMAGED)
    yield from ((row, []) for row in sorted(noted.unreadable) if row >= speaker.row)


def _check(number: int, cells: list[Cell], limits: Limits) -> None:
    if number > limits.rows:
        raise too_many_rows(limits)
    if len(cells) > limits.columns:
        raise too_many_columns(limits, f"in column {column_letters(len(cells) - 1)} of row {number}")
    if any(len(cell) > limits.cell_chars for cell in cells if isinstance(cell, str)):
        raise too_long_cell(limits, f"in row {number}")


def _cell(word: Any, date1904: bool) -> Cell:
    """What the child meant."""
    if isinstance(word, list):
        return _of_list(word)
    if date1904 and isinstance(word, int | float) and int(word) in LOOSE_RANGE:
        return LooseNumber(word)
    if word is None or isinstance(word, int | float):
        return word
    raise Invalid(DAMAGED)


def _of_list(said: list[Any]) -> Cell:
    try:
        kind, value = said
        return _MEANINGS[kind](value)
    except (KeyError, OverflowError, TypeError, ValueError) as error:
        raise Invalid(DAMAGED) from error


def _moment(value: str) -> Cell:
    moment = _to_the_second(datetime.fromisoformat(value))
    # A time of day that has passed midnight is stored as one of the first days.
    return moment.time() if moment < FIRST_DAY + timedelta(SMALL_SERIAL) else moment


def _elapsed(value: float) -> Cell:
    """Shown as a time where it is one; else days, as spreadsheets store it."""
    whole = round(value)
    return (FIRST_DAY + timedelta(seconds=whole)).time() if 0 <= whole <= DAY_SECONDS else value / DAY_SECONDS


def _to_the_second(moment: datetime) -> datetime:
    return (moment + timedelta(microseconds=500_000)).replace(microsecond=0)


_MEANINGS: dict[str, Callable[[Any], Cell]] = {
    "date": date.fromisoformat,
    "time": lambda value: _to_the_second(datetime.combine(FIRST_DAY, time.fromisoformat(value))).time(),
    "moment": _moment,
    "elapsed": _elapsed,
    "infinite": lambda _: NOT_FINITE,
}


def _decoded(line: bytes, shape: Any) -> Any:
    """What `shape` says, or Invalid."""
    try:
        return msgspec.json.decode(line, type=shape)
    except msgspec.DecodeError as error:
        raise Invalid(DAMAGED) from error


class _Child:
    """The process that reads the file, and how it ends; has none of our secrets and a share of our memory."""

    def __init__(self, path: Path, format: str, limits: Limits) -> None:
        self.row = 0
        self._limits = limits
        # Calamine goes by the name, and ours says what the content is.
        self._folder = TemporaryDirectory(prefix="opsdb-")
        named = Path(self._folder.name, f"sheet.{format}")
        named.symlink_to(path.resolve())
        size = path.stat().st_size
        memory = min(BARE + PER_BYTE * size, limits.whole_memory)
        seconds = min(START + PER_MEGABYTE * size // MEGABYTE, limits.whole_seconds)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-S", "-s", str(CHILD), str(named), str(memory), str(seconds)],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            close_fds=True,
        )
        assert self._process.stdout
        self._pipe: IO[bytes] = self._process.stdout
        self._news = select.poll()
        self._news.register(self._pipe, select.POLLIN)
        self._patience = 2_000 * seconds
        self._buffer = bytearray()
        self._seen = 0
        # A row of longest cells, every letter of them escaped.
        self._longest = limits.columns * (6 * limits.cell_chars + 3) + PIECE

    def line(self) -> bytes:
        """The next line; Invalid or TooLarge, with the reason, where the process ends or hangs instead."""
        while (end := self._buffer.find(b"\n", self._seen)) < 0:
            self._seen = len(self._buffer)
            if self._seen > self._longest:
                raise too_long_cell(self._limits, f"in row {self.row + 1}")
            self._buffer += self._piece()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._seen = 0
        return line

    def close(self) -> None:
        self._process.kill()
        self._pipe.close()
        self._process.wait()
        self._folder.cleanup()

    def _piece(self) -> bytes:
        # Work is limited by the child itself; this is for one that sleeps.
        if not self._news.poll(self._patience):
            raise TooLarge(TOO_MUCH.format("time"))
        piece = os.read(self._pipe.fileno(), PIECE)
        if not piece:
            self._ended(self._process.wait())
        return piece

    def _ended(self, code: int) -> NoReturn:
        """Raises why it ended without its last word."""
        if code == -signal.SIGXCPU:
            raise TooLarge(TOO_MUCH.format("time"))
        if code == 1:
            raise RuntimeError("the reader of .xls and .ods does not start: is python-calamine here?")
        if code in (-signal.SIGABRT, -signal.SIGKILL):
            raise TooLarge(TOO_MUCH.format("memory"))
        raise Invalid(DAMAGED)


def _environment() -> dict[str, str]:
    """Where packages and libraries are, and nothing else: whoever took the child over would find no password."""
    found = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    return found | {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
