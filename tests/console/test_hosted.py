"""Signing in at the user pool's page: a browser goes there, comes back with a code, and is in."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import create_engine, text

from tests.conftest import Site
from tests.core.test_tokens import CLIENT, ISSUER, public, token


class Page(BaseHTTPRequestHandler):
    """A stand-in for the pool's page: whoever comes is somebody at once. Its rules are those of RFC 6749 and 7636."""

    challenges: dict[str, str] = {}
    email = "hr@opsdb.example"

    def do_GET(self) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        assert (asked["response_type"], asked["client_id"], asked["code_challenge_method"]) == ("code", CLIENT, "S256")
        self.challenges["a-code"] = asked["code_challenge"]
        self.send_response(302)
        self.send_header("Location", f"{asked['redirect_uri']}?code=a-code&state={asked['state']}")
        self.end_headers()

    def do_POST(self) -> None:
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        digest = hashlib.sha256(sent["code_verifier"][0].encode()).digest()
        proved = base64.urlsafe_b64encode(digest).decode().rstrip("=") == self.challenges.pop(sent["code"][0], None)
        given = {"id_token": token(email=self.email, **{"cognito:groups": ["hr"]})}
        body = json.dumps(given if proved else {"error": "invalid_grant"}).encode()
        self.send_response(200 if proved else 400)
        self.send_header("Access-Control-Allow-Origin", "*")
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def pool(demo_floor: Site) -> Iterator[None]:
    """The page, and its address and keys where a deployment puts them."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    engine = create_engine(demo_floor.url("opsdb_owner").replace("postgresql:", "postgresql+psycopg2:", 1))
    keys = {"i": ISSUER, "c": CLIENT, "a": f"http://127.0.0.1:{server.server_port}", "k": json.dumps([public("one")])}
    with engine.begin() as conn:
        conn.execute(
            text("INSERT INTO token_issuers (issuer, client_id, address, public_keys) VALUES (:i, :c, :a, :k)"), keys
        )
    yield
    with engine.begin() as conn:
        conn.execute(text("DELETE FROM token_issuers"))
    engine.dispose()
    server.shutdown()
    server.server_close()


def test_somebody_goes_to_the_pool_s_page_and_comes_back_signed_in(browser: Browser, console: str, pool: None) -> None:
    context = browser.new_context()
    page = context.new_page()
    refused: list[str] = []
    page.on("console", lambda said: refused.append(said.text) if "Content Security Policy" in said.text else None)
    page.goto(f"{console}/api/console#/people")
    page.get_by_role("button", name="Sign in with your company account").click()
    expect(page.get_by_role("heading", name="People", level=1)).to_be_visible()
    assert page.url == f"{console}/api/console#/people"
    context.close()
    assert refused == []


def test_a_code_that_nobody_here_asked_for_signs_nobody_in(browser: Browser, console: str, pool: None) -> None:
    page = browser.new_context().new_page()
    page.goto(f"{console}/api/console?code=a-code&state=forged")
    expect(page.get_by_role("alert")).to_contain_text("did not work out")
    expect(page.get_by_label("User name")).to_be_visible()
    assert "code=" not in page.url
    page.context.close()
