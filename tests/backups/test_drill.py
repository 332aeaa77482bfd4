"""The restore drill: a backup is a backup once it was restored, and nothing of that stays."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import psycopg2
import pytest

from chalicelib.backups import drill, listing, manifest, marks
from chalicelib.backups.marks import PASSED
from chalicelib.backups.script import RestoreFailed
from chalicelib.core.db import make_engine
from chalicelib.core.errors import NotFound, Unavailable
from chalicelib.core.settings import settings
from chalicelib.core.storage import s3
from tests.backups.place import NOW, Place, execute
from tests.backups.test_verify import flipped, measured, overwritten
from tests.conftest import administer


def scratches(place: Place) -> list[str]:
    found = f"SELECT datname FROM pg_database WHERE datname LIKE '{place.database}%drill%'"
    return [name for (name,) in execute(place.server.admin_url, found)]


def outcome(place: Place, backup_id: str) -> str | None:
    found = marks.of(place.bucket, backup_id).drill
    return found.outcome if found else None


def test_the_newest_dump_is_restored_counted_timed_and_dropped(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    older, newer = place.backup(), place.backup(now=NOW + timedelta(days=1))
    told: list[tuple[str, int, int | None]] = []
    done = drill.drill(now=NOW, progress=lambda *one: told.append(one))
    assert done
    assert (done.outcome, done.at >= NOW, done.seconds > 0) == (PASSED, True, True)
    assert told[-1] == ("restore", sum(newer.tables.values()), sum(newer.tables.values()))
    found = {one["backup_id"]: one["drill"] for one in listing.every(None)}
    assert found[older.backup_id] is None
    assert found[newer.backup_id] == {
        "at": f"{done.at:%Y-%m-%dT%H:%M:%S.%f}Z",
        "seconds": done.seconds,
        "outcome": PASSED,
    }
    assert measured(caplog) == {"DrillSuccess": 1, "DrillSeconds": done.seconds}
    assert scratches(place) == []


def test_the_role_that_drills_can_read_no_table_of_the_live_database(place: Place) -> None:
    url = place.url("opsdb_drill")
    relations = place.sql(
        "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'v', 'm', 'p') AND n.nspname !~ '^(pg_|information_schema)'"
    )
    assert len(relations) > 20
    for (name,) in relations:
        for statement in (f"SELECT 1 FROM {name} LIMIT 1", f"COPY (SELECT * FROM {name}) TO STDOUT"):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                execute(url, statement)
    for (name,) in place.sql("SELECT format('%I.%I', schemaname, sequencename) FROM pg_sequences"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            execute(url, f"SELECT last_value FROM {name}")
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        execute(url, "CREATE TABLE public.mine (x int)")
    for role in ("opsdb_owner", "opsdb_app", "opsdb_readonly", "opsdb_backup", "pg_read_all_data"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            execute(url, f"SET ROLE {role}")
    for denied in ("SELECT pg_read_file('PG_VERSION')", "COPY (SELECT 1) TO PROGRAM 'true'"):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            execute(url, denied)
    assert execute(
        url, "SELECT rolsuper OR rolcreaterole OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    ) == [(False,)]


def test_nobody_else_may_enter_the_scratch_database(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.backup()
    place.shim(tmp_path, monkeypatch, pg_restore=f'touch {tmp_path}/here; sleep 1; exec $REAL "$@"')
    running = threading.Thread(target=drill.drill, kwargs={"now": NOW})
    running.start()
    wait_for((tmp_path / "here").exists)
    [name] = scratches(place)
    for role in ("opsdb_app", "opsdb_readonly", "opsdb_backup"):
        with pytest.raises(psycopg2.OperationalError, match="permission denied"):
            execute(place.url(role, name), "SELECT 1")
    running.join()


def fails(place: Place, error: type[BaseException], match: str) -> None:
    before = place.keys()
    with pytest.raises(error, match=match):
        drill.drill(now=NOW)
    assert scratches(place) == []
    assert set(before) <= set(place.keys())


def test_counts_that_are_not_the_manifests_fail_the_drill(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    made = place.backup()
    manifest.write(msgspec.structs.replace(made, tables={**made.tables, "holidays": 7}))
    fails(place, RestoreFailed, "holidays has 1 rows, not 7")
    assert "holidays has 1 rows, not 7" in (outcome(place, made.backup_id) or "")
    assert measured(caplog)["DrillSuccess"] == 0


@pytest.mark.parametrize("at", [0, 1, 2], ids=["first", "middle", "last"])
def test_a_flipped_bit_fails_the_drill(place: Place, at: int) -> None:
    made = overwritten(place, place.backup(), flipped(lambda size: (0, size // 2, size - 1)[at]))
    with pytest.raises((RestoreFailed, drill.OpsdbError)):
        drill.drill(now=NOW)
    assert outcome(place, made.backup_id) not in (None, PASSED)
    assert scratches(place) == []


def test_a_damaged_dump_is_not_the_one_that_is_drilled(place: Place) -> None:
    good, bad = place.backup(), place.backup(now=NOW + timedelta(days=1))
    marks.write(place.bucket, bad.backup_id, marks.Verification(at=NOW, seconds=1, outcome="damaged", message="x"))
    drill.drill(now=NOW)
    assert (outcome(place, good.backup_id), outcome(place, bad.backup_id)) == (PASSED, None)


def test_without_a_backup_there_is_nothing_to_drill(place: Place) -> None:
    fails(place, NotFound, "no backup in")


def test_an_archive_newer_than_the_client_fails_the_drill_and_says_what_to_do(place: Place) -> None:
    made = place.backup()
    manifest.write(msgspec.structs.replace(made, client_version="99.1"))
    fails(place, Unavailable, r"made by pg_dump 99\.1.*OPSDB_PG_BIN")
    assert "OPSDB_PG_BIN" in (outcome(place, made.backup_id) or "")


def test_a_drill_does_not_start_without_twice_its_size_of_room(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPSDB_DATABASE_STORAGE_GB", "5")
    settings.cache_clear()
    made = place.backup()
    assert made.database_size > 1_000_000
    manifest.write(msgspec.structs.replace(made, database_size=2_500_000_000))
    fails(place, Unavailable, r"needs 5\.0 GB, twice what .*of the 5 GB of OPSDB_DATABASE_STORAGE_GB 4\.\d GB are free")
    assert "needs 5.0 GB" in (outcome(place, made.backup_id) or "")
    monkeypatch.setenv("OPSDB_DATABASE_STORAGE_GB", "0")
    settings.cache_clear()
    assert drill.drill(now=NOW)


def test_a_second_drill_says_so_and_does_nothing(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    made = place.backup()
    conn = psycopg2.connect(place.url("opsdb_drill"))
    with conn.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", (drill.ONE_DRILL,))
        assert drill.drill(now=NOW) is None
    conn.close()
    assert "running already" in caplog.text
    assert outcome(place, made.backup_id) is None


def test_what_a_killed_drill_left_is_dropped_by_the_next(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.backup()
    place.shim(tmp_path, monkeypatch, pg_restore=f"touch {tmp_path}/here; exec sleep 60")
    script = "from chalicelib.backups.drill import drill; from datetime import *; drill(now=datetime.now(timezone.utc))"
    killed = subprocess.Popen(
        [sys.executable, "-c", script], env={**os.environ, **place.environment(), "OPSDB_PG_BIN": str(tmp_path)}
    )
    wait_for((tmp_path / "here").exists)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert len(scratches(place)) == 1
    administer(place.server, f"CREATE DATABASE {place.database}_drill_notes")
    place.databases.append(f"{place.database}_drill_notes")
    monkeypatch.setenv("OPSDB_PG_BIN", str(place.server.bin_dir))
    settings.cache_clear()
    wait_for(lambda: drill.drill(now=NOW) is not None)
    assert scratches(place) == [f"{place.database}_drill_notes"]


def test_s3_that_goes_away_in_the_middle_fails_the_drill(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drill.readback, "PIECE_BYTES", 16384)
    made = place.backup()
    asked: list[object] = []

    def fail(**_: object) -> None:
        asked.append(1)
        if len(asked) > 2:
            raise ConnectionError("S3 went away")

    s3().meta.events.register("before-call.s3.GetObject", fail)
    with pytest.raises(ConnectionError, match="went away"):
        drill.drill(now=NOW)
    s3().meta.events.unregister("before-call.s3.GetObject", fail)
    assert "S3 went away" in (outcome(place, made.backup_id) or "")
    assert scratches(place) == []


@pytest.mark.parametrize("program", ["psql", "pg_restore"])
def test_a_program_killed_in_the_middle_fails_the_drill(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    made = place.backup()
    half = 'head -c 200000 | $REAL "$@"; kill -9 $$'
    place.shim(tmp_path, monkeypatch, **{program: half})
    fails(place, RestoreFailed, "ended with")
    assert "ended with" in (outcome(place, made.backup_id) or "")


def test_the_drill_reads_nothing_but_its_own_url(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    made = place.backup()
    for name in ("DATABASE_URL", "OPSDB_OWNER_DATABASE_URL", "OPSDB_BACKUP_DATABASE_URL", "OPSDB_ADMIN_DATABASE_URL"):
        monkeypatch.delenv(name)
    settings.cache_clear()
    assert drill.drill(now=NOW)
    assert outcome(place, made.backup_id) == PASSED


def test_the_last_drill_is_told_by_the_table_too_when_the_bucket_has_no_mark(place: Place) -> None:
    place.backup()
    place.sql('UPDATE backups SET drill = \'{"outcome": "passed"}\'')
    engine = make_engine(place.url("opsdb_app"))
    with engine.connect() as conn:
        [one] = listing.every(conn)
    engine.dispose()
    assert one["drill"] == {"outcome": "passed"}


def wait_for(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)
