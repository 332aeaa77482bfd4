"""Leave's requests, allowances and holidays in a real browser."""

import pytest
from playwright.sync_api import expect

from tests.console.axe import serious
from tests.console.conftest import PageOf


def test_leave_is_approved_once_what_matters_is_seen(page_of: PageOf) -> None:
    page = page_of("hr", "leave")
    row = page.locator("tr.row:has(button)").first
    row.get_by_role("button", name="Look").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Days of work")).to_be_visible()
    expect(dialog.get_by_role("heading", name="Also away")).to_be_visible()
    expect(dialog.get_by_role("heading", name="Coverage of")).to_be_visible()
    expect(dialog.locator(".waiting")).to_have_count(0)
    assert serious(page) == []
    page.get_by_role("button", name="Close").click()
    waiting = int(page.get_by_role("status").filter(has_text="rows").inner_text().split()[0])
    row.get_by_role("button", name="Approve").click()
    dialog.get_by_label("Reason").fill("Enough are there")
    dialog.get_by_role("button", name="Approve").click()
    expect(page.get_by_role("status").filter(has_text=f"{waiting - 1} rows")).to_be_visible()


def test_approved_leave_is_withdrawn_with_a_reason_that_stands_beside_it(page_of: PageOf) -> None:
    page = page_of("hr", "leave?status=Approved")
    row = page.locator("tr.row:has(button)").last
    row.wait_for()
    what = row.locator("td").all_inner_texts()[:5]
    row.get_by_role("button", name="Withdraw").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("Comes back sooner")
    dialog.get_by_role("button", name="Withdraw").click()
    expect(dialog).to_have_count(0)
    page.get_by_label("Status").select_option("Withdrawn")
    withdrawn = page.locator("tr.row")
    for one in what:
        withdrawn = withdrawn.filter(has_text=one)
    withdrawn.get_by_role("button", name="Look").click()
    expect(dialog.get_by_text("Comes back sooner")).to_be_visible()


def test_an_allowance_is_stated_and_what_is_wrong_with_it_stands_beside_it(page_of: PageOf) -> None:
    page = page_of("hr", "people")
    person = page.locator("tr.row a").first.get_attribute("href")
    assert person
    page.goto(f"{page.url.split('#')[0]}#/leave?tab=allowances&year=2031")
    expect(page.get_by_text("Nobody has an allowance")).to_be_visible()
    page.get_by_role("button", name="State an allowance").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Person").fill(person.split("/")[2])
    dialog.get_by_label("Kind").select_option(index=1)
    dialog.get_by_label("Year").fill("2031")
    dialog.get_by_label("Days").fill("400")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_label("Days")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Days").fill("22.5")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("cell", name="22.5").first).to_be_visible()


def test_a_holiday_comes_and_goes(page_of: PageOf) -> None:
    page = page_of("hr", "leave?tab=holidays&start_date=2031-01-01")
    page.get_by_role("button", name="Add a holiday").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox", name="Day", exact=True).fill("2031-05-01")
    dialog.get_by_label("Holiday").fill("Day of the sea")
    dialog.get_by_role("button", name="Save").click()
    row = page.locator("tr.row").filter(has_text="Day of the sea")
    expect(row).to_contain_text("Everybody")
    row.get_by_role("button", name="Remove").click()
    dialog.get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)


@pytest.mark.proof
@pytest.mark.parametrize("tab", ["allowances", "holidays"])
def test_a_viewer_reads_them_and_states_none(page_of: PageOf, tab: str) -> None:
    page = page_of("viewer", f"leave?tab={tab}")
    page.wait_for_load_state("networkidle")
    expect(page.locator("main .button.primary")).to_have_count(0)
    expect(page.locator("main .trouble")).to_have_count(0)
    assert serious(page) == []
