"""Verification: what lies in S3 is the dump, whole and readable, or it is no longer called good."""

import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from chalicelib.backups import listing, manifest, marks, readback, restore, run, verify
from chalicelib.backups.manifest import Manifest
from chalicelib.backups.readback import Damaged
from chalicelib.backups.upload import put_parts
from chalicelib.core.db import make_engine
from chalicelib.core.errors import Invalid, NotFound, Unavailable
from chalicelib.core.storage import dump_key, manifest_key, s3
from tests.backups.place import NOW, Place


def overwritten(place: Place, made: Manifest, change: Callable[[bytes], bytes]) -> Manifest:
    """The dump changed behind its manifest's back, as a bad disk would: under the version that the manifest names."""
    body = place.client.get_object(Bucket=place.bucket, Key=made.key)["Body"].read()
    stored = place.client.put_object(Bucket=place.bucket, Key=made.key, Body=change(body))
    changed = msgspec.structs.replace(made, version_id=stored["VersionId"])
    manifest.write(changed)
    return changed


def flipped(at: Callable[[int], int]) -> Callable[[bytes], bytes]:
    def flip(body: bytes) -> bytes:
        place = at(len(body))
        return body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]

    return flip


def listed(place: Place) -> dict[str, dict[str, Any]]:
    """By id, and the same whether the table or the bucket alone is asked."""
    engine = make_engine(place.url("opsdb_app"))
    try:
        with engine.connect() as conn:
            told = {one["backup_id"]: one for one in listing.every(conn)}
    finally:
        engine.dispose()
    alone = {one["backup_id"]: one for one in listing.every(None)}
    for backup_id, one in alone.items():
        assert (one["state"], one["message"]) == (told[backup_id]["state"], told[backup_id]["message"])
        assert one["verified_at"] == told[backup_id]["verified_at"]
    return told


