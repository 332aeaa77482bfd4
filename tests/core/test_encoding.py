"""Compression and bytes, as each gateway must have them; and Content-Disposition."""

import base64
import gzip
import json
import urllib.request
from collections.abc import Iterator
from threading import Thread
from typing import Any

import pytest
from chalice.app import Chalice
from chalice.config import Config
from chalice.local import LocalDevServer

from chalicelib.core import answers, encoding
from chalicelib.core.answers import File, saved_as
from chalicelib.core.encoding import LEVEL, WORTH_IT, wants_gzip
from chalicelib.core.errors import Invalid
from chalicelib.core.http import NOBODY, Call, Routes
from local.events import Context
from tests.deployed.documents import request, rest_request

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
BOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONG = "Zoë " * 2000

routes = Routes(__name__, tag="test")


@routes.get("/small", answer=str, roles=NOBODY)
def small(call: Call) -> str:
    """Little."""
    return "little"


@routes.get("/large", answer=str, roles=NOBODY)
def large(call: Call) -> str:
    """Much."""
    return LONG


@routes.get("/refused", answer=str, roles=NOBODY)
def refused(call: Call) -> str:
    """Much to complain about."""
    raise Invalid(*[f"field_{number}: must be something else" for number in range(100)])


@routes.get("/files/{name}", files=("text/csv", "image/png", BOOK), roles=NOBODY)
def file(call: Call, name: str) -> File:
    """Bytes of several kinds."""
    kinds = {
        "a.csv": File(b"a,b\r\n" * 1000, "text/csv; charset=utf-8", "Größe.csv"),
        "a.png": File(PICTURE, "image/png"),
        "a.svg": File(b"<svg/>" * 1000, "image/svg+xml"),
        "a.xlsx": File(PICTURE, BOOK, "a.xlsx"),
        "a.woff2": File(PICTURE, "font/woff2"),
    }
    return kinds[name]


@pytest.fixture(scope="module")
def app() -> Chalice:
    made = Chalice(app_name="test", configure_logs=False)
    made.api.binary_types = encoding.BINARY_TYPES
    made.register_middleware(encoding.for_the_gateway, "http")
    made.register_middleware(answers.errors_in_our_words, "http")
    made.register_blueprint(routes.blueprint, url_prefix="/api")
    return made


def asked(app: Chalice, path: str, *, rest: bool = False, **headers: str | None) -> dict[str, Any]:
    """The handler's answer; a header that is None is not sent."""
    folder, name = "/api/files/", path.removeprefix("files/")
    route, values = (folder + "{name}", {"name": name}) if name != path else (f"/api/{path}", None)
    event = (rest_request if rest else request)("GET", route, path=values)
    sent = {name.lower(): value for name, value in event["headers"].items()}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    event["headers"] = {name: value for name, value in sent.items() if value is not None}
    answer: dict[str, Any] = json.loads(json.dumps(app(event, Context("api_handler"))))
    assert all(isinstance(value, str) for value in answer["headers"].values())
    return answer


def content(answer: dict[str, Any]) -> bytes:
    """What the client sees in the end."""
    body: str = answer["body"]
    raw = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    return gzip.decompress(raw) if answer["headers"].get("Content-Encoding") == "gzip" else raw


@pytest.mark.parametrize(
    ("accepted", "large", "small"),
    [
        ("", False, False),
        ("gzip", True, False),
        ("gzip, deflate, br, zstd", True, False),
        ("GZip;Q=1.0", True, False),
        ("br;q=1.0, gzip; q=0.8, *;q=0.1", True, False),
        ("*", True, False),
        ("deflate, br", False, False),
        ("identity", False, False),
        ("gzip;q=0", False, False),
        ("gzip;q=0.000, *", False, False),
        ("*;q=0", False, False),
        ("gzip;q=0.5, identity", False, False),
        ("gzip;q=0.5, identity;q=0.5", True, False),
        ("gzip, identity;q=0", True, True),
        ("gzip;q=0.001, *;q=0", True, True),
        ("*, identity;q=0", True, True),
        ("identity;q=0", False, False),
        ("gzip;q=much", False, False),
        ("gzip;level=9", False, False),
        (";;,,=", False, False),
    ],
)
def test_the_client_decides_whether_an_answer_is_compressed(accepted: str, large: bool, small: bool) -> None:
    assert wants_gzip(accepted, size=WORTH_IT) is large
    assert wants_gzip(accepted, size=WORTH_IT - 1) is small


