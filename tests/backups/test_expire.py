"""Expiring: what is obsolete goes, nothing else does, and wherever it is stopped the next run goes on."""

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from chalicelib.backups import expire as expiring
from chalicelib.backups import listing, manifest, marks
from chalicelib.backups.expire import Expired, expire
from chalicelib.backups.manifest import Manifest
from chalicelib.backups.marks import Drill, Pin, Verification
from chalicelib.core.errors import Conflict
from chalicelib.core.storage import dump_key, manifest_key, pin_key, s3
from local.cli import main
from tests.backups import stored
from tests.backups.place import NOW, Place, execute
from tests.conftest import forget

LATER = datetime.now(UTC) + timedelta(days=2)
"""When whatever a test leaves half-made now is old."""


def nights(place: Place, count: int, until: datetime = NOW) -> list[Manifest]:
    """Backups of so many nights, newest first, with their rows, as the nights left them."""
    made = [stored.put(place.bucket, "daily", until - timedelta(days=ago, hours=1)) for ago in range(count)]
    for one in made:
        place.sql(
            f"INSERT INTO backups (backup_id, tier, state, started_at) VALUES"
            f" ('{one.backup_id}', '{one.tier}', 'good', '{one.started_at}')"
        )
    return made


def keys_of(*backups: Manifest) -> set[str]:
    return {key for one in backups for key in (one.key, manifest_key(one.backup_id))}


def at_twenty_days(place: Place) -> tuple[list[Manifest], list[Manifest]]:
    """Twenty nights: those that stay (seven days, and the ends of weeks and months before), and those that go."""
    made = nights(place, 20)
    # The weeks before NOW end on the 15th, the 8th and the 1st, October on the 31st.
    stays = [one for ago, one in enumerate(made) if ago in {*range(7), 10, 17, 18}]
    return stays, [one for one in made if one not in stays]


def states(place: Place) -> dict[str, str]:
    return {backup_id: state for backup_id, (state, _) in place.rows().items()}


def test_what_is_obsolete_goes_with_manifest_and_marks_and_its_row_says_so(place: Place) -> None:
    stays, goes = at_twenty_days(place)
    for one in (stays[0], goes[0]):
        marks.write(place.bucket, one.backup_id, Verification(at=NOW, seconds=1, outcome="good"))
        marks.write(place.bucket, one.backup_id, Drill(at=NOW, seconds=1, outcome=marks.PASSED))
        marks.write(place.bucket, one.backup_id, Pin(pinned=False, at=NOW, by="key:1"))
    done = expire(now=NOW)
    assert done.backups == tuple(sorted(one.backup_id for one in goes))
    assert set(place.keys()) == keys_of(*stays) | set(marks.keys(stays[0].backup_id))
    assert states(place) == {
        **{one.backup_id: "good" for one in stays},
        **{one.backup_id: "expired" for one in goes},
    }


def test_a_dry_run_says_the_same_and_changes_nothing(place: Place) -> None:
    at_twenty_days(place)
    keys, rows = place.keys(), place.rows()
    dry = expire(now=NOW, dry_run=True)
    assert (place.keys(), place.rows()) == (keys, rows)
    assert dry.dry_run
    wet = expire(now=NOW)
    assert (wet.backups, wet.kept, wet.dry_run) == (dry.backups, dry.kept, False)


def test_a_second_run_finds_nothing_to_do(place: Place) -> None:
    at_twenty_days(place)
    first = expire(now=NOW)
    again = expire(now=NOW)
    assert (again.backups, again.orphans, again.kept) == ((), (), first.kept)


def test_real_backups_expire_and_the_newest_can_be_restored(place: Place) -> None:
    made = [place.backup("manual", NOW - timedelta(days=ago)) for ago in (90, 80, 2, 1, 0)]
    assert set(expire(now=NOW).backups) == {made[0].backup_id, made[1].backup_id}
    assert manifest.latest(place.bucket) == made[-1]
    assert [one["state"] for one in listing.every(None)] == ["good"] * 3


