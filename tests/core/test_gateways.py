"""Every route through the events of both gateways: the same answer, and never one that a gateway cannot carry."""

import base64
import gzip
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from app import app
from chalicelib.admin.db_user_queries import PREFIX
from chalicelib.core import auth, db, http
from chalicelib.core.openapi import document
from chalicelib.routes import ALL
from local.events import Context
from tests import make
from tests.conftest import Site, administer, copy_database, is_clean
from tests.core.shapes import resolved
from tests.deployed.documents import request, rest_request

Event = dict[str, Any]
DECLARED = {(f"/api{route.path}", route.method): route for feature in ALL for route in feature.declared}
DOCUMENT = document(DECLARED.values())
ROUTES = sorted((path, method) for path, methods in app.routes.items() for method in methods if path != "/")
MONDAY = date(2026, 10, 5)
BY_TYPE = {"integer": 1, "number": 1, "boolean": True, "string": "x"}
BY_NAME = {"month": "2026-09"}
BY_FORMAT = {"date": "2026-10-05", "partial-time": "08:00:00", "date-time": "2026-10-05T08:00:00Z"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def steady(self) -> str:
        """The content without what differs from one moment or request to the next."""
        varies = r"opsdb_\d+_\w{38}|SHjZ2[0-9a-f]+=|[0-9a-f]{48}\.ics|(?<=\"password\":\")[^\"]+|"
        varies += r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*(?:Z|\+00:00)|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
        return re.sub(varies, "...", self.content.decode(errors="replace"))


def answered(event: Event) -> Answer:
    """What the client gets for an event, once it was seen that a gateway can carry it."""
    event["headers"]["Accept-Encoding"] = "gzip, identity;q=0"
    answer = json.loads(json.dumps(app(event, Context("api_handler"))))
    headers = {name.lower(): value for name, value in answer["headers"].items()}
    assert all(isinstance(value, str) and value.isascii() and "\n" not in value for value in headers.values()), headers
    assert headers["content-type"]
    assert isinstance(answer["statusCode"], int)
    body = base64.b64decode(answer["body"]) if answer.get("isBase64Encoded") else answer["body"].encode()
    return Answer(answer["statusCode"], headers, gzip.decompress(body) if "content-encoding" in headers else body)


def example(schema: dict[str, Any]) -> Any:
    """A value that fits: of an object what is required, of what has choices the first."""
    if "$ref" in schema:
        return example(resolved(schema["$ref"], DOCUMENT))
    if "anyOf" in schema:
        return example(next(one for one in schema["anyOf"] if one != {"type": "null"}))
    if "enum" in schema:
        return schema["enum"][0]
    if schema["type"] == "array":
        return [example(schema["items"])]
    if schema["type"] == "object":
        return {name: example(schema["properties"][name]) for name in schema.get("required", ())}
    return BY_FORMAT.get(schema.get("format", "")) or BY_TYPE[schema["type"]]


def parts(path: str, method: str) -> dict[str, Any]:
    """What a request to a route is made of: its variables, what of its query is required, and its body."""
    operation = DOCUMENT["paths"][path][method.lower()]
    required = [one for one in operation["parameters"] if one["required"]]
    values = {(one["in"], one["name"]): example(one["schema"]) for one in required}
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return {
        "path": {name: BY_NAME.get(name, value) for (place, name), value in values.items() if place == "path"},
        "query": {name: [str(value)] for (place, name), value in values.items() if place == "query"},
        "body": example(body["schema"]) if body else None,
    }


def seeded() -> str:
    """One thing of each kind in a database that is as new; the key of an admin."""
    with make.written() as conn:
        make.employee(conn, employee_id=1, first_name="Zoë")
        make.shift(conn, 1, MONDAY)
        columns = "kind, filename, bucket, key, uploaded_by"
        conn.execute(text(f"INSERT INTO uploads ({columns}) VALUES ('schedules', 'ü.csv', 'b', 'k', 'test')"))
        conn.execute(text("INSERT INTO periods (month, closed_by) VALUES ('2026-09-01', 'test')"))
        return auth.create_key(conn, name="test", role="admin")[1]


def renewed(site: Site) -> None:
    """The site as no request has touched it, nor the roles of its server."""
    db.engine().dispose()
    administer(site.server, f"DROP ROLE IF EXISTS {PREFIX}x")
    administer(site.server, f"DROP DATABASE {site.database} WITH (FORCE)")
    copy_database(site.server, "migrated", site.database)
    if not is_clean(site.store, site.uploads):
        site.store.client().delete_bucket(Bucket=site.uploads)
        site.store.make_bucket(site.uploads)


def only_reads(path: str, method: str) -> bool:
    return method == "GET" and not path.endswith("/export")  # which tells of itself


def test_both_gateways_get_the_same_answer_to_what_only_reads(site: Site, subtests: pytest.Subtests) -> None:
    key = seeded()
    for path, method in ROUTES:
        if only_reads(path, method):
            with subtests.test(path):
                http_api, rest = (
                    answered(event(method, path, **parts(path, method), key=key)) for event in (request, rest_request)
                )
                are_the_same(http_api, rest)


@pytest.mark.proof
@pytest.mark.parametrize(("path", "method"), [one for one in ROUTES if not only_reads(*one)])
def test_both_gateways_get_the_same_answer_to_what_writes(path: str, method: str, site: Site) -> None:
    http_api = answered(request(method, path, **parts(path, method), key=seeded()))
    renewed(site)
    rest = answered(rest_request(method, path, **parts(path, method), key=seeded()))
    are_the_same(http_api, rest)


def are_the_same(http_api: Answer, rest: Answer) -> None:
    assert (http_api.status, http_api.steady) == (rest.status, rest.steady)
    assert http_api.headers.keys() - {"vary", "content-encoding"} == rest.headers.keys()
    assert http_api.headers["content-type"] == rest.headers["content-type"]
    assert http_api.status < 500, http_api.content


def test_both_gateways_get_every_list_as_a_file(site: Site, subtests: pytest.Subtests) -> None:
    key = seeded()
    for path in [path for (path, _), route in DECLARED.items() if route.listed]:
        with subtests.test(path):
            get_as_a_file(path, key)


def get_as_a_file(path: str, key: str) -> None:
    for kind, begins in (("csv", b"\xef\xbb\xbf"), ("xlsx", b"PK")):
        asked = parts(path, "GET")
        asked["query"]["format"] = [kind]
        http_api, rest = (answered(event("GET", path, **asked, key=key)) for event in (request, rest_request))
        assert http_api.status == rest.status == 200, http_api.content
        assert http_api.headers["content-disposition"] == rest.headers["content-disposition"]
        assert http_api.content.startswith(begins)
        # A workbook holds the moment in which it was made, compressed.
        apart = abs(len(http_api.content) - len(rest.content))
        assert http_api.content == rest.content or (kind == "xlsx" and apart < 10)


@pytest.mark.parametrize("event", [request, rest_request])
def test_every_route_is_refused_alike_without_a_key_or_with_nonsense(event: Callable[..., Event], site: Site) -> None:
    with make.written() as conn:
        key = auth.create_key(conn, name="test", role="admin")[1]
    for (path, method), route in DECLARED.items():
        nobody = answered(event(method, path, path=dict.fromkeys(route.variables, 1)))
        # A calendar's address is all the identity it needs, and 1 is nobody's; who signs in has to say who that is.
        assert nobody.status == (401 if route.roles else 404 if route.variables else 400 if route.body else 200), path
        query = {"nonsense": ["1"]}
        nonsense = answered(event(method, path, path=dict.fromkeys(route.variables, 1), query=query, body=[], key=key))
        # JSON where a file is wanted is refused for its type, before anything else is looked at.
        if route.instead is not None:
            assert nonsense.status == 415, path
            continue
        assert (nonsense.status, b"nonsense: is not known here" in nonsense.content) == (400, True), path


@pytest.mark.parametrize("event", [request, rest_request])
@pytest.mark.parametrize("encoded", [False, True])
def test_a_body_is_read_plain_and_encoded(event: Callable[..., Event], encoded: bool, site: Site) -> None:
    with make.written() as conn:
        key = auth.create_key(conn, name="test", role="admin")[1]
    body = {"employee_id": 7, "first_name": "Çağla", "last_name": "Şen + Öz"}
    made = answered(event("POST", "/api/employees", body=body, key=key, encoded=encoded))
    assert (made.status, json.loads(made.content)["full_name"]) == (201, "Çağla Şen + Öz")


@pytest.mark.parametrize("event", [request, rest_request])
@pytest.mark.parametrize("name", ["a b.csv", "Größe+1.csv", "50%25.csv", "a/b", "%", "%ff", "日本"])
def test_a_variable_arrives_as_it_was_meant(
    event: Callable[..., Event], name: str, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    monkeypatch.setattr(http, "_name", lambda _variable, text: seen.append(text) or text)
    with make.written() as conn:
        key = auth.create_key(conn, name="test", role="admin")[1]
    route = "/api/backups/{backup_id}/verify"
    assert answered(event("POST", route, path={"backup_id": name}, key=key)).status == 404
    assert seen == [name]


def test_a_variable_that_is_no_utf_8_names_nothing(site: Site) -> None:
    with make.written() as conn:
        key = auth.create_key(conn, name="test", role="admin")[1]
    event = rest_request("POST", "/api/backups/{backup_id}/verify", path={"backup_id": "x"}, key=key)
    for raw in ("%FF%FE", "%00", "a%2Fb", "%2e%2e%2f", "%"):
        event["pathParameters"] = {"backup_id": raw}
        assert answered(event).status == 404, raw


@pytest.mark.parametrize("event", [request, rest_request])
def test_the_headers_that_protect_are_on_every_answer(event: Callable[..., Event], site: Site) -> None:
    for method, path in (("GET", "/api/health"), ("GET", "/api/employees"), ("PATCH", "/api/employees")):
        answer = answered(event(method, path))
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-request-id"]
