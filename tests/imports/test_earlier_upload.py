"""An earlier opsdb that is put into the bucket: moved by the application, told about, and taken out again."""

import io
import json
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from openpyxl import load_workbook
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from chalicelib.core import auth, db, storage
from chalicelib.imports import arrivals, earlier_move, earlier_queries, earlier_upload
from chalicelib.imports import run as running
from tests import make
from tests.api import Api
from tests.conftest import Site
from tests.deployed import documents
from tests.imports import earlier_files
from tests.imports.test_earlier_tables import KEPT, LEFT
from tests.imports.test_presigned import arrived, send

KEY = f"{storage.EARLIER}opsdb.db"


def rows(statement: str) -> list[Any]:
    with db.reading() as conn:
        return [tuple(row) for row in conn.execute(text(statement))]


@pytest.fixture
def body(tmp_path: Path) -> bytes:
    return earlier_files.made(tmp_path / "opsdb.db").read_bytes()


def put(site: Site, body: bytes, **metadata: str) -> None:
    """Into the bucket by hand, and its event."""
    event = documents.put(site.uploads, KEY, body, **metadata)
    arrivals.on_event(event)


def versions(site: Site, prefix: str = "incoming/") -> list[Any]:
    found: list[Any] = storage.s3().list_object_versions(Bucket=site.uploads, Prefix=prefix).get("Versions", [])
    return found


def everything_stored(site: Site) -> str:
    """All that lies in the bucket, workbooks unpacked."""
    held = []
    for one in versions(site, ""):
        content = (
            storage.s3().get_object(Bucket=site.uploads, Key=one["Key"], VersionId=one["VersionId"])["Body"].read()
        )
        if one["Key"].endswith(".xlsx"):
            book = load_workbook(io.BytesIO(content))
            held += [str(row) for sheet in book for row in sheet.iter_rows(values_only=True)]
        else:
            held.append(content.decode("utf-8", "replace"))
    return " ".join(held)


def test_it_moves_in_by_the_bucket_and_leaves_the_bucket_without_its_versions(site: Site, body: bytes) -> None:
    put(site, body)
    [upload] = rows("SELECT state, success_count, error_count, uploaded_by, message FROM uploads")
    assert upload[:3] == ("done_with_errors", sum(KEPT.values()), len(LEFT))
    assert upload[3].startswith("s3:")
    assert upload[4] == f"{sum(KEPT.values())} rows moved, {len(LEFT)} rejected. {earlier_upload.REMOVED}"
    assert rows("SELECT count(*) FROM schedules") == [(KEPT["schedules"],)]
    assert not versions(site)
    assert rows("SELECT DISTINCT actor FROM audit_log WHERE table_name = 'schedules'") == [(upload[3],)]


def test_a_dry_run_writes_nothing_says_everything_and_is_taken_out_too(site: Site, body: bytes) -> None:
    put(site, body, **{"dry-run": "true"})
    [(state, dry_run, message)] = rows("SELECT state, dry_run, message FROM uploads")
    assert (state, dry_run, "would move" in message) == ("done_with_errors", True, True)
    assert rows("SELECT count(*) FROM upload_errors WHERE finding = 'error'") == [(len(LEFT),)]
    for table in (*KEPT, "people", "employments", "assignments"):
        assert rows(f"SELECT count(*) FROM {table}") == [(0,)], table
    assert not versions(site)
    put(site, body)
    assert rows("SELECT count(*) FROM schedules") == [(KEPT["schedules"],)]


def test_ids_go_on_after_the_kept_ones_though_the_application_owns_no_sequence(site: Site, body: bytes) -> None:
    put(site, body)
    with db.writing(db.Actor("test", role="admin")) as conn:
        made = conn.execute(text("INSERT INTO reward_reasons (reason, points) VALUES ('x', 1) RETURNING reason_id"))
        assert made.scalar_one() == 3


