"""What every answer is like, whoever asks for what: safe in a browser, closed to other sites, silent on the inside."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from app import app
from chalicelib.core.http import NOBODY
from chalicelib.core.settings import settings
from tests.api import Answer
from tests.conftest import PASSWORDS, Site
from tests.deployed.documents import request
from tests.migrations.catalogue import connected
from tests.security.floor import DECLARED, Floor, answered, furnished, nothing_stays, send
from tests.security.test_who_may import TABLE

WANTED = {
    "X-Content-Type-Options": r"nosniff",
    "X-Frame-Options": r"DENY",
    "Referrer-Policy": r"no-referrer",
    "Content-Security-Policy": r"default-src 'none'; (.+; )?frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": r"same-origin",
    "Cross-Origin-Opener-Policy": r"same-origin",
    "Permissions-Policy": r".*geolocation=\(\).*",
    "Strict-Transport-Security": r"max-age=31536000.*",
    "X-Request-Id": r"\S+",
    "Cache-Control": r"no-store",
}
"""What scanners look for, and how it reads."""

CALLED_OUT = re.compile(r"access-control-.*|server|x-powered-by|x-aspnet.*|via", re.IGNORECASE)
"""Headers that let another site in, or tell what is inside."""

INSIDE = re.compile(
    r"Traceback|File \"|\.py\b|psycopg|sqlalchemy|chalice|msgspec|botocore|SELECT |INSERT |relation |constraint "
    r"|opsdb_(app|owner|backup)|/work|/var/task|site-packages"
)

ELSEWHERE = (
    ("GET", "/api/none"),
    ("GET", "/api/employees/1/none"),
    ("GET", "/none"),
    ("GET", "/.env"),
    ("GET", "/api/"),
    ("PATCH", "/api/employees"),
    ("OPTIONS", "/api/employees"),
    ("TRACE", "/api/employees"),
    ("HEAD", "/api/employees"),
)
"""What there is not."""


@pytest.fixture
def floor(site: Site) -> Iterator[Floor]:
    with furnished(site) as on:
        yield on


def problems(got: Answer, *, public: bool = False) -> Iterator[str]:
    """What is wrong with an answer; one that is `public` may be kept."""
    wanted = WANTED | ({"Cache-Control": r"(public, max-age=\d+.*)|no-cache|no-store"} if public else {})
    for name, reads in wanted.items():
        if not re.fullmatch(reads, str(got.headers.get(name, ""))):
            yield f"{name}: {got.headers.get(name)}"
    yield from (f"{name}: {told}" for name, told in got.headers.items() if CALLED_OUT.fullmatch(name))
    if "unsafe-eval" in got.headers["Content-Security-Policy"]:
        yield "scripts may be made of text"
    text = got.body if isinstance(got.body, str) else json.dumps(got.body)
    ours = settings()
    secrets = [*PASSWORDS.values(), ours.require("secret_key"), ours.require("database_url")]
    yield from (f"tells {one}" for one in secrets if one in text)
    if got.status >= 400:
        if got.headers["Content-Type"] != "application/json" or set(got.body) != {"error", "errors", "request_id"}:
            yield f"is no refusal of ours: {text[:200]}"
        if found := INSIDE.search(text):
            yield f"tells of the inside: {found.group()}"


def asked_wrongly(route: str) -> str:
    """The path of the route with nonsense in every variable, and a parameter that nobody has."""
    return re.sub(r"{\w+}", "%2e%2e", route.partition(" ")[2]) + "?nonsense=1"


def test_every_answer_is_safe_in_a_browser_and_tells_nothing(floor: Floor) -> None:
    wrong: list[str] = []

    def look(what: str, got: Answer, **how: Any) -> None:
        wrong.extend(f"{what}, {got.status}: {one}" for one in problems(got, **how))

    with nothing_stays():
        for route, line in TABLE.items():
            path, body = line.asked(floor)
            public = DECLARED[route].roles is NOBODY
            for who in ("an admin", "a viewer", "nobody", "a tampered cookie"):
                got = send(route, path, body=body, headers=floor.headers[who])
                look(f"{route} as {who}", got, public=public)
                if cookie := got.headers.get("Set-Cookie"):
                    assert route in {"POST /auth/logout"}, route
                    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(str(cookie).split("; "))
            look(f"{route}, wrongly", send(route, asked_wrongly(route), headers=floor.headers["an admin"]))
            if DECLARED[route].listed:
                as_file = path + ("&" if "?" in path else "?") + "format=csv"
                look(f"{route} as a file", send(route, as_file, headers=floor.headers["an admin"]))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("method", "path"), ELSEWHERE)
def test_what_there_is_not_is_refused_like_everything_else(method: str, path: str, site: Site) -> None:
    for headers in ({}, {"origin": "https://elsewhere.example", "access-control-request-method": "GET"}):
        got = answered(request(method, path), headers)
        assert got.status in {404, 405}
        assert not list(problems(got))


def test_the_address_itself_leads_on_and_is_as_safe(site: Site) -> None:
    got = answered(request("GET", "/"), {})
    assert (got.status, got.headers["Location"], list(problems(got))) == (303, "api/console", [])


@pytest.mark.parametrize("origin", ["https://elsewhere.example", "null", "http://localhost:8123"])
def test_no_other_site_is_let_in(origin: str, floor: Floor) -> None:
    for route in ("GET /employees", "POST /auth/login", "GET /health"):
        path, body = TABLE[route].asked(floor)
        got = send(route, path, body=body, headers=floor.headers["HR"] | {"origin": origin})
        assert not [name for name in got.headers if name.lower().startswith("access-control-")]


def test_a_failure_tells_nothing_of_what_failed(floor: Floor, site: Site) -> None:
    with connected(site.url("opsdb_owner")) as cursor:
        cursor.execute("ALTER TABLE holidays RENAME TO somewhere_else")
    for route in ("GET /holidays", "POST /holidays"):
        path, body = TABLE[route].asked(floor)
        got = send(route, path, body=body, headers=floor.headers["an admin"])
        assert (got.status, list(problems(got))) == (500, [])
        assert got.body["errors"] == []


def test_there_is_no_route_but_the_declared_ones() -> None:
    served = {(method, path) for path, methods in app.routes.items() for method in methods}
    declared = {(route.method, f"/api{route.path}") for route in DECLARED.values()}
    assert served == declared | {("GET", "/")}
