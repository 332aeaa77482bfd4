"""Today and exceptions in a real browser."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import Site
from tests.console.axe import serious
from tests.console.conftest import PageOf
from tests.console.test_people import asked


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


def waiting(site: Site, employee_id: int, last_name: str, exception_type: str) -> None:
    """An exception that waits, of whom nothing is planned."""
    asked(
        site,
        f"""INSERT INTO employees (employee_id, first_name, last_name, department, hire_date)
        VALUES ({employee_id}, 'Uma', '{last_name}', 'Sales', '2025-01-06');
        INSERT INTO exceptions (employee_id, exception_type, start_date, end_date)
        VALUES ({employee_id}, '{exception_type}', '2031-01-06', '2031-01-07')""",
    )


def looked_at(page: Page, name: str) -> Locator:
    """The dialog in which one exception is processed, once what would happen has been asked for."""
    with page.expect_request("**/exceptions/process") as first:
        page.locator("tr.row").filter(has_text=name).get_by_role("button", name="Process", exact=True).click()
    assert first.value.post_data_json["dry_run"] is True
    return page.get_by_role("dialog")


def test_one_exception_is_looked_at_before_it_is_processed(page_of: PageOf, demo_floor: Site) -> None:
    waiting(demo_floor, 41031799007, "Learns", "Training")
    page = page_of("planner", "exceptions")
    dialog = looked_at(page, "Uma Learns")
    expect(dialog.get_by_text("Training of Uma Learns lies over the plan from then on.")).to_be_visible()
    assert serious(page) == []
    dialog.get_by_role("button", name="Process 1 exception").click()
    expect(page.get_by_role("status").filter(has_text="1 processed.")).to_be_visible()
    expect(page.locator("tr.row").filter(has_text="Uma Learns")).to_have_count(0)


def test_one_that_cannot_be_processed_says_why_and_offers_nothing(page_of: PageOf, demo_floor: Site) -> None:
    waiting(demo_floor, 41031799008, "Idle", "Overtime")
    page = page_of("planner", "exceptions")
    dialog = looked_at(page, "Uma Idle")
    expect(dialog.get_by_role("listitem")).to_contain_text("Uma Idle has no shift near 2031-01-06")
    expect(dialog.get_by_role("button", name="Process")).to_have_count(0)
    dialog.get_by_role("button", name="Cancel").click()
    expect(page.locator("tr.row").filter(has_text="Uma Idle")).to_have_count(1)


def test_one_that_somebody_else_decided_meanwhile_says_so(page_of: PageOf, demo_floor: Site) -> None:
    waiting(demo_floor, 41031799009, "Waits", "Training")
    page = page_of("planner", "exceptions")
    dialog = looked_at(page, "Uma Waits")
    offered = dialog.get_by_role("button", name="Process 1 exception")
    offered.wait_for()
    asked(demo_floor, "UPDATE exceptions SET status = 'Rejected' WHERE employee_id = 41031799009")
    offered.click()
    expect(dialog.get_by_role("listitem")).to_contain_text("is Rejected and cannot become Completed")
    expect(offered).to_have_count(0)


@pytest.mark.parametrize("at", ["today", "exceptions"])
def test_everybody_can_read_the_day_s_pages(page_of: PageOf, at: str) -> None:
    page = page_of("viewer", at, width=390, dark=True)
    page.wait_for_load_state("networkidle")
    assert serious(page) == []
    expect(page.get_by_role("button", name="Process those that wait")).to_have_count(0)
