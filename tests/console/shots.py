"""Pictures of every page, light, dark and on a phone, for docs/console: `.venv/bin/python -m tests.console.shots`."""

import base64
import os
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.console.conftest import ROOT, PageOf
from tests.console.test_every_page import PAGES, settled

SHOWN = Path(os.environ.get("OPSDB_SHOTS", ROOT / "docs" / "console"))
LOOKS = {"light": (1280, 800, False), "dark": (1280, 800, True), "phone": (390, 800, False)}
LARGEST = 60_000


@pytest.mark.parametrize("key", PAGES)
def test_a_page_is_shown(page_of: PageOf, key: str) -> None:
    for look, (width, height, dark) in LOOKS.items():
        page = settled(page_of("admin", key, width=width, height=height, dark=dark))
        picture = taken(page)
        assert len(picture) <= LARGEST
        SHOWN.mkdir(exist_ok=True)
        (SHOWN / f"{key}-{look}.webp").write_bytes(picture)


def taken(page: Page) -> bytes:
    """What is in sight, small: the browser writes WebP where its driver does not."""
    page.wait_for_timeout(300)  # what moves has come to rest
    session = page.context.new_cdp_session(page)
    return base64.b64decode(session.send("Page.captureScreenshot", {"format": "webp", "quality": 45})["data"])


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", "-n", "0", "-p", "no:cacheprovider"]))
