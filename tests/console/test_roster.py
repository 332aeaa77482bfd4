"""The roster in a real browser: moved in by the keyboard, judged before anything is written, corrected, printed."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.console.axe import serious
from tests.console.conftest import PageOf


def roster(page: Page) -> Locator:
    """The grid, once its first people's shifts are there."""
    grid = page.get_by_role("grid")
    grid.locator("td .code").first.wait_for()
    page.wait_for_load_state("networkidle")
    return grid


def test_the_arrow_keys_move_and_enter_opens(page_of: PageOf) -> None:
    page = page_of("viewer", "roster")
    grid = roster(page)
    grid.locator('[data-at="0:0"]').focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(grid.locator('[data-at="1:1"]')).to_be_focused()
    page.keyboard.press("End")
    expect(grid.locator('[data-at="1:6"]')).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_role("dialog").get_by_role("button", name="Correct")).to_have_count(0)
    assert serious(page) == []


@pytest.mark.parametrize("view", ["week", "month"])
def test_each_view_can_be_read(page_of: PageOf, view: str) -> None:
    page = page_of("duty_lead", f"roster?view={view}", width=390)
    page.locator("main .code").nth(8).wait_for()
    page.wait_for_load_state("networkidle")
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_shift_is_moved_by_keyboard_and_judged_before_it_is_asked_for(page_of: PageOf) -> None:
    page = page_of("admin", "roster")
    page.get_by_role("button", name="Next").click()
    grid = roster(page)
    grid.locator('[data-at="0:0"]').focus()
    while "OFF" in page.locator("td:focus").inner_text():
        page.keyboard.press("ArrowRight")
    page.keyboard.press("m")
    expect(page.locator(".warning")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("m")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    page.wait_for_load_state("networkidle")
    said = dialog.inner_text()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert said.strip()