def test_nobody_but_the_application_and_the_owner_may_move_ids_on(site: Site) -> None:
    with db.make_engine(site.url("opsdb_backup")).connect() as conn, pytest.raises(ProgrammingError, match="denied"):
        conn.execute(text("SELECT follow_kept_ids()"))


def test_the_answer_and_the_rows_that_stay_behind_lie_beside_it(site: Site, api: Api, body: bytes) -> None:
    put(site, body)
    told = json.loads(storage.s3().get_object(Bucket=site.uploads, Key=storage.result_key(KEY))["Body"].read())
    assert (told["state"], told["error_count"]) == ("done_with_errors", len(LEFT))
    assert told["message"].endswith(earlier_upload.REMOVED)
    rejects = storage.corrected_key(KEY, told["upload_id"])
    book = load_workbook(
        io.BytesIO(storage.s3().get_object(Bucket=site.uploads, Key=rejects)["Body"].read()), read_only=True
    )
    assert sum(sheet.max_row - 1 for sheet in book) == len(LEFT)
    listed = api.get(f"/uploads/{told['upload_id']}/errors", finding="error", limit=100).body
    assert listed["total"] == len(LEFT)
    assert api.call("GET", f"/uploads/{told['upload_id']}/errors", query={"format": "xlsx"}).status == 303