def test_an_http_api_gets_its_answers_compressed(app: Chalice) -> None:
    answer = asked(app, "large", accept_encoding="gzip, br")
    assert answer["headers"]["Content-Encoding"] == "gzip"
    assert answer["headers"]["Vary"] == "Accept-Encoding"
    assert answer["headers"]["Content-Type"] == "application/json"
    assert answer["isBase64Encoded"] is True
    assert len(answer["body"]) < len(LONG) / 10
    assert json.loads(content(answer)) == LONG
    assert base64.b64decode(answer["body"])[8] == (4 if LEVEL == 1 else 2 if LEVEL == 9 else 0)


def test_who_does_not_ask_for_it_gets_text_and_is_told_that_it_depends(app: Chalice) -> None:
    for path, accepted in (("large", None), ("large", "br"), ("small", "gzip")):
        answer = asked(app, path, accept_encoding=accepted)
        assert answer["headers"].get("Content-Encoding") is None
        assert answer["headers"]["Vary"] == "Accept-Encoding"
        assert not answer.get("isBase64Encoded")
        assert json.loads(answer["body"]) in {LONG, "little"}


def test_a_rest_api_compresses_by_itself(app: Chalice) -> None:
    answer = asked(app, "large", rest=True, accept_encoding="gzip")
    assert not answer["headers"].keys() & {"Content-Encoding", "Vary"}
    assert json.loads(answer["body"]) == LONG


def test_a_long_refusal_is_compressed_too(app: Chalice) -> None:
    answer = asked(app, "refused", accept_encoding="gzip")
    assert (answer["statusCode"], answer["headers"]["Content-Encoding"]) == (400, "gzip")
    assert len(json.loads(content(answer))["errors"]) == 100


@pytest.mark.parametrize(
    ("name", "compressed"), [("a.csv", True), ("a.svg", True), ("a.png", False), ("a.xlsx", False), ("a.woff2", False)]
)
def test_what_is_compressed_already_is_left_alone(app: Chalice, name: str, compressed: bool) -> None:
    answer = asked(app, f"files/{name}", accept_encoding="gzip")
    assert ("Content-Encoding" in answer["headers"], "Vary" in answer["headers"]) == (compressed, compressed)
    assert content(answer) == file(None, name).content  # type: ignore[arg-type]


@pytest.mark.parametrize("rest", [False, True])
@pytest.mark.parametrize("accept", ["*/*", "text/html,application/xhtml+xml,*/*;q=0.8", "application/json", None])
def test_bytes_are_answered_whatever_the_client_says_of_what_it_accepts(
    app: Chalice, accept: str | None, rest: bool
) -> None:
    answer = asked(app, "files/a.png", rest=rest, accept=accept)
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, True)
    assert answer["headers"]["Content-Type"] == "image/png"
    assert content(answer) == PICTURE


def test_a_file_with_a_name_is_saved_under_it(app: Chalice) -> None:
    answer = asked(app, "files/a.csv", rest=True)
    assert (
        answer["headers"]["Content-Disposition"]
        == "attachment; filename=\"Groe.csv\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.csv"
    )
    assert "Content-Disposition" not in asked(app, "files/a.png")["headers"]


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a b.csv", "attachment; filename=\"a b.csv\"; filename*=UTF-8''a%20b.csv"),
        ('a"; x="\\.csv', "attachment; filename=\"a_; x=__.csv\"; filename*=UTF-8''a%22%3B%20x%3D%22%5C.csv"),
        ("a\r\nSet-Cookie: b", "attachment; filename=\"a__Set-Cookie: b\"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20b"),
    ],
)
def test_a_name_cannot_break_out_of_its_header(name: str, header: str) -> None:
    assert saved_as(name) == header


@pytest.fixture
def local(app: Chalice) -> Iterator[str]:
    """The address of the server that `chalice local` is, with the app above."""
    server = LocalDevServer(app, Config(), "127.0.0.1", 0)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server.server_address[1]}/api"
    server.shutdown()
    thread.join()
    server.server.server_close()


@pytest.mark.parametrize(
    ("path", "encoding", "expected"),
    [("large", "gzip", json.dumps(LONG, ensure_ascii=False).encode()), ("files/a.png", None, PICTURE)],
)
def test_the_local_server_carries_what_is_compressed_and_what_is_bytes(
    local: str, path: str, encoding: str | None, expected: bytes
) -> None:
    sent = urllib.request.Request(f"{local}/{path}", headers={"Accept-Encoding": "gzip", "Accept": "text/html"})
    with urllib.request.urlopen(sent, timeout=10) as answer:
        body = answer.read()
    assert answer.headers["Content-Encoding"] == encoding
    assert (gzip.decompress(body) if encoding else body) == expected
