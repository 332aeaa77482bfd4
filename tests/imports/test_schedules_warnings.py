"""What a schedules sheet is warned of, and that SQL shows the engine all that it would find."""

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from chalicelib.core import db
from chalicelib.core.settings import settings
from chalicelib.imports import queries
from chalicelib.imports import run as running
from chalicelib.imports.arrivals import import_file
from chalicelib.imports.queries import Upload
from chalicelib.imports.sheets import clashes as in_sheets
from chalicelib.imports.sheets import warned
from chalicelib.imports.sheets.schedules import Schedules
from chalicelib.imports.sheets.sheet import LISTED, Job, Options
from chalicelib.imports.sheets.warned import Warned, judged
from chalicelib.schedules.calendars import Calendar, Person, Shift
from chalicelib.schedules.conflicts import clashes
from chalicelib.schedules.instants import shift_interval
from chalicelib.schedules.rules import place
from tests import make
from tests.conftest import Site, forget

MONDAY = date(2027, 3, 1)
BEFORE = datetime(2027, 2, 1)


@pytest.fixture(autouse=True)
def february(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = datetime.fromisoformat("2027-02-20T12:00:00+00:00")
    monkeypatch.setattr(running, "now", lambda: stopped)


@pytest.fixture
def ada(site: Site) -> int:
    with make.written() as conn:
        return make.employee(conn, first_name="Ada", last_name="Lovelace")


def plan(path: Path, *rows: tuple[Any, ...], **options: bool) -> Upload:
    make.sheet(path / "plan.xlsx", rows, headers=make.SCHEDULE_HEADERS)
    return import_file(path / "plan.xlsx", kind="schedules", options=options, uploaded_by="test")


def week(person: int, *days: int, first: date = MONDAY, start: time = time(9), stop: time = time(17)) -> list[Any]:
    return [(person, first + timedelta(day), start, stop, "REG") for day in days]


def found(upload: Upload, finding: str = "warning") -> list[tuple[int, str, str]]:
    with db.reading() as conn:
        page = queries.list_findings(conn, upload_id=upload.upload_id, query=queries.FindingFilters(finding=[finding]))
    return [(one.row_number or 0, one.column_name or "", one.reason) for one in page.data]


def test_too_little_rest_is_written_and_told_once_at_the_later_shift(ada: int, tmp_path: Path) -> None:
    done = plan(
        tmp_path,
        (ada, MONDAY, time(14), time(22), "REG"),
        (ada, MONDAY + timedelta(1), time(6), time(14), "REG"),
    )
    assert (done.state, done.success_count, done.error_count) == ("done", 2, 0)
    assert done.message == "2 rows were written, 1 warning."
    assert found(done) == [
        (
            3,
            "Earliest - Start",
            "Ada Lovelace would rest 8 h, not 11 h, between 2027-03-01 14:00-22:00 (REG)"
            " and 2027-03-02 06:00-14:00 (REG)",
        )
    ]


def test_rest_is_counted_to_what_stays_in_the_plan_and_from_a_late_check_out(ada: int, tmp_path: Path) -> None:
    with make.written() as conn:
        make.shift(conn, ada, MONDAY, time(14), time(20), origin="manual")
        conn.execute(
            text("INSERT INTO attendances (employee_id, date, check_in, check_out) VALUES (:e, :d, :i, :o)"),
            {"e": ada, "d": MONDAY, "i": datetime(2027, 3, 1, 14), "o": datetime(2027, 3, 1, 23, 30)},
        )
    done = plan(tmp_path, (ada, MONDAY + timedelta(1), time(9), time(17), "REG"))
    assert [reason for _, _, reason in found(done)] == [
        "Ada Lovelace would rest 9 h 30 min, not 11 h, between 2027-03-01 14:00-20:00 (REG), left at 23:30,"
        " and 2027-03-02 09:00-17:00 (REG)"
    ]


def test_seven_days_and_more_than_48_hours_are_told_once_each(ada: int, tmp_path: Path) -> None:
    done = plan(tmp_path, *week(ada, *range(7)))
    assert done.success_count == 7
    assert [(row, reason) for row, _, reason in found(done)] == [
        (
            8,
            "Ada Lovelace would work 56 h in the week 2027-03-01 to 2027-03-07"
            " with 2027-03-07 09:00-17:00 (REG): most is 48 h",
        ),
        (
            8,
            "Ada Lovelace would work 7 days in a row with 2027-03-07 09:00-17:00 (REG),"
            " 2027-03-01 to 2027-03-07: most is 6",
        ),
    ]


def test_a_dry_run_warns_as_well_and_what_stands_so_already_is_no_news(ada: int, tmp_path: Path) -> None:
    rows = week(ada, *range(7))
    assert len(found(plan(tmp_path, *rows, dry_run=True))) == 2
    assert len(found(plan(tmp_path, *rows))) == 2
    again = plan(tmp_path, *rows)
    assert (again.unchanged_count, found(again)) == (7, [])


def test_leave_and_employment_are_told_and_do_not_stop_the_sheet(ada: int, tmp_path: Path) -> None:
    with make.written() as conn:
        conn.execute(
            text(
                """INSERT INTO leave_requests (employee_id, leave_type, start_date, end_date, status)
                VALUES (:e, 'Vacation', '2027-03-02', '2027-03-03', 'Approved'),
                       (:e, 'Vacation', '2027-03-04', '2027-03-04', 'Pending')"""
            ),
            {"e": ada},
        )
        conn.execute(text("UPDATE employees SET attrition_date = '2027-03-04' WHERE employee_id = :e"), {"e": ada})
    done = plan(tmp_path, *week(ada, 0, 1, 3, 4), (ada, MONDAY + timedelta(2), time(9), time(17), "VACATION"))
    assert (done.success_count, done.error_count) == (5, 0)
    assert found(done) == [
        (
            3,
            "Date - Nominal Date",
            "Ada Lovelace has Vacation from 2027-03-02 to 2027-03-03 and cannot work 2027-03-02 09:00-17:00 (REG)",
        ),
        (
            5,
            "Date - Nominal Date",
            "Ada Lovelace has 2027-03-04 as last day and cannot work 2027-03-05 09:00-17:00 (REG)",
        ),
    ]


def test_a_time_in_the_missing_hour_is_taken_as_what_follows_and_told(
    ada: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, "Europe/Madrid")
    with make.written() as conn:
        bob = make.employee(conn)
    done = plan(
        tmp_path,
        (ada, date(2027, 3, 28), time(2, 30), time(9), "REG"),
        (bob, date(2027, 3, 27), time(20), time(2, 30), "REG"),
    )
    assert done.success_count == 2
    reason = "02:30 does not exist on 2027-03-28 at the site, since the clocks go forward; it is taken as 03:30"
    assert found(done) == [(2, "Earliest - Start", reason), (3, "Latest - Stop", reason)]


def test_what_the_sheet_removes_is_in_nobodys_way(ada: int, tmp_path: Path) -> None:
    plan(tmp_path, *week(ada, 0, 1, 2), (ada, MONDAY + timedelta(3), time(20), time(4), "REG"))
    rows = [*week(ada, 0, 1, 2), (ada, MONDAY + timedelta(4), time(3), time(11), "REG")]
    assert plan(tmp_path, *rows).error_count == 1
    done = plan(tmp_path, *rows, replace_period=True, confirm=True)
    assert (done.success_count, done.error_count, found(done)) == (1, 0, [])


def test_what_the_engine_does_not_say_nobody_says(ada: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were there a second opinion of overlaps or of rest, it would show with the engine silent."""
    plan(tmp_path, *week(ada, 7))
    rows = [
        *week(ada, *range(7)),
        (ada, MONDAY, time(12), time(20), "REG"),
        (ada, MONDAY + timedelta(2), None, None, "OFF"),
        (ada, MONDAY + timedelta(6), time(20), time(10), "REG"),
    ]
    spoken = plan(tmp_path, *rows, dry_run=True)
    assert (spoken.error_count, spoken.success_count) == (6, 4)
    monkeypatch.setattr(in_sheets, "clashes", lambda plan: [])
    monkeypatch.setattr(warned, "judge_rows", lambda after, rows, limits: [])
    silent = plan(tmp_path, *rows, dry_run=True)
    assert (silent.error_count, silent.success_count, found(silent)) == (0, 10, [])


def test_of_very_many_warnings_the_first_are_listed_and_all_are_counted(site: Site, tmp_path: Path) -> None:
    with make.written() as conn:
        people = [make.employee(conn) for _ in range(21)]
    rows = list(chain.from_iterable(week(one, *range(51), start=time(0), stop=time(13, 30)) for one in people))
    done = plan(tmp_path, *rows)
    # 50 short nights, one row of days and seven full weeks each; the last, of two days, is short enough.
    assert done.message == f"1,071 rows were written, {21 * 58:,} warnings, of which the first 1,000 are listed."
    with db.reading() as conn:
        listed = conn.execute(text("SELECT count(*), max(row_number) FROM upload_errors")).one()
    assert listed[0] == LISTED
    assert listed[1] < len(rows)


def at(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    """The site, in another zone."""
    monkeypatch.setenv("OPSDB_TIMEZONE", zone)
    forget()


KIND = Schedules()
Sheet = list[tuple[int, date, str | None, str]]
"""Person, nominal date, times and work code, row by row."""


def decided(conn: Connection, sheet: Sheet) -> Job:
    """The decision over a sheet; its tables are there to look at."""
    upload_id = conn.execute(
        text(
            """INSERT INTO uploads (kind, filename, bucket, key, version_id, uploaded_by)
            VALUES ('schedules', 'plan.xlsx', 'b', gen_random_uuid()::text, '', 'test') RETURNING upload_id"""
        )
    ).scalar_one()
    staged = [(number, staged_row(*row)) for number, row in enumerate(sheet, 2)]
    queries.stage(conn, upload_id=upload_id, rows=staged)
    job = Job(upload_id, Options(), BEFORE, None)
    KIND.decide(conn, job)
    return job


def staged_row(person: int, day: date, times: str | None, code: str) -> tuple[str | None, ...]:
    start, stop = (time.fromisoformat(one) for one in times.split("-")) if times else (None, None)
    placed = place(nominal_date=day, start=start, stop=stop, day_start=time())
    facts = (person, day, placed.start_date, start, placed.stop_date, stop, code)
    return tuple(None if one is None else str(one) for one in facts)


class Dice(random.Random):
    """Plans of a few weeks: as unreasonable as they come, or just within the limits but for a change of the clocks."""

    def unreasonable(self, people: list[int], first: date) -> Sheet:
        rows = [
            (person, first + timedelta(day), *self.shift())
            for person in people
            for day in range(21)
            for _ in range(self.choice((0, 1, 1, 1, 1, 1, 1, 1, 1, 2)))
        ]
        return list(dict.fromkeys(rows))

    def shift(self) -> tuple[str | None, str]:
        code = self.choice(("REG",) * 8 + ("NIGHT", "TRAIN", "NEST", "VACATION", "OFF"))
        if code == "OFF":
            return None, code
        start = self.choice((0, 2, 3, 4, 5, 12, 13, 16, 18, 36, 44, 47)) * 30
        stop = (start + self.choice((60, 120, 240, 390, 480, 540, 720))) % 1440
        return f"{start // 60:02}:{start % 60:02}-{stop // 60:02}:{stop % 60:02}", code

    def just_within(self, people: list[int], first: date) -> Sheet:
        """48 hours in six days, or eleven hours of rest, or shifts that follow each other; now and then a day lacks."""
        rows: Sheet = []
        for person in people:
            times, days_off = self.choice(
                (
                    (("22:00-06:00",), 1),
                    (("01:30-09:30",), 1),
                    (("18:00-02:00",), 1),
                    (("09:00-22:00",), 4),
                    (("16:00-05:00",), 4),
                    (("23:00-02:30", "02:30-07:00"), 2),
                    (("00:00-02:00", "03:00-06:00"), 2),
                )
            )
            weekend = self.sample(range(7), days_off)
            for day in (first + timedelta(number) for number in range(21)):
                if day.weekday() in weekend or self.random() < 0.03:
                    rows.append((person, day, None, "OFF"))
                else:
                    rows += [(person, day, one, "REG") for one in times]
        return rows

    def disturb(self, conn: Connection, people: list[int], first: date) -> None:
        """Check-outs, leave, exceptions and employment around the plan."""
        for person in people:
            day = first + timedelta(self.randrange(20))
            given = {
                "e": person,
                "d": day,
                "o": datetime.combine(day, time()) + timedelta(hours=self.randrange(20, 40)),
                "l": day - timedelta(self.randrange(2, 5)),
                "hired": first + timedelta(self.randrange(-60, 6)),
                "kind": self.choice(("Training", "Vacation", "Overtime")),
                "x": day + timedelta(self.randrange(3, 6)),
            }
            for statement in (
                "INSERT INTO attendances (employee_id, date, check_in, check_out) VALUES (:e, :d, :d, :o)",
                """INSERT INTO leave_requests (employee_id, leave_type, start_date, end_date, status)
                VALUES (:e, 'Vacation', :l, :l, 'Approved')""",
                """INSERT INTO exceptions (employee_id, exception_type, start_date, end_date, status)
                VALUES (:e, :kind, :x, :x, 'Completed')""",
                "UPDATE employees SET hire_date = :hired WHERE employee_id = :e",
            ):
                conn.execute(text(statement), given)


TURNS = [
    ("Europe/Madrid", date(2027, 3, 28)),
    ("Europe/Madrid", date(2026, 10, 25)),
    ("America/New_York", date(2026, 11, 1)),
    ("America/New_York", date(2027, 3, 14)),
    ("UTC", date(2027, 3, 28)),
]


@pytest.fixture(params=TURNS, ids=lambda param: f"{param[0]} {param[1]}")
def turn(request: pytest.FixtureRequest, site: Site, monkeypatch: pytest.MonkeyPatch) -> date:
    """A day on which the site's clocks change."""
    zone, day = request.param
    at(monkeypatch, zone)
    return day


@pytest.fixture
def people(site: Site) -> list[int]:
    with make.written() as conn:
        return [make.employee(conn) for _ in range(3)]


@pytest.fixture(params=[(kind, number) for kind in (Dice.unreasonable, Dice.just_within) for number in range(2)])
def random_sheet(request: pytest.FixtureRequest, turn: date, people: list[int]) -> Iterator[Connection]:
    """A transaction in which a random sheet was decided over what another one has left in the plan."""
    made, number = request.param
    dice = Dice(f"{settings().timezone} {turn} {number}")
    first = turn - timedelta(10)
    with db.engine().begin() as conn:
        dice.disturb(conn, people, first)
        KIND.write(conn, decided(conn, made(dice, people, first)))
    with db.engine().connect() as conn, conn.begin() as transaction:
        decided(conn, made(dice, people, first))
        yield conn
        transaction.rollback()


def test_sql_suspects_all_that_the_engine_would_warn_of(random_sheet: Connection) -> None:
    conn = random_sheet
    noted = [
        Warned(row.row_number, row.column_name, row.reason)
        for row in conn.execute(
            text(
                """SELECT row_number, column_name, reason FROM upload_errors WHERE finding = 'warning'
                AND upload_id = (SELECT max(upload_id) FROM uploads)"""
            )
        )
    ]
    for statement in (
        "DROP TABLE IF EXISTS suspects, seen",
        """CREATE TEMPORARY TABLE suspects ON COMMIT DROP AS
        SELECT employee_id, row_number, edge.first, edge.last
        FROM planned, (SELECT min(nominal_date) AS first, max(nominal_date) AS last FROM planned) edge
        WHERE row_number IS NOT NULL""",
    ):
        conn.execute(text(statement))
    everything = list(chain.from_iterable(judged(conn)))
    assert sorted(noted) == sorted(everything)


def test_sql_suspects_all_that_the_engine_would_refuse(random_sheet: Connection) -> None:
    conn = random_sheet
    in_sheet, refused = _clashing(conn, "SELECT * FROM incoming WHERE work_code IS NOT NULL"), set()
    for row in conn.execute(
        text(
            """SELECT row_number, reason FROM upload_errors
            WHERE reason LIKE '%; see row %' AND upload_id = (SELECT max(upload_id) FROM uploads)"""
        )
    ):
        refused.add(row.row_number)
    assert refused == in_sheet
    assert _clashing(conn, "SELECT * FROM planned") == set()


def _clashing(conn: Connection, rows: str) -> set[int]:
    """The numbers of the sheet's rows that the engine refuses, when it is shown all of them."""
    by_person: dict[int, dict[Shift, int | None]] = {}
    for row in conn.execute(text(f"{rows} ORDER BY 1")):
        placed = place(
            nominal_date=row.nominal_date, start=row.start_time, stop=row.stop_time, day_start=settings().day_start
        )
        interval = shift_interval(placed, zone=settings().timezone)
        by_person.setdefault(row.employee_id, {})[Shift(None, placed, interval, row.work_code, None)] = row.row_number
    found = [
        numbers[one]
        for person, numbers in by_person.items()
        for one, _, _ in clashes(Calendar(Person(person, "Ada"), tuple(numbers)))
    ]
    return {number for number in found if number is not None}
