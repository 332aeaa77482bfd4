"""`python -m tests.contract.release` keeps today's contract as the one that was given out, in released.json."""

import json
from pathlib import Path
from typing import Any

from chalicelib.core.openapi import document
from chalicelib.routes import ALL

RELEASED = Path(__file__).with_name("released.json")
WORDS = {"description", "example", "summary", "title", "tags", "operationId", "default"}
"""What may be said differently at any time."""


def today() -> dict[str, Any]:
    """Today's contract, without its words."""
    bare: dict[str, Any] = _bare(document(route for feature in ALL for route in feature.declared))
    return {"paths": bare["paths"], "components": {"schemas": bare["components"]["schemas"]}}


def released() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(RELEASED.read_text())
    return found


def _bare(node: Any, *, named: bool = False) -> Any:
    """The node without words; keys that are names (`named`) are no words, whatever they are."""
    if isinstance(node, list):
        return [_bare(one) for one in node]
    if not isinstance(node, dict):
        return node
    names = {"properties", "schemas", "paths", "content"}
    if "headers" in node:
        node = node | {"headers": dict.fromkeys(node["headers"])}
    return {
        key: _bare(value, named=not named and key in names) for key, value in node.items() if named or key not in WORDS
    }


def _written(contract: dict[str, Any]) -> str:
    """A line for each operation and each shape, so that a diff shows which of them changed."""
    lines = []
    for path, methods in contract["paths"].items():
        each = ",\n".join(f'  "{method}": {_line(one)}' for method, one in methods.items())
        lines.append(f' "{path}": {{\n{each}\n }}')
    shapes = ",\n".join(f' "{name}": {_line(one)}' for name, one in contract["components"]["schemas"].items())
    paths = ",\n".join(lines)
    return f'{{"paths": {{\n{paths}\n}},\n"components": {{"schemas": {{\n{shapes}\n}}}}}}\n'


def _line(node: Any) -> str:
    return json.dumps(node, separators=(",", ":"), sort_keys=True)


if __name__ == "__main__":
    RELEASED.write_text(_written(today()))
