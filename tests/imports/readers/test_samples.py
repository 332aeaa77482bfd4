"""The sample sheets, where they are at hand."""

from datetime import date, time
from pathlib import Path

import pytest

from chalicelib.core.errors import WrongType
from chalicelib.imports.readers import cells
from tests.imports.readers.books import rows_of

SAMPLE = Path(__file__).parents[4] / "shared/data/sample"
pytestmark = pytest.mark.skipif(not SAMPLE.is_dir(), reason="the sample sheets are not here")


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("employees.xlsx", 1001),
        ("schedules.xlsx", 28_001),
        ("schedules.csv", 1401),
        ("attendances.xlsx", 4854),
        ("exceptions.xlsx", 41),
        ("rewards.xlsx", 41),
    ],
)
def test_every_row_of_a_sample_is_read(name: str, count: int) -> None:
    rows = rows_of(SAMPLE / name)
    assert [row.number for row in rows] == list(range(1, count + 1))


@pytest.mark.parametrize("name", ["schedules.xlsx", "schedules.csv"])
def test_every_day_and_time_of_the_schedules_is_understood(name: str) -> None:
    header, *rows = rows_of(SAMPLE / name)
    at = {str(title): n for n, title in enumerate(header.cells)}
    days, starts = set(), set()
    for _, row in rows:
        days.add(cells.date(row[at["Date - Nominal Date"]]))
        if not cells.is_blank(row[at["Earliest - Start"]]):
            starts.add(cells.time(row[at["Earliest - Start"]]))
    assert (min(days), max(days)) == (date(2026, 10, 5), date(2026, 11, 1))
    assert time(9) in starts


def test_the_database_is_not_taken_for_a_sheet() -> None:
    with pytest.raises(WrongType, match=r"opsdb\.db"):
        rows_of(SAMPLE / "opsdb.db")
