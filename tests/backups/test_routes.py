"""Backups over HTTP: listed as they are, asked for and made elsewhere, pinned against expiry."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.backups import asked, listing, marks, restore, run
from chalicelib.backups.manifest import Manifest
from chalicelib.backups.readback import Damaged
from chalicelib.core import auth, continuation, db, storage
from chalicelib.core.storage import dump_key, manifest_key, s3
from tests.api import Api
from tests.conftest import Site

NOW = datetime(2026, 11, 18, 1, 30, tzinfo=UTC)

SHAPE = [
    "backup_id",
    "key",
    "tier",
    "started_at",
    "finished_at",
    "seconds",
    "size",
    "sha256",
    "server_version",
    "client_version",
    "schema_revision",
    "tables",
    "state",
    "verified_at",
    "drill",
    "pinned",
]


def backup(tier: str = "manual", days: int = 0) -> Manifest:
    made = run.backup(tier=tier, now=NOW + timedelta(days=days))
    assert made
    return made


def carry_on(site: Site, key: str) -> None:
    """What the bucket's event does."""
    record = {"s3": {"bucket": {"name": site.uploads}, "object": {"key": key}}}
    continuation.carried_on({"Records": [record]}, asked.WORK)


def test_a_backup_is_listed_in_the_shape_that_was_promised(site: Site, api: Api) -> None:
    made = backup()
    marks.write(site.backups, made.backup_id, marks.Drill(at=NOW, seconds=4.5, outcome="passed"))
    answer = api.get("/backups")
    assert answer.status == 200
    [one] = answer.data
    assert list(one) == SHAPE
    assert (one["key"], one["state"], one["size"]) == (dump_key(made.backup_id), "good", made.size)
    assert one["drill"] == {"at": "2026-11-18T01:30:00Z", "seconds": 4.5, "outcome": "passed"}
    assert one["tables"] == made.tables


def test_the_list_is_filtered_sorted_and_cut(site: Site, api: Api) -> None:
    made = [backup(tier, days) for days, tier in enumerate(["daily", "weekly", "daily"])]

    def ids(**query: Any) -> list[str]:
        return [one["backup_id"] for one in api.get("/backups", **query).data]

    oldest, middle, newest = (one.backup_id for one in made)
    assert ids() == [newest, middle, oldest]
    assert ids(tier="daily") == [newest, oldest]
    assert ids(order="asc", limit=1, offset=1) == [middle]
    assert ids(sort="size", order="asc") == [one.backup_id for one in sorted(made, key=lambda one: one.size)]
    assert ids(state=["failed", "running"]) == []
    assert ids(pinned="true") == []
    assert api.get("/backups", limit=1).body["total"] == 3
    assert api.get("/backups", sort="colour").errors[0].startswith("sort: must be one of: started_at")
    assert api.get("/backups", tier="hourly").status == 400


def test_a_failed_backup_is_listed_with_nothing_where_nothing_is(site: Site, api: Api) -> None:
    with db.writing(db.Actor("test")) as conn:
        conn.execute(
            text("INSERT INTO backups (backup_id, tier, state, started_at) VALUES ('x', 'daily', 'failed', :at)"),
            {"at": NOW},
        )
    [one] = api.get("/backups").data
    assert (one["state"], one["size"], one["tables"], one["pinned"]) == ("failed", None, None, False)
    assert api.post("/backups/x/verify").status == 409


@pytest.mark.parametrize("role", ["viewer", "supervisor", "duty_lead", "planner", "hr"])
def test_backups_are_the_admins_alone(site: Site, role: str) -> None:
    with db.writing(db.Actor("test")) as conn:
        _, key = auth.create_key(conn, name="test", role=role)
    other = Api(key)
    answers = [other.get("/backups"), other.post("/backups")]
    answers += [other.post(f"/backups/x/{verb}") for verb in ("verify", "pin", "unpin")]
    assert [one.status for one in answers] == [403] * 5
    assert not s3().list_objects_v2(Bucket=site.uploads).get("Contents")


