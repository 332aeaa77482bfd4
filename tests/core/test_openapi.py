"""The contract: whole, valid, and kept by the answers of the API."""

import json
import re
from collections.abc import Iterator
from datetime import date
from functools import cache
from inspect import getdoc
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from app import app
from chalicelib import __version__
from chalicelib.core.answers import JSON
from chalicelib.core.examples import vocabulary
from chalicelib.core.http import NOBODY, Declared
from chalicelib.core.openapi import SECURITY, document
from chalicelib.core.repeats import HEADER
from chalicelib.people import deputies
from chalicelib.routes import ALL
from tests import make
from tests.api import Answer, Api
from tests.conftest import Site
from tests.core.shapes import KEYWORDS, mismatches, resolved, schemas_in

METHODS = {"get", "put", "post", "delete"}
DECLARED = [route for feature in ALL for route in feature.declared]
DOCUMENT = document(DECLARED)


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def routes() -> set[tuple[str, str]]:
    """Every path and method that the deployed handler answers, but for the way from nowhere to the console."""
    return {(path, method) for path, methods in app.routes.items() for method in methods if path != "/"}


def operation_of(route: Declared) -> dict[str, Any]:
    operation: dict[str, Any] = DOCUMENT["paths"][f"/api{route.path}"][route.method.lower()]
    return operation


def test_the_document_is_an_openapi_document() -> None:
    assert re.fullmatch(r"3\.1\.\d+", DOCUMENT["openapi"])
    assert DOCUMENT["info"].keys() >= {"title", "version"}
    assert DOCUMENT["info"]["version"] == __version__
    assert DOCUMENT["info"]["license"]["identifier"] == "Apache-2.0"
    assert [one["url"] for one in DOCUMENT["servers"]] == [".."]
    assert DOCUMENT.keys() <= {"openapi", "info", "servers", "paths", "components", "security", "tags"}
    names = []
    for path, method, operation in operations():
        assert path.startswith("/api/")
        assert method in METHODS
        assert operation["responses"]
        for status, response in operation["responses"].items():
            assert re.fullmatch(r"[1-5]\d\d", status)
            assert response["description"]
        pairs = [(parameter["name"], parameter["in"]) for parameter in operation["parameters"]]
        assert len(pairs) == len(set(pairs))
        in_path = {name for name, place in pairs if place == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path))
        assert all(parameter["required"] for parameter in operation["parameters"] if parameter["in"] == "path")
        assert ("requestBody" in operation) <= (method in {"put", "post"})
        for requirement in operation.get("security", []):
            assert requirement.keys() <= DOCUMENT["components"]["securitySchemes"].keys()
        names.append(operation["operationId"])
    assert len(names) == len(set(names)) > 10


def test_the_document_is_what_the_openapi_initiative_calls_one() -> None:
    from schemathesis.specs.openapi.definitions import OPENAPI_31

    found = jsonschema_rs.Draft202012Validator(OPENAPI_31).iter_errors(DOCUMENT)
    assert [(one.instance_path, one.message[:200]) for one in found] == []


def test_every_schema_uses_words_that_json_schema_has_and_refers_to_what_is_there() -> None:
    found = schemas_in(DOCUMENT)
    assert len(found) > 100
    for schema in found:
        assert schema.keys() <= KEYWORDS
        if "$ref" in schema:
            assert resolved(schema["$ref"], DOCUMENT)
        if "pattern" in schema:
            assert re.compile(schema["pattern"])
            assert "\\Z" not in schema["pattern"]


def test_no_two_shapes_have_one_name() -> None:
    """Those that do are told apart by the modules they come from, which is nobody's business outside."""
    assert [name for name in DOCUMENT["components"]["schemas"] if not re.fullmatch(r"\w+", name)] == []


def test_every_route_is_in_the_contract_and_nothing_else() -> None:
    described = {(path, method.upper()) for path, method, _ in operations()}
    assert described == routes()
    assert described == {(f"/api{route.path}", route.method) for route in DECLARED}


@pytest.mark.parametrize("route", DECLARED, ids=lambda route: f"{route.method} {route.path}")
def test_every_parameter_role_and_refusal_of_a_route_is_described(route: Declared) -> None:
    operation = operation_of(route)
    described = {parameter["name"]: parameter for parameter in operation["parameters"]}
    key = {HEADER} if route.repeatable else set()
    assert described.keys() == {*route.query.__struct_encode_fields__, *route.variables, *key}
    for parameter in described.values():
        assert "anyOf" not in parameter["schema"], "a query parameter is absent, never null"
    statuses = operation["responses"].keys()
    assert {str(route.status), "400", "500"} <= statuses
    assert route.view.__doc__
    assert operation["summary"] == route.view.__doc__.splitlines()[0]
    assert operation["x-roles"] == sorted(route.roles)
    assert operation["description"].startswith(getdoc(route.view) or "")
    if route.roles is NOBODY:
        assert "security" not in operation
    else:
        assert {"401", "403", "503"} <= statuses
        assert all(role in operation["description"] for role in route.roles)
        assert [[*one] for one in operation["security"]] == [[scheme] for scheme in SECURITY]
    assert (route.body is None and route.instead is None) == ("requestBody" not in operation)


