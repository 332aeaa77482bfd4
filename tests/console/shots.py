"""Pictures of every page, light, dark and on a phone, for docs/console: `.venv/bin/python -m tests.console.shots`."""

import base64
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.console.conftest import ROOT, PageOf
from tests.console.test_every_page import PAGES, settled

SHOWN = Path(os.environ.get("OPSDB_SHOTS", ROOT / "docs" / "console"))
LOOKS = {"light": (1280, 800, False), "dark": (1280, 800, True), "phone": (390, 800, False)}
LARGEST = 60_000
QUALITIES = (60, 45, 30)


PERSON = "person"
"""The page of whoever is the first in the list of people."""


@pytest.mark.parametrize("key", [*PAGES, PERSON])
def test_a_page_is_shown(page_of: PageOf, key: str) -> None:
    for look, (width, height, dark) in LOOKS.items():
        page = settled(page_of("admin", "people" if key == PERSON else key, width=width, height=height, dark=dark))
        if key == PERSON:
            page.locator("tr.row a").first.click()
            page.mouse.move(0, 0)  # so that nothing is pointed at
            settled(page)
        picture = next(one for one in taken(page) if len(one) <= LARGEST)
        SHOWN.mkdir(exist_ok=True)
        (SHOWN / f"{key}-{look}.webp").write_bytes(picture)


def taken(page: Page) -> Iterator[bytes]:
    """What is in sight, each time smaller: the browser writes WebP where its driver does not."""
    page.wait_for_timeout(300)  # what moves has come to rest
    session = page.context.new_cdp_session(page)
    for quality in QUALITIES:
        taken_so = session.send("Page.captureScreenshot", {"format": "webp", "quality": quality})
        yield base64.b64decode(taken_so["data"])


if __name__ == "__main__":
    sys.exit(pytest.main([__file__, "-q", "-n", "0", "-p", "no:cacheprovider"]))
