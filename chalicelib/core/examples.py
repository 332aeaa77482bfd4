"""Words and examples for the contract: each field's from one vocabulary, whole examples put together from those."""

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

VOCABULARY = Path(__file__).with_name("vocabulary.toml")

Schema = dict[str, Any]

_READ: dict[str, Any] = {
    "date": date.fromisoformat,
    "date-time": datetime.fromisoformat,
    "partial-time": time.fromisoformat,
}
_BY_FORMAT = {"date": "2026-10-05", "date-time": "2026-10-05T12:30:00Z", "partial-time": "09:00:00"}
_TYPES: dict[str, type | tuple[type, ...]] = {"string": str, "integer": int, "number": (int, float), "boolean": bool}


class Word(msgspec.Struct, frozen=True, array_like=True):
    """What a field means, and an example of it; the example goes unused where the type is another."""

    says: str
    example: Any


class Vocabulary(msgspec.Struct, frozen=True):
    """The whole of vocabulary.toml, which explains its own parts."""

    nulls: frozenset[str]
    only: dict[str, frozenset[str]]
    tags: dict[str, str]
    refused: dict[str, str]
    endings: dict[str, Word]
    words: dict[str, Word]

    def word(self, name: str, place: str) -> Word | None:
        """What is known of a field of that name: in this place (a shape, an operation), anywhere, or by its ending."""
        if known := self.words.get(f"{place}.{name}") or self.words.get(name):
            return known
        for ending in sorted(self.endings, key=len, reverse=True):
            if name.endswith(ending):
                word, base = self.endings[ending], name.removesuffix(ending)
                if "{base}" not in word.says:
                    return word
                of = self.word(base, place)
                return Word(word.says.format(base=base), of.example if of else None)
        return None


@cache
def vocabulary() -> Vocabulary:
    """Read when the contract is asked for: no other request waits for it."""
    return msgspec.convert(tomllib.loads(VOCABULARY.read_text()), Vocabulary)


def described(name: str, schema: Schema, *, place: str) -> str:
    """What a field or parameter means: the vocabulary's words, and what its type says."""
    word = vocabulary().word(name, place)
    says, own = word.says if word else "", schema.get("description", "")
    if not says or not own:
        return says or own
    if own[0].islower():
        # More of the same sentence, or the same once more.
        return says if says.casefold() == f"{own}.".casefold() else f"{says[:-1]}: {own}."
    return f"{says} {own}."


def with_words(components: Mapping[str, Schema]) -> dict[str, Schema]:
    """The shapes with a description for each field that has words."""
    return {place: _with_words(place, shape) for place, shape in components.items()}


def _with_words(place: str, shape: Schema) -> Schema:
    fields = shape.get("properties")
    if not fields:
        return shape
    said = {name: described(name, schema, place=place) for name, schema in fields.items()}
    return shape | {
        "properties": {
            name: schema | ({"description": said[name]} if said[name] else {}) for name, schema in fields.items()
        }
    }


def example(schema: Schema, components: Mapping[str, Schema], *, name: str, place: str) -> Any:
    """A value that fits the schema of the field `name` of `place`."""
    if "$ref" in schema:
        shape = schema["$ref"].rpartition("/")[2]
        return example(components[shape], components, name=name, place=shape)
    options = schema.get("anyOf", [schema])
    if {"type": "null"} in options and name in vocabulary().nulls and place not in vocabulary().only:
        return None
    options = [one for one in options if one != {"type": "null"}]
    word = vocabulary().word(name, place)
    if word is not None and any(_fits(word.example, one) for one in options):
        return word.example
    return _made(options[0], components, name=name, place=place)


def _made(schema: Schema, components: Mapping[str, Schema], *, name: str, place: str) -> Any:
    if "$ref" in schema:
        return example(schema, components, name=name, place=place)
    if "properties" in schema:
        fields = _shown(schema, place)
        return {field: example(fields[field], components, name=field, place=place) for field in fields}
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "array":
        return [example(schema.get("items", {}), components, name=name, place=place)]
    if kind in ("integer", "number"):
        least = max(1, schema.get("minimum", 1))
        return min(least, schema.get("maximum", least))
    if kind == "string":
        return _BY_FORMAT.get(schema.get("format", ""), "text")
    return False if kind == "boolean" else {}


def _shown(shape: Schema, place: str) -> Schema:
    """The fields that an example has: all, or where some exclude each other, those that the vocabulary picks."""
    only, needed = vocabulary().only.get(place), shape.get("required", ())
    return {
        name: schema for name, schema in shape["properties"].items() if only is None or name in only or name in needed
    }


def _fits(value: Any, schema: Schema) -> bool:
    """Whether the value may stand where the schema is; the tests ask a real validator."""
    if "$ref" in schema or "properties" in schema:
        return False
    if "enum" in schema:
        return value in schema["enum"]
    kind = schema.get("type")
    if kind == "array":
        items = schema.get("items", {})
        return isinstance(value, list) and "$ref" not in items and all(_fits(one, items) for one in value)
    if kind == "object":
        each = schema.get("additionalProperties")
        return isinstance(value, dict) and (not each or all(_fits(one, each) for one in value.values()))
    if kind not in _TYPES or not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        return False
    return _text_fits(str(value), schema) if kind == "string" else _number_fits(value, schema)


def _number_fits(value: Any, schema: Schema) -> bool:
    return bool(schema.get("minimum", value) <= value <= schema.get("maximum", value))


def _text_fits(value: str, schema: Schema) -> bool:
    if not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value)):
        return False
    if not re.search(schema.get("pattern", ""), value):
        return False
    try:
        _READ.get(schema.get("format", ""), str)(value)
    except ValueError:
        return False
    return True
