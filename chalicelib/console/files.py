"""Static files, as browsers may have them."""

import re
from pathlib import Path

from chalicelib.core.answers import File
from chalicelib.core.errors import NotFound

FOLDER = Path(__file__).parent / "static"

VERSIONED = re.compile(r"-\d+(\.\d+)+\.")
"""What has its version in its name never changes."""

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}

YEAR = "public, max-age=31536000, immutable"
HOUR = "public, max-age=3600"

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
"""Nothing from elsewhere, and no script but our own; the reader of the contract writes styles into its elements."""


def static(name: str) -> File:
    """The file of that name; NotFound where there is none."""
    path = FOLDER / name
    if path.suffix not in TYPES or not path.is_file():
        raise NotFound(f"file: there is no {name}")
    headers = {
        "Cache-Control": YEAR if VERSIONED.search(name) else HOUR,
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    if path.suffix == ".html":
        headers["Content-Security-Policy"] = POLICY
    return File(path.read_bytes(), TYPES[path.suffix], headers=headers)
