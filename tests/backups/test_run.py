"""A backup: all or nothing, one at a time, and no secret where anybody can read it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from chalicelib.backups import manifest, queries, run, snapshot
from chalicelib.backups.dump import DumpFailed
from chalicelib.core.db import make_engine
from chalicelib.core.errors import Unavailable
from chalicelib.core.settings import settings
from chalicelib.core.storage import dump_key, manifest_key, s3
from chalicelib.migrations import steps
from tests.backups.place import NOW, Place, counted, processes
from tests.conftest import PASSWORDS

HALF_A_DUMP = "head -c 20000000 /dev/urandom; "


def test_a_backup_is_a_dump_a_manifest_and_a_good_row(place: Place) -> None:
    made = place.backup()
    assert place.keys() == [dump_key(made.backup_id), manifest_key(made.backup_id)]
    assert place.rows() == {made.backup_id: ("good", None)}
    assert made.backup_id.startswith("20261118T013000Z-manual-")
    assert place.unfinished() == []


def test_the_manifest_says_what_the_dump_is(place: Place) -> None:
    made = place.backup()
    stored = place.client.get_object(Bucket=place.bucket, Key=made.key)
    assert (made.size, made.version_id) == (stored["ContentLength"], stored["VersionId"])
    assert made.tables == counted(place.owner)
    assert made.schema_revision == steps.head()
    assert int(made.client_version.split(".")[0]) == place.server.major
    told = json.loads(place.client.get_object(Bucket=place.bucket, Key=manifest_key(made.backup_id))["Body"].read())
    assert told["started_at"] == "2026-11-18T01:30:00Z"
    assert manifest.read(place.bucket, made.backup_id) == made


def test_only_a_handful_of_tables_of_the_floor_are_empty(place: Place) -> None:
    assert {name for name, rows in place.backup().tables.items() if not rows} <= {
        "schedule_changes",
        "attendances_history",
        "calendar_feeds",
    }


@pytest.mark.parametrize(
    ("day", "tier"),
    [("2026-11-18", "daily"), ("2026-11-22", "weekly"), ("2026-11-01", "monthly"), ("2026-12-01", "monthly")],
)
def test_sundays_are_weekly_and_the_first_is_monthly(day: str, tier: str) -> None:
    assert run.tier_of(datetime.fromisoformat(f"{day}T01:30:00+00:00")) == tier


def test_the_tier_goes_by_the_day_in_utc() -> None:
    assert run.tier_of(datetime.fromisoformat("2026-11-30T22:00:00-05:00")) == "monthly"


def test_the_nightly_backup_answers_what_json_can_say(place: Place) -> None:
    answer = json.loads(json.dumps(run.nightly(now=NOW)))
    assert (answer["tier"], answer["key"]) == ("daily", dump_key(answer["backup_id"]))


def nothing_but_a_failed_row(place: Place, message: str) -> None:
    assert place.keys() == []
    assert place.unfinished() == []
    [(state, said)] = place.rows().values()
    assert state == "failed"
    assert message in (said or "")
    assert not processes(lambda words: "pg_dump" in words[0] and place.database in " ".join(words))


def test_a_dump_that_fails_at_once_leaves_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "export", lambda conn: "00000099-000000AA-1")
    with pytest.raises(DumpFailed, match="snapshot"):
        place.backup()
    nothing_but_a_failed_row(place, "snapshot")


@pytest.mark.parametrize("end", ["kill -9 $$", "echo out of paper >&2; exit 1"])
def test_a_dump_that_dies_after_two_parts_leaves_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, end: str
) -> None:
    place.shim(tmp_path, monkeypatch, pg_dump=HALF_A_DUMP + end)
    with pytest.raises(DumpFailed, match="pg_dump ended with"):
        place.backup()
    nothing_but_a_failed_row(place, "-9" if "kill" in end else "out of paper")


def test_s3_failing_in_the_middle_ends_pg_dump_and_leaves_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place.shim(tmp_path, monkeypatch, pg_dump=f"echo $$ > {tmp_path}/pid; exec cat /dev/zero")

    def fail(params: dict[str, dict[str, str]], **_: object) -> None:
        if str(params["query_string"]["partNumber"]) == "3":
            raise ConnectionError("S3 went away")

    s3().meta.events.register("before-call.s3.UploadPart", fail)
    with pytest.raises(ConnectionError):
        place.backup()
    nothing_but_a_failed_row(place, "S3 went away")
    assert not Path("/proc", (tmp_path / "pid").read_text().strip()).exists()


def test_a_count_that_fails_completes_no_upload(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> dict[str, int]:
        raise ValueError("cannot count")

    monkeypatch.setattr(snapshot, "counts", fail)
    with pytest.raises(ValueError, match="cannot count"):
        place.backup()
    nothing_but_a_failed_row(place, "cannot count")


def test_a_manifest_that_cannot_be_written_leaves_a_dump_that_does_not_exist(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ConnectionError("S3 went away")

    monkeypatch.setattr(manifest, "write", fail)
    with pytest.raises(ConnectionError):
        place.backup()
    assert manifest.ids(place.keys()) == []
    assert manifest.orphans(place.keys()) == place.keys() != []


def test_a_second_start_says_so_and_does_nothing(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    engine = make_engine(place.url("opsdb_backup"))
    with queries.alone(engine) as alone:
        assert alone
        assert run.nightly(now=NOW) == {"state": "already running"}
    engine.dispose()
    assert "running already" in caplog.text
    assert (place.keys(), place.rows()) == ([], {})
    place.backup()


def test_a_backup_that_was_killed_is_failed_by_the_next(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place.shim(tmp_path, monkeypatch, pg_dump=HALF_A_DUMP + "exec sleep 60")
    script = "from chalicelib.backups import run; from datetime import *; run.nightly(now=datetime.now(timezone.utc))"
    killed = subprocess.Popen(
        [sys.executable, "-c", script], env={**os.environ, **place.environment(), "OPSDB_PG_BIN": str(tmp_path)}
    )
    wait_for(lambda: place.unfinished() != [])
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    [before] = place.rows()
    assert place.rows()[before] == ("running", None)
    monkeypatch.setenv("OPSDB_PG_BIN", str(place.server.bin_dir))
    settings.cache_clear()
    wait_for(lambda: run.backup(tier="manual", now=NOW) is not None)
    assert place.rows()[before] == ("failed", "killed")


def test_a_backup_killed_after_its_manifest_is_good(place: Place) -> None:
    made = place.backup()
    place.sql("UPDATE backups SET state = 'running', size = NULL")
    place.backup()
    assert place.rows()[made.backup_id] == ("good", None)


def test_no_password_is_ever_an_argument_or_logged(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    place.shim(tmp_path, monkeypatch, pg_dump='sleep 0.5; exec $REAL "$@"')
    seen: list[list[str]] = []
    watching = threading.Thread(target=lambda: seen.extend(watch(1.0)))
    watching.start()
    place.backup()
    watching.join()
    assert any("--snapshot" in " ".join(words) for words in seen)
    told = caplog.text + " ".join(word for words in seen for word in words) + str(place.rows())
    assert not [role for role, password in PASSWORDS.items() if password in told]


def test_pg_dump_sees_no_keys_of_ours(place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SECRET_KEY", "not-for-pg-dump")
    place.shim(tmp_path, monkeypatch, pg_dump=f'env > {tmp_path}/seen; exec $REAL "$@"')
    place.backup()
    seen = (tmp_path / "seen").read_text()
    assert PASSWORDS["opsdb_backup"] in seen
    assert not {"SECRET_KEY", "AWS_SECRET_ACCESS_KEY", "DATABASE_URL"} & {
        line.split("=")[0] for line in seen.split("\n")
    }


def test_a_wiped_database_is_not_dumped(place: Place) -> None:
    place.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    with pytest.raises(DumpFailed, match="no opsdb to dump"):
        place.backup()
    assert place.keys() == []


def test_a_client_older_than_the_server_is_an_error_that_says_what_to_set(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 14.2 (Debian 14.2-1)'\n")
    old.chmod(0o755)
    monkeypatch.setenv("OPSDB_PG_BIN", str(tmp_path))
    settings.cache_clear()
    with pytest.raises(Unavailable, match=rf"server is PostgreSQL {place.server.major}.*14\.2 in .*OPSDB_PG_BIN"):
        place.backup()


def watch(seconds: float) -> list[list[str]]:
    seen, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        seen += processes(lambda words: True).values()
    return seen


def wait_for(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)
