"""The grammar of cells: what people type, and what it means; anything else is a BadCell that says why."""

import re
import unicodedata
from datetime import date as Date
from datetime import datetime, timedelta
from datetime import time as Time
from functools import lru_cache
from math import isfinite
from typing import Literal, NoReturn

from chalicelib.imports.readers.rows import Cell, LooseNumber, Unreadable

Order = Literal["day-first", "month-first"]

# As through the API (core/inputs.py).
FIRST_YEAR, LAST_YEAR = 1900, 2999
# A number without a date format is taken for a day from 1954 to 2119.
SERIALS = range(20_000, 80_001)
EPOCH = Date(1899, 12, 30)
DAY_SECONDS = 86_400
# Past this a float skips whole numbers; past 18 digits a PostgreSQL bigint may not hold it.
EXACT, MOST = 2**53, 10**18

# Longer text is no date, time or number, and is not kept among those already read.
REMEMBERED = 100

DATE = "must be a date such as 2026-10-05"
TIME = "must be a time such as 08:00"
WHOLE = "must be a whole number"
ID = "must be an employee id, a positive whole number"

ERRORS = frozenset(("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#FIELD!"))
YES = frozenset(("yes", "y", "true", "t", "1", "on", "x"))
NO = frozenset(("no", "n", "false", "f", "0", "off"))
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
MONTHS = {name[:3]: number for number, name in enumerate(_MONTHS, 1)}
MONTHS.update({name: number for number, name in enumerate(_MONTHS, 1)}, sept=9)

_CLOCK = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?[ap]m)?(?:z|[+-][0-9]{2}:?[0-9]{2})?"
_AFTER = rf"(?:[t ] ?{_CLOCK})?\Z"
_ISO = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})" + _AFTER)
_NUMERIC = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4})" + _AFTER)
_SHORT_YEAR = re.compile(r"[0-9]{1,2}([-/. ])(?:[0-9]{1,2}|[a-z]{3,9})\1[0-9]{2}" + _AFTER)
_DAY_MONTH = re.compile(r"(?:[a-z]{3,9},? )?([0-9]{1,2})(?:st|nd|rd|th)?[ -]([a-z]{3,9})\.?,?[ -]([0-9]{4})" + _AFTER)
_MONTH_DAY = re.compile(r"(?:[a-z]{3,9},? )?([a-z]{3,9})\.?[ -]([0-9]{1,2})(?:st|nd|rd|th)?,?[ -]([0-9]{4})" + _AFTER)
_BEFORE_CLOCK = re.compile(r"[0-9]{1,4}([-/.])[0-9]{1,2}\1[0-9]{1,4}[t ] ?(?=[0-9]{1,2}:)")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]0+)?)?(?: ?([ap])\.?m\.?)?\Z")
_HOUR = re.compile(r"([0-9]{1,2})() ?([ap])\.?m\.?\Z")
_FOUR_DIGITS = re.compile(r"([0-9]{1,2})([0-9]{2})\Z")
_INTEGER = re.compile(r"([+-]?[0-9]{1,18})(?:\.0*)?\Z")
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}\.000\Z")
_SCIENTIFIC = re.compile(r"([0-9])(?:\.([0-9]{0,30}))?e\+?([0-9]{1,2})\Z")
_EMAIL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}\Z")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff]")
_INVISIBLE = re.compile(r"[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")


class BadCell(ValueError):
    """A cell that cannot be read; the text goes on after "Row 5, Hire Date: "."""


