"""What goes wrong in earnest: each ends in a clear state, nothing half-made is called good, nothing good is lost."""

import resource
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from sqlalchemy.exc import ProgrammingError

from chalicelib.backups import drill, listing, manifest, marks, restore, run, verify
from chalicelib.backups.archive import at_hand
from chalicelib.backups.dump import DumpFailed
from chalicelib.backups.script import RestoreFailed
from chalicelib.core.storage import s3
from local import postgres
from local import s3 as local_s3
from tests.backups.place import NOW, Place, content, counted, execute
from tests.conftest import PASSWORDS


def good(place: Place) -> list[str]:
    return [one["backup_id"] for one in listing.every(None) if one["state"] == "good"]


# While people work


def test_twenty_clients_write_and_the_counts_are_those_of_the_snapshot(place: Place) -> None:
    ends = threading.Event()
    clients = [threading.Thread(target=work, args=(place, number, ends)) for number in range(20)]
    for client in clients:
        client.start()
    time.sleep(0.5)
    made = [run.proven(tier="manual", now=NOW + timedelta(days=day)) for day in range(2)]
    ends.set()
    for client in clients:
        client.join()
    assert all(made)
    first, second = made
    assert first
    assert second
    assert first.tables["floor_notes"] < second.tables["floor_notes"] < counted(place.owner)["floor_notes"]
    for one in (first, second):
        there = place.another()
        assert restore.restore(one.backup_id, to=there, now=NOW).compared
        assert counted(there) == one.tables
        # Each client commits a note and a holiday together, and never one without the other.
        [(notes, holidays)] = execute(
            there,
            "SELECT (SELECT count(*) FROM floor_notes WHERE author LIKE 'client%'),"
            " (SELECT count(*) FROM holidays WHERE name LIKE 'client%')",
        )
        assert notes == holidays > 0


def work(place: Place, number: int, ends: threading.Event) -> None:
    conn = psycopg2.connect(place.url("opsdb_app"))
    done = 0
    while not ends.is_set():
        done += 1
        with conn, conn.cursor() as cursor:
            author = f"client {number}"
            cursor.execute("INSERT INTO floor_notes (date, author, text) VALUES ('2026-11-18', %s, 'busy')", (author,))
            cursor.execute(
                "INSERT INTO holidays (date, name, department) VALUES (date '2030-01-01' + %s, %s, %s)",
                (done, author, author),
            )
    conn.close()


# The server


def test_a_database_that_is_restarted_during_the_dump_fails_it_and_the_next_one_is_good(
    store: local_s3.Server, floor: str, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = place.backup(now=NOW - timedelta(days=1))
    place.shim(tmp_path, monkeypatch, pg_dump=f'touch {tmp_path}/here; $REAL "$@" | (head -c 8192; sleep 3; cat)')
    failed: list[BaseException] = []

    def dump() -> None:
        try:
            place.backup()
        except BaseException as error:
            failed.append(error)

    running = threading.Thread(target=dump)
    running.start()
    wait_for((tmp_path / "here").exists)
    time.sleep(0.3)
    restart(place.server)
    running.join()
    assert len(failed) == 1
    assert good(place) == [before.backup_id]
    assert place.unfinished() == []
    monkeypatch.setenv("OPSDB_PG_BIN", str(place.server.bin_dir))
    run.settings.cache_clear()
    after = place.backup()
    states = {backup_id: state for backup_id, (state, _) in place.rows().items()}
    assert sorted(states.values()) == ["failed", "good", "good"]
    assert good(place) == [after.backup_id, before.backup_id]


def restart(server: postgres.Server) -> None:
    """End it as an operating system in a hurry does, and start it again where it was."""
    for child in server.children():
        child.process.kill()
        child.process.wait()
    server.launch()
    server.wait_ready()


@contextmanager
def disk_full_at(server: postgres.Server, size: int) -> Iterator[None]:
    """No file of the server's new sessions may grow past `size`, as on a full disk; a WAL segment is 16 MiB."""
    _, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (hard, hard))


@pytest.mark.proof
def test_a_disk_that_is_full_at_the_restore_leaves_the_database_as_it_was(place: Place) -> None:
    place.sql(
        "INSERT INTO floor_notes (date, author, text) SELECT '2026-11-18', 'lead', string_agg(md5(random()::text), '')"
        " FROM generate_series(1, 780000) g GROUP BY g % 26000"
    )
    made = place.backup()
    before = content(place.owner, made.tables)
    there = place.another()
    execute(place.admin, "CHECKPOINT")  # or a session that makes a database writes what others changed
    with disk_full_at(place.server, 20_000_000):
        with pytest.raises(RestoreFailed, match=r"could not (extend|write)"):
            restore.restore("latest", to=place.owner, now=NOW, replace=place.database, safety=False)
        with pytest.raises(RestoreFailed):
            restore.restore("latest", to=there, now=NOW)
        with pytest.raises(RestoreFailed):
            drill.drill(now=NOW)
    assert content(place.owner, made.tables) == before
    assert counted(there) == {}
    assert good(place) == [made.backup_id]
    assert marks.of(place.bucket, made.backup_id).drill
    left = f"SELECT count(*) FROM pg_database WHERE datname LIKE '{place.database}_drill%'"
    assert execute(place.server.admin_url, left) == [(0,)]
    assert restore.restore("latest", to=there, now=NOW).compared


