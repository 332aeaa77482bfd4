"""The pump is S3's notifications and EventBridge's clock: true documents, at least once, never silenced by a crash."""

import json
import os
import subprocess
import sys
import types
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import unquote_plus

import pytest
from chalice import Chalice

from local import processes, pump, s3
from local.delivered import Delivered
from tests.local.floor import APP


@pytest.fixture
def bucket(store: s3.Server, tmp_path: Path) -> str:
    name = f"pump-{os.getpid()}-{abs(hash(tmp_path)) % 10**8}"
    store.make_bucket(name)
    return name


@pytest.fixture
def watch(store: s3.Server, bucket: str, tmp_path: Path) -> Iterator[Any]:
    """Makes a watcher over the bucket; several over one folder are one pump that was started again."""
    made: list[pump.Uploads] = []

    def make(handler: pump.Handler, **options: Any) -> pump.Uploads:
        delivered = Delivered(tmp_path / "delivered.sqlite3")
        options = {"retry_after": (0.01, 0.01)} | options
        made.append(pump.Uploads(store.client(), bucket, "incoming/", "on_upload", handler, delivered, **options))
        return made[-1]

    yield make
    for one in made:
        one.stop(0.2)


def settle(uploads: pump.Uploads) -> None:
    uploads.poll()
    assert processes.wait_until(lambda: not uploads._waiting, 5)


def test_the_document_is_the_one_aws_sends(store: s3.Server, bucket: str, watch):
    got: list[tuple[dict[str, Any], Any]] = []
    key = "incoming/schedules/week 1+2 Zürich (a&b).csv"
    put = store.client().put_object(Bucket=bucket, Key=key, Body=b"12345")
    store.client().put_object(Bucket=bucket, Key="results/not-watched", Body=b"")
    settle(watch(lambda event, context: got.append((event, context))))
    [(event, context)] = got
    [record] = event["Records"]
    assert record["s3"]["object"]["key"] == "incoming/schedules/week+1%2B2+Z%C3%BCrich+%28a%26b%29.csv"
    assert unquote_plus(record["s3"]["object"]["key"]) == key
    assert record["s3"]["object"]["versionId"] == put["VersionId"]
    assert (record["s3"]["object"]["size"], record["s3"]["object"]["eTag"]) == (5, put["ETag"].strip('"'))
    assert int(record["s3"]["object"]["sequencer"], 16) > 0
    assert record["s3"]["bucket"] == {
        "name": bucket,
        "arn": f"arn:aws:s3:::{bucket}",
        "ownerIdentity": {"principalId": "LOCAL"},
    }
    assert (record["eventVersion"], record["eventSource"], record["eventName"], record["awsRegion"]) == (
        "2.1",
        "aws:s3",
        "ObjectCreated:Put",
        "us-east-1",
    )
    assert datetime.fromisoformat(record["eventTime"]) > datetime.now(UTC) - timedelta(minutes=5)
    assert context.function_name == "on_upload"
    assert len(context.aws_request_id) == 36
    assert 890_000 < context.get_remaining_time_in_millis() <= 900_000
    json.dumps(event)


def test_every_version_is_delivered_once_also_over_many_pages_and_a_new_start(store: s3.Server, bucket: str, watch):
    got: list[str] = []

    def remember(event: dict[str, Any], context: Any) -> None:
        got.append(event["Records"][0]["s3"]["object"]["versionId"])

    put = [
        store.client().put_object(Bucket=bucket, Key=f"incoming/{number % 3}", Body=str(number).encode())["VersionId"]
        for number in range(7)
    ]
    first = watch(remember, page_size=2)
    settle(first)
    settle(first)
    assert got == put
    store.client().delete_object(Bucket=bucket, Key="incoming/0")
    later = watch(remember)
    settle(later)
    assert got == put
    put.append(store.client().put_object(Bucket=bucket, Key="incoming/0", Body=b"again")["VersionId"])
    settle(later)
    assert got == put


def test_a_handler_that_fails_is_called_three_times_and_the_next_upload_still_comes(store, bucket, watch):
    calls: list[tuple[str, str]] = []

    def fail_on_bad(event: dict[str, Any], context: Any) -> None:
        key = event["Records"][0]["s3"]["object"]["key"]
        calls.append((key, context.aws_request_id))
        if key == "incoming/bad":
            raise SystemExit("a crash, too, is only a failed call")

    uploads = watch(fail_on_bad)
    for key in ("incoming/bad", "incoming/good"):
        store.client().put_object(Bucket=bucket, Key=key, Body=b"x")
        settle(uploads)
    assert [key for key, _ in calls] == ["incoming/bad"] * 3 + ["incoming/good"]
    assert len({request for _, request in calls[:3]}) == 1


