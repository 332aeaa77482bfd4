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
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}

YEAR = "public, max-age=31536000, immutable"
HOUR = "public, max-age=3600"

HTML = ".html"


def policy(*, script: str = "'self'", style: str = "'self'", connect: str = "'self'") -> str:
    """A page's Content-Security-Policy: nothing from elsewhere, and what it says itself."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {script}",
            f"style-src {style}",
            "img-src 'self' data:",
            f"connect-src {connect}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


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
    if path.suffix == HTML:
        # The reader of the contract writes styles into its elements.
        headers["Content-Security-Policy"] = policy(style="'self' 'unsafe-inline'")
    return File(path.read_bytes(), TYPES[path.suffix], headers=headers)
