"""The whole story, as somebody who has just cloned the repository lives it."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from datetime import time as clock
from pathlib import Path
from typing import Any

import boto3
import psycopg2
import pytest

from tests import make

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = ROOT.parent / "shared" / "data" / "sample"
PEOPLE, SHIFTS = 1_000, 28_000
PATIENCE = 120.0


def sheet(kind: str) -> bytes:
    """The sample's sheet where there is one, else one of the same size."""
    found = SAMPLE / f"{kind}.xlsx"
    if found.exists():
        return found.read_bytes()
    ids = range(41_000_010_001, 41_000_010_001 + PEOPLE)
    if kind == "employees":
        return make.workbook([make.employee_row(one) for one in ids])
    days = [date(2026, 10, 5) + timedelta(day) for day in range(SHIFTS // PEOPLE)]
    return make.workbook(
        [(one, day, clock(22), clock(6), "NIGHT") for one in ids for day in days], headers=make.SCHEDULE_HEADERS
    )


class Floor:
    """A running stack, known only by what it wrote into `ready.json`."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.ready: dict[str, str] = json.loads((data / "ready.json").read_text())

    def get(self, path: str) -> Any:
        request = urllib.request.Request(self.ready["url"] + path, headers={"X-API-Key": self.ready["api_key"]})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def put(self, key: str, body: bytes, **metadata: str) -> None:
        s3 = boto3.client(
            "s3",
            endpoint_url=self.ready["s3_endpoint"],
            aws_access_key_id=self.ready["s3_access_key"],
            aws_secret_access_key=self.ready["s3_secret_key"],
            region_name=self.ready["region"],
        )
        s3.put_object(Bucket=self.ready["uploads_bucket"], Key=key, Body=body, Metadata=metadata)

    def opsdb(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "local", *arguments]
        environment = alone() | {"OPSDB_SETTINGS_FILE": str(self.data / "settings.json")}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def wipe(self) -> None:
        """As bad as it gets: every table gone."""
        settings = json.loads((self.data / "settings.json").read_text())
        conn = psycopg2.connect(settings["OPSDB_OWNER_DATABASE_URL"])
        conn.autocommit = True
        conn.cursor().execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        conn.close()


def until(met: Callable[[], Any], what: str) -> Any:
    """What `met` returns once it is true."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if found := met():
            return found
        time.sleep(0.2)
    raise AssertionError(f"not within {PATIENCE:.0f} s: {what}")


def alone() -> dict[str, str]:
    """The environment without anything that another test has put there."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("OPSDB_", "AWS_", "DATABASE"))}


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    data = tmp_path / "data"
    clean = alone()
    stack = subprocess.Popen(
        [sys.executable, "-m", "local", "up", "--no-demo", "--data", str(data)],
        cwd=ROOT,
        env=clean,
        stdout=(tmp_path / "up.log").open("w"),
        stderr=subprocess.STDOUT,
    )
    try:
        until(lambda: (data / "ready.json").exists() or stack.poll() is not None, "the stack is ready")
        assert stack.poll() is None, (tmp_path / "up.log").read_text()
        yield Floor(data)
    finally:
        stack.send_signal(signal.SIGINT)
        stack.wait(timeout=30)


def test_sheets_in_the_bucket_become_a_floor_that_survives_the_loss_of_its_database(floor: Floor) -> None:
    floor.put("incoming/employees/employees.xlsx", sheet("employees"), **{"add-options": "true"})
    until(lambda: floor.get("/api/employees?limit=1")["total"] == PEOPLE, "every employee is there")
    floor.put("incoming/schedules/schedules.xlsx", sheet("schedules"))
    until(lambda: floor.get("/api/schedules?limit=1")["total"] == SHIFTS, "every shift is there")
    uploads = floor.get("/api/uploads")["data"]
    assert [(one["kind"], one["state"], one["success_count"]) for one in uploads] == [
        ("schedules", "done", SHIFTS),
        ("employees", "done", PEOPLE),
    ]
    page = "/api/schedules?sort=full_name&order=desc&limit=1000"
    before = floor.get(page)

    floor.opsdb("backup")
    listed = json.loads(floor.opsdb("backups", "--json"))
    assert [one["state"] for one in listed] == ["good"]
    assert listed[0]["tables"]["schedules"] == SHIFTS

    floor.wipe()
    with pytest.raises(urllib.error.HTTPError):
        floor.get("/api/employees")
    floor.opsdb("restore", "latest")
    assert floor.get("/api/employees?limit=1")["total"] == PEOPLE
    assert floor.get(page) == before
