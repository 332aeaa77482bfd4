"""Every handler of the deployed app, called as Lambda calls it."""

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from chalicelib.backups import listing, run
from chalicelib.backups.manifest import Manifest
from chalicelib.core import auth, continuation, db, storage
from chalicelib.core.clock import now
from chalicelib.imports import arrivals
from chalicelib.migrations import steps
from local import events
from tests import make
from tests.backups import stored
from tests.conftest import PASSWORDS, Site, administer
from tests.deployed import documents, functions
from tests.deployed.documents import request
from tests.deployed.invoke import Function

TRIED: set[str] = set()
KEY = "incoming/employees/Neue Leute (1) + größer.xlsx"


def tries(handler: str) -> pytest.MarkDecorator:
    """The test is about this handler, and gets it as `function`."""
    TRIED.add(handler)
    return pytest.mark.parametrize("function", [handler], indirect=True)


def rows(statement: str) -> list[Any]:
    with db.reading() as conn:
        return list(conn.execute(text(statement)))


@pytest.fixture
def key(site: Site) -> str:
    with make.written() as conn:
        return auth.create_key(conn, name="test", role="admin")[1]


def scheduled(name: str) -> dict[str, Any]:
    return events.scheduled(name, now(), region=documents.REGION)


def test_every_handler_that_is_deployed_is_tried_here() -> None:
    assert functions.registered() == TRIED
    assert functions.DATABASE.keys() == TRIED


# The API


@tries("app.app")
def test_a_list_understands_a_parameter_given_twice(function: Function, site: Site, key: str) -> None:
    with make.written() as conn:
        people = [make.employee(conn, department=name) for name in ("Sales", "Support", "Quality & Co")]
    query = {"department": ["Sales", "Quality & Co"], "sort": ["employee_id"], "limit": ["1"]}
    page, everybody = function.each(
        request("GET", "/api/employees", query=query, key=key), request("GET", "/api/employees", key=key)
    )
    assert page.answer["statusCode"] == 200
    assert not page.answer.get("isBase64Encoded")
    assert page.answer["headers"]["Content-Type"] == "application/json"
    assert (page.body["total"], [one["employee_id"] for one in page.body["data"]]) == (2, people[:1])
    assert everybody.body["total"] == 3


@tries("app.app")
def test_one_person_is_found_by_the_variable_of_the_path(function: Function, site: Site, key: str) -> None:
    with make.written() as conn:
        person = make.employee(conn, first_name="Zoë")
    route = "/api/employees/{employee_id}"
    found, missing = function.each(
        request("GET", route, path={"employee_id": person}, key=key),
        request("GET", route, path={"employee_id": 7}, key=key),
    )
    assert (found.answer["statusCode"], found.body["first_name"]) == (200, "Zoë")
    assert missing.answer["statusCode"] == 404


@tries("app.app")
def test_a_body_is_read_plain_and_base64_encoded(function: Function, site: Site, key: str) -> None:
    bodies = [{"employee_id": number, "first_name": "Zoë", "last_name": f"P{number}"} for number in (1, 2)]
    made = [
        function(request("POST", "/api/employees", body=body, key=key, encoded=encoded))
        for body, encoded in zip(bodies, (False, True), strict=True)
    ]
    assert [one.answer["statusCode"] for one in made] == [201, 201]
    assert [tuple(one) for one in rows("SELECT employee_id, first_name FROM employees ORDER BY 1")] == [
        (1, "Zoë"),
        (2, "Zoë"),
    ]


@tries("app.app")
def test_a_key_nobody_knows_is_refused_in_the_shape_of_every_error(function: Function, site: Site, key: str) -> None:
    event = request("GET", "/api/employees", key=auth.format_key(4711, "x" * 32))
    [unknown, none] = function.each(event, request("GET", "/api/employees"))
    assert (unknown.answer["statusCode"], none.answer["statusCode"]) == (401, 401)
    assert unknown.body.keys() == {"error", "errors", "request_id"}
    assert unknown.body["request_id"] == event["requestContext"]["requestId"]


@tries("app.app")
def test_a_cold_function_says_that_it_is_ready(function: Function, site: Site) -> None:
    alive, ready = function.each(request("GET", "/api/health"), request("GET", "/api/health/ready"))
    assert (alive.body["status"], ready.body["status"]) == ("ok", "ok"), ready.answer


