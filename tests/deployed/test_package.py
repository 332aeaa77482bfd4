"""The zip that is deployed: what is in it, and that its functions run from it alone."""

import ast
import hashlib
import json
import os
import re
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from packaging.utils import canonicalize_name
from sqlalchemy import text

from chalicelib import entrance
from chalicelib.core import auth, db, storage
from chalicelib.core.clock import now
from chalicelib.migrations import steps
from local import events
from opsdb_deploy.package import contents
from tests import make
from tests.conftest import PASSWORDS, Site, administer
from tests.core.test_tokens import delivered, token
from tests.deployed import documents, functions, runtime
from tests.deployed.conftest import ROOT, Package, chalice_package, copy_clone, packaged
from tests.deployed.documents import request
from tests.test_structure import HEAVY

MEGABYTE = 1_000_000
ZIP_LIMIT, UNZIPPED_LIMIT = 30 * MEGABYTE, 100 * MEGABYTE
"""Well below what Lambda takes: 50 where a zip is sent to it directly, 250."""

MOST_RESIDENT = 450 * MEGABYTE

Start = Callable[[str], runtime.Container]
Record = Callable[[str, object], None]


# What is in it


def test_the_package_holds_every_file_of_the_app_and_none_of_the_rest(package: Package, clone: Path) -> None:
    ours = {str(one.relative_to(clone)) for one in clone.glob("chalicelib/**/*") if one.is_file()} | {"app.py"}
    ours = {name for name in ours if not name.endswith(".pyc")}
    assert any(name.endswith(".sql") for name in ours)
    sources = {name for name in package.contents if not name.endswith(".pyc")}
    assert {name for name in sources if name.startswith(("app", "chalicelib/"))} == {*ours, entrance.INDEX}
    first = {name.partition("/")[0] for name in package.contents}
    assert not first & {"tests", "local", "bench", "docs", "infra-cfn", "build", ".chalice", ".local", ".venv", ".git"}


def test_the_package_is_of_a_size_that_lambda_takes(package: Package, record_property: Record) -> None:
    size, unzipped = package.zip.stat().st_size, sum(one.file_size for one in package.contents.values())
    record_property("zip", f"{size / MEGABYTE:.1f} MB")
    record_property("unzipped", f"{unzipped / MEGABYTE:.1f} MB")
    assert (package.said["size"], package.said["unzipped"]) == (size, unzipped)
    assert size < ZIP_LIMIT
    assert unzipped < UNZIPPED_LIMIT


def test_the_command_says_what_it_made(package: Package) -> None:
    assert package.zip.name == "opsdb-3.11-x86_64.zip"
    assert package.said["sha256"] == hashlib.sha256(package.zip.read_bytes()).hexdigest()
    assert package.said["packages"]["chalice"]


def test_every_module_comes_compiled_and_nothing_else_does(package: Package) -> None:
    if not package.said["bytecode"]:
        pytest.skip("there is no Python 3.11 here to compile with")
    modules = {name for name in package.contents if name.endswith(".py")}
    compiled = {name for name in package.contents if "__pycache__" in name}
    assert compiled == {re.sub(r"([^/]+)\.py$", r"__pycache__/\1.cpython-311.pyc", name) for name in modules}
    unchecked_hash = (0b01).to_bytes(4, "little")
    assert {package.files[name][4:8] for name in compiled} == {unchecked_hash}


def test_everybody_may_read_every_file_and_run_what_is_a_library(package: Package) -> None:
    modes = {name: one.external_attr >> 16 for name, one in package.contents.items()}
    libraries = {name for name in modes if re.search(r"\.so(\.[\d.a-z]+)?$", name)}
    assert any(name.startswith("psycopg2/") for name in libraries)
    assert {name for name, mode in modes.items() if mode == 0o100755} == libraries
    assert {mode for name, mode in modes.items() if name not in libraries} == {0o100644}


