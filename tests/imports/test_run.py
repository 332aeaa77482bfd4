"""What an import promises whatever happens: resumable reading, atomic applying, once."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.core import db, storage
from chalicelib.imports import arrivals, queries
from chalicelib.imports import run as running
from chalicelib.imports.sheets import KINDS
from tests import make
from tests.conftest import Site

MONDAY = date(2027, 3, 1)


def rows(statement: str, **given: Any) -> list[Any]:
    with db.reading() as conn:
        return list(conn.execute(text(statement), given))


def put(site: Site, kind: str, body: bytes, name: str = "week 1+ñ.xlsx", **metadata: str) -> dict[str, Any]:
    """Put a sheet into the bucket; the event document that S3 would send."""
    key = storage.incoming_key(kind, name)
    stored = storage.s3().put_object(Bucket=site.uploads, Key=key, Body=body, Metadata=metadata)
    return event(site, key, stored["VersionId"])


def event(site: Site, key: str, version_id: str) -> dict[str, Any]:
    from urllib.parse import quote_plus

    thing = {"key": quote_plus(key, safe="/"), "versionId": version_id}
    record = {"userIdentity": {"principalId": "AIDA1"}, "s3": {"bucket": {"name": site.uploads}, "object": thing}}
    return {"Records": [record]}


@pytest.fixture
def week(site: Site) -> bytes:
    """A sheet of 40 people's week."""
    with make.written() as conn:
        people = [make.employee(conn) for _ in range(40)]
    days = [(one, MONDAY + timedelta(day), time(9), time(17), "REG") for one in people for day in range(5)]
    return make.workbook(days, headers=make.SCHEDULE_HEADERS)


def test_an_object_in_the_bucket_becomes_rows_and_an_answer_beside_it(site: Site, week: bytes) -> None:
    arrivals.on_event(put(site, "schedules", week))
    assert rows("SELECT count(*) FROM schedules")[0][0] == 200
    upload = rows("SELECT state, uploaded_by, filename, sha256, rows_total FROM uploads")[0]
    assert (upload.state, upload.uploaded_by, upload.filename) == ("done", "s3:AIDA1", "week 1+ñ.xlsx")
    assert len(upload.sha256) == 64
    key = storage.result_key(storage.incoming_key("schedules", "week 1+ñ.xlsx"))
    answer = json.loads(storage.s3().get_object(Bucket=site.uploads, Key=key)["Body"].read())
    assert (answer["state"], answer["success_count"]) == ("done", 200)


def test_the_same_event_ten_times_in_parallel_has_one_result(site: Site, week: bytes) -> None:
    document = put(site, "schedules", week)
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(arrivals.on_event, [document] * 10))
    assert rows("SELECT count(*) FROM schedules")[0][0] == 200
    assert rows("SELECT count(*) FROM uploads")[0][0] == 1
    assert rows("SELECT sum(row_count) FROM audit_log WHERE table_name = 'schedules'")[0][0] == 200


def test_a_run_that_was_cut_off_goes_on_after_its_last_chunk(
    site: Site, week: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "CHUNK", 30)
    whole = queries.checkpoint
    staged: list[int] = []

    def checkpoint(conn: Any, **given: Any) -> None:
        whole(conn, **given)
        staged.append(given["rows_read"])
        if len(staged) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(queries, "checkpoint", checkpoint)
    document = put(site, "schedules", week)
    with pytest.raises(KeyboardInterrupt):
        arrivals.on_event(document)
    assert tuple(rows("SELECT state, rows_read FROM uploads")[0]) == ("running", 90)
    assert rows("SELECT count(*) FROM upload_rows")[0][0] == 90
    assert rows("SELECT count(*) FROM schedules")[0][0] == 0
    arrivals.on_event(document)
    assert staged == [30, 60, 90, 120, 120, 150, 180, 200]
    assert tuple(rows("SELECT state, rows_read, success_count, attempts FROM uploads")[0]) == ("done", 200, 200, 2)
    assert rows("SELECT count(*) FROM upload_rows")[0][0] == 0


def test_a_failure_while_applying_leaves_nothing_and_the_next_try_does_it_all(
    site: Site, week: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = queries.finish

    def killed(*args: Any, **given: Any) -> None:
        raise KeyboardInterrupt

    document = put(site, "schedules", week)
    monkeypatch.setattr(queries, "finish", killed)
    with pytest.raises(KeyboardInterrupt):
        arrivals.on_event(document)
    assert rows("SELECT count(*) FROM schedules")[0][0] == 0
    monkeypatch.setattr(queries, "finish", finish)
    arrivals.on_event(document)
    assert rows("SELECT count(*) FROM schedules")[0][0] == 200


def test_two_files_about_the_same_people_at_once_end_consistent(site: Site, week: bytes) -> None:
    people = [row.employee_id for row in rows("SELECT employee_id FROM employees")]
    later = make.workbook(
        [(one, MONDAY + timedelta(day), time(12), time(20), "REG") for one in people for day in range(5)],
        headers=make.SCHEDULE_HEADERS,
    )
    documents = [put(site, "schedules", week, "a.xlsx"), put(site, "schedules", later, "b.xlsx")]
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(arrivals.on_event, documents))
    assert {row.state for row in rows("SELECT state FROM uploads")} == {"done"}
    found = rows("SELECT count(*) AS n, count(DISTINCT start_time) AS starts FROM schedules")[0]
    assert (found.n, found.starts) == (200, 1)


