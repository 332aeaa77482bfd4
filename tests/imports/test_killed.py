"""A run that is killed where it happens to be: the next one ends as if nothing had been."""

import random
import subprocess
import sys
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
import os, signal, sys, threading
from sqlalchemy import event
from sqlalchemy.engine import Engine
from chalicelib.imports import run as running, report
upload_id, last, after = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
steps = 0

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

def step(*_):
    global steps
    steps += 1
    if steps == last:
        threading.Timer(after, kill).start() if after else kill()

event.listen(Engine, "before_cursor_execute", step)
event.listen(Engine, "commit", step)
running.CHUNK = 40
running.run(upload_id)
print(steps, flush=True)
os._exit(0)
"""
"""Few rows a chunk, so that a kill finds it in any of its stages: some time after a statement or COMMIT begins."""


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


def ran(site: Site, upload_id: int, *, last: int = 0, after: float = 0) -> str:
    """What a run says that is killed so many seconds after its `last` step, if any: how many there were, or nothing."""
    environment = {"PATH": "", "PYTHONPATH": str(ROOT), **site.environment}
    command = [sys.executable, "-c", CHILD, str(upload_id), str(last), str(after)]
    return subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, timeout=60).stdout


@pytest.fixture
def people(site: Site) -> list[int]:
    with make.written() as conn:
        return [make.employee(conn) for _ in range(PEOPLE)]


@pytest.mark.parametrize("kills", [10, pytest.param(100, marks=pytest.mark.proof)])
def test_a_run_that_is_killed_at_any_moment_ends_like_one_that_was_not(
    kills: int, site: Site, people: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    undisturbed = registered(site, sheet(people, 0))
    steps = int(ran(site, undisturbed))
    expected = left(undisturbed, 0)
    assert (len(expected["plan"]), expected["staged"]) == (PEOPLE * 6, [(0,)])
    assert expected["upload"][0][:4] == ("done_with_errors", PEOPLE * 6 + 10, PEOPLE * 6, 10)

    rng, found_in = random.Random(kills), []
    for week in range(1, kills + 1):
        upload_id = registered(site, sheet(people, week))
        ran(site, upload_id, last=1 + week * steps // (kills + 1), after=rng.choice([0, rng.uniform(0, 0.02)]))
        found_in += rows("SELECT state, rows_read FROM uploads WHERE upload_id = :id", id=upload_id)
        # The server may not have noticed yet that the one who held the upload is gone.
        assert wait_until(lambda: run(upload_id) is not None, 20)  # noqa: B023
        assert left(upload_id, week) == expected, found_in[-1]
        key = storage.result_key(storage.incoming_key("schedules", "week.xlsx"))
        assert storage.s3().head_object(Bucket=site.uploads, Key=key)
    assert len(set(found_in)) > 2, f"the kills all found it at the same place: {found_in}"
    with capsys.disabled():
        if kills > 10:
            print(f"\nkilled {kills} times, found at {sorted(set(found_in))}")  # noqa: T201