def test_pinned_backups_stay_whoever_says_so(place: Place) -> None:
    _, goes = at_twenty_days(place)
    by_mark, by_row, *rest = goes
    marks.write(place.bucket, by_mark.backup_id, Pin(pinned=True, at=NOW, by="key:1"))
    place.sql(f"UPDATE backups SET pinned = true WHERE backup_id = '{by_row.backup_id}'")
    assert set(expire(now=NOW).backups) == {one.backup_id for one in rest}
    assert keys_of(by_mark, by_row) <= set(place.keys())


def test_a_backup_pinned_at_the_last_moment_stays(place: Place) -> None:
    _, goes = at_twenty_days(place)
    last = goes[0]
    oldest_first = sorted(one.backup_id for one in goes)
    assert oldest_first[-1] == last.backup_id

    def pin(**_: Any) -> None:
        marks.write(place.bucket, last.backup_id, Pin(pinned=True, at=NOW, by="key:1"))

    with before_deletion(1, pin):
        done = expire(now=NOW)
    assert last.backup_id not in done.backups
    assert keys_of(last) <= set(place.keys())
    assert states(place)[last.backup_id] == "good"


def test_nothing_goes_while_backups_fail(place: Place) -> None:
    nights(place, 20, until=NOW - timedelta(days=5))
    keys = place.keys()
    assert expire(now=NOW).backups == ()
    assert place.keys() == keys


def test_a_clock_set_back_harms_nothing(place: Place) -> None:
    stays, _ = at_twenty_days(place)
    back = expire(now=NOW - timedelta(days=4))
    assert {one.backup_id for one in stays} <= {*back.kept}
    expire(now=NOW)
    assert keys_of(*stays) == set(place.keys())