def test_a_backup_that_is_asked_for_is_made_elsewhere_and_verified(site: Site, api: Api) -> None:
    answer = api.post("/backups")
    assert (answer.status, answer.body["look_at"]) == (202, "/api/backups?tier=manual")
    assert answer.body["marker"].startswith(f"{storage.DO}backup/")
    assert api.get("/backups").data == []
    again = api.post("/backups")
    assert (again.status, again.errors) == (
        409,
        ["a backup was asked for already and is not done: look at /api/backups?tier=manual"],
    )
    carry_on(site, answer.body["marker"])
    [one] = api.get("/backups", tier="manual").data
    assert (one["state"], one["verified_at"] is not None) == ("good", True)
    assert api.post("/backups").status == 202


def test_a_verification_that_is_asked_for_is_done_elsewhere(site: Site, api: Api) -> None:
    made = backup()
    answer = api.post(f"/backups/{made.backup_id}/verify")
    assert (answer.status, answer.body["asked_for"]) == (202, "verify")
    assert api.get("/backups").data[0]["verified_at"] is None
    carry_on(site, answer.body["marker"])
    assert api.get("/backups").data[0]["verified_at"] is not None


def test_a_damaged_backup_is_failed_once_and_loudly(site: Site, api: Api) -> None:
    made = backup()
    s3().delete_object(Bucket=site.backups, Key=made.key, VersionId=made.version_id or "")
    s3().put_object(Bucket=site.backups, Key=made.key, Body=b"x")
    marker = api.post(f"/backups/{made.backup_id}/verify").body["marker"]
    with pytest.raises(Damaged):
        carry_on(site, marker)
    carry_on(site, marker)
    assert api.get("/backups").data[0]["state"] == "failed"


def test_a_pin_stays_whatever_is_restored_until_it_is_taken_away(site: Site, api: Api) -> None:
    older, newer = backup(), backup(days=1)
    answer = api.post(f"/backups/{newer.backup_id}/pin")
    assert (answer.status, answer.body["backup_id"], answer.body["pinned"]) == (200, newer.backup_id, True)
    assert list(answer.body) == SHAPE
    restore.restore(older.backup_id, to=site.url("opsdb_owner"), now=NOW, replace=site.database, safety=False)
    db.engine().dispose()
    pinned = {one["backup_id"]: one["pinned"] for one in listing.every(None)}
    assert pinned == {newer.backup_id: True, older.backup_id: False}
    with db.writing(db.Actor("test")) as conn:
        _, key = auth.create_key(conn, name="test", role="admin")
    assert Api(key).post(f"/backups/{newer.backup_id}/unpin").body["pinned"] is False
    assert not any(one["pinned"] for one in Api(key).get("/backups").data)


def test_a_pin_is_in_the_table_too(site: Site, api: Api) -> None:
    made = backup()
    api.post(f"/backups/{made.backup_id}/pin")
    with db.reading() as conn:
        assert conn.execute(text("SELECT pinned FROM backups")).scalars().all() == [True]


@pytest.mark.parametrize("verb", ["verify", "pin", "unpin"])
def test_a_backup_that_nobody_knows_is_not_found_and_nothing_is_written(site: Site, api: Api, verb: str) -> None:
    for name in ("20200101T000000Z-daily-0000", "..", "a%2Fb", "a%00", "x" * 101, "é"):
        assert api.post(f"/backups/{name}/{verb}").status in {404, 403, 400}, name
    assert not s3().list_objects_v2(Bucket=site.backups).get("Contents")
    assert not s3().list_objects_v2(Bucket=site.uploads).get("Contents")


def test_a_backup_whose_manifest_is_gone_cannot_be_verified(site: Site, api: Api) -> None:
    made = backup()
    marker = api.post(f"/backups/{made.backup_id}/verify").body["marker"]
    s3().delete_object(Bucket=site.backups, Key=manifest_key(made.backup_id))
    with pytest.raises(Exception, match="no backup"):
        carry_on(site, marker)
    assert not continuation.is_waiting(asked.VERIFY)
