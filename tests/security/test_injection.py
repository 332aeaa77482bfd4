"""Whatever is put where a value belongs is a value: no statement, no line of the log and no header is made of it."""

import re
from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from tests.api import Answer
from tests.conftest import Site
from tests.core.test_log import Lines, lines
from tests.counting import statements
from tests.deployed.documents import request
from tests.migrations.catalogue import connected
from tests.security.attacks import ATTACKS, DOCUMENT, HEADERS, MARK, Place, body_schema, places, with_value
from tests.security.floor import Floor, Headers, answered, contents, furnished, nothing_stays
from tests.security.test_who_may import TABLE

__all__ = ["lines"]

ADDRESS = re.compile(r"(^|_)(url|uri|link|href|callback|webhook|redirect|host|endpoint|address)s?($|_)")


@pytest.fixture
def floor(site: Site) -> Iterator[Floor]:
    with furnished(site) as on:
        yield on


def event(on: Floor, place: Place, value: str) -> dict[str, Any]:
    """A request of the route that an admin gets an answer to, but for the value in one place."""
    method, _, template = place.route.partition(" ")
    path, body = TABLE[place.route].asked(on)
    way, _, query = path.partition("?")
    shaped = re.fullmatch(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", template), way)
    assert shaped is not None
    variables, asked = shaped.groupdict(), {name: [one] for name, one in re.findall(r"(\w+)=(\w+)", query)}
    if place.part == "path":
        variables[str(place.at[0])] = value
    elif place.part == "query":
        asked[str(place.at[0])] = [value]
    else:
        body = with_value(body, place.at, value)
    return request(method, f"/api{template}", path=variables, query=asked or None, body=body)


def check(on: Floor, what: str, got: Answer, value: str) -> None:
    """The answer is one that api.md knows, and nothing of it was made by the value."""
    assert got.status < 500, f"{what}: {got.status} {got.body}"
    for name, told in got.headers.items():
        assert not re.search(r"[\r\n\x00]", str(told)), f"{what}: {name}: {told!r}"
    assert MARK not in str(got.headers.get("Set-Cookie", "")), what
    if got.status >= 400:
        assert set(got.body) == {"error", "errors", "request_id"}, what


def total(got: Answer) -> Any:
    return got.body.get("total") if isinstance(got.body, dict) else None


def tried(on: Floor, lines: Lines, attacks_of: Any) -> Counter[int]:
    """Every place with the attacks that are its; the statuses that they got."""
    before, seen = contents(), Counter[int]()
    with nothing_stays(), statements() as sent:
        for number, place in enumerate(one for one in places() if one.route in TABLE):
            for value in attacks_of(number):
                what = f"{place.route} with {value[:60]!r} in {place.part} {place.at}"
                got = answered(event(on, place, value), on.headers["an admin"])
                check(on, what, got, value)
                if place.part == "query" and got.status == 200:
                    # It finds what a word finds that nobody has: who is everybody's, mostly nothing.
                    assert total(got) == total(answered(event(on, place, MARK), on.headers["an admin"])), what
                if place.part == "body" and got.status < 300 and isinstance(told := got.body.get(place.at[0]), str):
                    assert told.split() == value.split(), what
                seen[got.status] += 1
    assert len(sent) > 500
    assert not [one for one in sent if MARK in one]
    assert contents() == before
    assert len(lines.objects) == lines.text.count("\n")
    return seen


def test_whatever_stands_in_a_parameter_or_field_is_a_value(floor: Floor, lines: Lines) -> None:
    """Each place with one attack, and each attack in many places."""
    seen = tried(floor, lines, lambda number: [ATTACKS[number % len(ATTACKS)]])
    assert seen[400] > 500
    assert seen[200] > 20


@pytest.mark.proof
def test_whatever_stands_in_whatever_parameter_or_field_is_a_value(
    floor: Floor, lines: Lines, capsys: pytest.CaptureFixture[str]
) -> None:
    seen = tried(floor, lines, lambda _: ATTACKS)
    with capsys.disabled():
        print(f"{sum(seen.values())} attacks in {len(places())} places: {dict(sorted(seen.items()))}")  # noqa: T201
    assert seen[200] > 500


def test_whatever_stands_in_a_header_is_a_value(floor: Floor, lines: Lines) -> None:
    before, number = contents(), count()
    with nothing_stays(), statements() as sent:
        for route in ("GET /employees", "POST /holidays", "POST /auth/login", "GET /templates/{file}"):
            for name in HEADERS:
                for value in (ATTACKS[next(number) % len(ATTACKS)] for _ in range(6)):
                    place = Place(route, "header", (name,))
                    made = request(
                        route.partition(" ")[0],
                        f"/api{route.partition(' ')[2]}",
                        path={"file": "schedules.xlsx"} if "{file}" in route else None,
                        body=TABLE[route].asked(floor)[1],
                    )
                    headers: Headers = floor.headers["an admin"] | {name.lower(): value}
                    check(floor, f"{place} with {value[:60]!r}", answered(made, headers), value)
    assert not [one for one in sent if MARK in one]
    assert contents() == before
    assert len(lines.objects) == lines.text.count("\n")


def test_what_fails_with_an_attack_in_it_is_one_line_of_the_log(floor: Floor, site: Site, lines: Lines) -> None:
    with connected(site.url("opsdb_owner")) as cursor:
        cursor.execute("ALTER TABLE floor_notes RENAME TO somewhere_else")
    admin, failed = floor.headers["an admin"], 0
    for value in ATTACKS:
        made = request("POST", "/api/floor/notes", body={"text": value[:2000]})
        failed += answered(made, admin).status == 500
    assert len(lines.objects) == lines.text.count("\n") == failed > 10
    assert {one["level"] for one in lines.objects} == {"ERROR"}


def test_no_body_takes_a_field_that_is_not_its_own(floor: Floor) -> None:
    bodies = [route for route in TABLE if body_schema(route)]
    with nothing_stays():
        for route in bodies:
            # Also one that an answer has: nobody writes it by sending it back.
            for field in (MARK, "created_at", "secret_hash"):
                got = answered(event(floor, Place(route, "body", (field,)), "x"), floor.headers["an admin"])
                assert got.status == 400, (route, got.body)
                assert any(one.startswith(f"{field}: is not known here") for one in got.errors), (route, got.errors)
    assert len(bodies) > 40


def test_nobody_names_an_address_to_fetch() -> None:
    named = {str(at) for place in places() for at in place.at}
    assert not {one for one in named if ADDRESS.search(one)}
    assert '"format": "uri"' not in str(DOCUMENT).replace("'", '"')
    assert len(named) > 100
