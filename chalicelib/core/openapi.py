"""The OpenAPI 3.1 document, written from the declared routes, so that it cannot drift from what they check."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from inspect import getdoc
from typing import Any

import msgspec

from chalicelib import __version__
from chalicelib.core import posted, refusals, sessions
from chalicelib.core.answers import JSON, Elsewhere, Problem
from chalicelib.core.examples import described, example, vocabulary, with_words
from chalicelib.core.exports import CONTENT_TYPES
from chalicelib.core.http import NAME, NOBODY, Declared
from chalicelib.core.repeats import HEADER, KEY

REFERENCE = "#/components/schemas/{name}"

SECURITY: dict[str, dict[str, Any]] = {
    "api_key": {
        "type": "apiKey",
        "in": "header",
        "name": "X-API-Key",
        "description": "The key of a machine or a person: `opsdb_{id}_{secret}`.",
    },
    "token": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An ID token of the user pool, for people with tools of their own.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": sessions.COOKIE,
        "description": f"A console session, which signing in begins; its writes carry its token as {sessions.CSRF}.",
    },
}
"""Each way to say who calls; every route that needs an identity takes any one of them."""

ABOUT = """The operations database of a contact centre floor.

JSON in and out. Dates are `YYYY-MM-DD` and times `HH:MM[:SS]` on the site's clock, timestamps RFC 3339 in UTC.
Lists take `limit`, `offset`, `sort` and `order`, and are whole files with `format=csv` and `format=xlsx`.
An unknown parameter or field is refused by name; all problems of a request are told at once.
A POST with an `Idempotency-Key` may be sent again."""

_HEADERS: dict[str, dict[str, Any]] = {
    "X-Request-Id": {
        "description": "The request's id, as it is in refusals and in every line of the log.",
        "schema": {"type": "string"},
        "example": "5f0c9c1e-7b6a-4f6e-9d1b-0a4f6f0c9c1e",
    },
    "Location": {
        "description": "Where the file can be fetched, for a short time.",
        "schema": {"type": "string"},
        "example": "https://uploads.opsdb.example/exports/employees.xlsx?X-Amz-Expires=300",
    },
    "Retry-After": {
        "description": "Seconds after which trying again is right.",
        "schema": {"type": "string"},
        "example": "5",
    },
}


@dataclass(frozen=True)
class _Shapes:
    """The shapes of the document; each that stands in an operation stands there with an example."""

    components: Mapping[str, Any]

    def media(self, schema: Any, *, name: str, place: str) -> dict[str, Any]:
        return {"schema": schema, "example": example(schema, self.components, name=name, place=place)}

    def said(self, schema: Any) -> str:
        """What the shape says of itself."""
        name = schema.get("$ref", "").rpartition("/")[2]
        return " ".join(self.components.get(name, {}).get("description", "").split())


def document(routes: Iterable[Declared]) -> dict[str, Any]:
    """The whole contract."""
    routes = list(routes)
    wanted = [shape for route in routes for shape in (route.answer, route.body) if shape is not None]
    always = [Problem, Elsewhere]
    schemas, components = msgspec.json.schema_components([*always, *wanted], ref_template=REFERENCE)
    shapes, given = _Shapes(components), iter(schemas[len(always) :])
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        answer = next(given) if route.answer is not None else None
        body = next(given) if route.body is not None else None
        paths.setdefault(f"/api{route.path}", {})[route.method.lower()] = _operation(route, answer, body, shapes)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "opsdb",
            "version": __version__,
            "summary": "The operations database of contact centres",
            "description": ABOUT,
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        # Seen from the document itself, since a REST API has its stage before every path.
        "servers": [{"url": "..", "description": "Where this document is from"}],
        "tags": [
            {"name": tag, "description": vocabulary().tags.get(tag, "")}
            for tag in dict.fromkeys(route.tag for route in routes)
        ],
        "paths": paths,
        "components": {"schemas": with_words(components), "headers": _HEADERS, "securitySchemes": SECURITY},
    }


def _operation(route: Declared, answer: Any, body: Any, shapes: _Shapes) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.view.__name__,
        "summary": route.summary,
        "description": _told(route),
        "tags": [route.tag],
        "x-roles": sorted(route.roles),
        "parameters": [*_variables(route), *_query(route), *_key(route)],
        "responses": {
            str(route.status): _done(route, answer, shapes),
            **({"303": _elsewhere(shapes)} if route.listed else {}),
            **{str(status): _refusal(route, status) for status in refusals.statuses(route)},
        },
    }
    if route.roles is not NOBODY:
        operation["security"] = [{scheme: []} for scheme in SECURITY]
    if body is not None:
        content = {JSON: shapes.media(body, name="body", place=route.view.__name__)}
        operation["requestBody"] = {
            "required": True,
            "description": shapes.said(body) or route.summary,
            "content": content,
        }
    if route.instead is not None:
        content = {posted.FORM: {"schema": posted.schema(route.beside), "example": {posted.FIELD: "week-41.xlsx"}}}
        beside = f", and maybe another one beside it as `{route.beside}`" if route.beside else ""
        said = f"The sheet, as `{posted.FIELD}` of a form{beside}."
        operation["requestBody"] = {"required": True, "description": said, "content": content}
    return operation


def _told(route: Declared) -> str:
    """All that the view says of itself, and who may ask for it."""
    who = (
        f"Roles: {', '.join(sorted(route.roles))}." if route.roles is not NOBODY else "Anybody may ask, without a key."
    )
    return f"{getdoc(route.view) or route.summary}\n\n{who}"


def _done(route: Declared, answer: Any, shapes: _Shapes) -> dict[str, Any]:
    said = shapes.said(answer or {}) or f"{HTTPStatus(route.status).phrase}: {route.summary}"
    json = {} if answer is None else {JSON: shapes.media(answer, name="answer", place=route.view.__name__)}
    exports = CONTENT_TYPES.values() if route.listed else ()
    # Bytes have no schema: their media type says it all.
    files: dict[str, Any] = {one.partition(";")[0]: {} for one in (*route.files, *exports)}
    return {"description": said, "headers": _headers(), "content": json | files}


def _elsewhere(shapes: _Shapes) -> dict[str, Any]:
    schema = {"$ref": REFERENCE.format(name=Elsewhere.__name__)}
    return {
        "description": "The file is too large for an answer: it can be fetched from where Location says.",
        "headers": _headers("Location"),
        "content": {JSON: shapes.media(schema, name="answer", place="")},
    }


def _refusal(route: Declared, status: int) -> dict[str, Any]:
    schema = {"$ref": REFERENCE.format(name=Problem.__name__)}
    this = refusals.problem(route, status, _HEADERS["X-Request-Id"]["example"])
    return {
        "description": refusals.meaning(route, status),
        "headers": _headers(*(["Retry-After"] if status in refusals.LATER else [])),
        "content": {JSON: {"schema": schema, "example": msgspec.to_builtins(this)}},
    }


def _headers(*more: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-Id", *more)}


def _variables(route: Declared) -> list[dict[str, Any]]:
    number, text = {"type": "integer", "minimum": 1}, {"type": "string", "pattern": f"^{NAME.pattern}$"}
    return [_parameter(route, name, "path", True, text if route.is_text(name) else number) for name in route.variables]


def _query(route: Declared) -> list[dict[str, Any]]:
    return [
        _parameter(route, field.encode_name, "query", field.required, _without_null(msgspec.json.schema(field.type)))
        for field in msgspec.structs.fields(route.query)
    ]


def _key(route: Declared) -> list[dict[str, Any]]:
    if not route.repeatable:
        return []
    said = "The same request under the same key within 24 hours changes nothing and is answered as the first was."
    schema = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": f"^{KEY.pattern}$", "description": said}
    return [_parameter(route, HEADER, "header", False, schema)]


def _parameter(route: Declared, name: str, place: str, required: bool, schema: dict[str, Any]) -> dict[str, Any]:
    operation = route.view.__name__
    said = described(name, schema, place=operation)
    many = " May be given more than once: any of them will do." if schema.get("type") == "array" else ""
    return {
        "name": name,
        "in": place,
        "required": required,
        "description": said + many,
        "schema": {word: value for word, value in schema.items() if word != "description"},
        "example": example(schema, {}, name=name, place=operation),
    }


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A query parameter is absent, never null."""
    options = [option for option in schema.get("anyOf", []) if option != {"type": "null"}]
    return options[0] if len(options) == 1 else schema