@tries("app.app")
def test_every_route_of_the_app_is_reached_through_its_event(function: Function, site: Site) -> None:
    from app import app

    routes = [(method, path) for path, methods in app.routes.items() for method in methods]
    asked = [request(method, path, path=dict.fromkeys(_variables(path), 1)) for method, path in routes]
    statuses = {route: one.answer["statusCode"] for route, one in zip(routes, function.each(*asked), strict=True)}
    # A feed's address is its own key, and one that nobody knows is not found.
    assert statuses.pop(("GET", "/api/calendar/{file}")) == 404
    # Nor is a file of the page about the API, or of the console, that is none of its own.
    assert statuses.pop(("GET", "/api/docs/{file}")) == 404
    assert statuses.pop(("GET", "/api/console/{version}/{file}")) == 404
    assert statuses.pop(("GET", "/")) == 303
    assert statuses.pop(("POST", "/api/auth/login")) == 400
    assert statuses.pop(("POST", "/api/auth/token")) == 400
    assert set(statuses.values()) <= {200, 401}, statuses
    assert [path for (_, path), status in statuses.items() if status == 200] == [
        "/api/health",
        "/api/health/ready",
        "/api/openapi.json",
        "/api/docs",
        "/api/console",
        "/api/auth/ways",
    ]