def test_nothing_is_there_twice_or_for_nothing(package: Package) -> None:
    with zipfile.ZipFile(package.zip) as packed:
        names = packed.namelist()
    assert names == sorted(set(names))
    useless = r"(^|/)(tests?|testing|examples)/|\.(pyi|pyx|pxd|c|h|rst|so\.debug)$|/(RECORD|INSTALLER|WHEEL)$"
    assert [name for name in names if re.search(useless, name) and "/licenses/" not in name] == []
    assert {name for name in names if name.startswith("chalice/") and name.endswith(".py")} == contents.RUNTIME
    tools = ("pip", "setuptools", "wheel", "inquirer", "click", "yaml", "pytest")
    assert not {name.partition("/")[0].removesuffix(".py") for name in names} & set(tools)
    # Licences are in several packages, and a zone has several names.
    large = {name for name, one in package.contents.items() if one.file_size > 10_000 and ".dist-info/" not in name}
    large -= {name for name in large if name.startswith("tzdata/")}
    assert len({hashlib.sha256(package.files[name]).digest() for name in large}) == len(large)


def test_every_package_brings_its_licence(package: Package) -> None:
    found = {re.match(r"([^/]+)-[^/-]+\.dist-info/(licenses/)?licen[cs]e", name, re.I) for name in package.contents}
    assert {canonicalize_name(one[1]) for one in found if one} == {*package.said["packages"]}


def test_data_of_just_those_services_is_there_that_the_code_calls(package: Package) -> None:
    called = set()
    for path in (ROOT / "chalicelib").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in {"client", "create_client", "resource"}:
                called |= {one.value for one in node.args[:1] if isinstance(one, ast.Constant)}
    assert called == {*contents.SERVICES}
    there = {name.split("/")[2] for name in package.contents if re.match("botocore/data/[^/]+/", name)}
    assert there == called


@pytest.mark.proof
def test_the_same_sources_give_the_same_zip_from_another_folder_with_other_modes(
    package: Package, clone: Path, tmp_path: Path
) -> None:
    other = tmp_path / "an other clone"
    copy_clone(clone, other)
    for one in [*(other / "chalicelib").rglob("*.py"), other / "app.py"]:
        one.chmod(0o700)
        os.utime(one, (1e9, 1e9))
    (other / "chalicelib" / "__pycache__").mkdir()
    (other / "chalicelib" / "__pycache__" / "old.cpython-311.pyc").write_bytes(b"x")
    before = os.umask(0o077)
    try:
        again = packaged(other, tmp_path / "into", PYTHONHASHSEED="7")
    finally:
        os.umask(before)
    assert again.said["sha256"] == package.said["sha256"]


@pytest.mark.proof
def test_chalice_itself_packages_every_handler_and_none_of_its_own_tools(
    package: Package, code: Path, tmp_path: Path
) -> None:
    if sys.version_info[:2] != (3, 11):
        pytest.skip("Chalice packages for the Python that it runs on, and these wheels are for 3.11")
    chalice_package(code, tmp_path)
    shutil.rmtree(code / ".chalice" / "deployments")
    terraform = (tmp_path / "chalice.tf.json").read_text()
    assert not re.search(r"\$\{(network|data):", terraform)
    resources = json.loads(terraform)["resource"]
    made = {one["handler"]: one for one in resources["aws_lambda_function"].values()}
    assert made.keys() == functions.registered()
    [announcing] = resources["aws_s3_bucket_notification"].values()
    assert announcing["bucket"] == made["app.on_upload"]["environment"]["variables"]["OPSDB_UPLOADS_BUCKET"]
    assert [one["filter_prefix"] for one in announcing["lambda_function"]] == [storage.INCOMING]
    with zipfile.ZipFile(tmp_path / "deployment.zip") as packed:
        first = {name.partition("/")[0] for name in packed.namelist()}
    assert {"app.py", "chalicelib", "chalice", "psycopg2", "sqlalchemy"} <= first
    assert not first & {"pip", "setuptools", "wheel", "inquirer"}


# That it runs


RUN = {
    "app.app",
    "app.on_upload",
    "app.sweep_uploads",
    "app.nightly_backup",
    "app.restore_drill",
    "app.expire_backups",
    "app.archive",
    "app.end_employments",
    "app.close_day",
    "app.migrate",
}


def test_every_handler_of_the_app_is_run_here() -> None:
    assert functions.registered() == RUN


