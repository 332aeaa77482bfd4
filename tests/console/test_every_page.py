"""Every page of the console, as each role sees it: it opens, has one heading, can be read, and shows no deed too many.

And what none of them may do."""

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from chalicelib.console.pages import APP
from tests.console.axe import serious
from tests.console.conftest import ROLES, PageOf, watch

LISTED = re.compile(r'key: "(\w+)",(.*)load:')
DEED = re.compile(r'deed: "(\w+)"')
PAGES = dict(LISTED.findall((APP / "pages.js").read_text()))
"""Each page's key -> what else is said of it."""

ALL_MAY_SEE = [key for key, said in PAGES.items() if not DEED.search(said)]
LOOKS = [(1280, False), (1280, True), (360, False), (360, True)]

READING = re.compile(r"Look|Refresh|Today|Print|Previous.*|Next.*|Show.*|Clear.*")
"""Buttons of a page that change nothing but what is looked at."""


def settled(page: Page) -> Page:
    """The page once it waits for nothing."""
    page.wait_for_load_state("networkidle")
    expect(page.locator("main .waiting")).to_have_count(0)
    return page


def test_there_are_pages() -> None:
    assert len(PAGES) >= 11
    assert {"floor", "uploads"} <= set(ALL_MAY_SEE)


@pytest.mark.parametrize("key", PAGES)
def test_a_page_opens_has_one_heading_and_can_be_read(page_of: PageOf, key: str) -> None:
    page = settled(page_of("admin", key))
    expect(page.locator("h1")).to_have_count(1)
    expect(page.locator("main .trouble")).to_have_count(0)
    assert serious(page) == []


@pytest.mark.proof
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("key", PAGES)
def test_a_page_opens_for_every_role_in_light_dark_and_on_a_phone(page_of: PageOf, key: str, role: str) -> None:
    page = page_of(role)
    if page.locator(f"nav a[href='#/{key}']").count() == 0:
        assert key not in ALL_MAY_SEE
        page.evaluate(f"location.hash = '#/{key}'")
        expect(page.locator("main h1")).to_have_count(0)
        return
    for width, dark in LOOKS:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.evaluate(f"location.hash = '#/{key}'")
        page.locator("main h1").wait_for()
        settled(page)
        page.evaluate("Promise.all(document.getAnimations().map(one => one.finished))")  # colours that change over
        expect(page.locator("h1")).to_have_count(1)
        expect(page.locator("main .trouble")).to_have_count(0)
        assert serious(page) == [], (width, dark)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("key", ALL_MAY_SEE)
def test_a_viewer_sees_no_deeds(page_of: PageOf, key: str) -> None:
    page = settled(page_of("viewer", key))
    assert page.locator("main .button.primary, main .button.danger, main input[type=file]").count() == 0
    names = page.locator("main button.button").all_inner_texts()
    assert [name for name in names if not READING.fullmatch(name.strip())] == []


VIOLATIONS = {
    "a request elsewhere": "fetch('http://127.0.0.1:9/').catch(() => null)",
    "a picture from elsewhere": "document.body.append(Object.assign(new Image(), {src: 'http://127.0.0.1:9/one.png'}))",
    "a style of its own": "document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">no</p>')",
    "a script of its own": "document.head.append(Object.assign(document.createElement('script'), {text: '1'}))",
    "an error of a script": "setTimeout(() => { throw new Error('no') }, 0)",
    "another bucket": "fetch(UPLOADS + '-of-others', {method: 'POST', body: 'no'}).catch(() => null)",
}


@pytest.mark.parametrize("wrong", VIOLATIONS)
def test_what_no_page_may_do_fails_whatever_test_it_is_done_in(
    browser: Browser, console: str, uploads_bucket: str, wrong: str
) -> None:
    noted: list[str] = []
    page = browser.new_page()
    watch(page, console, noted, bucket=uploads_bucket)
    page.goto(f"{console}/api/console")
    expect(page.get_by_label("User name")).to_be_visible()
    assert noted == []
    page.evaluate(VIOLATIONS[wrong].replace("UPLOADS", repr(uploads_bucket)))
    page.wait_for_timeout(50)
    page.close()
    assert noted