def test_no_secret_is_in_what_is_stored_logged_or_answered(
    site: Site, api: Api, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    put(site, body, **{"dry-run": "true"})
    put(site, body)
    put(site, body)
    answered = [api.get("/uploads").body, *(api.get(f"/uploads/{one}/errors", limit=1000).body for one in (1, 2, 3))]
    logged = " ".join(f"{one.getMessage()} {vars(one)}" for one in caplog.records)
    for held in (everything_stored(site), json.dumps(answered), logged):
        assert held
        assert not [one for one in earlier_files.SECRETS if one in held]


def test_a_second_move_fails_and_changes_nothing(site: Site, body: bytes) -> None:
    put(site, body)
    put(site, body)
    found = rows("SELECT state, message FROM uploads ORDER BY upload_id")
    assert [state for state, _ in found] == ["done_with_errors", "failed"]
    assert "into empty tables only" in found[1][1]
    assert rows("SELECT count(*) FROM schedules") == [(KEPT["schedules"],)]
    assert not versions(site)


@pytest.mark.parametrize("body", [b"PK\x03\x04 a sheet", b"SQLite format 3\0" + b"\xff" * 4000])
def test_what_is_no_earlier_opsdb_ends_as_a_failed_upload(site: Site, body: bytes) -> None:
    put(site, body)
    [(state, message)] = rows("SELECT state, message FROM uploads")
    assert state == "failed"
    assert "SQLite" in message


def test_only_an_admin_gets_a_form_for_it_and_by_that_it_moves(site: Site, api: Api, body: bytes) -> None:
    wanted = {"kind": "opsdb.db", "filename": "opsdb.db", "size": len(body)}
    for role in ("hr", "planner", "duty_lead"):
        with db.writing(db.Actor("test")) as conn:
            key = auth.create_key(conn, name=role, role=role)[1]
        assert Api(key).post("/uploads", wanted).status == 403
    form = api.post("/uploads", wanted)
    assert form.status == 201, form.body
    assert send(form.body, body) == 204
    arrivals.on_event(arrived(site, form.body["fields"]["key"]))
    assert rows("SELECT state, uploaded_by FROM uploads") == [("done_with_errors", "key:1")]
    assert not versions(site)


def test_an_upload_that_no_admin_asked_for_moves_nothing(site: Site, body: bytes) -> None:
    event = documents.put(site.uploads, KEY, body)
    thing = event["Records"][0]["s3"]["object"]
    upload_id = arrivals.register(
        bucket=site.uploads, key=KEY, version_id=thing["versionId"], uploaded_by="key:9", role="planner"
    )
    assert upload_id is not None
    running.run(upload_id)
    assert rows("SELECT state, message LIKE 'Only an admin%' FROM uploads") == [("failed", True)]
    assert rows("SELECT count(*) FROM employees") == [(0,)]


@pytest.mark.parametrize("swept", [False, True], ids=["by the event again", "by the sweep"])
def test_what_was_left_when_the_function_ended_is_taken_out(
    site: Site, body: bytes, monkeypatch: pytest.MonkeyPatch, swept: bool
) -> None:
    event = documents.put(site.uploads, KEY, body)

    def ended(*args: Any) -> None:
        raise RuntimeError("the function ends here")

    with monkeypatch.context() as patch:
        patch.setattr(earlier_upload, "remove", ended)
        with pytest.raises(RuntimeError):
            arrivals.on_event(event)
    assert len(versions(site)) == 1
    if swept:
        arrivals.sweep(now=datetime.now(UTC) + timedelta(hours=1))
    else:
        arrivals.on_event(event)
    assert not versions(site)
    told = json.loads(storage.s3().get_object(Bucket=site.uploads, Key=storage.result_key(KEY))["Body"].read())
    assert told["message"].endswith(earlier_upload.REMOVED)
    assert rows("SELECT count(*), max(success_count) FROM uploads") == [(1, sum(KEPT.values()))]


def test_a_function_that_ends_half_way_has_moved_nothing_and_the_next_one_moves_all(
    site: Site, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = documents.put(site.uploads, KEY, body)

    def ended(*args: Any) -> None:
        raise RuntimeError("the function ends here")

    with monkeypatch.context() as patch:
        patch.setattr(earlier_upload, "continue_sequences", ended)
        with pytest.raises(RuntimeError):
            arrivals.on_event(event)
    assert rows("SELECT state, (SELECT count(*) FROM employees) FROM uploads") == [("running", 0)]
    arrivals.on_event(event)
    assert rows("SELECT state, (SELECT count(*) FROM employees) FROM uploads") == [("done_with_errors", 2)]


def test_how_far_it_is_can_be_seen_while_nothing_of_it_can(
    site: Site, api: Api, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(earlier_move, "AT_ONCE", 1)
    seen: list[tuple[int, int]] = []
    tell = earlier_queries.tell

    def told(conn: Connection, *, upload_id: int, rows_read: int, rows_total: int) -> None:
        tell(conn, upload_id=upload_id, rows_read=rows_read, rows_total=rows_total)
        conn.commit()
        one = api.get(f"/uploads/{upload_id}").body
        seen.append((one["rows_read"], one["rows_total"]))
        assert (one["state"], one["success_count"]) == ("running", 0)
        assert api.post(f"/uploads/{upload_id}/cancel").status == 409
        assert api.get("/employees").body["total"] == 0

    monkeypatch.setattr(earlier_queries, "tell", told)
    put(site, body)
    rows_there = sum(KEPT.values()) + len(LEFT)
    assert seen == [(one, rows_there) for one in range(1, rows_there + 1)]
    assert rows("SELECT rows_read, rows_total FROM uploads") == [(rows_there, rows_there)]


def test_trying_again_needs_the_file_again(site: Site, api: Api, body: bytes) -> None:
    with make.written() as conn:
        make.employee(conn)
    put(site, body)
    [(upload_id,)] = rows("SELECT upload_id FROM uploads")
    assert api.post(f"/uploads/{upload_id}/retry").status == 202
    running.run(upload_id)
    [(state, message)] = rows("SELECT state, message FROM uploads")
    assert (state, message.startswith("The file is not in the bucket any more")) == ("failed", True)


def test_where_versions_may_not_be_deleted_the_message_says_what_is_left(
    site: Site, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = storage.s3()
    delete = client.delete_object

    def refused(**given: Any) -> Any:
        if "VersionId" in given:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "DeleteObject")
        return delete(**given)

    with monkeypatch.context() as patch:
        patch.setattr(client, "delete_object", refused)
        put(site, body)
    assert rows(f"SELECT message LIKE '%{earlier_upload.HIDDEN}' FROM uploads") == [(True,)]
    assert len(versions(site)) == 1