def test_all_that_is_imported_late_is_there(package: Package, place: runtime.Place) -> None:
    late = sorted(HEAVY - {"mypy_boto3_s3"})  # for type checkers only
    every = (
        "import chalicelib, importlib, pkgutil\n"
        "found = [one.name for one in pkgutil.walk_packages(chalicelib.__path__, 'chalicelib.')]\n"
        f"for name in [*found, *{late}]:\n"
        "    if name != 'chalicelib.migrations.env': importlib.import_module(name)\n"
        "import aws_secretsmanager_caching, boto3\n"
        f"for name in {contents.SERVICES}: boto3.client(name, region_name='us-east-1')\n"
        "print(len(found), aws_secretsmanager_caching.SecretCache.__version__)"
    )
    count, version = place.ran(every).split()
    assert int(count) > 100
    assert version == package.said["packages"]["aws-secretsmanager-caching"]


def test_nothing_but_the_package_can_be_imported(place: runtime.Place) -> None:
    for name in ("pytest", "openpyxl", "local", "tests"):
        assert f"No module named '{name}'" in place.ran(f"import {name}")
    assert place.ran("import sqlalchemy; print(sqlalchemy.__file__)").startswith(str(place.task_root))
    assert place.ran("import chalice; print(chalice.__file__)").startswith(str(place.task_root))


def test_a_child_reads_sheets_of_the_older_kinds_from_the_package_alone(place: runtime.Place) -> None:
    sheets = [str(ROOT / "tests/imports/readers/data" / name) for name in ("libreoffice.xls", "libreoffice.ods")]
    said = place.ran(
        "import os, pathlib; from chalicelib.imports.readers import Limits, open_rows\n"
        "os.environ.clear(); limits = Limits(10**7, 10**8, 200, 10**6)\n"
        f"print([len(list(open_rows(pathlib.Path(sheet), limits))) for sheet in {sheets}])"
    )
    assert said.split() == ["[3,", "3]"]


def test_the_code_is_read_only(place: runtime.Place) -> None:
    if place.ran("import os; print(os.getuid())").strip() == "0":
        pytest.skip("root may write anywhere, and becoming somebody else does not work here")
    for path in ("new", "chalicelib/new", "app.py"):
        assert "PermissionError" in place.ran(f"open({str(place.task_root / path)!r}, 'a')")


def test_the_collector_waits_for_the_imports_and_no_longer(place: runtime.Place) -> None:
    said = place.ran("import chalicelib.core.start, gc; print(gc.isenabled()); import app; print(gc.isenabled())")
    assert said.split() == ["False", "True"]
    assert int(place.ran("import app, gc; print(gc.get_freeze_count())")) > 10_000


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


def test_a_token_of_the_user_pool_is_verified(start: Start, site: Site) -> None:
    delivered(site, "one")
    api = start("app.app")
    event = request("GET", "/api/auth/me")
    forged = token(aud="somebody else")
    answers = []
    for sent in (token(), forged):
        event["headers"]["authorization"] = f"Bearer {sent}"
        event["multiValueHeaders"]["authorization"] = [f"Bearer {sent}"]
        answers.append(api(event))
    assert [one.answer["statusCode"] for one in answers] == [200, 401]
    assert answers[0].body["role"] == "supervisor"
    assert forged not in api.log.read_text()
    fits(api)


def test_a_large_sheet_in_the_bucket_is_imported(start: Start, site: Site) -> None:
    people = 5_000
    sheet = make.workbook([make.employee_row() for _ in range(people)])
    event = documents.put(site.uploads, "incoming/employees/alle Leute.xlsx", sheet, **{"add-options": "true"})
    on_upload = start("app.on_upload")
    outcomes = [on_upload(one) for one in (documents.s3_test(site.uploads), event, event)]
    assert [one.error for one in outcomes] == [None] * 3
    message = f"New dropdown values are Department: Support; Role: Agent. {people:,} rows were written."
    assert rows("SELECT state, success_count, message FROM uploads") == [("done", people, message)]
    assert rows("SELECT count(*) FROM employees") == [(people,)]
    fits(on_upload)


def test_the_schedules_run(start: Start, site: Site) -> None:
    backups = ("nightly_backup", "restore_drill", "expire_backups")
    for name in ("sweep_uploads", *backups, "archive", "end_employments", "close_day"):
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
