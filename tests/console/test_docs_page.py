"""The reader of the contract: served from the package, and nothing from elsewhere."""

import hashlib
import re

import pytest

from chalicelib.console.files import FOLDER, VERSIONED
from local.vendor import web
from tests.api import Api
from tests.conftest import Site

NOBODY = Api(None)


def test_the_page_needs_no_key_and_takes_scripts_from_here_only(site: Site) -> None:
    page = NOBODY.get("/docs")
    assert (page.status, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert page.headers["X-Content-Type-Options"] == "nosniff"


def test_everything_that_the_page_names_is_there(site: Site) -> None:
    html = (FOLDER / "docs.html").read_text()
    named = [one for one in re.findall(r'(?:src|href)="([^"]+)"', html) if one != "data:,"]
    assert len(named) == 4
    for one in named:
        assert not re.match(r"(https?:)?/", one), "addresses are relative, since a stage may stand before /api"
        assert NOBODY.get(f"/{one}").status == 200, one


def test_what_has_its_version_in_its_name_is_kept_for_a_year(site: Site) -> None:
    versioned = NOBODY.get("/docs/swagger-ui-5.35.0.css")
    assert versioned.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert NOBODY.get("/docs/docs.js").headers["Cache-Control"] == "public, max-age=3600"


@pytest.mark.parametrize("name", ["nothing.js", "..", "__init__.py", "%2e%2e%2ffiles.py", "docs.html%00.js"])
def test_nothing_else_is_served(site: Site, name: str) -> None:
    assert NOBODY.get(f"/docs/{name}").status == 404


def test_what_others_wrote_is_as_it_was_pinned_and_has_its_licence() -> None:
    pinned = {
        web.folder_of(pin) / name: digest for pin in web.pins().values() for name, digest in pin["sha256"].items()
    }
    assert pinned
    for path, digest in pinned.items():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == digest, path.name
    for name, pin in web.pins().items():
        assert any("LICENSE" in one for one in pin["files"]), name
    ours = {FOLDER / "docs.html", FOLDER / "docs.js"}
    there = {one for one in FOLDER.rglob("*") if one.is_file() and (one.parent == FOLDER or VERSIONED.search(one.name))}
    assert there == {one for one in pinned if one.is_relative_to(FOLDER)} | ours
