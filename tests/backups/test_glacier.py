"""A dump in Glacier is a state to wait for: it is asked for once, and the same command does the rest later.

On moto, since the S3 server of the other tests knows no Glacier.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner
from moto import mock_aws
from moto.moto_api import state_manager

from chalicelib.backups import archive, glacier, listing, restore
from chalicelib.backups.manifest import Manifest
from chalicelib.core.errors import NotYet
from chalicelib.core.storage import s3
from local.cli import main
from local.terminal import WAITING
from tests.backups import stored
from tests.conftest import forget

NOW = datetime(2026, 11, 18, 1, 30, tzinfo=UTC)
BUCKET = "frozen"
TRANSITION = "s3::keyrestore"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket with versions, whose restores from Glacier last until `arrives`."""
    for name, value in {
        "OPSDB_BACKUPS_BUCKET": BUCKET,
        "OPSDB_SETTINGS_FILE": "/none",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    forget()
    with mock_aws():
        s3().create_bucket(Bucket=BUCKET)
        s3().put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        state_manager.set_transition(TRANSITION, {"progression": "manual", "times": 1})
        yield BUCKET
        state_manager.unset_transition(TRANSITION)
    forget()


def stays_on_its_way(made: Manifest) -> None:
    """What was just asked for: moto moves on with every look, from asked to on its way to there."""
    assert 'ongoing-request="true"' in s3().head_object(Bucket=made.bucket, Key=made.key)["Restore"]
    state_manager.set_transition(TRANSITION, {"progression": "manual", "times": 1000})


def arrives(made: Manifest) -> None:
    state_manager.set_transition(TRANSITION, {"progression": "manual", "times": 1})
    assert 'ongoing-request="false"' in s3().head_object(Bucket=made.bucket, Key=made.key)["Restore"]


def asked(events: list[Any]) -> list[dict[str, Any]]:
    """The restore requests that S3 gets from now on."""
    s3().meta.events.register(
        "provide-client-params.s3.RestoreObject", lambda params, **_: events.append(params["RestoreRequest"])
    )
    return events


def fetch(source: str) -> bytes:
    with archive.at_hand(source, progress=lambda step, done, total: None) as found:
        return found.path.read_bytes()


@pytest.mark.parametrize(
    ("storage_class", "speed", "when"),
    [("GLACIER", "Expedited", "in about 5 minutes"), ("DEEP_ARCHIVE", "Standard", "in 12 hours")],
)
def test_a_dump_in_glacier_is_asked_for_once_and_comes(bucket: str, storage_class: str, speed: str, when: str) -> None:
    made = stored.put(bucket, "monthly", NOW, storage_class=storage_class)
    requests = asked([])
    with pytest.raises(NotYet, match=rf"{made.backup_id} is in Glacier and was asked for; .* again {when}"):
        fetch(made.backup_id)
    stays_on_its_way(made)
    with pytest.raises(NotYet, match="on its way from Glacier"):
        fetch(made.backup_id)
    arrives(made)
    assert fetch(made.backup_id) == stored.BODY
    assert requests == [{"Days": 7, "GlacierJobParameters": {"Tier": speed}}]


def test_where_the_fast_way_is_too_busy_the_slow_one_is_asked(bucket: str) -> None:
    made = stored.put(bucket, "monthly", NOW, storage_class="GLACIER")
    speeds: list[str] = []

    def busy(params: dict[str, Any], **_: Any) -> None:
        speeds.append(params["RestoreRequest"]["GlacierJobParameters"]["Tier"])
        if speeds[-1] == "Expedited":
            raise ClientError({"Error": {"Code": glacier.TOO_BUSY, "Message": "later"}}, "RestoreObject")

    s3().meta.events.register("provide-client-params.s3.RestoreObject", busy)
    with pytest.raises(NotYet, match="in 3 to 5 hours"):
        fetch(made.backup_id)
    assert speeds == ["Expedited", "Standard"]


def test_two_who_ask_at_the_same_time_both_wait(bucket: str) -> None:
    made = stored.put(bucket, "monthly", NOW, storage_class="GLACIER")

    def other_was_first(**_: Any) -> None:
        raise ClientError({"Error": {"Code": glacier.ASKED_ALREADY, "Message": "in progress"}}, "RestoreObject")

    s3().meta.events.register("provide-client-params.s3.RestoreObject", other_was_first)
    with pytest.raises(NotYet, match="on its way"):
        fetch(made.backup_id)


def test_somebody_who_may_not_ask_is_told_so(bucket: str) -> None:
    made = stored.put(bucket, "monthly", NOW, storage_class="GLACIER")

    def refused(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "RestoreObject")

    s3().meta.events.register("provide-client-params.s3.RestoreObject", refused)
    with pytest.raises(ClientError, match="AccessDenied"):
        fetch(made.backup_id)


def test_the_command_says_when_to_run_it_again_and_ends_with_a_code_of_its_own(bucket: str, tmp_path: Path) -> None:
    made = stored.put(bucket, "monthly", NOW, storage_class="GLACIER")
    ran = CliRunner().invoke(main, ["restore", made.backup_id, "--sql", str(tmp_path / "floor.sql")])
    assert ran.exit_code == WAITING
    assert "run the same command again in about 5 minutes" in ran.stderr
    assert not (tmp_path / "floor.sql").exists()


def test_a_dump_in_glacier_is_listed_as_one(bucket: str) -> None:
    frozen = stored.put(bucket, "monthly", NOW, storage_class="GLACIER")
    plain = stored.put(bucket, "daily", NOW, storage_class="STANDARD")
    states = {one["backup_id"]: (one["state"], one["storage"]) for one in listing.every(None)}
    assert states == {frozen.backup_id: ("good", glacier.ASLEEP), plain.backup_id: ("good", glacier.READY)}


def test_the_command_lists_it_as_one_too(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:9/nothing")
    forget()
    stored.put(bucket, "monthly", NOW, storage_class="GLACIER")
    ran = CliRunner().invoke(main, ["backups"])
    assert ran.exit_code == 0, ran.stderr
    assert "good, in Glacier" in ran.stdout


@pytest.mark.parametrize(
    ("listed", "storage"),
    [
        ({}, glacier.READY),
        ({"StorageClass": "STANDARD"}, glacier.READY),
        ({"StorageClass": "GLACIER_IR"}, glacier.READY),
        ({"StorageClass": "DEEP_ARCHIVE"}, glacier.ASLEEP),
        ({"StorageClass": "GLACIER", "RestoreStatus": {"IsRestoreInProgress": True}}, glacier.COMING),
        (
            {"StorageClass": "GLACIER", "RestoreStatus": {"IsRestoreInProgress": False, "RestoreExpiryDate": NOW}},
            glacier.READY,
        ),
    ],
)
def test_whether_a_dump_can_be_read_is_seen_in_the_list(listed: dict[str, Any], storage: str) -> None:
    assert glacier.storage(listed) == storage


def test_the_target_is_not_touched_while_waiting(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = stored.put(bucket, "monthly", NOW, storage_class="GLACIER")
    monkeypatch.setattr(restore, "_refuse_early", lambda *_: None)
    monkeypatch.setattr(restore.target, "prepare", None)
    with pytest.raises(NotYet):
        restore.restore(made.backup_id, to="postgresql://nobody@nowhere/nothing", now=NOW)
