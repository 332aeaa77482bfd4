"""The zip that is deployed: what is in it, and that its functions run from it alone."""

import json
import re
import sys
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.core import auth, db, storage
from chalicelib.core.clock import now
from chalicelib.migrations import steps
from local import events
from tests import make
from tests.conftest import PASSWORDS, Site, administer
from tests.deployed import documents, functions, runtime
from tests.deployed.conftest import Package
from tests.deployed.documents import request

MEGABYTE = 1_000_000
ZIP_LIMIT, UNZIPPED_LIMIT = 50 * MEGABYTE, 250 * MEGABYTE
"""What Lambda takes; the first where a zip is sent to it directly."""

MOST_RESIDENT = 450 * MEGABYTE
GLIBC = (2, 26) if sys.version_info < (3, 12) else (2, 34)
"""Of the Lambda runtime of this Python."""

Start = Callable[[str], runtime.Container]
Record = Callable[[str, object], None]


# What is in it


def test_the_package_holds_every_file_of_the_app_and_none_of_the_rest(package: Package) -> None:
    ours = {str(one.relative_to(package.source)) for one in package.source.glob("chalicelib/**/*") if one.is_file()}
    assert any(name.endswith(".sql") for name in ours)
    packed = package.contents.keys()
    assert {"app.py", *ours} <= packed
    assert {name for name in packed if name.startswith(("app", "chalicelib/"))} == {"app.py", *ours}
    first = {name.partition("/")[0] for name in packed}
    assert not first & {"tests", "local", "bench", "docs", "infra-cfn", "build", ".chalice", ".local", ".venv", ".git"}


def test_the_package_is_of_a_size_that_lambda_takes(package: Package, record_property: Record) -> None:
    size, unzipped = package.zip.stat().st_size, sum(one.file_size for one in package.contents.values())
    record_property("zip", f"{size / MEGABYTE:.1f} MB")
    record_property("unzipped", f"{unzipped / MEGABYTE:.1f} MB")
    assert size < ZIP_LIMIT
    assert unzipped < UNZIPPED_LIMIT


def test_every_library_runs_on_the_c_library_of_the_runtime(package: Package) -> None:
    needed = {}
    with zipfile.ZipFile(package.zip) as packed:
        for name in package.contents:
            if re.search(r"\.so(\.\d+)*$", name):
                found = re.findall(rb"GLIBC_(\d+)\.(\d+)", packed.read(name))
                needed[name] = max((int(major), int(minor)) for major, minor in found) if found else (0, 0)
    assert any(name.startswith("psycopg2/") for name in needed)
    assert {name: version for name, version in needed.items() if version > GLIBC} == {}


def test_no_wheel_was_built_on_this_machine(package: Package) -> None:
    tags = {}
    with zipfile.ZipFile(package.zip) as packed:
        for name in package.contents:
            if name.endswith(".dist-info/WHEEL"):
                tags[name.partition("/")[0]] = re.findall(r"^Tag: \S+-(\S+)$", packed.read(name).decode(), re.M)
    assert tags
    assert {name: found for name, found in tags.items() if any(tag.startswith("linux") for tag in found)} == {}


def test_no_marker_is_left_in_what_terraform_is_given(package: Package) -> None:
    assert not re.search(r"\$\{(network|data):", package.terraform)


def test_the_bucket_that_is_read_is_the_one_that_announces_its_objects(package: Package) -> None:
    [announcing] = json.loads(package.terraform)["resource"]["aws_s3_bucket_notification"].values()
    variables = package.functions["app.on_upload"]["environment"]["variables"]
    assert announcing["bucket"] == variables["OPSDB_UPLOADS_BUCKET"]
    assert [one["filter_prefix"] for one in announcing["lambda_function"]] == [storage.INCOMING]


# That it runs


def test_every_handler_of_the_app_is_deployed(package: Package) -> None:
    assert package.functions.keys() == functions.registered()


def test_nothing_but_the_package_can_be_imported(place: runtime.Place) -> None:
    for name in ("pytest", "openpyxl", "local", "tests"):
        assert f"No module named '{name}'" in place.ran(f"import {name}")
    assert place.ran("import sqlalchemy; print(sqlalchemy.__file__)").startswith(str(place.task_root))
    assert place.ran("import chalice; print(chalice.__file__)").startswith(str(place.task_root))