def _variables(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


# Uploads


@tries("app.on_upload")
def test_a_sheet_in_the_bucket_becomes_rows_once_however_often_its_event_comes(function: Function, site: Site) -> None:
    sheet = make.workbook([make.employee_row() for _ in range(3)])
    event = documents.put(site.uploads, KEY, sheet, **{"add-options": "true"})
    assert event["Records"][0]["s3"]["object"]["key"].startswith("incoming/employees/Neue+Leute+%281%29+%2B+gr%C3%B6")
    assert [one.error for one in (*function.each(event, event), function(event))] == [None] * 3
    [upload] = rows("SELECT state, success_count, filename, message FROM uploads")
    assert (upload.state, upload.success_count) == ("done", 3), upload.message
    assert upload.filename == KEY.rpartition("/")[2]
    assert rows("SELECT count(*) FROM employees") == [(3,)]
    assert storage.s3().head_object(Bucket=site.uploads, Key=storage.result_key(KEY))["ContentLength"]


@tries("app.on_upload")
def test_events_that_bring_no_sheet_are_no_failures(function: Function, site: Site) -> None:
    vanished = documents.put(site.uploads, "incoming/employees/gone.csv", b"x")
    version = vanished["Records"][0]["s3"]["object"]["versionId"]
    storage.s3().delete_object(Bucket=site.uploads, Key="incoming/employees/gone.csv", VersionId=version)
    stray = documents.put(site.uploads, "incoming/readme.txt", b"x")
    outcomes = function.each(documents.s3_test(site.uploads), vanished, stray)
    assert [one.error for one in outcomes] == [None] * 3
    assert rows("SELECT count(*) FROM uploads") == [(0,)]


@tries("app.on_upload")
def test_a_bad_file_fails_its_upload_and_not_the_function(function: Function, site: Site) -> None:
    event = documents.put(site.uploads, "incoming/employees/photo.xlsx", b"\x89PNG\r\n")
    assert function(event).error is None
    assert [tuple(one) for one in rows("SELECT state, success_count FROM uploads")] == [("failed", 0)]


@tries("app.on_upload")
def test_a_database_that_is_away_fails_the_function_so_that_lambda_tries_again(function: Function, site: Site) -> None:
    event = documents.put(site.uploads, "incoming/employees/some.xlsx", make.workbook([make.employee_row()]))
    function.environment["DATABASE_URL"] = "postgresql://opsdb_app@127.0.0.1:9/opsdb"
    assert (function(event).error or "").startswith("OperationalError")


@tries("app.on_upload")
def test_a_marker_makes_the_backup_that_was_asked_for_over_the_api(function: Function, site: Site, key: str) -> None:
    marker = continuation.ask("backup", by="key:1", at=now())
    [stored] = storage.s3().list_object_versions(Bucket=site.uploads, Prefix=marker)["Versions"]
    version = events.Version(marker, stored["VersionId"], "0", stored["Size"], stored["LastModified"])
    event = events.object_created(site.uploads, version, region=documents.REGION, configuration="on_upload")
    assert [one.error for one in function.each(event, event)] == [None, None]
    [one] = listing.every(None)
    assert (one["tier"], one["state"], one["verified_at"] is not None) == ("manual", "good", True)
    assert not continuation.is_waiting("backup")
    assert rows("SELECT count(*) FROM uploads") == [(0,)]


@tries("app.sweep_uploads")
def test_the_sweep_runs_what_was_left_unfinished(function: Function, site: Site) -> None:
    documents.put(site.uploads, "incoming/employees/late.xlsx", make.workbook([make.employee_row()]))
    [stored] = storage.s3().list_object_versions(Bucket=site.uploads)["Versions"]
    arrivals.register(bucket=site.uploads, key=stored["Key"], version_id=stored["VersionId"], uploaded_by="s3:me")
    administer_site(site, "UPDATE uploads SET created_at = created_at - interval '1 hour'")
    assert function(scheduled("sweep_uploads")).error is None
    assert [tuple(one) for one in rows("SELECT state, rows_read FROM uploads")] == [("done_with_errors", 1)]


# Backups


@tries("app.nightly_backup")
def test_the_nightly_backup_is_a_dump_and_its_manifest(function: Function, site: Site) -> None:
    with make.written() as conn:
        make.employee(conn, hire_date=date(2025, 1, 6))
    assert function(scheduled("nightly_backup")).error is None
    stored = storage.s3().list_objects_v2(Bucket=site.backups)["Contents"]
    [dump, described, verified] = sorted(one["Key"] for one in stored)
    assert verified.endswith(".verified")
    body = storage.s3().get_object(Bucket=site.backups, Key=described)["Body"].read()
    manifest = msgspec.json.decode(body, type=Manifest)
    assert (manifest.key, manifest.tables["employees"]) == (dump, 1)
    assert storage.s3().get_object(Bucket=site.backups, Key=dump)["Body"].read(5) == b"PGDMP"


@tries("app.nightly_backup")
def test_a_backup_that_cannot_be_made_is_a_failed_invocation(function: Function, site: Site) -> None:
    function.environment["OPSDB_PG_BIN"] = "/nowhere"
    assert (function(scheduled("nightly_backup")).error or "").startswith("Unavailable")


@tries("app.restore_drill")
def test_the_drill_restores_the_newest_backup_and_says_so(function: Function, site: Site) -> None:
    made = run.backup(tier="daily", now=now())
    assert made
    assert function(scheduled("restore_drill")).error is None
    [one] = listing.every(None)
    assert (one["backup_id"], one["drill"]["outcome"]) == (made.backup_id, "passed")


@tries("app.restore_drill")
def test_a_drill_without_a_backup_is_a_failed_invocation(function: Function, site: Site) -> None:
    assert (function(scheduled("restore_drill")).error or "").startswith("NotFound")


@tries("app.expire_backups")
def test_what_is_obsolete_goes_by_itself(function: Function, site: Site) -> None:
    put_backups(site.backups)
    assert function(scheduled("expire_backups")).error is None
    assert storage.s3().list_objects_v2(Bucket=site.backups)["KeyCount"] == 2 * 30


@tries("app.expire_backups")
def test_an_expiry_without_its_database_deletes_nothing_and_fails(function: Function, site: Site) -> None:
    put_backups(site.backups)
    function.environment["OPSDB_BACKUP_DATABASE_URL"] = "postgresql://opsdb_backup@127.0.0.1:9/opsdb"
    assert (function(scheduled("expire_backups")).error or "").startswith("OperationalError")
    assert storage.s3().list_objects_v2(Bucket=site.backups)["KeyCount"] == 2 * 40


def put_backups(bucket: str) -> None:
    """What forty days of backups by hand left in the bucket."""
    for ago in range(40):
        stored.put(bucket, "manual", now() - timedelta(days=ago))


# People and the archive


@tries("app.archive")
def test_what_is_past_its_retention_moves_by_itself(function: Function, site: Site) -> None:
    with make.written() as conn:
        make.shift(conn, make.employee(conn), date(2020, 1, 6))
    assert function(scheduled("archive")).error is None
    assert rows("SELECT count(*) FROM schedules_history") == [(1,)]
    assert rows("SELECT count(*) FROM schedules") == [(0,)]


@tries("app.end_employments")
def test_whose_last_day_is_over_leaves_by_themselves(function: Function, site: Site) -> None:
    with make.written() as conn:
        make.employee(conn, attrition_date=now().date() - timedelta(days=3))
    assert function(scheduled("end_employments")).error is None
    assert rows("SELECT status FROM employees") == [("Inactive",)]


@tries("app.close_day")
def test_a_day_of_which_nobody_said_anything_closes_by_itself(function: Function, site: Site) -> None:
    with make.written() as conn:
        make.shift(conn, make.employee(conn), now().date() - timedelta(days=3))
    assert function(scheduled("close_day")).error is None
    assert rows("SELECT exception_type, exception_type_source FROM attendances") == [("Absent", "derived")]


# Migrations


@tries("app.migrate")
def test_migrating_brings_an_empty_database_to_this_release(function: Function, site: Site) -> None:
    empty = f"{site.database}_empty"
    steps.bootstrap(site.server.admin_url, database=empty, passwords={})
    url = site.server.url("opsdb_owner", PASSWORDS["opsdb_owner"], empty)
    try:
        function.environment["OPSDB_OWNER_DATABASE_URL"] = url
        done = function.each({}, {})
        assert [one.answer for one in done] == [{"revision": steps.head()}] * 2, done
    finally:
        administer(site.server, f"DROP DATABASE {empty} WITH (FORCE)")


def administer_site(site: Site, statement: str) -> None:
    """One statement as the owner of the site's tables."""
    engine = db.make_engine(site.url("opsdb_owner"))
    with engine.begin() as conn:
        conn.execute(text(statement))
    engine.dispose()