def test_the_sweep_runs_an_object_whose_event_never_came(site: Site, week: bytes) -> None:
    put(site, "schedules", week)
    arrivals.sweep(now=datetime.now(UTC))
    assert not rows("SELECT 1 FROM uploads"), "its event may still come"
    arrivals.sweep(now=datetime.now(UTC) + timedelta(minutes=16))
    assert [row.state for row in rows("SELECT state FROM uploads")] == ["done"]
    arrivals.sweep(now=datetime.now(UTC) + timedelta(minutes=16))
    assert rows("SELECT count(*) FROM uploads")[0][0] == 1


def test_a_test_event_and_an_object_that_is_gone_are_no_errors(site: Site) -> None:
    arrivals.on_event({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": site.uploads})
    arrivals.on_event(event(site, "incoming/schedules/gone.xlsx", "0123456789abcdef0123456789abcdef"))
    assert not rows("SELECT 1 FROM uploads")


def test_a_sheet_in_a_folder_of_no_known_kind_fails_and_says_which_are_known(site: Site, week: bytes) -> None:
    arrivals.on_event(put(site, "shedules", week))
    upload = rows("SELECT state, message FROM uploads")[0]
    assert upload.state == "failed"
    assert upload.message == f"Sheets of the kind 'shedules' are not understood; known are {', '.join(KINDS)}."


def test_an_option_that_is_neither_true_nor_false_fails_the_upload(site: Site, week: bytes) -> None:
    arrivals.on_event(put(site, "schedules", week, **{"dry-run": "maybe"}))
    upload = rows("SELECT state, message FROM uploads")[0]
    assert (upload.state, upload.message) == ("failed", "dry-run: must be true or false, got 'maybe'")
    assert not rows("SELECT 1 FROM schedules")


def test_a_picture_ends_as_a_failed_upload_and_not_as_an_error(site: Site) -> None:
    arrivals.on_event(put(site, "schedules", b"\x89PNG\r\n\x1a\n" + bytes(100), "plan.xlsx"))
    upload = rows("SELECT state, message, finished_at FROM uploads")[0]
    assert upload.state == "failed"
    assert "picture" in upload.message
    assert upload.finished_at is not None


def test_a_database_that_goes_away_leaves_the_upload_to_be_run_again(
    site: Site, week: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = put(site, "schedules", week)
    stage = queries.stage

    def cut(conn: Any, **given: Any) -> None:
        pid = conn.execute(text("SELECT pg_backend_pid()")).scalar()
        with db.reading() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        stage(conn, **given)

    monkeypatch.setattr(queries, "stage", cut)
    with pytest.raises(Exception, match=r"terminat|closed"):
        arrivals.on_event(document)
    monkeypatch.setattr(queries, "stage", stage)
    db.engine().dispose()
    arrivals.on_event(document)
    assert rows("SELECT count(*) FROM schedules")[0][0] == 200


def test_progress_is_told_while_it_runs(site: Site, week: bytes, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(running, "CHUNK", 50)
    seen: list[tuple[int, float]] = []
    (tmp_path / "week.xlsx").write_bytes(week)
    arrivals.import_file(
        tmp_path / "week.xlsx",
        kind="schedules",
        options={},
        uploaded_by="test",
        progress=lambda count, share: seen.append((count, share)),
    )
    assert [count for count, _ in seen] == [50, 100, 150, 200]
    assert 0 < seen[0][1] <= seen[-1][1] <= 1


def test_a_european_csv_is_the_same_sheet(site: Site, tmp_path: Path) -> None:
    with make.written() as conn:
        make.employee(conn, first_name="Ada", last_name="Lovelace", ruex_id="alovelace")
    path = tmp_path / "week.csv"
    path.write_bytes(
        "\ufeffemployee-id; Date - NOMINAL date;Earliest - Start;Latest - Stop;Work - Code\r\n"
        "alovelace;05/04/2027;09:00;17:00;REG\r\n".encode()
    )
    done = arrivals.import_file(path, kind="schedules", options={}, uploaded_by="test")
    assert (done.state, done.success_count) == ("done", 1)
    assert rows("SELECT nominal_date FROM schedules")[0][0] == date(2027, 4, 5)
