"""A run that is killed where it happens to be: the next one ends as if nothing had been."""

import random
import subprocess
import sys
import time as clock
from contextlib import suppress
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.core import db, storage
from chalicelib.imports import arrivals
from chalicelib.imports.run import run
from local.processes import wait_until
from tests import make
from tests.conftest import Site

ROOT = Path(__file__).parents[2]
MONDAY = date(2027, 3, 1)
PEOPLE = 60
WEEK = timedelta(7)

CHILD = """
import sys
from chalicelib.imports import run as running, report
running.CHUNK = 40
print("begins", flush=True)
running.run(int(sys.argv[1]))
print("ends", flush=True)
"""
"""Few rows a chunk, so that a kill finds it in any of its stages."""


def rows(statement: str, **given: Any) -> list[tuple[Any, ...]]:
    with db.reading() as conn:
        return [tuple(row) for row in conn.execute(text(statement), given)]


def sheet(people: list[int], week: int) -> bytes:
    """Everybody's week, and some rows that fail."""
    monday = MONDAY + week * WEEK
    days = [(one, monday + timedelta(day), time(9), time(17), "REG") for one in people for day in range(6)]
    bad = [(one, monday + timedelta(6), time(9), time(17), "NONSENSE") for one in people[:10]]
    return make.workbook([*days, *bad], headers=make.SCHEDULE_HEADERS)


def registered(site: Site, body: bytes) -> int:
    key = storage.incoming_key("schedules", "week.xlsx")
    version = storage.s3().put_object(Bucket=site.uploads, Key=key, Body=body)["VersionId"]
    upload_id = arrivals.register(bucket=site.uploads, key=key, version_id=version, uploaded_by="test")
    assert upload_id is not None
    return upload_id


def left(upload_id: int, week: int) -> dict[str, Any]:
    """Everything that an upload leaves, its dates counted from its own Monday."""
    monday = MONDAY + week * WEEK
    given = {"id": upload_id, "monday": monday}
    return {
        "plan": rows(
            """SELECT employee_id, nominal_date - :monday, start_time, stop_time, work_code FROM schedules
            WHERE upload_id = :id ORDER BY 1, 2""",
            **given,
        ),
        "upload": rows(
            "SELECT state, rows_read, success_count, error_count, message FROM uploads WHERE upload_id = :id", **given
        ),
        "audit": rows(
            """SELECT action, table_name, sum(row_count) FROM audit_log
            WHERE upload_id = :id GROUP BY 1, 2 ORDER BY 1, 2""",
            **given,
        ),
        "findings": rows(
            "SELECT row_number, column_name, reason FROM upload_errors WHERE upload_id = :id ORDER BY 1, 2", **given
        ),
        "outcomes": rows(
            "SELECT row_number, outcome FROM upload_outcomes WHERE upload_id = :id ORDER BY place", **given
        ),
        "staged": rows("SELECT count(*) FROM upload_rows WHERE upload_id = :id", **given),
    }


def started(site: Site, upload_id: int) -> "subprocess.Popen[str]":
    environment = {"PATH": "", "PYTHONPATH": str(ROOT), **site.environment}
    command = [sys.executable, "-c", CHILD, str(upload_id)]
    child = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "begins\n"
    return child


@pytest.fixture
def people(site: Site) -> list[int]:
    with make.written() as conn:
        return [make.employee(conn) for _ in range(PEOPLE)]


@pytest.mark.parametrize("kills", [10, pytest.param(100, marks=pytest.mark.proof)])
def test_a_run_that_is_killed_at_any_moment_ends_like_one_that_was_not(
    kills: int, site: Site, people: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    undisturbed = registered(site, sheet(people, 0))
    child = started(site, undisturbed)
    began = clock.monotonic()
    assert child.wait(timeout=60) == 0
    whole = clock.monotonic() - began
    expected = left(undisturbed, 0)
    assert (len(expected["plan"]), expected["staged"]) == (PEOPLE * 6, [(0,)])
    assert expected["upload"][0][:4] == ("done_with_errors", PEOPLE * 6 + 10, PEOPLE * 6, 10)

    rng, found_in = random.Random(kills), []
    for week in range(1, kills + 1):
        upload_id = registered(site, sheet(people, week))
        child = started(site, upload_id)
        with suppress(subprocess.TimeoutExpired):
            child.wait(timeout=rng.uniform(0, whole))
        child.kill()
        child.wait()
        found_in += rows("SELECT state, rows_read FROM uploads WHERE upload_id = :id", id=upload_id)
        # The server may not have noticed yet that the one who held the upload is gone.
        assert wait_until(lambda: run(upload_id) is not None, 20)  # noqa: B023
        assert left(upload_id, week) == expected, found_in[-1]
        key = storage.result_key(storage.incoming_key("schedules", "week.xlsx"))
        assert storage.s3().head_object(Bucket=site.uploads, Key=key)
    assert len(set(found_in)) > 2, "the kills all found it at the same place"
    with capsys.disabled():
        if kills > 10:
            print(f"\nkilled {kills} times, found at {sorted(set(found_in))}")  # noqa: T201
