"""Spreadsheet numbers: which number formats mean a day or a time, and what a serial number then is."""

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from enum import Enum
from math import isfinite

from chalicelib.imports.readers.rows import Cell, LooseNumber, Unreadable

DAY_SECONDS = 86_400
# Serials below this shown as a time of day are sums that passed midnight; above it they are real moments.
SMALL_SERIAL = 366
LAST_DAY_1904 = 2_957_003
LOOSE_RANGE = range(20_000, 80_001)

NUMBER_TOO_LONG = Unreadable("", "holds a number with too many digits")
NOT_FINITE = Unreadable("", "holds something that is not a number")


class Kind(Enum):
    """What a number format shows."""

    NUMBER = "number"
    DATE = "date"
    TIME = "time"
    MOMENT = "moment"
    ELAPSED = "elapsed"


# ECMA-376 part 1, 18.8.30; 27-36 and 50-58 are the East Asian ones, of which 32-35 differ by language.
BUILT_IN: dict[int, Kind] = {
    **dict.fromkeys((14, 15, 16, 17, 27, 28, 29, 30, 31, 36, *range(50, 59)), Kind.DATE),
    **dict.fromkeys((18, 19, 20, 21, 45, 47), Kind.TIME),
    **dict.fromkeys((22, 32, 33, 34, 35), Kind.MOMENT),
    46: Kind.ELAPSED,
}

_LITERALS = re.compile(r'"[^"]*"?|\\.|_.|\*.', re.DOTALL)
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]")
_BRACKETS = re.compile(r"\[[^\]]*\]?")
_NOON = re.compile(r"am/pm|a/p|上午/下午")
_WHOLE = re.compile(r"-?[0-9]{1,18}\Z")


def kind_of(code: str) -> Kind:
    """What the custom number format `code` shows, such as `[$-409]d-mmm-yy;@` a date."""
    bare = _LITERALS.sub("", code[:1024]).lower()
    if "[$-f800]" in bare:
        return Kind.DATE
    if "[$-f400]" in bare:
        return Kind.TIME
    if _ELAPSED.search(bare):
        return Kind.ELAPSED
    shown = _BRACKETS.sub("", bare).split(";", 1)[0]
    clock = _NOON.sub("h", shown)
    if "general" in clock:
        return Kind.NUMBER
    has_time = "h" in clock or "s" in clock
    has_date = "y" in clock or "d" in clock or ("m" in clock and not has_time)
    if has_date:
        return Kind.MOMENT if has_time else Kind.DATE
    return Kind.TIME if has_time else Kind.NUMBER


def number(text: str) -> Cell:
    """A number as stored: int where it is whole digits, else float; text that is no number stays text."""
    if _WHOLE.match(text):
        return int(text)
    text = text.strip()
    if len(text) > 400:
        return NUMBER_TOO_LONG
    try:
        value = float(text)
    except ValueError:
        return text or None
    return value if isfinite(value) else NOT_FINITE


def loose_number(text: str) -> Cell:
    """`number`, marked where it could be taken for a day of the 1900 system in a workbook of the 1904 one."""
    value = number(text)
    if isinstance(value, int | float) and int(value) in LOOSE_RANGE:
        return LooseNumber(value)
    return value


def iso(text: str) -> Cell:
    """A cell of type `d`: ISO 8601 text; what is not stays text."""
    text = text.strip()
    readers: tuple[Callable[[str], Cell], ...] = (date.fromisoformat, time.fromisoformat, datetime.fromisoformat)
    for read in readers:
        try:
            value = read(text)
        except ValueError:
            continue
        return value.replace(tzinfo=None) if isinstance(value, datetime | time) else value
    return text or None


def converter(kind: Kind, *, date1904: bool) -> Callable[[str], Cell]:
    """The function from a stored number to the cell that the format shows."""
    if kind is Kind.NUMBER:
        return loose_number if date1904 else number
    return lambda text: _shown(kind, number(text), date1904)


def _shown(kind: Kind, value: Cell, date1904: bool) -> Cell:
    """`value` as `kind`; what is no day or time (negative, past the year 9999, 29 February 1900) stays a number."""
    if not isinstance(value, int | float) or not 0 <= value < 2_958_465:
        return value
    days, seconds = divmod(round(value * DAY_SECONDS), DAY_SECONDS)
    if kind is Kind.ELAPSED:
        return _clock(seconds) if value <= 1 else value
    if (kind is Kind.TIME and value < SMALL_SERIAL) or (kind is Kind.MOMENT and value < 1):
        return _clock(seconds)
    day = _day(days, date1904)
    if day is None:
        return value
    if kind is Kind.DATE and not seconds:
        return day
    return datetime.combine(day, _clock(seconds))


def _day(days: int, date1904: bool) -> date | None:
    if date1904:
        return date(1904, 1, 1) + timedelta(days) if days <= LAST_DAY_1904 else None
    if days in (0, 60):
        return None
    # Lotus took 1900 for a leap year and Excel kept it: day 60 never was, and the days before it are one further on.
    return date(1899, 12, 30) + timedelta(days if days > 60 else days + 1)


def _clock(seconds: int) -> time:
    return time(seconds // 3600, seconds // 60 % 60, seconds % 60)
