"""The list of backups: S3 says what there is, the table what became of the rest."""

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.backups import listing, manifest, snapshot
from chalicelib.core.db import make_engine
from chalicelib.core.errors import NotFound
from chalicelib.core.storage import dump_key, manifest_key
from tests.backups.place import NOW, Place, execute


def listed(place: Place) -> list[dict[str, Any]]:
    engine = make_engine(place.url("opsdb_app"))
    try:
        with engine.connect() as conn:
            return listing.every(conn)
    finally:
        engine.dispose()


def test_backups_are_listed_newest_first_with_everything_known(place: Place) -> None:
    older, newer = place.backup(), place.backup("daily", NOW + timedelta(days=1))
    found = listed(place)
    assert [one["backup_id"] for one in found] == [newer.backup_id, older.backup_id]
    assert set(found[0]) == set(listing.FIELDS)
    assert (found[0]["state"], found[0]["tier"], found[0]["pinned"]) == ("good", "daily", False)
    assert (found[0]["size"], found[0]["tables"]) == (newer.size, newer.tables)


def test_a_failed_backup_is_listed_with_its_reason(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "export", lambda conn: "00000099-000000AA-1")
    with pytest.raises(Exception, match="snapshot"):
        place.backup()
    [one] = listed(place)
    assert (one["state"], one["size"]) == ("failed", None)
    assert "snapshot" in one["message"]


def test_a_wiped_database_still_lists_what_s3_has(place: Place) -> None:
    made = place.backup()
    execute(place.owner, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    [one] = listed(place)
    assert (one["backup_id"], one["state"]) == (made.backup_id, "good")
    assert listing.every(None) == [one]


def test_what_the_row_knows_stands_beside_what_the_manifest_says(place: Place) -> None:
    made = place.backup()
    place.sql("UPDATE backups SET pinned = true, verified_at = '2026-11-19', size = 1, drill = '{\"seconds\": 4}'")
    [one] = listed(place)
    assert (one["pinned"], one["drill"], one["size"]) == (True, {"seconds": 4}, made.size)
    assert one["verified_at"].isoformat() == "2026-11-19T00:00:00+00:00"


def test_a_manifest_without_its_dump_is_said_to_be_gone(place: Place) -> None:
    made = place.backup()
    place.client.delete_object(Bucket=place.bucket, Key=made.key)
    [one] = listed(place)
    assert (one["state"], one["message"]) == ("failed", listing.GONE)
    with pytest.raises(NotFound):
        manifest.latest(place.bucket)


def test_a_dump_without_its_manifest_does_not_exist(place: Place) -> None:
    made = place.backup()
    place.client.delete_object(Bucket=place.bucket, Key=manifest_key(made.backup_id))
    assert listing.every(None) == []
    assert listed(place)[0]["state"] == "failed"
    assert manifest.orphans(place.keys()) == [made.key]


def test_a_damaged_manifest_stands_in_nobodys_way(place: Place) -> None:
    made = place.backup()
    for name, body in [("29990101T000000Z-daily-ffff", b"{"), ("notes", b"[]")]:
        place.client.put_object(Bucket=place.bucket, Key=manifest_key(name), Body=body)
        place.client.put_object(Bucket=place.bucket, Key=dump_key(name), Body=b"x")
    assert [one["backup_id"] for one in listed(place)] == [made.backup_id]
    assert manifest.latest(place.bucket) == made


def test_orphans_are_dumps_that_have_no_manifest() -> None:
    keys = [dump_key("a"), manifest_key("a"), dump_key("b"), manifest_key("c")]
    assert manifest.orphans(keys) == [dump_key("b")]
    assert manifest.ids(keys) == ["c", "a"]