def is_blank(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def text(cell: Cell, max_length: int = 255) -> str:
    """One line: spaces collapsed, NFC; a number as a spreadsheet shows it, `5000` and not `5000.0`."""
    words = _line(cell) if isinstance(cell, str) else _written(cell)
    if len(words) > max_length:
        raise BadCell(f"must be at most {max_length:,} characters long, got {len(words):,}")
    return words


def whole_number(cell: Cell) -> int:
    """Of up to 18 digits; also as text or as a float without a fraction. Thousands marks are refused: 5.000 may be 5"""
    if cell.__class__ is int and isinstance(cell, int):
        return cell if -MOST < cell < MOST else _refuse(WHOLE + " of at most 18 digits", cell)
    if isinstance(cell, str):
        return _whole_number(cell, WHOLE)
    if isinstance(cell, float) and isfinite(cell) and cell.is_integer():
        return int(cell) if abs(cell) <= EXACT else _refuse("has lost digits: store so long a number as text", cell)
    return _refuse(WHOLE, cell)


def employee_id(cell: Cell) -> int:
    """A positive whole number; as text also `41031748911.0`, `'41031748911` and, where exact, `4.1031748911E+10`."""
    number = _whole_number(cell, ID) if isinstance(cell, str) else whole_number(cell)
    return number if number > 0 else _refuse(ID, cell)


def date(cell: Cell, order: Order = "day-first") -> Date:
    """A day from 1900 to 2999: the day of an Excel date, ISO, named months, or numbers in the site's order.

    A day that only the other order could give is refused, never guessed; so is a year of two digits.
    """
    if cell.__class__ is Date and isinstance(cell, Date):
        day = cell
    elif isinstance(cell, datetime):
        day = cell.date()
    elif isinstance(cell, str):
        return _date(cell, order) if len(cell) <= REMEMBERED else _refuse(DATE, cell)
    else:
        day = _date_of_serial(cell)
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else _refuse(f"{DATE}, from 1900 to 2999", cell)


def time(cell: Cell) -> Time:
    """A time of day to the second; a datetime's time part; `24:00` is the midnight that ends the day, 00:00."""
    if cell.__class__ is Time and isinstance(cell, Time):
        return cell if not cell.microsecond and cell.tzinfo is None else _to_the_second(cell)
    if isinstance(cell, str):
        return _time(cell) if len(cell) <= REMEMBERED else _refuse(TIME, cell)
    if isinstance(cell, Time):
        return _to_the_second(cell)
    if isinstance(cell, datetime):
        return _to_the_second(cell.timetz())
    return _time_of_number(cell)


def boolean(cell: Cell) -> bool:
    """Yes or no, as a spreadsheet's TRUE and FALSE, 1 and 0, or the words."""
    if isinstance(cell, bool):
        return cell
    word = text(cell, 1_000).lower()
    if word in YES:
        return True
    return False if word in NO else _refuse("must be yes or no", cell)


def email(cell: Cell) -> str:
    """An address in lower case."""
    address = text(cell, 254).lower()
    local = address.partition("@")[0]
    if not _EMAIL.match(address) or ".." in address or local.startswith(".") or local.endswith("."):
        _refuse("must be an e-mail address such as ana.cruz@example.com", cell)
    return address


def name(cell: Cell) -> tuple[str, str]:
    """(first, last) of `Last, First` or `First Last`; without a comma the last word is the last name."""
    words = text(cell)
    if "," in words:
        last, _, first = (part.strip() for part in words.partition(","))
    else:
        first, _, last = words.rpartition(" ")
    if not first or not last or "," in first:
        _refuse("must be a first and a last name, such as Ana Cruz or Cruz, Ana", cell)
    return first, last


@lru_cache(4096)
def _date(raw: str, order: Order) -> Date:
    words = _line(raw).lower()
    if words.isdecimal() and words.isascii() and len(words) == 5:
        return _date_of_serial(int(words))
    if found := _ISO.match(words):
        return _day(found[1], found[3], found[4], raw, DATE)
    if found := _NUMERIC.match(words):
        day, month = (found[1], found[3]) if order == "day-first" else (found[3], found[1])
        return _day(found[4], month, day, raw, f"must be a date such as 2026-10-05, or {order} as is set for this site")
    if found := _DAY_MONTH.match(words):
        return _day(found[3], _month(found[2], raw), found[1], raw, DATE)
    if found := _MONTH_DAY.match(words):
        return _day(found[3], _month(found[1], raw), found[2], raw, DATE)
    return _refuse(f"{DATE} with all four digits of the year" if _SHORT_YEAR.match(words) else DATE, raw)


def _month(word: str, raw: str) -> str:
    return str(MONTHS.get(word) or _refuse(DATE, raw))


def _day(year: str, month: str, day: str, raw: str, wanted: str) -> Date:
    try:
        found = Date(int(year), int(month), int(day))
    except ValueError:
        _refuse(wanted, raw)
    return found if FIRST_YEAR <= found.year <= LAST_YEAR else _refuse(f"{DATE}, from 1900 to 2999", raw)


def _date_of_serial(cell: Cell) -> Date:
    if isinstance(cell, LooseNumber):
        _refuse(f"{DATE}; as a bare number in a workbook that counts days from 1904 its day is uncertain", cell)
    if isinstance(cell, bool) or not isinstance(cell, int | float) or not SERIALS[0] <= cell <= SERIALS[-1]:
        _refuse(DATE, cell)
    return EPOCH + timedelta(int(cell))


@lru_cache(4096)
def _time(raw: str) -> Time:
    words = _line(raw).lower()
    words = words[found.end() :] if (found := _BEFORE_CLOCK.match(words)) else words
    if found := _TIME.match(words):
        return _clock(found[1], found[2], found[3] or "0", found[4], raw)
    if found := _HOUR.match(words):
        return _clock(found[1], "0", "0", found[3], raw)
    if found := _FOUR_DIGITS.match(words):
        return _clock(found[1], found[2], "0", None, raw)
    try:
        fraction = float(words)
    except ValueError:
        _refuse(TIME, raw)
    return _time_of_number(fraction) if 0 < fraction < 1 else _refuse(TIME, raw)


def _clock(hour: str, minute: str, second: str, half: str | None, raw: str) -> Time:
    hours, minutes, seconds = int(hour), int(minute), int(second)
    if half:
        if not 1 <= hours <= 12:
            _refuse(TIME, raw)
        hours = hours % 12 + (12 if half == "p" else 0)
    if (hours, minutes, seconds) == (24, 0, 0):
        return Time(0)
    return Time(hours, minutes, seconds) if hours < 24 and minutes < 60 and seconds < 60 else _refuse(TIME, raw)


def _time_of_number(cell: Cell) -> Time:
    """0.375 is 9:00, 46300.375 too; 800 is `0800` as a spreadsheet stores it. 1 to 99 may be hours or days: refused."""
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        _refuse(TIME, cell)
    if 0 <= cell < 1 or (SERIALS[0] <= cell <= SERIALS[-1] and cell != int(cell)):
        return _of_seconds(round(cell % 1 * DAY_SECONDS))
    if 100 <= cell <= 2400 and cell == int(cell):
        return _clock(str(int(cell) // 100), str(int(cell) % 100), "0", None, str(cell))
    return _refuse(TIME, cell)


def _to_the_second(cell: Time) -> Time:
    return _of_seconds(cell.hour * 3600 + cell.minute * 60 + cell.second + (cell.microsecond >= 500_000))


def _of_seconds(seconds: int) -> Time:
    seconds %= DAY_SECONDS
    return Time(seconds // 3600, seconds // 60 % 60, seconds % 60)


def _whole_number(raw: str, wanted: str) -> int:
    return _remembered_number(raw, wanted) if len(raw) <= REMEMBERED else _refuse(wanted, raw)


@lru_cache(4096)
def _remembered_number(raw: str, wanted: str) -> int:
    digits = _line(raw).strip("'\u2018\u2019 ").lower()
    if _THOUSANDS.match(digits):
        _refuse(f"{wanted} without a thousands mark", raw)
    if found := _INTEGER.match(digits):
        return int(found[1])
    if found := _SCIENTIFIC.match(digits):
        fraction, exponent = found[2] or "", int(found[3])
        if len(fraction) < exponent:
            _refuse(f"{wanted}; this one has lost digits: format the column as a number and save again", raw)
        if not fraction[exponent:].strip("0") and exponent < 18:
            return int(found[1] + fraction[:exponent])
    return _refuse(wanted, raw)


def _line(raw: str) -> str:
    """`raw` without what cannot be seen; refuses nothing, control characters and a spreadsheet's error values."""
    if not raw.isprintable():
        if _CONTROL.search(raw):
            raise BadCell("must not hold control characters")
        raw = _INVISIBLE.sub("", raw)
    words = " ".join(raw.split())
    if not words:
        raise BadCell("must not be empty")
    if words[0] == "#" and words.upper() in ERRORS:
        raise BadCell(f"holds the error {words}")
    return words if words.isascii() else unicodedata.normalize("NFC", words)


def _written(cell: Cell) -> str:
    """What is no text, as a spreadsheet shows it; refuses what has no value."""
    match cell:
        case None:
            raise BadCell("must not be empty")
        case Unreadable():
            raise BadCell(cell.reason)
        case bool():
            return str(cell).upper()
        case int():
            return str(cell) if abs(cell) < EXACT**2 else _refuse("must be a shorter number", cell)
        case float():
            return str(int(cell)) if isfinite(cell) and cell.is_integer() and abs(cell) <= EXACT else f"{cell:.15g}"
        case datetime():
            return cell.isoformat(" ", "seconds") if cell.time() != Time(0) else cell.date().isoformat()
        case Time():
            return cell.isoformat("seconds" if cell.second else "minutes")
        case Date():
            return cell.isoformat()
        case str():
            return cell


def _refuse(wanted: str, cell: Cell) -> NoReturn:
    """Raises BadCell with what was wanted and the beginning of what came; a missing or broken cell says only that."""
    if isinstance(cell, int) and abs(cell) >= EXACT**2:
        raise BadCell(f"{wanted}, got a number too long to show")
    shown = _line(cell) if isinstance(cell, str) else _written(cell)
    raise BadCell(f"{wanted}, got '{shown[:40]}{'...' if len(shown) > 40 else ''}'")
