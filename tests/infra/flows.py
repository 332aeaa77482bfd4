"""What the functions do of which AWS hears, done for real: each handler by its event, in every way it ends."""

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import botocore.session
import msgspec
import pytest
from moto import mock_aws
from sqlalchemy import text

import app
from chalicelib.backups import manifest
from chalicelib.backups.dump import DumpFailed
from chalicelib.backups.manifest import Manifest
from chalicelib.backups.readback import Damaged
from chalicelib.core import auth, clock, continuation, db, exports, secrets
from chalicelib.core.continuation import Marker
from chalicelib.core.storage import DO, EARLIER, direct_key, dump_key, incoming_key, marker_key, s3
from chalicelib.imports import arrivals
from local import events
from local.processes import HOST
from tests import make
from tests.backups import stored
from tests.backups.place import Place
from tests.conftest import PASSWORDS, forget
from tests.deployed import documents
from tests.imports import earlier_files
from tests.infra.grants import BUCKETS, FUNCTIONS
from tests.infra.recording import Recorder

LATER = timedelta(days=2)
"""When what is left behind now is old."""

BREAKS_OFF = "head -c 20000000 /dev/urandom; exit 1"
"""A pg_dump that fails in the third part."""


@dataclass(frozen=True)
class Stage:
    """A deployment that signs in without passwords, as on RDS, and whose calls are recorded."""

    place: Place
    recorder: Recorder
    patch: pytest.MonkeyPatch

    def call(self, function: str, event: dict[str, Any], *, at: timedelta = timedelta(0)) -> Any:
        """What the handler answers that Lambda would call; `at` is how much later it happens."""
        handler = getattr(app, FUNCTIONS[function].handler.removeprefix("app."))
        self.patch.setattr(app, "now", lambda: clock.now() + at)
        with self.recorder.running(function):
            return handler(event, events.Context(function))

    def fire(self, function: str, *, at: timedelta = timedelta(0)) -> None:
        self.call(function, events.scheduled(function, clock.now(), region=documents.REGION), at=at)

    def marker(self, name: str, **facts: str) -> dict[str, Any]:
        """The event of a marker that asks for work."""
        asked = Marker(asked_by="test", at=clock.now(), facts=facts)
        return documents.put(BUCKETS["Uploads"], marker_key(name, str(uuid4())), msgspec.json.encode(asked))

    @contextmanager
    def breaking_off(self, folder: Path) -> Iterator[None]:
        """Dumps fail after some parts."""
        with pytest.MonkeyPatch.context() as patch:
            self.place.shim(folder, patch, pg_dump=BREAKS_OFF)
            yield

    def newest(self) -> Manifest:
        """The backup that was made last."""
        return manifest.latest(self.place.bucket)


