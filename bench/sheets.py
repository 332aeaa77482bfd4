"""A believable floor, the same at every run: people, and the schedule sheet that a planning tool exports."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import islice, product
from math import ceil
from pathlib import Path

import xlsxwriter

SEED = 20261005
FIRST_DAY = date(2026, 10, 5)
HEADERS = (
    "Employee - ID",
    "Employee - First Name",
    "Employee - Last Name",
    "Date - Nominal Date",
    "Earliest - Start",
    "Latest - Stop",
    "Work - Code",
)
"""The planning tool's columns, as in the sample sheet."""

SHIFTS = (
    ("Morning", time(6), time(14), "REG"),
    ("Day", time(9), time(17), "REG"),
    ("Evening", time(14), time(22), "REG"),
    ("Night", time(22), time(6), "NIGHT"),
    ("Late", time(15, 30), time(0, 30), "REG"),
)
LEAVE = ("VACATION", "SICK", "PERSONAL")
_FIRST_NAMES = (
    "Ada Bela Carla Dmitri Elif Farid Gesa Hugo Ines Jonas Kofi Lena Milan Nora Omar Petra Quim Rosa Sami Tove"
)
_SYLLABLES = (("Ber", "Dal", "Fen", "Gor", "Hal", "Kar", "Lin", "Mor", "Nor", "Sal"), ("a", "e", "i", "o", "u"))
_ENDINGS = ("dt", "ger", "lund", "mann", "nak", "rescu", "ssen", "tti", "vic", "zzi")
_TEAMS = (("Sales", "Agent"), ("Support", "Agent"), ("Support", "Senior Agent"), ("Quality", "Analyst"))


@dataclass(frozen=True)
class Person:
    employee_id: int
    first_name: str
    last_name: str
    shift: int
    """Which of SHIFTS."""
    department: str
    role: str
    hire_date: date

    @property
    def ruex_id(self) -> str:
        """What the planning tool knows them by."""
        return f"{self.first_name[0]}{self.last_name}".lower()


def people(count: int = 1_000) -> list[Person]:
    """So many people, no two of them with the same RUEX ID."""
    dice = random.Random(SEED)
    surnames = ["".join(parts) for parts in product(*_SYLLABLES, _ENDINGS)]
    names = [(first, last) for last in surnames for first in _FIRST_NAMES.split()]
    dice.shuffle(names)
    return [
        Person(
            41_000_010_001 + number,
            first,
            last,
            dice.choices(range(len(SHIFTS)), (23, 24, 26, 22, 5))[0],
            *dice.choice(_TEAMS),
            date(2020, 1, 1) + timedelta(dice.randrange(2_200)),
        )
        for number, (first, last) in enumerate(names[:count])
    ]


def rows(everybody: list[Person], days: int) -> Iterator[tuple[str, str, str, date, time | None, time | None, str]]:
    """Person by person, day by day: five shifts a week, two days off, now and then leave."""
    dice = random.Random(SEED)
    for person in everybody:
        off = dice.sample(range(7), 2)
        for number in range(days):
            day = FIRST_DAY + timedelta(number)
            _, start, stop, code = SHIFTS[person.shift]
            if day.weekday() in off:
                line: tuple[time | None, time | None, str] = (None, None, "OFF")
            elif dice.random() < 0.03:
                line = (start, stop, dice.choice(LEAVE))
            else:
                line = (start, stop, code)
            yield person.ruex_id, person.first_name, person.last_name, day, *line


def write(path: Path, everybody: list[Person], count: int) -> Path:
    """An .xlsx file of `count` rows, made as the sample was: strings in the cells, real dates and times."""
    days = ceil(count / len(everybody))
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        page = book.add_worksheet()
        day_format, clock_format = (book.add_format({"num_format": form}) for form in ("yyyy-mm-dd", "hh:mm"))
        page.write_row(0, 0, HEADERS)
        for number, (who, first, last, day, start, stop, code) in enumerate(islice(rows(everybody, days), count), 1):
            page.write_row(number, 0, (who, first, last))
            page.write_datetime(number, 3, day, day_format)
            if start is not None and stop is not None:
                page.write_datetime(number, 4, start, clock_format)
                page.write_datetime(number, 5, stop, clock_format)
            page.write_string(number, 6, code)
    return path
