"""What a contract takes away from those who rely on an earlier one, in words; what it adds is nobody's loss."""

from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]
Schema = dict[str, Any]

NARROWER = {"minimum": 1, "minLength": 1, "minItems": 1, "maximum": -1, "maxLength": -1, "maxItems": -1}
"""Bounds, and in which direction less is allowed."""

_KINDS = {str: "string", bool: "boolean", int: "integer", float: "number", type(None): "null"}


def breaks(old: Document, new: Document) -> list[str]:
    """Every breaking change from one document to the next, each beginning with its method and path."""
    found = []
    for path, methods in old["paths"].items():
        for method, before in methods.items():
            name, after = f"{method.upper()} {path}", new["paths"].get(path, {}).get(method)
            said = ["is gone"] if after is None else _Comparison(old, new).of_operations(before, after)
            found += [f"{name}: {one}" for one in dict.fromkeys(said)]
    return found


class _Comparison:
    """Two documents, whose references are looked up as they come; what refers to itself is looked at once."""

    def __init__(self, old: Document, new: Document) -> None:
        self.old, self.new = old, new
        self.seen: set[tuple[str, str, str]] = set()

    def of_operations(self, old: Schema, new: Schema) -> Iterator[str]:
        yield from self.of_callers(old, new)
        yield from self.of_parameters(old, new)
        yield from self.of_bodies(old.get("requestBody"), new.get("requestBody"))
        yield from self.of_responses(old["responses"], new["responses"])

    def of_callers(self, old: Schema, new: Schema) -> Iterator[str]:
        before, after = old.get("x-roles", []), new.get("x-roles", [])
        if not before and after:
            yield "is no more for anybody"
        elif after:
            yield from (f"role {role} lost access" for role in before if role not in after)
        schemes = {name for one in new.get("security", []) for name in one}
        ways = [name for one in old.get("security", []) for name in one]
        if new.get("security"):
            yield from (f"{name} is no more a way to say who calls" for name in ways if name not in schemes)

    def of_parameters(self, old: Schema, new: Schema) -> Iterator[str]:
        before = {(one["in"], one["name"]): one for one in old.get("parameters", [])}
        after = {(one["in"], one["name"]): one for one in new.get("parameters", [])}
        for key, one in before.items():
            where = f"parameter {key[1]}"
            if key not in after:
                yield f"{where} is gone"
                continue
            if after[key].get("required") and not one.get("required"):
                yield f"{where} became required"
            yield from self.asked(one["schema"], after[key]["schema"], where)
        for key, one in after.items():
            if key not in before and one.get("required"):
                yield f"parameter {key[1]} is new and required"

    def of_bodies(self, old: Schema | None, new: Schema | None) -> Iterator[str]:
        if old is None:
            if new is not None and new.get("required"):
                yield "a body became required"
        elif new is None:
            yield "the body is gone"
        else:
            if new.get("required") and not old.get("required"):
                yield "the body became required"
            for kind, media in old["content"].items():
                if kind not in new["content"]:
                    yield f"a body is no more accepted as {kind}"
                else:
                    yield from self.asked(media["schema"], new["content"][kind]["schema"], "")

    def of_responses(self, old: Schema, new: Schema) -> Iterator[str]:
        for status, before in old.items():
            after = new.get(status)
            if after is None:
                yield f"status {status} is gone"
                continue
            for header in before.get("headers", {}):
                if header not in after.get("headers", {}):
                    yield f"header {header} of the {status} is gone"
            for kind, media in before.get("content", {}).items():
                if kind not in after.get("content", {}):
                    yield f"the {status} is no more answered as {kind}"
                elif "schema" in media:
                    yield from self.told(media["schema"], after["content"][kind]["schema"], f"answer {status}", "")

    def asked(self, old: Schema, new: Schema, where: str) -> Iterator[str]:
        """What may be sent no longer. `where` is the parameter or field, empty for a whole body."""
        before, after = self.kinds(old, self.old), self.kinds(new, self.new)
        if after is None or self.was_seen("asked", old, new):
            return
        what = where or "the body"
        if before is None:
            yield f"{what} takes no more everything, only {_listed(after)}"
            return
        for kind, one in before.items():
            now = after.get(kind) or (after.get("number") if kind == "integer" else None)
            if now is None:
                yield f"{what} takes no {kind} any more"
                continue
            yield from _narrower(one, now, what)
            yield from self.of_fields_asked(one, now, where)
            if kind == "array" and "items" in now:
                yield from self.asked(one.get("items", {}), now["items"], f"{where}[]")

    def of_fields_asked(self, old: Schema, new: Schema, where: str) -> Iterator[str]:
        before, after = old.get("properties", {}), new.get("properties", {})
        needed = set(new.get("required", ()))
        for name, schema in before.items():
            what = f"{where}.{name}" if where else f"field {name}"
            if name not in after:
                yield f"{what} is gone"
                continue
            if name in needed and name not in old.get("required", ()):
                yield f"{what} became required"
            yield from self.asked(schema, after[name], what)
        for name in sorted(needed - before.keys()):
            yield (f"{where}.{name}" if where else f"field {name}") + " is new and required"
        each, now = old.get("additionalProperties", True), new.get("additionalProperties", True)
        if now is False and each is not False:
            yield f"{where or 'the body'} takes no other fields any more"
        elif isinstance(each, dict) and isinstance(now, dict):
            yield from self.asked(each, now, f"{where}.*")

    def told(self, old: Schema, new: Schema, where: str, field: str) -> Iterator[str]:
        """What is answered otherwise. `where` is the answer, `field` the way to what is compared in it."""
        before, after = self.kinds(old, self.old), self.kinds(new, self.new)
        if before is None or self.was_seen(where, old, new):
            return
        what = f"{where}: {field}" if field else where
        if after is None:
            yield f"{what} may be anything now, and was {_listed(before)}"
            return
        for kind, now in after.items():
            one = before.get(kind) or (before.get("number") if kind == "integer" else None)
            if one is None:
                yield f"{what} may be {kind} now, and was {_listed(before)}"
                continue
            if one.get("format") and one.get("format") != now.get("format"):
                yield f"{what} has no more the format {one['format']}"
            yield from self.of_fields_told(one, now, where, field)
            if kind == "array":
                yield from self.told(one.get("items", {}), now.get("items", {}), where, f"{field}[]")

    def of_fields_told(self, old: Schema, new: Schema, where: str, field: str) -> Iterator[str]:
        after = new.get("properties", {})
        for name, schema in old.get("properties", {}).items():
            inner = f"{field}.{name}" if field else name
            if name not in after:
                yield f"{where}: field {inner} is gone"
                continue
            if name in old.get("required", ()) and name not in new.get("required", ()):
                yield f"{where}: field {inner} is not always there any more"
            yield from self.told(schema, after[name], where, inner)
        each, now = old.get("additionalProperties"), new.get("additionalProperties")
        if isinstance(each, dict):
            yield from self.told(each, now if isinstance(now, dict) else {}, where, f"{field}.*")

    def kinds(self, schema: Schema, document: Document) -> dict[str, Schema] | None:
        """The schema of each JSON type that a value may have; None where it may be anything."""
        found: dict[str, Schema] = {}
        for one in schema.get("anyOf", [schema]):
            if "$ref" in one:
                inner = self.kinds(_resolved(one["$ref"], document), document)
                found |= inner or {}
            elif "enum" in one or "const" in one:
                for value in one.get("enum", [one.get("const")]):
                    found.setdefault(_KINDS[type(value)], {"enum": []})["enum"].append(value)
            elif "type" in one:
                found |= dict.fromkeys([one["type"]] if isinstance(one["type"], str) else one["type"], one)
            else:
                return None
        return found

    def was_seen(self, use: str, old: Schema, new: Schema) -> bool:
        """Whether two shapes have been compared for this use; once is enough, and ends what contains itself."""
        if "$ref" not in old or "$ref" not in new:
            return False
        pair = (use, old["$ref"], new["$ref"])
        known = pair in self.seen
        self.seen.add(pair)
        return known


def _narrower(old: Schema, new: Schema, what: str) -> Iterator[str]:
    if "enum" in new:
        if "enum" not in old:
            yield f"{what} takes no more everything, only {', '.join(map(str, new['enum']))}"
        yield from (f"{what} takes no {value} any more" for value in old.get("enum", []) if value not in new["enum"])
    for word, sign in NARROWER.items():
        if word in new and (word not in old or sign * new[word] > sign * old[word]):
            yield f"{what} has {word} {new[word]}, and had {old.get(word, 'none')}"
    for word in ("pattern", "format"):
        if new.get(word) and new.get(word) != old.get(word) and "enum" not in old:
            yield f"{what} must have the {word} {new[word]}, and had {old.get(word, 'none')}"


def _listed(kinds: dict[str, Schema]) -> str:
    return " or ".join(kinds)


def _resolved(reference: str, document: Document) -> Schema:
    node: Any = document
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    assert isinstance(node, dict)
    return node
