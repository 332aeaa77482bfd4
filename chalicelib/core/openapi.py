"""The OpenAPI 3.1 document, written from the declared routes, so that it cannot drift from what they check."""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

import msgspec

from chalicelib import __version__
from chalicelib.core import posted
from chalicelib.core.answers import JSON, Elsewhere, Problem
from chalicelib.core.exports import CONTENT_TYPES
from chalicelib.core.http import NAME, NOBODY, Declared
from chalicelib.core.repeats import HEADER, KEY

REFERENCE = "#/components/schemas/{name}"


def document(routes: Iterable[Declared]) -> dict[str, Any]:
    """The whole contract."""
    routes = list(routes)
    shapes = [shape for route in routes for shape in (route.answer, route.body) if shape is not None]
    always = [Problem, Elsewhere]
    schemas, components = msgspec.json.schema_components([*always, *shapes], ref_template=REFERENCE)
    given = iter(schemas[len(always) :])
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        answer = next(given) if route.answer is not None else None
        body = next(given) if route.body is not None else None
        paths.setdefault(f"/api{route.path}", {})[route.method.lower()] = _operation(route, answer, body)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "opsdb",
            "version": __version__,
            "description": "The operations database of a contact centre floor.",
        },
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key"}},
        },
    }


def _operation(route: Declared, answer: Any, body: Any) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.view.__name__,
        "summary": route.summary,
        "tags": [route.tag],
        "parameters": [*_variables(route), *_query(route), *_key(route)],
        "responses": {
            str(route.status): {
                "description": HTTPStatus(route.status).phrase,
                "content": _content(route, answer),
            },
            **({"303": _elsewhere()} if route.listed else {}),
            **{str(status): _problem(status) for status in _errors(route)},
        },
    }
    if route.roles is not NOBODY:
        operation["security"] = [{"api_key": []}]
        operation["description"] = f"Roles: {', '.join(sorted(route.roles))}."
    if body is not None:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": body}}}
    if route.instead is not None:
        operation["requestBody"] = {"required": True, "content": {posted.FORM: {"schema": posted.schema(route.beside)}}}
    return operation


def _content(route: Declared, answer: Any) -> dict[str, Any]:
    json = {} if answer is None else {JSON: {"schema": answer}}
    exports = CONTENT_TYPES.values() if route.listed else ()
    # Bytes have no schema: their media type says it all.
    return json | {content_type.partition(";")[0]: {} for content_type in (*route.files, *exports)}


def _elsewhere() -> dict[str, Any]:
    schema = {"$ref": REFERENCE.format(name=Elsewhere.__name__)}
    return {
        "description": "The file is too large for an answer: it can be fetched from where Location says",
        "headers": {"Location": {"schema": {"type": "string"}}},
        "content": {JSON: {"schema": schema}},
    }


def _errors(route: Declared) -> list[int]:
    """The refusals this route can answer with."""
    statuses = {400, 500, *route.errors}
    if route.roles is not NOBODY:
        statuses |= {401, 403, 503}
    if route.repeatable:
        statuses.add(409)
    if route.variables:
        statuses.add(404)
    if route.listed:
        statuses.add(413)
    if route.body is not None or route.instead is not None:
        statuses |= {413, 415}
    return sorted(statuses)


def _problem(status: int) -> dict[str, Any]:
    schema = {"$ref": REFERENCE.format(name="Problem")}
    return {"description": HTTPStatus(status).phrase, "content": {JSON: {"schema": schema}}}


def _variables(route: Declared) -> list[dict[str, Any]]:
    number, text = {"type": "integer", "minimum": 1}, {"type": "string", "pattern": f"^{NAME.pattern}$"}
    return [
        {"name": name, "in": "path", "required": True, "schema": text if route.is_text(name) else number}
        for name in route.variables
    ]


def _query(route: Declared) -> list[dict[str, Any]]:
    return [
        {
            "name": field.encode_name,
            "in": "query",
            "required": field.required,
            "schema": _without_null(msgspec.json.schema(field.type)),
        }
        for field in msgspec.structs.fields(route.query)
    ]


def _key(route: Declared) -> list[dict[str, Any]]:
    if not route.repeatable:
        return []
    said = "The same request under the same key within 24 hours changes nothing and is answered as the first was."
    schema = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": f"^{KEY.pattern}$"}
    return [{"name": HEADER, "in": "header", "required": False, "description": said, "schema": schema}]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A query parameter is absent, never null."""
    options = [option for option in schema.get("anyOf", []) if option != {"type": "null"}]
    return options[0] if len(options) == 1 else schema