def test_the_code_is_read_only(place: runtime.Place) -> None:
    if place.ran("import os; print(os.getuid())").strip() == "0":
        pytest.skip("root may write anywhere, and becoming somebody else does not work here")
    for path in ("new", "chalicelib/new", "app.py"):
        assert "PermissionError" in place.ran(f"open({str(place.task_root / path)!r}, 'a')")


def rows(statement: str) -> list[Any]:
    with db.reading() as conn:
        return [tuple(row) for row in conn.execute(text(statement))]


def fits(container: runtime.Container) -> None:
    """It stayed within its memory, every line of its log is JSON, and none of them holds a secret."""
    assert 10 * MEGABYTE < container.peak < MOST_RESIDENT
    log = container.log.read_text()
    assert all(line.startswith('{"time"') for line in log.splitlines()), log
    assert "-password" not in log


def test_the_api_answers(start: Start, site: Site, record_property: Record) -> None:
    with make.written() as conn:
        _, key = auth.create_key(conn, name="test", role="admin")
        person = make.employee(conn)
    api = start("app.app")
    first = api(request("GET", "/api/employees", query={"employee_id": ["1", str(person)]}, key=key))
    record_property("first answer", f"{api.answered - api.began:.2f} s")
    assert (first.answer["statusCode"], first.body["total"]) == (200, 1)
    one = api(request("GET", "/api/employees/{employee_id}", path={"employee_id": person}, key=key))
    assert one.body["employee_id"] == person
    body = {"employee_id": 5, "first_name": "Zoë", "last_name": "New"}
    made = api(request("POST", "/api/employees", body=body, key=key, encoded=True))
    assert (made.answer["statusCode"], made.body["first_name"]) == (201, "Zoë")
    assert api(request("GET", "/api/employees", key="nobody's")).answer["statusCode"] == 401
    assert api(request("GET", "/api/health/ready")).body["status"] == "ok"
    assert api(request("GET", "/api/openapi.json")).body["openapi"].startswith("3.")
    fits(api)


def test_a_large_sheet_in_the_bucket_is_imported(start: Start, site: Site) -> None:
    people = 5_000
    sheet = make.workbook([make.employee_row() for _ in range(people)])
    event = documents.put(site.uploads, "incoming/employees/alle Leute.xlsx", sheet, **{"add-options": "true"})
    on_upload = start("app.on_upload")
    outcomes = [on_upload(one) for one in (documents.s3_test(site.uploads), event, event)]
    assert [one.error for one in outcomes] == [None] * 3
    assert rows("SELECT state, success_count, message FROM uploads") == [
        ("done", people, f"{people:,} rows were written.")
    ]
    assert rows("SELECT count(*) FROM employees") == [(people,)]
    fits(on_upload)


def test_the_schedules_run(start: Start, site: Site) -> None:
    for name in ("sweep_uploads", "nightly_backup", "restore_drill", "expire_backups"):
        function = start(f"app.{name}")
        assert function(events.scheduled(name, now(), region=documents.REGION)).error is None
        fits(function)
    stored = [one["Key"] for one in storage.s3().list_objects_v2(Bucket=site.backups)["Contents"]]
    assert sorted(key.rpartition(".")[2] for key in stored) == ["drill", "dump", "json", "verified"]


def test_an_empty_database_is_migrated(start: Start, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = f"{site.database}_empty"
    steps.bootstrap(site.server.admin_url, database=empty, passwords={})
    url = site.server.url("opsdb_owner", PASSWORDS["opsdb_owner"], empty)
    monkeypatch.setattr(functions, "environment", lambda site, handler: {"OPSDB_OWNER_DATABASE_URL": url})
    migrate = start("app.migrate")
    try:
        assert [migrate({}).answer for _ in range(2)] == [{"revision": steps.head()}] * 2
        fits(migrate)
    finally:
        administer(site.server, f"DROP DATABASE {empty} WITH (FORCE)")


def test_a_function_that_fails_says_so_and_takes_the_next_event(start: Start, site: Site) -> None:
    migrate = start("app.migrate")
    administer(site.server, f"ALTER DATABASE {site.database} ALLOW_CONNECTIONS false")
    failed = migrate({})
    administer(site.server, f"ALTER DATABASE {site.database} ALLOW_CONNECTIONS true")
    assert failed.error is not None
    assert "OperationalError" in failed.error
    assert PASSWORDS["opsdb_owner"] not in failed.error
    assert migrate({}).answer == {"revision": steps.head()}
