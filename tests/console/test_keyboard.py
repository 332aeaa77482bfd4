"""Each flow with the keyboard alone: sign in, mark, approve leave, bring a sheet."""

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.console.conftest import PASSWORD, PageOf, watch
from tests.console.test_uploads import GOOD, sheet

pytestmark = pytest.mark.proof
MOST = 400
"""Steps within which everything must be reached."""


def reach(page: Page, there: Locator, key: str = "Tab") -> None:
    """Go on by one key until that has the focus."""
    there.wait_for()
    for _ in range(MOST):
        if there.evaluate("one => one === document.activeElement"):
            return
        page.keyboard.press(key)
    raise AssertionError(f"{there} is not reached by {key}")


def press(page: Page, name: str, within: Locator | None = None) -> None:
    reach(page, (within or page.locator("main")).get_by_role("button", name=name).first)
    page.keyboard.press("Enter")


def test_signing_in_and_out(browser: Browser, console: str) -> None:
    context = browser.new_context(locale="en-GB")
    page, wrong = context.new_page(), list[str]()
    watch(page, console, wrong)
    page.goto(f"{console}/api/console")
    expect(page.get_by_label("User name")).to_be_focused()
    page.keyboard.type("viewer")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.locator("main h1").wait_for()
    reach(page, page.get_by_role("button", name="Sign out"))
    page.keyboard.press("Enter")
    expect(page.get_by_label("User name")).to_be_visible()
    context.close()
    assert not wrong


def test_marking_somebody(page_of: PageOf) -> None:
    page = page_of("admin", "floor")
    press(page, "Mark ")
    dialog = page.get_by_role("dialog")
    reach(page, dialog.get_by_label("Mark *"))
    page.keyboard.type("Pres")
    expect(dialog.get_by_label("Mark *")).to_have_value("present")
    reach(page, dialog.get_by_role("button", name="Mark").last)
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    assert page.evaluate("document.activeElement.textContent") == "Mark"


def test_escape_leaves_a_dialog_where_it_was_opened(page_of: PageOf) -> None:
    page = page_of("admin", "floor")
    press(page, "Mark ")
    page.get_by_role("dialog").wait_for()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert page.evaluate("document.activeElement.textContent") == "Mark"


def test_approving_leave(page_of: PageOf) -> None:
    page = page_of("admin", "leave")
    count = page.get_by_role("status").filter(has_text="rows")
    waiting = int(count.inner_text().split()[0])
    press(page, "Approve")
    dialog = page.get_by_role("dialog")
    press(page, "Approve", within=dialog)
    expect(page.get_by_role("status").filter(has_text=f"{waiting - 1} rows")).to_be_visible()


def test_bringing_a_sheet(page_of: PageOf) -> None:
    page = page_of("planner", "uploads")
    reach(page, page.locator("input[type=file]"))
    with page.expect_file_chooser() as chooser:
        page.keyboard.press("Enter")
    day = sheet(["2031-02-03", *GOOD[1:]])
    chooser.value.set_files({"name": "requirement-keys.csv", "mimeType": "text/csv", "buffer": day})
    press(page, "Look at it first")
    expect(page.get_by_text("1 row would be written.")).to_be_visible()
    press(page, "Write it")
    expect(page.get_by_text("1 row was written.")).to_be_visible()
