"""Files that one invocation has no time for: reading goes on in others, and the end is the same."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import text

import app
from chalicelib.core import continuation, db, storage
from chalicelib.imports import queries
from chalicelib.imports import run as running
from local import events
from tests import make
from tests.conftest import Site

MONDAY = date(2027, 3, 1)


class Clock:
    """A time of day that passes only when told to."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(continuation, "time", clock)
    monkeypatch.setattr(running, "CHUNK", 30)
    return clock


@pytest.fixture
def slow(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Each chunk takes 250 seconds."""
    checkpoint = queries.checkpoint

    def slowly(conn: Any, **given: Any) -> None:
        checkpoint(conn, **given)
        clock.seconds += 250

    monkeypatch.setattr(queries, "checkpoint", slowly)
    return clock


@pytest.fixture
def week(site: Site) -> bytes:
    """40 people's week: 200 rows, and one in twenty cannot be read."""
    with make.written() as conn:
        people = [make.employee(conn) for _ in range(40)]
    days = [(one, MONDAY + timedelta(day), time(9), time(17), "REG") for one in people for day in range(5)]
    days[::20] = [(one, on, "soon", *rest) for one, on, _, *rest in days[::20]]
    return make.workbook(days, headers=make.SCHEDULE_HEADERS)


def record(site: Site, key: str, version_id: str) -> dict[str, Any]:
    thing = {"key": key, "versionId": version_id}
    return {
        "Records": [{"userIdentity": {"principalId": "A"}, "s3": {"bucket": {"name": site.uploads}, "object": thing}}]
    }


def put(site: Site, body: bytes) -> dict[str, Any]:
    key = storage.incoming_key("schedules", "week.xlsx")
    return record(site, key, storage.s3().put_object(Bucket=site.uploads, Key=key, Body=body)["VersionId"])


def markers(site: Site) -> list[str]:
    found = storage.s3().list_objects_v2(Bucket=site.uploads, Prefix=storage.DO).get("Contents", [])
    return [one["Key"] for one in found]


def invocations(site: Site, document: dict[str, Any]) -> Iterator[Any]:
    """The upload after each invocation that its object, and then each marker, starts."""
    while True:
        app.on_upload(document, events.Context("on_upload"))
        yield found("SELECT state, rows_read, success_count, error_count FROM uploads")[0]
        left = markers(site)
        if not left:
            return
        document = record(site, left[0], "")


def found(statement: str) -> list[tuple[Any, ...]]:
    with db.reading() as conn:
        return [tuple(row) for row in conn.execute(text(statement))]


def test_reading_goes_on_elsewhere_before_the_time_is_over_and_no_row_comes_twice(
    site: Site, week: bytes, slow: Clock
) -> None:
    assert list(invocations(site, put(site, week))) == [
        # Four chunks leave no tenth of the 900 seconds; the last three leave less than the half that writing wants.
        ("running", 120, 0, 0),
        ("running", 200, 0, 0),
        ("done_with_errors", 200, 190, 10),
    ]
    assert found("SELECT count(*), count(DISTINCT (employee_id, nominal_date)) FROM schedules") == [(190, 190)]
    assert found("SELECT count(*), count(DISTINCT row_number) FROM upload_errors") == [(10, 10)]
    assert found("SELECT sum(row_count) FROM audit_log WHERE table_name = 'schedules'") == [(190,)]
    assert markers(site) == []
    key = storage.result_key(storage.incoming_key("schedules", "week.xlsx"))
    said = json.loads(storage.s3().get_object(Bucket=site.uploads, Key=key)["Body"].read())
    assert (said["state"], said["rows_total"]) == ("done_with_errors", 200)


def test_what_has_time_enough_is_done_in_one_go(site: Site, week: bytes, clock: Clock) -> None:
    assert [one[0] for one in invocations(site, put(site, week))] == ["done_with_errors"]


def test_a_part_whose_marker_was_lost_is_asked_for_by_the_sweep(site: Site, week: bytes, slow: Clock) -> None:
    parts = invocations(site, put(site, week))
    assert next(parts)[0] == "running"
    [lost] = markers(site)
    storage.s3().delete_object(Bucket=site.uploads, Key=lost)
    with make.written() as conn:
        conn.execute(text("UPDATE uploads SET created_at = now() - interval '1 hour'"))
    at = datetime.now(UTC)
    app.sweep_uploads(events.scheduled("sweep_uploads", at, region="us-east-1"), events.Context("sweep_uploads"))
    assert found("SELECT state, rows_read FROM uploads") == [("running", 200)]
    assert [one[0] for one in parts] == ["done_with_errors"]


def test_a_file_that_no_number_of_parts_reads_is_a_reason(
    site: Site, week: bytes, slow: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "MOST_PARTS", 1)
    assert [one[0] for one in invocations(site, put(site, week))] == ["running", "failed"]
    assert found("SELECT message FROM uploads") == [
        ("The file was not read to its end in 1 runs of the function: divide it.",)
    ]
    assert found("SELECT count(*) FROM schedules") == [(0,)]