def test_a_delivery_cut_short_is_made_again(store: s3.Server, bucket: str, watch):
    started, release, again = Event(), Event(), Event()

    def hang(event: dict[str, Any], context: Any) -> None:
        started.set()
        release.wait(5)
        raise RuntimeError("cut short")

    store.client().put_object(Bucket=bucket, Key="incoming/long", Body=b"x")
    cut = watch(hang)
    cut.poll()
    assert started.wait(3)
    cut.stop(0.1)
    release.set()
    settle(watch(lambda event, context: again.set()))
    assert again.is_set()


def test_an_s3_that_is_down_is_waited_for(store: s3.Server, bucket: str, watch, caplog):
    uploads = watch(lambda event, context: None)
    uploads.bucket = "no-such-bucket"
    assert uploads.poll() == 0
    assert uploads.poll() == 0
    assert [record.message for record in caplog.records] == ["S3 does not answer"]
    uploads.bucket = bucket
    store.client().put_object(Bucket=bucket, Key="incoming/one", Body=b"x")
    assert uploads.poll() == 1


def test_what_was_delivered_stays_small(tmp_path: Path):
    delivered = Delivered(tmp_path / "file")
    for number in range(10):
        delivered.add(str(number))
    delivered.keep_only(["1", "2", "30"])
    assert [str(one) in Delivered(tmp_path / "file") for one in (0, 1, 2, 30)] == [False, True, True, False]


def test_schedules_of_the_app_fire_with_true_documents_one_at_a_time_and_survive_a_crash():
    module = types.ModuleType("app")
    app = module.app = Chalice(app_name="clock")
    got: list[dict[str, Any]] = []
    hold = Event()

    @app.schedule("rate(1 minute)")
    def each_minute(event):
        got.append(event.to_dict())
        hold.wait(5)
        raise RuntimeError("a crash")

    @app.schedule("cron(0 0 1W * ? *)")
    def left_out(event):
        raise AssertionError

    module.each_minute, module.left_out = each_minute, left_out
    start = datetime(2026, 11, 22, 12, 0, 30, 5, tzinfo=UTC)
    table, firings = pump.timetable_of(module, start)
    for minutes in (0, 1, 2):
        table.tick(start + timedelta(minutes=minutes))
    assert processes.wait_until(lambda: bool(got), 2)
    hold.set()
    assert processes.wait_until(firings.idle, 2)
    table.tick(start + timedelta(minutes=3))
    assert processes.wait_until(firings.idle, 2)
    assert [one["time"] for one in got] == ["2026-11-22T12:01:30Z", "2026-11-22T12:03:30Z"]
    assert {"detail-type": "Scheduled Event", "source": "aws.events", "detail": {}}.items() <= got[0].items()
    assert got[0]["resources"] == ["arn:aws:events:us-east-1:000000000000:rule/each_minute"]


def test_the_program_delivers_to_the_named_module_and_ends_when_asked(store: s3.Server, bucket: str, tmp_path: Path):
    (tmp_path / "small.py").write_text(APP)
    environ = os.environ | {
        "AWS_ENDPOINT_URL_S3": store.endpoint,
        "AWS_ACCESS_KEY_ID": store.access_key,
        "AWS_SECRET_ACCESS_KEY": store.secret_key,
        "AWS_DEFAULT_REGION": "us-east-1",
        "OPSDB_UPLOADS_BUCKET": bucket,
        "PYTHONPATH": f"{tmp_path}{os.pathsep}{Path.cwd()}",
    }
    store.client().put_object(Bucket=bucket, Key="incoming/employees/a b.csv", Body=b"x")
    command = [sys.executable, "-m", "local.pump", "--module", "small", "--state", str(tmp_path / "state")]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as running:
        lines = []
        for line in running.stdout:
            lines.append(json.loads(line))
            if lines[-1].get("message") == "function ended":
                running.terminate()
    assert {"uploaded": "incoming/employees/a b.csv"} in lines
    assert lines[-1]["message"] == "pump ends"
    assert running.returncode == 0