def test_a_whole_dump_is_verified_and_listed_so(place: Place) -> None:
    made = place.backup()
    assert listed(place)[made.backup_id]["verified_at"] is None
    result = verify.verify("latest", now=NOW)
    assert (result.outcome, result.message) == ("good", None)
    assert listed(place)[made.backup_id]["verified_at"] == result.at >= NOW
    assert place.sql("SELECT verified_at, state FROM backups") == [(result.at, "good")]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (flipped(lambda size: 0), "SHA-256"),
        (flipped(lambda size: size // 2), "SHA-256"),
        (flipped(lambda size: size - 1), "SHA-256"),
        (lambda body: body[: len(body) // 2], r"bytes in S3, not"),
        (lambda body: body[:-1], r"bytes in S3, not"),
        (lambda body: body + b"\0", r"bytes in S3, not"),
        (lambda body: b"", r"has 0 bytes in S3, not"),
    ],
    ids=["first bit", "middle bit", "last bit", "half of it", "all but a byte", "a byte more", "nothing"],
)
def test_a_damaged_dump_is_failed_and_no_longer_the_latest(
    place: Place, change: Callable[[bytes], bytes], said: str
) -> None:
    older = place.backup()
    made = overwritten(place, place.backup(now=NOW + timedelta(days=1)), change)
    with pytest.raises(Damaged, match=said):
        verify.verify(made.backup_id, now=NOW)
    one = listed(place)[made.backup_id]
    assert (one["state"], one["verified_at"]) == ("failed", None)
    assert place.rows()[made.backup_id] == ("failed", one["message"])
    assert manifest.latest(place.bucket) == older
    with pytest.raises(Invalid, match="is damaged"):
        restore.restore(made.backup_id, to=place.another(), now=NOW)
    assert dump_key(made.backup_id) in manifest.keys(place.bucket)


def test_an_archive_that_was_broken_before_it_was_sent_is_damaged_too(place: Place) -> None:
    made = overwritten(place, place.backup(), lambda body: body[: len(body) * 9 // 10])
    body = place.client.get_object(Bucket=place.bucket, Key=made.key)["Body"].read()
    manifest.write(msgspec.structs.replace(made, size=len(body), sha256=hashlib.sha256(body).hexdigest()))
    with pytest.raises(Damaged, match="cannot be decoded"):
        verify.verify(made.backup_id, now=NOW)
    assert listed(place)[made.backup_id]["state"] == "failed"


def test_a_dump_whose_version_is_gone_is_damaged(place: Place) -> None:
    made = place.backup()
    place.client.delete_object(Bucket=place.bucket, Key=made.key, VersionId=made.version_id or "")
    with pytest.raises(Damaged, match="no longer"):
        verify.verify(made.backup_id, now=NOW)


def test_a_backup_without_a_manifest_cannot_be_verified(place: Place) -> None:
    made = place.backup()
    place.client.delete_object(Bucket=place.bucket, Key=manifest_key(made.backup_id))
    for source in (made.backup_id, "latest"):
        with pytest.raises(NotFound):
            verify.verify(source, now=NOW)
    assert listed(place)[made.backup_id]["state"] == "failed"


def test_a_manifest_of_another_dump_is_not_believed(place: Place) -> None:
    older, newer = place.backup(), place.backup(now=NOW + timedelta(days=1))
    body = place.client.get_object(Bucket=place.bucket, Key=manifest_key(older.backup_id))["Body"].read()
    place.client.put_object(Bucket=place.bucket, Key=manifest_key(newer.backup_id), Body=body)
    with pytest.raises(Invalid, match=f"is that of another dump, {older.backup_id}"):
        verify.verify(newer.backup_id, now=NOW)
    assert manifest.latest(place.bucket) == older
    assert {one["backup_id"]: one["state"] for one in listing.every(None)} == {older.backup_id: "good"}


def test_the_sha_of_another_dump_is_found_out(place: Place) -> None:
    older, newer = place.backup(), place.backup(now=NOW + timedelta(days=1))
    manifest.write(msgspec.structs.replace(newer, size=older.size, sha256=older.sha256))
    with pytest.raises(Damaged):
        verify.verify(newer.backup_id, now=NOW)
    assert manifest.latest(place.bucket) == older


def test_an_archive_newer_than_the_client_is_neither_good_nor_damaged(place: Place) -> None:
    made = place.backup()
    manifest.write(msgspec.structs.replace(made, client_version="99.1"))
    with pytest.raises(Unavailable, match=r"made by pg_dump 99\.1.*OPSDB_PG_BIN"):
        verify.verify("latest", now=NOW)
    one = listed(place)[made.backup_id]
    assert (one["state"], one["verified_at"]) == ("good", None)


def test_a_pg_restore_that_is_killed_says_nothing_about_the_dump(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = place.backup()
    place.shim(tmp_path, monkeypatch, pg_restore="kill -9 $$")
    with pytest.raises(Exception, match="ended with -9"):
        verify.verify("latest", now=NOW)
    assert marks.of(place.bucket, made.backup_id).verification is None


def failing(event: str, times: int) -> list[object]:
    """Let the next `times` answers of S3 to an operation be 500; what was asked is in the list."""
    asked: list[object] = []

    def answer(**told: Any) -> Any:
        asked.append(told)
        if len(asked) > times:
            return None
        from botocore.awsrequest import AWSResponse

        class Raw:
            def stream(self, **_: object) -> Any:
                yield b""

        return AWSResponse("http://s3", 500, {}, Raw())

    s3().meta.events.register(f"before-send.s3.{event}", answer)
    return asked


def test_s3_answering_500_now_and_then_does_not_matter(place: Place) -> None:
    place.backup()
    asked = failing("GetObject", 0)
    verify.verify("latest", now=NOW)
    before = len(asked)
    failing("GetObject", 2)
    assert verify.verify("latest", now=NOW).outcome == "good"
    assert before >= 2


def test_s3_answering_500_for_good_is_raised_and_blames_nobody(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readback, "PAUSE_SECONDS", 0.01)
    made = place.backup()
    failing("HeadObject", 1000)
    with pytest.raises(Exception, match="500"):
        verify.verify(made.backup_id, now=NOW)
    assert listed(place)[made.backup_id]["state"] == "good"
    assert marks.of(place.bucket, made.backup_id).verification is None


def test_a_connection_that_breaks_in_the_middle_is_tried_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.exceptions import ResponseStreamingError

    monkeypatch.setattr(readback, "PIECE_BYTES", 4096)
    monkeypatch.setattr(readback, "PAUSE_SECONDS", 0.01)
    made, broken = place.backup(), []

    def breaks(**told: Any) -> None:
        if len(broken) < 2:
            broken.append(told)
            raise ResponseStreamingError(error="the connection broke")

    s3().meta.events.register("before-send.s3.GetObject", breaks)
    pieces = list(readback.pieces(made))
    assert len(broken) == 2
    assert sum(map(len, pieces)) == made.size
    assert len(pieces) == -(-made.size // 4096)


def test_a_slow_s3_is_waited_for(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readback, "PIECE_BYTES", 16384)
    place.backup()
    s3().meta.events.register("before-send.s3.GetObject", lambda **_: time.sleep(0.1))
    assert verify.verify("latest", now=NOW).outcome == "good"


READS = """
import resource
from chalicelib.backups import manifest, readback
from chalicelib.core.settings import settings
found = manifest.read(settings().backups_bucket, {backup_id!r})
next(iter(readback.pieces(found)))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
size = sum(map(len, readback.pieces(found)))
print(size, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_memory_does_not_grow_with_the_dump(place: Place) -> None:
    made, megabytes = place.backup(), 160
    stored = put_parts(
        (bytes(8 * 2**20) for _ in range(megabytes // 8)),
        bucket=place.bucket,
        key=made.key,
        progress=lambda done: None,
    )
    manifest.write(msgspec.structs.replace(made, size=stored.size, sha256=stored.sha256, version_id=stored.version_id))
    script = READS.format(backup_id=made.backup_id)
    environment = {**os.environ, **place.environment()}
    ran = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    size, grown = map(int, ran.stdout.split())
    assert size == megabytes * 2**20
    assert grown < 40 * 1024, f"{grown} kB more than for the first piece"


def test_a_dump_once_called_damaged_is_good_again_when_it_is_found_whole(place: Place) -> None:
    made = place.backup()
    marks.write(place.bucket, made.backup_id, marks.Verification(at=NOW, seconds=1, outcome="damaged", message="x"))
    place.sql("UPDATE backups SET state = 'failed', message = 'x'")
    assert listed(place)[made.backup_id]["state"] == "failed"
    verify.verify(made.backup_id, now=NOW)
    assert listed(place)[made.backup_id]["state"] == "good"
    assert place.rows() == {made.backup_id: ("good", None)}


def test_a_verification_survives_the_restore_of_an_older_dump(place: Place) -> None:
    older = place.backup()
    newer = place.backup(now=NOW + timedelta(days=1))
    result = verify.verify(newer.backup_id, now=NOW + timedelta(days=1))
    restore.restore(older.backup_id, to=place.owner, now=NOW, replace=place.database, safety=False)
    assert newer.backup_id not in place.rows()
    found = listed(place)[newer.backup_id]
    assert (found["state"], found["verified_at"]) == ("good", result.at)


def test_a_mark_that_nobody_can_read_stands_in_nobodys_way(place: Place) -> None:
    made = place.backup()
    place.client.put_object(Bucket=place.bucket, Key=f"backups/{made.backup_id}.verified", Body=b"{")
    assert listed(place)[made.backup_id]["state"] == "good"
    assert manifest.latest(place.bucket) == made


def measured(caplog: pytest.LogCaptureFixture) -> dict[str, float]:
    [record] = [one for one in caplog.records if one.message == "metrics"]
    return {one["Name"]: getattr(record, one["Name"]) for one in record._aws["CloudWatchMetrics"][0]["Metrics"]}  # type: ignore[attr-defined]


def test_the_nightly_backup_verifies_and_measures_what_it_made(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    answer = json.loads(json.dumps(run.nightly(now=NOW)))
    one = listed(place)[answer["backup_id"]]
    assert (one["state"], one["verified_at"] is not None) == ("good", True)
    told = measured(caplog)
    assert told == {
        "BackupSuccess": 1,
        "BackupBytes": answer["size"],
        "BackupSeconds": answer["seconds"],
        "BackupAgeSeconds": 0,
        "VerifiedAgeSeconds": 0,
    }


def test_a_nightly_backup_that_does_not_verify_fails_loudly(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = place.backup(now=NOW - timedelta(hours=3))
    verify.verify("latest", now=NOW)
    place.shim(tmp_path, monkeypatch, pg_restore="cat >/dev/null; echo it is garbled >&2; exit 1")
    caplog.set_level("INFO")
    with pytest.raises(Damaged, match="it is garbled"):
        run.nightly(now=NOW)
    assert measured(caplog) == {"BackupSuccess": 0, "BackupAgeSeconds": 10800, "VerifiedAgeSeconds": 10800}
    assert [one["state"] for one in listed(place).values()] == ["failed", "good"]
    assert manifest.latest(place.bucket) == good


def test_a_nightly_backup_that_fails_is_measured_as_that(
    place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place.shim(tmp_path, monkeypatch, pg_dump="exit 1")
    caplog.set_level("INFO")
    with pytest.raises(Exception, match="ended with 1"):
        run.nightly(now=NOW)
    assert measured(caplog) == {"BackupSuccess": 0}
