"""The console's frame in a real browser: signing in, roles, the look, and what it weighs."""

import gzip
import urllib.request

import pytest
from playwright.sync_api import Browser, Request, expect

from chalicelib.console import pages
from tests.api import Api
from tests.conftest import Site
from tests.console.axe import serious
from tests.console.conftest import PageOf, sign_in, watch

NOBODY = Api(None)
FIRST_VIEW = 150_000


def test_the_page_is_never_kept_and_its_files_for_a_year(site: Site) -> None:
    page = NOBODY.get("/console")
    assert (page.status, page.headers["Cache-Control"]) == (200, "no-cache")
    assert "default-src 'none'; script-src 'self' 'sha256-" in page.headers["Content-Security-Policy"]
    assert "'unsafe" not in page.headers["Content-Security-Policy"]
    version = pages.shown().version
    file = NOBODY.get(f"/console/{version}/main.js")
    assert file.headers["Cache-Control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("name", ["nothing.js", "index.html", "..", "%2e%2e%2fdocs.html"])
def test_there_is_nothing_but_the_consoles_own_files(site: Site, name: str) -> None:
    assert NOBODY.get(f"/console/{pages.shown().version}/{name}").status == 404


def test_another_version_has_no_files_so_that_none_are_mixed(site: Site) -> None:
    assert NOBODY.get("/console/0123456789abcdef/main.js").status == 404


def test_files_are_compressed_on_their_way(console: str) -> None:
    address = f"{console}/api/console/{pages.shown().version}/app.css"
    asked = urllib.request.Request(address, headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(asked, timeout=30) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(answer.read()) == (pages.APP / "app.css").read_bytes()


def test_somebody_signs_in_lands_where_they_wanted_to_and_signs_out(browser: Browser, console: str) -> None:
    context = browser.new_context(locale="en-GB")
    page, wrong, loaded = context.new_page(), list[str](), list[Request]()
    watch(page, console, wrong)
    page.on("requestfinished", lambda request: loaded.append(request))
    page.goto(f"{console}/api/console#/handover")
    expect(page.get_by_label("User name")).to_be_focused()
    assert serious(page) == []
    page.get_by_label("User name").fill("viewer")
    page.get_by_label("Password").fill("not the password")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("do not go together")
    page.wait_for_timeout(1100)  # a second tries' wait
    sign_in(page, "viewer")
    expect(page.get_by_role("heading", level=1)).to_have_text("Handover")
    assert weight(loaded) < FIRST_VIEW
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("User name")).to_be_visible()
    assert not wrong
    context.close()


def weight(loaded: list[Request]) -> int:
    """Bytes on the wire, bodies and headers."""
    sizes = [one.sizes() for one in loaded]
    return sum(one["responseBodySize"] + one["responseHeadersSize"] for one in sizes)


def test_a_session_that_ends_leaves_the_page_as_it_was(browser: Browser, console: str) -> None:
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(f"{console}/api/console")
    sign_in(page, "planner")
    page.get_by_role("button", name="Leave a note").click()
    page.get_by_label("Note *").fill("Headsets on row three are broken")
    context.clear_cookies()
    page.get_by_role("dialog").get_by_role("button", name="Leave a note").click()
    over = page.get_by_role("dialog", name="Sign in")
    expect(over).to_contain_text("You have been signed out")
    sign_in(page, "planner")
    expect(over).to_have_count(0)
    page.get_by_role("dialog").get_by_role("button", name="Leave a note").click()
    expect(page.get_by_text("Headsets on row three are broken").first).to_be_visible()
    context.close()


STUCK = """
    const real = fetch;
    let first = true;
    window.fetch = async (target, request) => {
      if (!first || !target.startsWith("floor/notes")) return real(target, request);
      first = false;
      const stuck = (stream) => request.signal.addEventListener("abort", () => stream.error(request.signal.reason));
      return new Response(new ReadableStream({ start: stuck }));
    };
"""
"""The first answer to that question begins and never ends."""


def test_what_is_asked_anew_while_an_answer_comes_is_answered(page_of: PageOf) -> None:
    page = page_of("viewer", "people")
    page.add_init_script(STUCK)
    page.reload()
    page.get_by_role("link", name="Floor now").click()
    waiting = page.locator("section").filter(has_text="Notes for the next shift").get_by_role("status")
    expect(waiting).to_be_visible()
    page.evaluate("dispatchEvent(new Event('signed-in'))")
    expect(waiting).to_have_count(0)
    expect(page.locator(".notes li").first).to_be_visible()


def test_an_answer_that_is_cut_short_is_none(page_of: PageOf) -> None:
    page = page_of("viewer", "people")
    page.route("**/api/floor/notes*", lambda route: route.fulfill(status=200, body='{"data": ['))
    page.get_by_role("link", name="Floor now").click()
    expect(page.get_by_role("alert")).to_contain_text("cannot be reached")


def test_the_keyboard_finds_the_page_past_the_navigation(page_of: PageOf) -> None:
    page = page_of("viewer", "floor")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()
    page.get_by_role("link", name="Handover").click()
    expect(page.get_by_role("heading", level=1, name="Handover")).to_be_focused()


def test_a_choice_of_dark_or_light_is_kept(page_of: PageOf) -> None:
    page = page_of("viewer")
    back = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(back)
    page.get_by_role("button", name="Theme: system").click()
    page.get_by_role("button", name="Theme: light").click()
    dark = page.evaluate(back)
    assert dark != light
    page.reload()
    page.get_by_role("button", name="Theme: dark").wait_for()
    assert page.evaluate(back) == dark
