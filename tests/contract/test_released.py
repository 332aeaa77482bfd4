"""Whoever relies on the contract that was given out can go on: what breaks it is named, and meant."""

from typing import Any

import pytest

from tests.contract.breaking import breaks
from tests.contract.release import released, today

MEANT = """
The contract breaks what was released:
{breaks}
If that is meant, say it in CHANGELOG.md and release the contract anew: python -m tests.contract.release
"""


def test_the_contract_keeps_what_was_released() -> None:
    found = breaks(released(), today())
    assert not found, MEANT.format(breaks="\n".join(f"- {one}" for one in found))


def test_the_release_has_the_routes_that_everybody_knows() -> None:
    paths = released()["paths"]
    assert {"/api/employees", "/api/schedules", "/api/attendances/mark", "/api/uploads"} <= paths.keys()
    assert paths["/api/employees"]["post"]["x-roles"] == ["admin", "hr"]


def contract(**changes: Any) -> dict[str, Any]:
    """A small document of one operation with everything that can be compared, but for what is changed."""
    thing = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 20},
            "colour": {"anyOf": [{"enum": ["red", "blue"]}, {"type": "null"}]},
            "parts": {"type": "array", "items": {"$ref": "#/components/schemas/Part"}},
            "sizes": {"type": "object", "additionalProperties": {"type": "integer"}},
        },
        "required": ["name"],
    }
    part = {"type": "object", "properties": {"made": {"type": "string", "format": "date"}}, "required": ["made"]}
    tier = {"name": "tier", "in": "query", "required": False, "schema": {"type": "integer", "minimum": 0}}
    order = {"name": "order", "in": "query", "required": False, "schema": {"enum": ["asc", "desc"]}}
    json = {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}
    given = {
        "thing": thing,
        "asked": thing,
        "part": part,
        "parameters": [tier, order],
        "body": {
            "required": False,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Asked"}}},
        },
        "roles": ["admin", "hr"],
        "responses": {"201": {"headers": {"X-Request-Id": {}}, "content": {**json, "text/csv": {}}}, "409": {}},
        **changes,
    }
    operation = {
        "x-roles": given["roles"],
        "security": [{"key": []}],
        "parameters": given["parameters"],
        "requestBody": given["body"],
        "responses": given["responses"],
    }
    schemas = {"Thing": given["thing"], "Asked": given["asked"], "Part": given["part"]}
    return {
        "paths": {"/api/things": {"post": {key: value for key, value in operation.items() if value is not None}}},
        "components": {"schemas": schemas},
    }


BASE = contract()
THING: dict[str, Any] = BASE["components"]["schemas"]["Thing"]
[TIER, ORDER] = BASE["paths"]["/api/things"]["post"]["parameters"]
BODY = BASE["paths"]["/api/things"]["post"]["requestBody"]
DONE = BASE["paths"]["/api/things"]["post"]["responses"]["201"]


def fields(**changes: Any) -> dict[str, Any]:
    """The thing with other fields; None takes one away."""
    merged = {**THING["properties"], **changes}
    return THING | {"properties": {name: one for name, one in merged.items() if one is not None}}


def tier(**changes: Any) -> dict[str, Any]:
    return {"parameters": [{**TIER, **changes}, ORDER]}