def test_a_disk_that_is_full_at_the_download_changes_nothing(place: Place, tmp_path: Path) -> None:
    made = place.backup()
    before = content(place.owner, made.tables)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (made.size // 2, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            restore.restore("latest", to=place.owner, now=NOW, replace=place.database)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert content(place.owner, made.tables) == before
    with at_hand("latest", progress=lambda *_: None) as found:
        assert found.path.stat().st_size == made.size
    assert not found.path.exists()


# S3


def failing_after(event: str, good_ones: int, status: int = 500) -> None:
    """Every answer to the operation after the first few is an error of the server."""
    from botocore.awsrequest import AWSResponse

    asked = 0

    class Nothing:
        def stream(self, **_: object) -> Iterator[bytes]:
            yield b""

    def answer(**_: Any) -> AWSResponse | None:
        nonlocal asked
        asked += 1
        return None if asked <= good_ones else AWSResponse("http://s3", status, {}, Nothing())

    s3().meta.events.register(f"before-send.s3.{event}", answer)


@pytest.mark.parametrize(
    ("event", "after"),
    [("UploadPart", 0), ("UploadPart", 2), ("CreateMultipartUpload", 0), ("CompleteMultipartUpload", 0)],
)
def test_s3_answering_500_fails_the_backup_and_leaves_nothing(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, event: str, after: int
) -> None:
    before = place.backup(now=NOW - timedelta(days=1))
    place.shim(tmp_path, monkeypatch, pg_dump="head -c 40000000 /dev/urandom")
    failing_after(event, after)
    with pytest.raises(Exception, match="500"):
        place.backup()
    assert good(place) == [before.backup_id]
    assert sorted(state for state, _ in place.rows().values()) == ["failed", "good"]
    assert place.unfinished() == []


def test_s3_answering_500_once_in_a_while_does_not_matter(place: Place) -> None:
    from botocore.awsrequest import AWSResponse

    asked = 0

    class Nothing:
        def stream(self, **_: object) -> Iterator[bytes]:
            yield b""

    def answer(**_: Any) -> AWSResponse | None:
        nonlocal asked
        asked += 1
        return AWSResponse("http://s3", 503, {}, Nothing()) if asked % 3 == 1 else None

    s3().meta.events.register("before-send.s3", answer)
    made = run.proven(tier="manual", now=NOW)
    assert asked > 3
    assert made
    assert good(place) == [made.backup_id]


def test_a_slow_s3_makes_a_backup_slow_and_not_bad(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3().meta.events.register("before-send.s3.UploadPart", lambda **_: time.sleep(1.0))
    made = run.proven(tier="manual", now=NOW)
    assert made
    assert made.seconds > 1.0
    assert restore.restore("latest", to=place.another(), now=NOW).compared


# The clock


def test_a_clock_set_back_loses_nothing_and_what_is_made_then_is_good_too(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    newer = run.proven(tier="daily", now=NOW)
    past = run.proven(tier="daily", now=NOW - timedelta(days=400))
    assert newer
    assert past
    assert past.started_at < newer.started_at
    assert past.seconds >= 0
    assert good(place) == [newer.backup_id, past.backup_id]
    assert manifest.latest(place.bucket) == newer
    assert verify.verify("latest", now=NOW - timedelta(days=400)).outcome == "good"
    assert "is behind that of the newest backup" in caplog.text


def test_a_clock_set_back_measures_no_backup_from_the_future(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    run.proven(tier="daily", now=NOW)
    ages = verify.age_of_newest(place.bucket, now=NOW - timedelta(days=1))
    assert ages == {"BackupAgeSeconds": 0, "VerifiedAgeSeconds": 0}


# A dump without rights to it all


def test_a_table_that_the_dump_may_not_read_fails_it(place: Place) -> None:
    place.sql("CREATE TABLE hidden AS SELECT 1 AS x; REVOKE ALL ON hidden FROM opsdb_backup")
    with pytest.raises((DumpFailed, ProgrammingError), match="permission denied"):
        place.backup()
    assert good(place) == []
    assert [state for state, _ in place.rows().values()] == ["failed"]
    assert PASSWORDS["opsdb_backup"] not in str(place.rows())


def wait_for(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)
