"""A package reads of the routes only what is asked for, and answers as if it had read everything."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from chalice.app import Chalice
from chalice.test import Client

import app as whole
from chalicelib import entrance
from chalicelib.routes import ALL
from tests.conftest import Site

LOADED = """
import json, sys
from chalicelib import entrance
entrance.INDEX = sys.argv[1]
import app
from chalice.test import Client

def read():
    names = [one for one, module in sys.modules.items() if type(module).__name__ == "module"]
    return sorted({one.split(".")[1] for one in names if one.startswith("chalicelib.") and one.count(".") > 1})

before = read()
with Client(app.app, stage_name="test") as client:
    status = [client.http.get(f"/api{path}").status_code for path in sys.argv[2:]]
print(json.dumps([before, read(), status]))
"""


@pytest.fixture
def index(tmp_path: Path) -> Path:
    file = tmp_path / "routes.json"
    file.write_bytes(entrance.index())
    return file


def registered(app: Chalice) -> set[tuple[str, str, str]]:
    return {(path, method, one.view_name) for path, methods in app.routes.items() for method, one in methods.items()}


def test_an_index_has_every_route_and_registers_it_as_its_feature_does(index: Path) -> None:
    indexed = Chalice(app_name="opsdb")
    entrance.enter(indexed, indexed=index)
    assert registered(indexed) == registered(whole.app)
    declared = sum(len(feature.declared) for feature in ALL)
    assert len(registered(indexed)) == declared + 1  # The way to the console is declared by nobody.
    for path, methods in indexed.routes.items():
        for method, one in methods.items():
            assert one.content_types == whole.app.routes[path][method].content_types


def test_whoever_asks_for_nothing_gets_the_console(site: Site) -> None:
    with Client(whole.app, stage_name="test") as client:
        answer = client.http.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (303, "api/console")


def test_every_feature_keeps_its_routes_under_one_name() -> None:
    for feature in ALL:
        assert sys.modules[feature.import_name].routes is feature


def test_with_an_index_requests_are_answered_as_without(site: Site, index: Path) -> None:
    indexed = Chalice(app_name="opsdb")
    entrance.enter(indexed, indexed=index)
    for path in ("/api/health", "/api/employees", "/api/employees/41", "/api/openapi.json", "/api/docs/no.js"):
        answers = []
        for one in (whole.app, indexed):
            with Client(one, stage_name="test") as client:
                answer = client.http.get(path)
            body = {} if not answer.body else json.loads(answer.body)
            answers.append((answer.status_code, {**body, "request_id": None}))
        assert answers[0] == answers[1]


def test_what_nobody_asks_for_is_not_read(index: Path) -> None:
    done = subprocess.run([sys.executable, "-c", LOADED, index, "/health"], capture_output=True, text=True, check=True)
    before, after, status = json.loads(done.stdout.splitlines()[-1])
    assert before == ["core"], "starting reads no feature at all"
    assert status == [200]
    assert after == ["admin", "core", "migrations"]


def test_no_request_of_the_api_reads_the_console(index: Path) -> None:
    asked = [feature for feature in ALL if not feature.import_name.startswith("chalicelib.console.")]
    assert len(ALL) - len(asked) == 2
    paths = [
        one.path
        for feature in asked
        for one in feature.declared
        if one.method == "GET" and "{" not in one.path and one.path != "/openapi.json"
    ]
    done = subprocess.run([sys.executable, "-c", LOADED, index, *paths], capture_output=True, text=True, check=True)
    _, after, _ = json.loads(done.stdout.splitlines()[-1])
    assert {"floor", "imports", "people", "reports"} <= set(after)
    assert "console" not in after