TEXT = {"type": "string"}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"parameters": [ORDER]}, "parameter tier is gone"),
        (tier(required=True), "parameter tier became required"),
        (tier(schema={"type": "boolean"}), "parameter tier takes no integer any more"),
        (tier(schema={"type": "integer", "minimum": 1}), "parameter tier has minimum 1, and had 0"),
        (tier(schema={"type": "integer", "minimum": 0, "maximum": 9}), "parameter tier has maximum 9, and had none"),
        ({"parameters": [TIER, {**ORDER, "schema": {"enum": ["asc"]}}]}, "parameter order takes no desc any more"),
        (
            {"parameters": [TIER, ORDER, {"name": "q", "in": "query", "required": True, "schema": TEXT}]},
            "parameter q is new and required",
        ),
        ({"body": None}, "the body is gone"),
        ({"body": {**BODY, "required": True}}, "the body became required"),
        (
            {"body": {"required": False, "content": {"text/plain": {"schema": {}}}}},
            "a body is no more accepted as application/json",
        ),
        ({"asked": THING | {"required": ["name", "parts"]}}, "field parts became required"),
        ({"asked": fields(weight=TEXT) | {"required": ["name", "weight"]}}, "field weight is new and required"),
        ({"asked": fields(parts=None)}, "field parts is gone"),
        ({"asked": fields(colour={"enum": ["red", "blue"]})}, "field colour takes no null any more"),
        (
            {"asked": fields(colour={"anyOf": [{"enum": ["red"]}, {"type": "null"}]})},
            "field colour takes no blue any more",
        ),
        ({"asked": fields(name={"type": "string", "maxLength": 10})}, "field name has maxLength 10, and had 20"),
        (
            {"asked": fields(name={"type": "string", "maxLength": 20, "pattern": "^a"})},
            "field name must have the pattern ^a, and had none",
        ),
        ({"asked": fields(parts={"type": "array", "items": TEXT})}, "field parts[] takes no object any more"),
        ({"asked": THING | {"additionalProperties": False}}, "the body takes no other fields any more"),
        (
            {"asked": fields(sizes={"type": "object", "additionalProperties": TEXT})},
            "field sizes.* takes no integer any more",
        ),
        ({"thing": fields(colour=None)}, "answer 201: field colour is gone"),
        ({"thing": THING | {"required": []}}, "answer 201: field name is not always there any more"),
        ({"thing": fields(name={"type": "integer"})}, "answer 201: name may be integer now, and was string"),
        (
            {"thing": fields(name={"anyOf": [TEXT, {"type": "null"}]})},
            "answer 201: name may be null now, and was string",
        ),
        ({"thing": fields(name={})}, "answer 201: name may be anything now, and was string"),
        (
            {"thing": fields(sizes={"type": "object", "additionalProperties": TEXT})},
            "answer 201: sizes.* may be string now, and was integer",
        ),
        (
            {"part": {"type": "object", "properties": {"made": TEXT}, "required": ["made"]}},
            "answer 201: parts[].made has no more the format date",
        ),
        (
            {"part": {"type": "object", "properties": {}}},
            "answer 201: field parts[].made is gone",
        ),
        ({"responses": {"201": DONE}}, "status 409 is gone"),
        ({"responses": {"200": DONE, "409": {}}}, "status 201 is gone"),
        ({"responses": {"201": {**DONE, "headers": {}}, "409": {}}}, "header X-Request-Id of the 201 is gone"),
        (
            {
                "responses": {
                    "201": {**DONE, "content": {"application/json": DONE["content"]["application/json"]}},
                    "409": {},
                }
            },
            "the 201 is no more answered as text/csv",
        ),
        ({"roles": ["admin"]}, "role hr lost access"),
    ],
)
def test_each_kind_of_break_is_named(change: dict[str, Any], named: str) -> None:
    assert f"POST /api/things: {named}" in breaks(BASE, contract(**change))


def test_an_operation_that_is_gone_is_named() -> None:
    empty = {"paths": {}, "components": {"schemas": {}}}
    assert breaks(BASE, empty) == ["POST /api/things: is gone"]


def test_a_route_that_was_everybodys_and_asks_for_an_identity_is_named() -> None:
    assert breaks(contract(roles=[]), BASE) == ["POST /api/things: is no more for anybody"]


def test_another_way_to_say_who_calls_is_no_break_and_one_less_is() -> None:
    more, other = contract(), contract()
    more["paths"]["/api/things"]["post"]["security"] = [{"key": []}, {"cookie": []}]
    other["paths"]["/api/things"]["post"]["security"] = [{"cookie": []}]
    assert breaks(BASE, more) == []
    assert breaks(BASE, other) == ["POST /api/things: key is no more a way to say who calls"]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"parameters": [TIER, ORDER, {"name": "q", "in": "query", "required": False, "schema": TEXT}]},
        tier(schema={"type": "number"}),
        tier(schema={}),
        {"parameters": [TIER, {**ORDER, "schema": {"enum": ["asc", "desc", "none"]}}]},
        {"parameters": [TIER, {**ORDER, "schema": TEXT}]},
        {"asked": fields(weight=TEXT)},
        {"asked": THING | {"required": []}},
        {"asked": fields(name={"type": "string", "maxLength": 30})},
        {"thing": fields(weight=TEXT)},
        {"thing": fields(colour={"enum": ["red"]})},
        {"thing": THING | {"required": ["name", "parts"]}},
        {"responses": {"201": DONE, "409": {}, "404": {}}},
        {"roles": ["admin", "hr", "planner"]},
        {"roles": []},
    ],
)
def test_what_is_added_breaks_nothing(change: dict[str, Any]) -> None:
    assert breaks(BASE, contract(**change)) == []


def test_a_shape_within_itself_is_compared_to_its_end() -> None:
    def tree(**leaf: Any) -> dict[str, Any]:
        below = {"type": "array", "items": {"$ref": "#/components/schemas/Part"}}
        return contract(part={"type": "object", "properties": {"below": below, **leaf}})

    found = ["field parts[].leaf is gone", "answer 201: field parts[].leaf is gone"]
    assert breaks(tree(leaf=TEXT), tree()) == [f"POST /api/things: {one}" for one in found]
