"""What people type into cells, and what it means."""

import contextlib
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from chalicelib.imports.readers import LooseNumber, Unreadable, cells
from chalicelib.imports.readers.cells import BadCell

DAYS = some.dates(date(1900, 1, 1), date(2999, 12, 31))
TIMES = some.times().map(lambda moment: moment.replace(microsecond=0))
TEXTS = (
    some.text() | some.from_regex(r"[0-9:./ \-apmT,eE+'#]{0,20}") | some.sampled_from(["#N/A", "nan", "inf", "1e999"])
)
CELLS = (
    TEXTS
    | some.none()
    | some.booleans()
    | some.integers()
    | some.floats()
    | some.floats(0, 100_000).map(LooseNumber)
    | some.dates()
    | some.datetimes(timezones=some.none() | some.just(UTC))
    | some.times(timezones=some.none() | some.just(UTC))
    | some.builds(Unreadable, some.text(), some.text())
    | some.sampled_from([10**5000, -(10**5000)])
)
READERS: list[Callable[..., Any]] = [
    cells.text,
    cells.whole_number,
    cells.employee_id,
    cells.date,
    cells.time,
    cells.boolean,
    cells.email,
    cells.name,
]


@pytest.mark.parametrize("read", READERS)
@given(cell=CELLS)
def test_no_cell_raises_anything_but_bad_cell(read: Callable[..., Any], cell: Any) -> None:
    value: Any = "refused"
    with contextlib.suppress(BadCell):
        value = read(cell)
    assert value is not None


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize("cell", [None, "", "  ", "\u200b", "\u00a0"])
def test_a_blank_cell_is_called_empty(read: Callable[..., Any], cell: Any) -> None:
    with pytest.raises(BadCell, match="must not be empty"):
        read(cell)


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        (Unreadable("#N/A", "holds the error #N/A"), "holds the error #N/A"),
        ("#REF!", "holds the error #REF!"),
        (Unreadable("", "holds a formula without a saved value"), "holds a formula without a saved value"),
        ("a\x07b", "must not hold control characters"),
        ("a\x00b", "must not hold control characters"),
    ],
)
def test_a_cell_without_a_value_says_so(read: Callable[..., Any], cell: Any, reason: str) -> None:
    with pytest.raises(BadCell) as caught:
        read(cell)
    assert str(caught.value) == reason


@given(day=DAYS)
def test_a_day_is_read_in_every_form(day: date) -> None:
    day_first, month_first = f"{day:%d/%m/}{day.year:04}", f"{day:%m/%d/}{day.year:04}"
    assert cells.date(day) == day
    assert cells.date(datetime.combine(day, time(13, 30))) == day
    assert cells.date(day.isoformat()) == day
    assert cells.date(f" {day.isoformat()}T08:30:00Z ") == day
    assert cells.date(f"{day.year}/{day.month}/{day.day}") == day
    for mark in "/.-":
        assert cells.date(day_first.replace("/", mark)) == day
        assert cells.date(month_first.replace("/", mark), "month-first") == day
    for form in ("%d %b %Y", "%d-%B-%Y", "%b %d, %Y", "%A, %B %d, %Y", "%d %b, %Y"):
        assert cells.date(day.strftime(form)) == day
    serial = (day - date(1899, 12, 30)).days
    if 20_000 <= serial <= 80_000:
        assert cells.date(serial) == cells.date(serial + 0.5) == cells.date(str(serial)) == day


@given(day=DAYS)
def test_a_day_of_the_other_order_is_never_guessed(day: date) -> None:
    typed = f"{day:%d/%m/}{day.year:04}"
    if day.day > 12:
        with pytest.raises(BadCell, match="month-first as is set for this site"):
            cells.date(typed, "month-first")
    else:
        assert cells.date(typed, "month-first") == date(day.year, day.day, day.month)


@pytest.mark.parametrize(
    "cell",
    [
        "31/31/2026",
        "29/02/2026",
        "05/10/26",
        "5-Oct-26",
        "2026-13-01",
        "05/10-2026",
        "tomorrow",
        "5 Foo 2026",
        "1899-12-31",
        *("3000-01-01", 5, 19_999, 80_001, True, time(9), date(1899, 12, 31), 20261005, LooseNumber(46300)),
        "\u0660\u0665/\u0661\u0660/2026",
    ],
)
def test_what_is_no_day_is_refused_with_an_example(cell: Any) -> None:
    with pytest.raises(BadCell, match="must be a date such as 2026-10-05"):
        cells.date(cell)


def test_a_refused_cell_is_shown_and_shortened() -> None:
    with pytest.raises(BadCell) as caught:
        cells.date("31/31/2026")
    assert str(caught.value).endswith("got '31/31/2026'")
    with pytest.raises(BadCell) as caught:
        cells.date("x" * 5000)
    assert len(str(caught.value)) < 120