@pytest.mark.parametrize("route", DECLARED, ids=lambda route: f"{route.method} {route.path}")
def test_everything_of_a_route_has_words_and_an_example_that_fits(route: Declared) -> None:
    operation = operation_of(route)
    for parameter in operation["parameters"]:
        assert parameter["description"], f"{parameter['name']}: say in core/vocabulary.toml what it is"
        fits(parameter["example"], parameter["schema"])
    bodies = [operation["requestBody"]] if "requestBody" in operation else []
    for one in [*bodies, *operation["responses"].values()]:
        assert one["description"].strip(".")
        for kind, media in one["content"].items():
            # A file has no schema, and so nothing that an example could fit.
            assert "example" in media or "schema" not in media
            if kind == JSON:
                fits(media["example"], media["schema"])


@cache
def validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    """Of a schema as JSON; what one costs is reading all that it may refer to."""
    beside = {"components": {"schemas": DOCUMENT["components"]["schemas"]}} if "$ref" in schema else {}
    return jsonschema_rs.Draft202012Validator(json.loads(schema) | beside)


def fits(value: Any, schema: dict[str, Any]) -> None:
    assert [one.message for one in validator(json.dumps(schema)).iter_errors(value)] == []
    # Ours knows the formats, and that a field which is not in the contract is none.
    assert mismatches(value, schema, DOCUMENT) == []


@pytest.mark.parametrize("route", DECLARED, ids=lambda route: f"{route.method} {route.path}")
def test_every_answer_of_a_route_names_its_headers(route: Declared) -> None:
    for status, response in operation_of(route)["responses"].items():
        more = {"303": {"Location"}, "429": {"Retry-After"}, "503": {"Retry-After"}}
        assert response["headers"].keys() == {"X-Request-Id", *more.get(status, ())}
        for header in response["headers"].values():
            assert resolved(header["$ref"], DOCUMENT)["description"]


def test_every_answer_carries_the_id_of_its_request(api: Api) -> None:
    answers = [
        api.get("/employees"),
        api.get("/employees", format="csv"),
        api.get("/docs"),
        api.get("/employees/77"),
        api.get("/employees", colour="red"),
        api.call("PATCH", "/employees"),
        Api(None).get("/employees"),
        api.post("/rewards/reasons", {"reason": "Kind words", "points": 5}, **{HEADER: "once"}),
        api.post("/rewards/reasons", {"reason": "Kind words", "points": 5}, **{HEADER: "once"}),
    ]
    assert [one.status for one in answers] == [200, 200, 200, 404, 400, 405, 401, 201, 201]
    ids = [one.headers["X-Request-Id"] for one in answers]
    assert len(set(ids)) == len(ids)
    assert [one.body["request_id"] for one in answers[3:7]] == ids[3:7]


def test_refusals_say_what_they_mean_here() -> None:
    responses = DOCUMENT["paths"]["/api/rewards/redemptions"]["post"]["responses"]
    assert responses["409"]["description"].startswith("The balance does not cover it")
    assert responses["400"]["content"]["application/json"]["example"]["errors"][0].startswith(
        "employee_id: is required"
    )
    assert "duty_lead" in responses["403"]["description"]
    missing = DOCUMENT["paths"]["/api/employees/{employee_id}"]["get"]["responses"]["404"]
    assert "employee_id" in missing["description"]


def test_every_tag_is_described() -> None:
    used = {tag for _, _, operation in operations() for tag in operation["tags"]}
    assert {one["name"] for one in DOCUMENT["tags"]} == used == vocabulary().tags.keys()
    assert all(one["description"] for one in DOCUMENT["tags"])


def test_the_vocabulary_has_no_words_that_nobody_uses() -> None:
    known, schemas = vocabulary(), DOCUMENT["components"]["schemas"]
    ids = {operation["operationId"]: operation for _, _, operation in operations()}
    fields = {place: set(shape.get("properties", ())) for place, shape in schemas.items()}
    fields |= {name: {one["name"] for one in operation["parameters"]} | {"answer"} for name, operation in ids.items()}
    every = set().union(*fields.values())
    bases = {name.removesuffix(ending) for name in every for ending in ("_min", "_max")}
    unused = [name for name in known.words if "." not in name and name not in every | bases]
    unused += [one for one in known.words if "." in one and one.split(".")[1] not in fields.get(one.split(".")[0], ())]
    unused += [f"only {place}" for place, names in known.only.items() if not names <= fields.get(place, {""})]
    unused += [f"nulls {name}" for name in known.nulls if name not in every]
    unused += [
        one for one in known.refused if one.split(".")[1] not in ids.get(one.split(".")[0], {}).get("responses", ())
    ]
    assert unused == []


def test_a_path_variable_is_a_whole_segment_and_has_one_name_per_position() -> None:
    names: dict[str, str] = {}
    for path, _ in routes():
        position = ""
        for segment in path.strip("/").split("/"):
            assert re.fullmatch(r"[a-z0-9_.-]+|{[a-z_]+}", segment), path
            if segment.startswith("{"):
                assert names.setdefault(position, segment) == segment, path
                segment = "{}"
            position += f"/{segment}"
    assert names["/api/employees"] == "{employee_id}"


