"""A sheet that corrects the past: what was worked out of the recorded days follows."""

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.core import db
from chalicelib.imports import run as running
from chalicelib.imports.arrivals import import_file
from chalicelib.imports.queries import Upload
from tests import make
from tests.api import Api
from tests.conftest import Site
from tests.counting import statements

MONDAY = date(2026, 10, 5)
TUESDAY = MONDAY + timedelta(1)


@pytest.fixture(autouse=True)
def _a_week_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "now", lambda: datetime.fromisoformat("2026-10-12T12:00:00+00:00"))


def plan(path: Path, *days: tuple[Any, ...], **options: bool) -> Upload:
    make.sheet(path / "plan.xlsx", days, headers=make.SCHEDULE_HEADERS)
    return import_file(path / "plan.xlsx", kind="schedules", options=options, uploaded_by="test")


def recorded() -> list[tuple[Any, ...]]:
    with db.reading() as conn:
        found = conn.execute(
            text("SELECT date, late_minutes, exception_type FROM attendances ORDER BY employee_id, date")
        )
        return [tuple(row) for row in found]


@pytest.fixture
def ada(api: Api) -> int:
    """Somebody who came at 09:30 for 09:00 on Monday, and of whom nothing was heard on Tuesday."""
    with make.written() as conn:
        ada = make.employee(conn)
        make.shift(conn, ada, MONDAY, time(9), time(17))
        make.shift(conn, ada, TUESDAY, time(9), time(17))
        conn.execute(
            text(
                """INSERT INTO attendances (employee_id, date, exception_type, exception_type_source)
                VALUES (:ada, :day, 'Absent', 'derived')"""
            ),
            {"ada": ada, "day": TUESDAY},
        )
    assert api.post("/attendances", {"employee_id": ada, "date": MONDAY.isoformat(), "check_in": "09:30"}).status == 201
    return ada


def test_minutes_follow_a_shift_that_a_sheet_corrects(ada: int, tmp_path: Path) -> None:
    assert recorded() == [(MONDAY, 30, None), (TUESDAY, None, "Absent")]
    days = [(ada, MONDAY, time(10), time(18), "REG"), (ada, TUESDAY, None, None, "OFF")]
    assert plan(tmp_path, *days, correct_past=True).state == "done"
    assert recorded() == [(MONDAY, 0, None)], "who was off had not to be there"


def test_what_a_sheet_does_not_change_stays(ada: int, tmp_path: Path) -> None:
    done = plan(tmp_path, (ada, MONDAY, time(10), time(18), "REG"))
    assert done.error_count == 1, "the past is corrected only where that is said"
    assert recorded() == [(MONDAY, 30, None), (TUESDAY, None, "Absent")]
    assert plan(tmp_path, (ada, MONDAY, time(10), time(18), "REG"), correct_past=True, dry_run=True).state == "done"
    assert recorded() == [(MONDAY, 30, None), (TUESDAY, None, "Absent")]


def test_a_plan_of_days_to_come_asks_for_nobody_s_attendance(site: Site, ada: int, tmp_path: Path) -> None:
    coming = [(ada, date(2026, 10, 19) + timedelta(n), time(9), time(17), "REG") for n in range(3)]
    with statements() as sent:
        assert plan(tmp_path, *coming).state == "done"
    assert [one for one in sent if "attendances.attendance_id" in one] == []