@contextmanager
def stage(place: Place, patch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """The stage prod, by the names of its buckets, with the settings of this process pointing at it."""
    place.bucket = BUCKETS["Backups"]
    given = place.environment() | {"OPSDB_UPLOADS_BUCKET": BUCKETS["Uploads"], "OPSDB_DATABASE_HOST": HOST}
    given.pop("OPSDB_ADMIN_DATABASE_URL")
    given["AWS_ENDPOINT_URL_S3"] = given.pop("AWS_ENDPOINT_URL")
    for name, value in given.items():
        patch.setenv(name, re.sub(r":[^:/@]+@", "@", value))
    for bucket in BUCKETS.values():
        place.store.make_bucket(bucket)
    recorder = Recorder()
    recorder.install(patch)
    forget()
    try:
        yield Stage(place, recorder, patch)
    finally:
        db.engine().dispose()
        forget()
        for bucket in BUCKETS.values():
            place.client.delete_bucket(Bucket=bucket)


def all_of(stage: Stage, folder: Path) -> None:
    """In this order, so that whoever looks at backups finds one with every mark that there is."""
    migrating(stage)
    moving(stage, folder)
    uploads(stage)
    nightly(stage, folder)
    markers(stage, folder)
    stage.fire("restore_drill")
    with make.written() as conn:
        key = auth.create_key(conn, name="test", role="admin")[1]
    api(stage, key)
    exporting(stage, key)
    bringing(stage, key)
    sweeping(stage)
    expiring(stage)
    stage.fire("archive")
    stage.fire("end_employments")
    stage.fire("close_day")
    by_password(stage)


def migrating(stage: Stage) -> None:
    stage.call("migrate", {})


def moving(stage: Stage, folder: Path) -> None:
    """An earlier opsdb on trial, of which rows would stay behind."""
    file = earlier_files.made(folder / "opsdb.db").read_bytes()
    put = documents.put(BUCKETS["Uploads"], f"{EARLIER}opsdb.db", file, **{"dry-run": "true"})
    stage.call("on_upload", put)


def uploads(stage: Stage) -> None:
    """A sheet, and one that is gone when its event comes."""
    bucket = BUCKETS["Uploads"]
    sheet = make.workbook([make.employee_row()])
    stage.call("on_upload", documents.put(bucket, incoming_key("employees", "new.xlsx"), sheet))
    gone = documents.put(bucket, incoming_key("employees", "gone.xlsx"), sheet)
    described = gone["Records"][0]["s3"]["object"]
    s3().delete_object(Bucket=bucket, Key=described["key"], VersionId=described["versionId"])
    stage.call("on_upload", gone)


def sweeping(stage: Stage) -> None:
    """A sheet, an earlier opsdb and a marker whose events were lost, and a file by hand whose run was cut off."""
    bucket = BUCKETS["Uploads"]
    documents.put(bucket, f"{EARLIER}lost.db", b"no database")
    documents.put(bucket, incoming_key("employees", "lost.xlsx"), make.workbook([make.employee_row()]))
    continuation.ask("nothing", by="test", at=clock.now())
    event = documents.put(bucket, direct_key("employees", "1/cut.xlsx"), make.workbook([make.employee_row()]))
    described = event["Records"][0]["s3"]["object"]
    arrivals.register(
        bucket=bucket,
        key=described["key"],
        version_id=described["versionId"],
        uploaded_by="test",
        kind="employees",
    )
    stage.fire("sweep_uploads", at=LATER)


def nightly(stage: Stage, folder: Path) -> None:
    """A dump that breaks off after some parts, and one that does not."""
    with stage.breaking_off(folder / "nightly"), pytest.raises(DumpFailed):
        stage.fire("nightly_backup")
    stage.fire("nightly_backup")


def markers(stage: Stage, folder: Path) -> None:
    """A backup and a verification that are asked for, each as it ends well and badly; and what nobody understands."""
    asked = stage.marker("backup")
    with stage.breaking_off(folder / "asked"), pytest.raises(DumpFailed):
        stage.call("on_upload", asked)
    stage.call("on_upload", asked)
    stage.call("on_upload", asked)  # its marker is gone
    made = stage.newest()
    stage.call("on_upload", stage.marker("verify", backup_id=made.backup_id))
    s3().delete_object(Bucket=made.bucket, Key=made.key, VersionId=str(made.version_id))
    with pytest.raises(Damaged):
        stage.call("on_upload", stage.marker("verify", backup_id=made.backup_id))
    stage.call("on_upload", stage.marker("nonsense"))


def api(stage: Stage, key: str) -> None:
    """Every list, what is asked for of backups, and a second time what is not done yet."""
    chosen = {"backup_id": stage.newest().backup_id}
    asked = [(method, path) for path, by_method in app.app.routes.items() for method in by_method]
    wanted = [one for one in asked if one[0] == "GET" or one[1].startswith("/api/backups")]
    for method, path in sorted([*wanted, ("POST", "/api/backups")]):
        values = {name: chosen.get(name, "1") for name in re.findall(r"{(\w+)}", path)}
        answer = stage.call("api_handler", documents.request(method, path, path=values, key=key))
        assert answer["statusCode"] < 500, (method, path, answer)


def exporting(stage: Stage, key: str) -> None:
    """A list that is too long for an answer."""
    wanted = documents.request("GET", "/api/employees", query={"format": ["csv"]}, key=key)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exports, "LARGEST_ANSWER", 1)
        assert stage.call("api_handler", wanted)["statusCode"] == 303