def test_the_document_is_served_to_anybody(site: Site) -> None:
    answer = Api(None).get("/openapi.json")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.body == json.loads(msgspec.json.encode(DOCUMENT))


def test_every_example_of_a_body_is_understood(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends an example as it stands may be told that there is no such thing, or that it is taken: not that it
    makes no sense."""
    # Nobody is named a deputy for days that are over.
    monkeypatch.setattr(deputies, "today", lambda: date(2026, 10, 5))
    known = vocabulary().words
    with make.written() as conn:
        make.options(conn, "department", known["department"].example)
        make.options(conn, "role", known["role"].example)
        for name in ("lead_id", "employee_id", "replacement_id"):
            make.employee(conn, employee_id=known[name].example)
    wrong = []
    for path, method, operation in operations():
        content = operation.get("requestBody", {}).get("content", {})
        if JSON not in content:
            continue
        values = {one["name"]: one["example"] for one in operation["parameters"] if one["in"] == "path"}
        answer = api.call(method.upper(), path.removeprefix("/api").format(**values), body=content[JSON]["example"])
        if answer.status == 400:
            wrong.append((method, path, answer.errors))
    assert wrong == []


def keeps_the_contract(answer: Answer, method: str, path: str) -> Any:
    """The answer's body, once it is as the contract says for its status."""
    response = DOCUMENT["paths"][path][method]["responses"][str(answer.status)]
    schema = response["content"]["application/json"]["schema"]
    assert mismatches(answer.body, schema, DOCUMENT) == []
    return answer.body


def test_answers_are_as_the_contract_says(api: Api) -> None:
    one, many = "/api/employees/{employee_id}", "/api/employees"
    full = {
        "employee_id": 41,
        "first_name": "Ada",
        "last_name": "Lovelace",
        "company_email": "ada@opsdb.example",
        "tier": 2,
        "shift": "Night",
        "hire_date": "2025-01-06",
        "phase_1_date": "2025-02-01",
    }
    assert keeps_the_contract(api.post("/employees", full), "post", many)["tier"] == 2
    keeps_the_contract(api.post("/employees", {"employee_id": 42, "first_name": "Bo", "last_name": "Li"}), "post", many)
    assert keeps_the_contract(api.get("/employees"), "get", many)["total"] == 2
    keeps_the_contract(api.get("/employees/41"), "get", one)
    keeps_the_contract(api.put("/employees/41", {"batch": "2026-01"}), "put", one)
    shift = {"employee_id": 41, "nominal_date": "2026-10-05", "work_code": "NIGHT"}
    times = {"start_time": "22:00", "stop_time": "06:00"}
    keeps_the_contract(api.post("/schedules", {**shift, **times}), "post", "/api/schedules")
    keeps_the_contract(api.post("/schedules", {**shift, **times}), "post", "/api/schedules")
    with make.written() as conn:
        make.shift(conn, 42, date(2026, 10, 5), None, None)
    assert keeps_the_contract(api.get("/schedules"), "get", "/api/schedules")["total"] == 2
    keeps_the_contract(api.get("/schedules", limit=0), "get", "/api/schedules")
    keeps_the_contract(api.delete("/employees/41"), "delete", one)
    keeps_the_contract(api.post("/employees/41/restore"), "post", f"{one}/restore")
    keeps_the_contract(api.get("/employees/77"), "get", one)
    keeps_the_contract(api.get("/uploads"), "get", "/api/uploads")
    keeps_the_contract(api.get("/health"), "get", "/api/health")
    keeps_the_contract(api.get("/health/ready"), "get", "/api/health/ready")


def test_the_checker_itself_finds_what_is_wrong() -> None:
    schema = {"$ref": "#/components/schemas/Employee"}
    found = mismatches({"employee_id": "41", "mood": "good"}, schema, DOCUMENT)
    assert "$.employee_id: is no integer: '41'" in found
    assert "$.mood: is not in the contract" in found
    assert "$.status: is missing" in found


FOR_CERTAIN_PEOPLE = {"/api/schedule_changes/verdict"}
"""What its parameters name must be on the floor."""


def test_every_filter_that_the_contract_names_is_understood(api: Api, subtests: pytest.Subtests) -> None:
    """With the example that stands beside it, no parameter is refused."""
    for path, method, operation in operations():
        if method == "get" and "{" not in path and path not in FOR_CERTAIN_PEOPLE:
            with subtests.test(path):
                are_understood(api, path, operation["parameters"])


def are_understood(api: Api, path: str, parameters: list[dict[str, Any]]) -> None:
    needed = {parameter["name"]: parameter["example"] for parameter in parameters if parameter["required"]}
    for parameter in parameters:
        value = parameter["example"]
        if isinstance(value, bool):
            value = str(value).lower()
        answer = api.get(path.removeprefix("/api"), **{**needed, parameter["name"]: value})
        assert answer.status == 200, (parameter, answer.body)
