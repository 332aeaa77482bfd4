"""The part of JSON Schema that our contract uses, checked strictly: an unknown keyword is an error, never ignored."""

import re
from datetime import date, datetime, time
from typing import Any

KEYWORDS = {
    "$ref",
    "additionalProperties",
    "anyOf",
    "const",
    "default",
    "description",
    "enum",
    "format",
    "items",
    "maximum",
    "maxItems",
    "maxLength",
    "minimum",
    "minItems",
    "minLength",
    "pattern",
    "properties",
    "required",
    "title",
    "type",
    "uniqueItems",
}
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
FORMATS = {"date": date.fromisoformat, "date-time": datetime.fromisoformat, "partial-time": time.fromisoformat}


def schemas_in(node: Any) -> list[dict[str, Any]]:
    """Every schema in a document: what stands under `schema`, in `components` and inside those."""
    found: list[dict[str, Any]] = []
    if isinstance(node, dict):
        for key, value in node.items():
            if key in {"schema", "items", "additionalProperties"} and isinstance(value, dict):
                found.append(value)
            elif key in {"schemas", "properties"} and isinstance(value, dict):
                found += value.values()
            elif key == "anyOf":
                found += value
            found += schemas_in(value)
    elif isinstance(node, list):
        for value in node:
            found += schemas_in(value)
    return found


def mismatches(value: Any, schema: dict[str, Any], document: dict[str, Any], where: str = "$") -> list[str]:
    """What of `value` is not as `schema` says."""
    assert schema.keys() <= KEYWORDS, f"{where}: unknown keywords {schema.keys() - KEYWORDS}"
    if "$ref" in schema:
        return mismatches(value, resolved(schema["$ref"], document), document, where)
    if "anyOf" in schema:
        options = [mismatches(value, one, document, where) for one in schema["anyOf"]]
        return [] if any(not option for option in options) else [f"{where}: fits none of {len(options)} options"]
    wrong = _of_type(value, schema, where)
    if wrong:
        return wrong
    if isinstance(value, dict):
        return _of_object(value, schema, document, where)
    if isinstance(value, list):
        pairs = list(enumerate(value))
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", len(value)):
            return [f"{where}: has {len(value)} items"]
        if schema.get("uniqueItems") and any(one in value[:n] for n, one in pairs):
            return [f"{where}: has one twice"]
        return [
            one for n, item in pairs for one in mismatches(item, schema.get("items", {}), document, f"{where}[{n}]")
        ]
    return []


def resolved(reference: str, document: dict[str, Any]) -> dict[str, Any]:
    assert reference.startswith("#/")
    node: Any = document
    for step in reference[2:].split("/"):
        node = node[step]
    assert isinstance(node, dict)
    return node


def _of_type(value: Any, schema: dict[str, Any], where: str) -> list[str]:
    kind = schema.get("type")
    if kind and (not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean")):
        return [f"{where}: is no {kind}: {value!r}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{where}: is none of {schema['enum']}"]
    if "format" in schema:
        FORMATS[schema["format"]](value)
    if "pattern" in schema and not re.search(schema["pattern"], value):
        return [f"{where}: does not match {schema['pattern']}"]
    return []


def _of_object(value: dict[str, Any], schema: dict[str, Any], document: dict[str, Any], where: str) -> list[str]:
    properties = schema.get("properties", {})
    wrong = [f"{where}.{name}: is missing" for name in schema.get("required", []) if name not in value]
    for name, one in value.items():
        if name in properties:
            wrong += mismatches(one, properties[name], document, f"{where}.{name}")
        elif properties:
            wrong.append(f"{where}.{name}: is not in the contract")
    return wrong