def bringing(stage: Stage, key: str) -> None:
    """A sheet in a request's body, one with another beside it, a form, and one that failed, tried again elsewhere."""
    people = make.workbook([make.employee_row()])
    posted = stage.call("api_handler", _posting("/api/employees/batch", key, file=people))
    assert posted["statusCode"] == 200, posted
    with make.written() as conn:
        conn.execute(text("UPDATE uploads SET error_count = 1 WHERE key LIKE 'direct/%'"))
        upload_id = conn.execute(text("SELECT max(upload_id) FROM uploads WHERE key LIKE 'direct/%'")).scalar_one()
    errors = {"path": {"upload_id": upload_id}, "query": {"format": ["xlsx"]}, "key": key}
    given_back = stage.call("api_handler", documents.request("GET", "/api/uploads/{upload_id}/errors", **errors))
    assert given_back["statusCode"] == 303, given_back
    wanted = {"kind": "employees", "filename": "a.xlsx", "size": 10}
    assert (
        stage.call("api_handler", documents.request("POST", "/api/uploads", body=wanted, key=key))["statusCode"] == 201
    )
    plan = make.workbook([("nobody", "2027-03-01", None, None, "OFF")], headers=make.SCHEDULE_HEADERS)
    both = stage.call("api_handler", _posting("/api/schedules/batch", key, file=plan, employees=people))
    assert both["statusCode"] == 200, both
    with make.written() as conn:
        failed = conn.execute(text("UPDATE uploads SET state = 'failed' WHERE key LIKE 'direct/%' RETURNING upload_id"))
        upload_id = failed.scalars().first()
    again = documents.request("POST", "/api/uploads/{upload_id}/retry", path={"upload_id": upload_id}, key=key)
    assert stage.call("api_handler", again)["statusCode"] == 202
    asked = s3().list_objects_v2(Bucket=BUCKETS["Uploads"], Prefix=f"{DO}import/")["Contents"][0]
    record = {"s3": {"bucket": {"name": BUCKETS["Uploads"]}, "object": {"key": asked["Key"]}}}
    stage.call("on_upload", {"Records": [record]})


def _posting(path: str, key: str, **files: bytes) -> dict[str, Any]:
    """The request of a form with files."""
    edge = "a-boundary"
    parts = [
        f'--{edge}\r\nContent-Disposition: form-data; name="{name}"; filename="a.xlsx"\r\n\r\n'.encode() + content
        for name, content in files.items()
    ]
    event = documents.request("POST", path, key=key)
    event["headers"]["content-type"] = f"multipart/form-data; boundary={edge}"
    event["multiValueHeaders"] = {name: [value] for name, value in event["headers"].items()}
    body = b"\r\n".join([*parts, f"--{edge}--\r\n".encode()])
    return {**event, "body": base64.b64encode(body).decode(), "isBase64Encoded": True}


def expiring(stage: Stage) -> None:
    """Backups past their days, half a dump, and an upload that was never finished."""
    soon = clock.now() + LATER
    for ago in (0, 1, 2, 3, 60):
        stored.put(stage.place.bucket, "manual", soon - timedelta(days=ago, hours=1))
    half = dump_key("20261101T013000Z-daily-00aa")
    s3().put_object(Bucket=stage.place.bucket, Key=half, Body=b"half")
    s3().create_multipart_upload(Bucket=stage.place.bucket, Key=half)
    stage.fire("expire_backups", at=LATER)


def by_password(stage: Stage) -> None:
    """Signing in as the application with what a secret says, in the place of a token."""
    place = stage.place
    secret = {
        "username": "opsdb_app",
        "password": PASSWORDS["opsdb_app"],
        "host": HOST,
        "port": place.server.port,
        "dbname": place.database,
    }
    sheet = make.workbook([make.employee_row()])
    arrived = documents.put(BUCKETS["Uploads"], incoming_key("employees", "secret.xlsx"), sheet)
    with mock_aws(config={"core": {"mock_credentials": False}}), pytest.MonkeyPatch.context() as patch:
        keeper = botocore.session.get_session().create_client("secretsmanager")
        patch.setenv("DB_SECRET_ARN", keeper.create_secret(Name="opsdb", SecretString=json.dumps(secret))["ARN"])
        patch.delenv("DATABASE_URL")
        patch.setattr(secrets, "PROVED", {})  # the tests' server has no certificate
        forget()
        stage.call("api_handler", documents.request("GET", "/api/health/ready"))
        stage.call("on_upload", arrived)
        for function in ("sweep_uploads", "archive", "end_employments", "close_day"):
            stage.fire(function)
        db.engine().dispose()
    forget()
