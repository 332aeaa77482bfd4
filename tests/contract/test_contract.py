"""The contract against the running API: whatever is sent, the answer is one that the document names."""

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from sqlalchemy import text

from local.processes import HOST, free_ports, wait_until
from tests import make
from tests.api import Api
from tests.conftest import Site

ROOT = Path(__file__).parents[2]
MONDAY = date(2026, 10, 5)
PEOPLE, FREE, GONE = range(1, 9), {7, 8}, (9, 10)
SHORT = ("--phases", "fuzzing", "--max-examples", "3", "--workers", "2", "--no-shrink")
# One worker: hypothesis reads its own source as it goes, which Python 3.11 gets wrong in two threads now and then.
LONG = ("--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "100", "--workers", "1")


LASTING = """CREATE FUNCTION as_it_was() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';
    CREATE TRIGGER lasting BEFORE UPDATE ON api_keys FOR EACH ROW WHEN (OLD.name = 'test') EXECUTE FUNCTION as_it_was();
    CREATE TRIGGER lasting BEFORE UPDATE ON admin_options FOR EACH ROW EXECUTE FUNCTION as_it_was()"""
"""The key that asks and the values that may be chosen outlive whatever is asked; else the rest is refused alike."""


@pytest.fixture
def floor(site: Site, api: Api) -> None:
    """Eight people and their week, with ids that small numbers meet, and a row or two of everything they may have."""
    with make.written() as conn:
        make.options(conn, "department", "Support", "Sales")
        make.options(conn, "role", "Agent")
        for one in (*PEOPLE, *GONE):
            make.employee(conn, employee_id=one, department="Support", batch="2025-01")
            for day in range(7):
                start, stop = (time(9), time(17)) if day < 5 and one not in FREE else (None, None)
                make.shift(conn, one, MONDAY + timedelta(day), start, stop)
        conn.execute(
            text(
                """INSERT INTO leave_requests (employee_id, leave_type, start_date, end_date, status)
                SELECT one, 'Vacation', date '2026-10-07', date '2026-10-08', 'Pending' FROM generate_series(1, 4) one;
                INSERT INTO exceptions (employee_id, exception_type, start_date, end_date, work_code)
                SELECT one, 'Training', date '2026-10-05', date '2026-10-06', 'TRAIN' FROM generate_series(1, 8) one;
                INSERT INTO new_employee_reviews (first_name, last_name, department)
                SELECT 'New', 'Person' || one, 'Support' FROM generate_series(1, 8) one;
                INSERT INTO holidays (date, name) VALUES ('2026-10-12', 'Columbus Day'), ('2026-12-25', 'Christmas');
                INSERT INTO forecasts (date, interval_start, department, calls, handling_seconds)
                VALUES ('2026-10-05', '09:00', 'Support', 100, 180);
                INSERT INTO requirements (date, interval_start, department, required)
                VALUES ('2026-10-05', '10:00', 'Support', 4);
                INSERT INTO uploads (kind, filename, bucket, key, uploaded_by)
                SELECT 'schedules', 'week.xlsx', 'b', 'k' || one, 'test' FROM generate_series(1, 4) one;
                INSERT INTO upload_errors (upload_id, row_number, reason)
                SELECT one, 2, 'is no employee' FROM generate_series(1, 4) one;
                INSERT INTO reward_reasons (reason, points) SELECT 'Reason ' || one, 30 FROM generate_series(1, 4) one;
                INSERT INTO employee_rewards (employee_id, reason_id, points, date_awarded, awarded_by)
                SELECT one, 1 + one % 4, 1000, date '2026-10-05', 'test' FROM generate_series(1, 8) one;
                INSERT INTO employee_reward_redemptions (employee_id, points_redeemed, redemption_date, redemption_type)
                SELECT one, 100, date '2026-10-06', 'Donation' FROM generate_series(1, 8) one;
                INSERT INTO backups (backup_id, tier, state, started_at) VALUES ('b1', 'daily', 'failed', now())"""
            )
        )
    with psycopg2.connect(site.url("opsdb_owner")) as conn, conn.cursor() as cursor:
        cursor.execute(LASTING)
    for number, one in enumerate(set(PEOPLE) - FREE):
        cover = {"change_type": "Cover", "employee_id": one, "replacement_id": 7 + number % 2}
        assert api.post("/schedule_changes", {**cover, "schedule_date": "2026-10-09"}).status == 201
    for one in GONE:
        assert api.delete(f"/employees/{one}").status == 200


@contextmanager
def served(site: Site, log: Path) -> Iterator[str]:
    """The API over HTTP, as `chalice local` serves it."""
    [port] = free_ports(1)
    chalice = str(Path(sys.executable).parent / "chalice")
    command = [chalice, "local", "--stage", "test", "--host", HOST, "--port", str(port), "--no-autoreload"]
    running = subprocess.Popen(
        command,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "SECRET_KEY": "so that signing in is tried, too", **site.environment},
        stdout=log.open("w"),
        stderr=subprocess.STDOUT,
    )
    url = f"http://{HOST}:{port}"
    try:
        assert wait_until(lambda: answers(f"{url}/api/health"), 60), log.read_text()
        yield url
    finally:
        running.terminate()
        running.wait(timeout=30)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def contract_of(url: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{url}/api/openapi.json", timeout=30) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def without_examples(contract: dict[str, Any]) -> dict[str, Any]:
    """The contract without examples of what is sent: their people are not on this floor, and under one key every
    request but the first would be a conflict. The dictionaries know better."""
    for methods in contract["paths"].values():
        for operation in methods.values():
            bodies = operation.get("requestBody", {}).get("content", {})
            for one in (*operation["parameters"], *bodies.values()):
                one.pop("example")
    return contract


@dataclass(frozen=True)
class Tried:
    """What there is to say about a run, and how often the API answered with which status."""

    told: str
    statuses: Counter[str]

    @property
    def cases(self) -> int:
        found = re.search(r"(\d+) generated, (\d+) passed", self.told)
        assert found, self.told
        assert found[1] == found[2]
        return int(found[1])

    @property
    def accepted(self) -> float:
        """The share of requests that did what they asked for."""
        return sum(count for status, count in self.statuses.items() if status < "4") / self.statuses.total()


def tried(site: Site, api: Api, folder: Path, *how: str) -> Tried:
    """Every operation of the document tried in this way. AssertionError says what was answered otherwise than the
    document has it, each with a curl command that asks for it again."""
    program, here = str(Path(sys.executable).parent / "st"), Path(__file__).parent
    with served(site, folder / "api.log") as url:
        asked = folder / "contract.json"
        asked.write_text(json.dumps(without_examples(contract_of(url))))
        command = [program, "--config-file", str(here / "schemathesis.toml"), "run", str(asked), "--url", url]
        command += ["--header", f"X-API-Key:{api.key}", "--no-color", "--continue-on-failure", "--warnings", "off"]
        directly = os.environ | {"NO_PROXY": HOST}
        done = subprocess.run([*command, *how], cwd=folder, env=directly, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    log = (folder / "api.log").read_text()
    return Tried(done.stdout, Counter(re.findall(r'" (\d{3}) -', log)))


@pytest.mark.usefixtures("floor")
def test_every_operation_answers_as_the_contract_says(site: Site, api: Api, tmp_path: Path) -> None:
    run = tried(site, api, tmp_path, *SHORT)
    assert run.cases > 200
    assert run.accepted > 0.1


@pytest.mark.proof
@pytest.mark.usefixtures("floor")
def test_every_operation_answers_as_the_contract_says_to_whatever_is_sent(
    site: Site, api: Api, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tried(site, api, tmp_path, *LONG)
    with capsys.disabled():
        sys.stdout.write(f"{run.told[run.told.index('Test Phases') :]}Statuses: {dict(sorted(run.statuses.items()))}\n")
    assert run.cases > 5000
    assert run.accepted > 0.1
