"""A day's timeline in a real browser."""

from playwright.sync_api import expect

from tests.console.axe import serious
from tests.console.conftest import PageOf


def test_the_day_is_shown_as_bars_over_its_coverage(page_of: PageOf) -> None:
    page = page_of("viewer", "timeline", width=390)
    page.locator(".bar").nth(3).wait_for()
    expect(page.get_by_role("figure").filter(has_text="Coverage by half-hour").locator("rect").first).to_be_visible()
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    before = page.get_by_role("status").filter(has_text="rows").inner_text()
    page.get_by_role("button", name="Next day").click()
    expect(page.get_by_role("status").filter(has_text="rows")).not_to_have_text(before)


def test_a_shift_is_opened_by_its_bar_and_corrected_by_whoever_may(page_of: PageOf) -> None:
    page = page_of("planner", "timeline")
    bar = page.locator(".bar").nth(2)
    bar.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Mark")).to_have_count(0)
    dialog.get_by_role("button", name="Correct").click()
    dialog.get_by_label("Stop").fill("13:10")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="13:10").first).to_be_visible()
    page = page_of("viewer", "timeline")
    page.locator(".bar").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page.get_by_role("dialog").get_by_role("button", name="Correct")).to_have_count(0)


def test_a_timeline_without_a_plan_teaches(page_of: PageOf) -> None:
    page = page_of("planner", "timeline?date=1999-01-01")
    expect(page.get_by_text("Nobody is scheduled")).to_be_visible()


def test_a_printed_timeline_has_no_frame_and_is_not_cut(page_of: PageOf) -> None:
    page = page_of("viewer", "timeline")
    page.locator(".bar").nth(3).wait_for()
    page.emulate_media(media="print")
    expect(page.locator("nav")).to_be_hidden()
    expect(page.get_by_role("button", name="Print")).to_be_hidden()
    assert page.locator(".timeline").evaluate("one => getComputedStyle(one).overflowY") == "visible"
