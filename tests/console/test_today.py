"""Today and exceptions in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.console.axe import serious
from tests.console.conftest import PageOf


def test_what_waits_leads_to_where_it_is_decided(page_of: PageOf) -> None:
    page = page_of("planner", "today")
    expect(page.get_by_role("figure").filter(has_text="Coverage by half-hour").locator("rect").first).to_be_visible()
    waiting = page.get_by_role("main").get_by_role("listitem").filter(has_text="Exceptions")
    count = int(waiting.locator(".count").inner_text())
    expect(page.get_by_role("link", name="Requests for leave")).to_have_count(0)  # a planner decides none
    waiting.get_by_role("link").click()
    expect(page.get_by_role("status").filter(has_text=f"{count} rows")).to_be_visible()


def test_a_day_without_a_plan_teaches(page_of: PageOf) -> None:
    page = page_of("viewer", "today?date=1999-01-01")
    expect(page.get_by_text("Nobody is scheduled")).to_be_visible()
    expect(page.get_by_text("Nothing waits.")).to_be_visible()


def test_exceptions_are_looked_at_before_they_are_processed_together(page_of: PageOf) -> None:
    page = page_of("planner", "exceptions")
    before = int(page.get_by_role("status").filter(has_text="rows").inner_text().split()[0])
    page.get_by_role("button", name="Process those that wait").click()
    offered = page.get_by_role("dialog").get_by_role("button", name="exceptions")
    count = int(offered.inner_text().split()[1])
    offered.click()
    expect(page.get_by_role("status").filter(has_text=f"{count} processed.")).to_be_visible()
    left = "Nothing waits" if count == before else f"{before - count} row"
    expect(page.get_by_text(left).first).to_be_visible()


@pytest.mark.parametrize("at", ["today", "exceptions"])
def test_everybody_can_read_the_day_s_pages(page_of: PageOf, at: str) -> None:
    page = page_of("viewer", at, width=390, dark=True)
    page.wait_for_load_state("networkidle")
    assert serious(page) == []
    expect(page.get_by_role("button", name="Process those that wait")).to_have_count(0)