@given(moment=TIMES)
def test_a_time_is_read_in_every_form(moment: time) -> None:
    fraction = (moment.hour * 3600 + moment.minute * 60 + moment.second) / 86_400
    assert cells.time(moment) == moment
    assert cells.time(datetime.combine(date(2026, 10, 5), moment)) == moment
    assert cells.time(fraction) == moment
    assert cells.time(float(f"{fraction:.7f}")) == moment
    assert cells.time(moment.isoformat("seconds")) == moment
    assert cells.time(f"2026-10-05 {moment.isoformat('seconds')}") == moment
    assert cells.time(moment.strftime("%I:%M:%S %p")) == moment
    minutes = moment.replace(second=0)
    assert cells.time(f"{moment.hour}:{moment.minute:02}") == minutes
    assert cells.time(minutes.strftime("%I:%M%p").lower()) == minutes
    assert cells.time(minutes.strftime("%H%M")) == minutes
    assert cells.time(minutes.replace(minute=0).strftime("%I %p")) == minutes.replace(minute=0)
    if moment.hour:
        assert cells.time(int(minutes.strftime("%H%M"))) == minutes


@pytest.mark.parametrize("cell", ["24:00", "2400", "24:00:00", 2400, 0, 0.0, 0.999999, "12 am", "12:00 AM"])
def test_midnight_is_midnight_at_either_end(cell: Any) -> None:
    assert cells.time(cell) == time(0)


@pytest.mark.parametrize(
    "cell",
    [
        "25:00",
        "24:01",
        "8:60",
        "13 pm",
        "0:30 am",
        "8",
        "noon",
        1,
        8,
        99,
        860,
        46300,
        1.5,
        -0.5,
        True,
        date(2026, 10, 5),
    ],
)
def test_what_is_no_time_is_refused_with_an_example(cell: Any) -> None:
    with pytest.raises(BadCell, match="must be a time such as 08:00"):
        cells.time(cell)


@given(number=some.integers(1, 10**15 - 1))
def test_an_id_is_read_however_it_is_stored(number: int) -> None:
    mantissa, _, exponent = f"{number:.14E}".partition("E")
    for cell in (number, float(number), str(number), f" {number} ", f"'{number}", f"{number}.0", f"{number}\u00a0"):
        assert cells.employee_id(cell) == number
    assert cells.employee_id(f"{mantissa}E{exponent}") == number


@pytest.mark.parametrize("cell", ["4.10E+10", "4.103E+10", "4E+10", 1e17])
def test_an_id_that_lost_digits_says_so(cell: Any) -> None:
    with pytest.raises(BadCell, match="lost digits"):
        cells.employee_id(cell)


@pytest.mark.parametrize(
    "cell", [0, -5, 1.5, "1.5", "A12", "5.000", "5,000", "1_000", True, "٤١", 10**18, date(2026, 1, 1)]
)
def test_what_is_no_id_is_refused(cell: Any) -> None:
    with pytest.raises(BadCell, match="whole number"):
        cells.employee_id(cell)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("  Ana   Cruz ", "Ana Cruz"),
        ("two\nlines\ttabbed", "two lines tabbed"),
        ("Jose\u0301", "José"),
        ("\ufeffAna\u200b", "Ana"),
        (5000.0, "5000"),
        (0.1, "0.1"),
        (LooseNumber(46300), "46300"),
        (True, "TRUE"),
        (date(2026, 10, 5), "2026-10-05"),
        (datetime(2026, 10, 5), "2026-10-05"),
        (datetime(2026, 10, 5, 8), "2026-10-05 08:00:00"),
        (time(8, 30), "08:30"),
    ],
)
def test_text_is_one_clean_line(cell: Any, value: str) -> None:
    assert cells.text(cell) == value


def test_text_that_is_too_long_says_by_how_much() -> None:
    with pytest.raises(BadCell, match="at most 5 characters long, got 6"):
        cells.text("123456", 5)


@pytest.mark.parametrize(
    ("cell", "value"), [("Yes", True), ("x", True), (1, True), (True, True), ("no", False), (0.0, False)]
)
def test_yes_and_no_are_understood(cell: Any, value: bool) -> None:
    assert cells.boolean(cell) is value


@pytest.mark.parametrize("cell", ["maybe", 2, -1])
def test_maybe_is_not_yes(cell: Any) -> None:
    with pytest.raises(BadCell, match="yes or no"):
        cells.boolean(cell)


def test_an_address_is_lowered_and_checked() -> None:
    assert cells.email(" Ana.Cruz@OPSDB.example ") == "ana.cruz@opsdb.example"
    for wrong in (
        "ana",
        "ana@",
        "@opsdb.example",
        "ana@opsdb",
        "a b@opsdb.example",
        "a..b@opsdb.example",
        ".a@opsdb.example",
    ):
        with pytest.raises(BadCell, match="e-mail address"):
            cells.email(wrong)


@pytest.mark.parametrize(
    ("cell", "first_last"),
    [
        ("Ana Cruz", ("Ana", "Cruz")),
        ("Cruz, Ana", ("Ana", "Cruz")),
        ("Ana Maria Cruz", ("Ana Maria", "Cruz")),
        ("de la Cruz , Ana  Maria", ("Ana Maria", "de la Cruz")),
    ],
)
def test_both_orders_of_a_name_are_understood(cell: str, first_last: tuple[str, str]) -> None:
    assert cells.name(cell) == first_last


@pytest.mark.parametrize("cell", ["Ana", "Cruz,", ",Ana", "Cruz, Ana, Jr", 5])
def test_half_a_name_is_refused(cell: Any) -> None:
    with pytest.raises(BadCell, match="first and a last name"):
        cells.name(cell)
