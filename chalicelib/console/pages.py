"""The console over HTTP: its page, and the modules, styles and pictures that this is made of."""

import base64
import hashlib
import json
from functools import lru_cache

import msgspec

from chalicelib.console.files import FOLDER, TYPES, YEAR, policy
from chalicelib.core.answers import File
from chalicelib.core.errors import NotFound
from chalicelib.core.http import NOBODY, Call, Routes

routes = Routes(__name__, tag="service")

APP = FOLDER / "app"
PAGE = "index.html"

BARE = {"preact": "preact-11.2.0.js", "preact/hooks": "preact-hooks-11.2.0.js", "htm": "htm-3.1.1.js"}
"""What the libraries call each other -> our file; the page's import map says so to the browser."""

SAFE = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


class Shown(msgspec.Struct, frozen=True):
    """All files by name, and the version that they make up together, so that none is mixed with another's."""

    version: str
    files: dict[str, bytes]


@routes.get("/console", files=("text/html; charset=utf-8",), roles=NOBODY)
def show_console(call: Call) -> File:
    """The console's page."""
    html, imports = _page(shown())
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": _policy(imports), **SAFE}
    return File(html.encode(), TYPES[".html"], headers=headers)


@routes.get(
    "/console/{version}/{file}",
    files=("text/javascript", "text/css", "text/plain", "image/svg+xml"),
    roles=NOBODY,
    errors=(404,),
)
def show_console_file(call: Call, version: str, file: str) -> File:
    """What the page is made of. Another version has none, so that a page of before loads itself anew."""
    there = shown()
    content = there.files.get(file)
    if version != there.version or content is None or file == PAGE:
        raise NotFound(f"file: there is no {file} of version {version}")
    kind = TYPES[f".{file.rpartition('.')[2]}"]
    return File(content, kind, headers={"Cache-Control": YEAR, **SAFE})


def _policy(imports: str) -> str:
    """The page has no script of its own but the import map, which is named by its hash."""
    digest = base64.b64encode(hashlib.sha256(imports.encode()).digest()).decode()
    return policy(script=f"'self' 'sha256-{digest}'")


def _page(there: Shown) -> tuple[str, str]:
    """The page, and the import map in it; every address is relative, since a stage may stand before /api."""
    at = f"console/{there.version}"
    imports = json.dumps({"imports": {name: f"./{at}/{file}" for name, file in BARE.items()}})
    html = there.files[PAGE].decode()
    return html.replace("{at}", at).replace("{imports}", imports), imports


def shown() -> Shown:
    """The console as it is on the disk: on a laptop what was edited is there with the next look."""
    return _read(max(one.stat().st_mtime_ns for one in APP.iterdir()))


@lru_cache(maxsize=1)
def _read(changed: int) -> Shown:
    files = {one.name: one.read_bytes() for one in sorted(APP.iterdir()) if one.suffix in TYPES}
    made = hashlib.sha256()
    for name, content in files.items():
        made.update(f"{name} {len(content)}\n".encode() + content)
    return Shown(made.hexdigest()[:16], files)
