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


def test_a_refused_move_is_explained_and_one_that_was_asked_for_is_taken_back(page_of: PageOf) -> None:
    page = page_of("admin", "roster")
    page.get_by_role("button", name="Next").click()
    grid = roster(page)
    mine = grid.locator("td:has(.code.work:not(.given))").first
    row = (mine.get_attribute("data-at") or "").split(":")[0]
    elsewhere = grid.locator(f'td[data-at]:not([data-at^="{row}:"])')
    dialog, seen = page.get_by_role("dialog"), set()
    for at in elsewhere.evaluate_all("all => all.map((one) => one.dataset.at)")[:60]:
        mine.focus()
        page.keyboard.press("m")
        grid.locator(f'[data-at="{at}"]').focus()
        page.keyboard.press("m")
        expect(dialog.get_by_text("Loading")).to_have_count(0)
        asks = dialog.get_by_role("button", name="Ask for")
        if asks.count() and "asked" not in seen:
            asks.click()
            expect(dialog).to_have_count(0)
            page.get_by_role("button", name="Undo").click()
            expect(page.get_by_text("Taken back.")).to_be_visible()
            seen.add("asked")
        else:
            if not asks.count():
                assert dialog.get_by_role("listitem").first.inner_text()
                seen.add("refused")
            page.keyboard.press("Escape")
            expect(dialog).to_have_count(0)
        if seen == {"asked", "refused"}:
            return
    raise AssertionError(seen)


def test_a_planner_corrects_a_shift_and_sees_it(page_of: PageOf) -> None:
    page = page_of("planner", "roster")
    page.get_by_role("button", name="Next").click()
    shift = roster(page).locator("td:has(.code.work:not(.given))").first
    at = shift.get_attribute("data-at")
    shift.click()
    page.get_by_role("button", name="Correct").first.click()
    page.get_by_role("dialog").locator("input[type=time]").first.fill("10:07")
    page.get_by_role("dialog").locator("input[type=time]").last.fill("15:07")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(f'[data-at="{at}"]')).to_contain_text("10:07")


def test_the_roster_prints_whole(page_of: PageOf) -> None:
    page = page_of("supervisor", "roster")
    roster(page)
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation")).to_be_hidden()
    assert page.locator(".scroller.roster").evaluate("one => getComputedStyle(one).overflow") == "visible"


def test_a_shift_is_dragged_onto_somebody_else(page_of: PageOf) -> None:
    page = page_of("admin", "roster")
    page.get_by_role("button", name="Next").click()
    grid = roster(page)
    mine = grid.locator("td:has(.code.work:not(.given))").first
    row, day = (int(one) for one in (mine.get_attribute("data-at") or "").split(":"))
    mine.drag_to(grid.locator(f'[data-at="{row + 1}:{day}"]'))
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("status")).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
