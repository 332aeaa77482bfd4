"""The console over HTTP: its page, and the modules, styles and pictures that this is made of."""

import base64
import hashlib
import json
from functools import lru_cache

import msgspec

from chalicelib.console.files import FOLDER, TYPES, YEAR, policy
from chalicelib.core import tokens
from chalicelib.core.answers import File
from chalicelib.core.errors import NotFound, Unavailable
from chalicelib.core.http import NOBODY, Call, Routes
from chalicelib.core.inputs import Input
from chalicelib.core.settings import settings
from chalicelib.core.storage import form_origin

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


class ComeBack(Input, frozen=True, kw_only=True):
    """What the user pool's page says to whoever comes back from it; the console reads it in the browser."""

    code: str | None = None
    state: str | None = None
    error: str | None = None
    error_description: str | None = None


@routes.get("/console", query=ComeBack, files=("text/html; charset=utf-8",), roles=NOBODY)
def show_console(call: Call) -> File:
    """The console's page."""
    html, imports = _page(shown())
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": _policy(imports, _hosted(call)), **SAFE}
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


def _hosted(call: Call) -> str | None:
    """Where the user pool's page answers, if there is one; a database that does not answer is told of later."""
    try:
        with call.reading() as conn:
            pool = tokens.delivered(conn)
    except Unavailable:
        return None
    return pool.address if pool else None


def _policy(imports: str, hosted: str | None) -> str:
    """The page has no script of its own but the import map, which is named by its hash. Files go to the bucket, and
    whoever comes back from the user pool's page has a code for it."""
    digest = base64.b64encode(hashlib.sha256(imports.encode()).digest()).decode()
    bucket = settings().uploads_bucket
    connect = filter(None, ("'self'", form_origin(bucket) if bucket else None, hosted))
    return policy(script=f"'self' 'sha256-{digest}'", connect=" ".join(connect))


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