def test_a_damaged_dump_goes_after_its_days_and_never_pushes_out_a_good_one(place: Place) -> None:
    made = nights(place, 12)
    for one in made[:3]:
        marks.write(place.bucket, one.backup_id, Verification(at=NOW, seconds=1, outcome="damaged", message="bits"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPSDB_EXPIRE_FRESH_DAYS", "5")
        forget()
        done = expire(now=NOW)
    assert done.kept[made[0].backup_id] == ("damaged, and younger than 30 days",)
    days = [one for one in made[3:] if any(why.startswith("day") for why in done.kept.get(one.backup_id, ()))]
    assert days == made[3:10]


# What killed backups leave behind


def half(place: Place, name: str = "20261101T013000Z-daily-00aa") -> str:
    """A dump without manifest."""
    place.client.put_object(Bucket=place.bucket, Key=dump_key(name), Body=b"half")
    return name


def test_a_dump_without_manifest_goes_when_it_is_a_day_old(place: Place) -> None:
    orphan = half(place)
    marks.write(place.bucket, orphan, Verification(at=NOW, seconds=1, outcome="good"))
    assert expire(now=datetime.now(UTC) + timedelta(hours=23)).orphans == ()
    done = expire(now=LATER)
    assert set(done.orphans) == {dump_key(orphan), *marks.keys(orphan)[:1]}
    assert place.keys() == []


def test_what_a_running_backup_has_so_far_stays(place: Place) -> None:
    running = half(place)
    upload = place.client.create_multipart_upload(Bucket=place.bucket, Key=dump_key(running))
    place.sql(f"INSERT INTO backups (backup_id, tier, started_at) VALUES ('{running}', 'daily', now())")
    done = expire(now=LATER)
    assert (done.orphans, done.uploads) == ((), ())
    place.client.abort_multipart_upload(Bucket=place.bucket, Key=dump_key(running), UploadId=upload["UploadId"])


def test_a_pinned_dump_that_lost_its_manifest_stays(place: Place) -> None:
    orphan = half(place)
    marks.write(place.bucket, orphan, Pin(pinned=True, at=NOW, by="key:1"))
    assert expire(now=LATER).orphans == ()
    assert place.keys() == [dump_key(orphan), pin_key(orphan)]


def test_an_upload_that_was_never_finished_is_aborted_when_it_is_a_day_old(place: Place) -> None:
    key = dump_key("20261101T013000Z-daily-00aa")
    place.client.create_multipart_upload(Bucket=place.bucket, Key=key)
    assert expire(now=datetime.now(UTC) + timedelta(hours=23)).uploads == ()
    assert expire(now=LATER, dry_run=True).uploads == (key,)
    assert place.unfinished() == [key]
    assert expire(now=LATER).uploads == (key,)
    assert place.unfinished() == []


def test_an_upload_that_is_gone_meanwhile_is_no_failure(place: Place) -> None:
    for name in ("00aa", "00bb"):
        place.client.create_multipart_upload(Bucket=place.bucket, Key=dump_key(f"20261101T013000Z-daily-{name}"))

    def other(params: dict[str, Any], **_: Any) -> None:
        for one in place.client.list_multipart_uploads(Bucket=place.bucket).get("Uploads", []):
            place.client.abort_multipart_upload(Bucket=place.bucket, Key=one["Key"], UploadId=one["UploadId"])

    s3().meta.events.register_first("before-call.s3.AbortMultipartUpload", other)
    assert len(expire(now=LATER).uploads) == 2


def test_what_opsdb_did_not_write_is_never_touched(place: Place) -> None:
    theirs = [
        "notes.dump",
        "backups/notes.dump",
        "backups/2026/x.dump",
        "backups/",
        "other/20261101T013000Z-daily-00aa.dump",
    ]
    for key in theirs:
        place.client.put_object(Bucket=place.bucket, Key=key, Body=b"theirs")
    place.client.create_multipart_upload(Bucket=place.bucket, Key="backups/theirs.iso")
    done = expire(now=LATER)
    assert (done.orphans, done.uploads) == ((), ())
    listed = place.client.list_objects_v2(Bucket=place.bucket)["Contents"]
    assert {one["Key"] for one in listed} == set(theirs)
    assert place.unfinished() == ["backups/theirs.iso"]


@pytest.mark.parametrize("body", [b"{", b"[]", b""])
def test_a_backup_whose_manifest_cannot_be_read_is_left_to_people(place: Place, body: bytes) -> None:
    [one, *_] = nights(place, 1, until=NOW - timedelta(days=400))
    nights(place, 3)
    place.client.put_object(Bucket=place.bucket, Key=manifest_key(one.backup_id), Body=body)
    assert expire(now=LATER).orphans == ()
    assert keys_of(one) <= set(place.keys())


# Stopped and bounded


@contextmanager
def before_deletion(number: int, happens: Callable[..., None]) -> Iterator[None]:
    """Something happens just before the deletion of this number reaches S3."""
    seen = 0

    def count(**facts: Any) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            happens(**facts)

    s3().meta.events.register("before-call.s3.DeleteObject", count)
    yield
    s3().meta.events.unregister("before-call.s3.DeleteObject", count)


class Killed(BaseException):
    pass


def test_wherever_it_is_killed_nothing_half_deleted_is_listed_and_the_next_run_ends_it(place: Place) -> None:
    stays, goes = at_twenty_days(place)

    def kill(**_: Any) -> None:
        raise Killed

    for number in (1, 2, 3, 2, 1):
        with before_deletion(number, kill), pytest.raises(Killed):
            expire(now=NOW)
        good = {one["backup_id"] for one in listing.every(None) if one["state"] == "good"}
        assert {one.backup_id for one in stays} <= good
        assert {dump_key(backup_id) for backup_id in good} <= set(place.keys())
    expire(now=NOW)
    assert {one["backup_id"] for one in listing.every(None)} == {one.backup_id for one in stays}
    with pytest.MonkeyPatch.context() as patch:
        # The halves are orphans now, which are a day old some day.
        patch.setattr(expiring, "LEFT_BEHIND", timedelta(days=-30))
        expire(now=NOW)
    assert set(place.keys()) == keys_of(*stays)
    assert {states(place)[one.backup_id] for one in goes} == {"expired"}


def test_a_deletion_that_s3_refuses_fails_loudly(place: Place) -> None:
    at_twenty_days(place)

    def refuse(**_: Any) -> None:
        raise ConnectionError("S3 went away")

    with before_deletion(2, refuse), pytest.raises(ConnectionError):
        expire(now=NOW)


def test_one_run_deletes_at_most_so_many_and_the_next_goes_on(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    stays, goes = at_twenty_days(place)
    monkeypatch.setattr(expiring, "MOST", 4)
    done = expire(now=NOW)
    assert done.backups == tuple(sorted(one.backup_id for one in goes)[:4])
    assert done.left == len(goes) - 4
    while expire(now=NOW).left:
        pass
    assert set(place.keys()) == keys_of(*stays)


def test_a_wiped_database_lets_nothing_expire(place: Place) -> None:
    at_twenty_days(place)
    keys = place.keys()
    execute(place.owner, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    with pytest.raises(Conflict, match="nothing expires"):
        expire(now=NOW)
    assert place.keys() == keys


def test_a_dump_whose_row_was_lost_expires_too(place: Place) -> None:
    stays, _ = at_twenty_days(place)
    place.sql("DELETE FROM backups")
    expire(now=NOW)
    assert set(place.keys()) == keys_of(*stays)


# What is deleted is hidden, and can be taken back


def test_deleting_names_no_version_so_that_it_can_be_taken_back(place: Place) -> None:
    made = [place.backup("manual", NOW - timedelta(days=ago)) for ago in (40, 2, 1, 0)]
    assert expire(now=NOW).backups == (made[0].backup_id,)
    versions = place.client.list_object_versions(Bucket=place.bucket, Prefix=f"backups/{made[0].backup_id}.")
    assert {one["Key"] for one in versions["Versions"]} == keys_of(made[0])
    for marker in versions["DeleteMarkers"]:
        place.client.delete_object(Bucket=place.bucket, Key=marker["Key"], VersionId=marker["VersionId"])
    [back] = [one for one in listing.every(None) if one["backup_id"] == made[0].backup_id]
    assert back["state"] == "good"


def test_only_expiring_deletes_objects_of_the_backups_bucket() -> None:
    folder = Path(expiring.__file__).parent
    deleting = [path.name for path in folder.glob("*.py") if "delete_object" in path.read_text()]
    assert deleting == ["expire.py"]
    assert "VersionId" not in Path(expiring.__file__).read_text()


# How it is told


def test_the_end_line_has_the_counts(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    _, goes = at_twenty_days(place)
    expire(now=NOW)
    [end] = [one for one in caplog.records if one.message == "expire ends"]
    told = {name: getattr(end, name) for name in ("expired", "orphans", "uploads", "left", "kept")}
    assert told == {"expired": len(goes), "orphans": 0, "uploads": 0, "left": 0, "kept": 20 - len(goes)}


@pytest.fixture
def command(place: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., str]:
    """`opsdb expire`, an hour after the newest of the nights."""
    monkeypatch.setenv("OPSDB_SETTINGS_FILE", str(tmp_path / "none"))
    monkeypatch.setattr("local.cli.now", lambda: NOW)

    def run(*words: str) -> str:
        ran = CliRunner().invoke(main, ["expire", *words])
        assert ran.exit_code == 0, ran.stderr
        return ran.stdout

    return run


def test_the_command_lists_what_would_go_and_why_the_others_stay(place: Place, command: Callable[..., str]) -> None:
    stays, goes = at_twenty_days(place)
    said = command("--dry-run")
    assert f"{stays[0].backup_id}  kept      one of the last 3 good ones, day 2026-11-18" in said
    assert f"{goes[0].backup_id}  would go\n" in said
    assert f"{len(goes)} of 20 backups would go." in said
    assert len(place.keys()) == 40


def test_the_command_says_the_same_to_programs(place: Place, command: Callable[..., str]) -> None:
    _, goes = at_twenty_days(place)
    told = json.loads(command("--json"))
    assert set(told) == set(Expired.__struct_fields__)
    assert told["backups"] == sorted(one.backup_id for one in goes)
    assert json.loads(command("--json"))["backups"] == []


def test_the_command_says_that_there_is_none(place: Place, command: Callable[..., str]) -> None:
    assert command() == "There is no backup yet.\n"
