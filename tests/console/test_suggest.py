"""Fields that suggest people while one types, in a real browser."""

from playwright.sync_api import Locator, Page, expect

from tests.console.axe import serious
from tests.console.conftest import PageOf


def somebody(page: Page) -> tuple[str, str]:
    """The first of the people: their name, and their id."""
    link = page.locator("tr.row a").first
    address = link.get_attribute("href")
    assert address
    return link.inner_text(), address.split("/")[2]


def opened(page: Page, button: str) -> Locator:
    page.get_by_role("button", name=button).click()
    return page.get_by_role("dialog")


def suggested(page: Page) -> Locator:
    return page.get_by_role("listbox", name="Suggestions").get_by_role("option")


def go(page: Page, route: str) -> None:
    page.goto(f"{page.url.split('#')[0]}#/{route}")


def test_somebody_is_found_by_name_and_meant_by_id_with_the_keyboard_alone(page_of: PageOf) -> None:
    page = page_of("hr", "people")
    name, number = somebody(page)
    go(page, "rewards")
    dialog = opened(page, "Award points")
    field = dialog.get_by_role("combobox", name="Person")
    field.press_sequentially(name)
    first = suggested(page).filter(has_text=f"{name} · {number}")
    expect(first).to_be_visible()
    assert serious(page) == []
    while first.get_attribute("aria-selected") != "true":
        field.press("ArrowDown")
    field.press("Enter")
    expect(field).to_have_value(f"{name} · {number}")
    expect(suggested(page)).to_have_count(0)
    dialog.get_by_label("Reason").select_option(index=1)
    sent = page.expect_request(lambda one: one.method == "POST")
    with sent as request:
        dialog.get_by_role("button", name="Save").click()
    assert request.value.post_data_json["employee_id"] == int(number)
    expect(dialog).to_have_count(0)


def test_escape_puts_away_what_is_suggested_and_not_what_was_filled_in(page_of: PageOf) -> None:
    page = page_of("hr", "rewards")
    dialog = opened(page, "Award points")
    field = dialog.get_by_role("combobox", name="Person")
    field.fill("a")
    expect(suggested(page).first).to_be_visible()
    field.press("Escape")
    expect(suggested(page)).to_have_count(0)
    expect(field).to_have_value("a")
    field.press("Escape")
    expect(dialog).to_have_count(0)


def test_whoever_was_only_named_is_asked_for(page_of: PageOf) -> None:
    page = page_of("hr", "rewards")
    dialog = opened(page, "Award points")
    field = dialog.get_by_role("combobox", name="Person")
    field.fill("nobody is called so")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("Choose somebody who is suggested")).to_be_visible()


def test_lists_are_narrowed_to_a_supervisor_who_leads_somebody(page_of: PageOf) -> None:
    page = page_of("viewer", "people")
    page.locator("tr.row").first.wait_for()
    everybody = page.get_by_role("status").filter(has_text="rows").inner_text()
    field = page.get_by_role("combobox", name="Supervisor")
    field.press("ArrowUp")
    expect(suggested(page).first).to_be_visible()
    field.press("ArrowUp")
    option = suggested(page).last
    expect(option).to_be_in_viewport()
    name = option.inner_text()
    field.press("Enter")
    expect(field).to_have_value(name)
    expect(page.get_by_role("status").filter(has_text="rows")).not_to_have_text(everybody)
    expect(page.locator("tr.row").first).to_contain_text(name)


def test_an_id_in_the_address_says_whose_it_is(page_of: PageOf) -> None:
    page = page_of("admin", "people")
    name, number = somebody(page)
    go(page, f"audit?employee_id={number}")
    expect(page.get_by_role("combobox", name="Person")).to_have_value(f"{name} · {number}")


def test_a_manager_may_be_somebody_whom_nobody_knows(page_of: PageOf) -> None:
    page = page_of("hr", "people")
    page.locator("tr.row a").first.click()
    page.get_by_role("button", name="Edit Manager").click()
    field = page.get_by_role("combobox", name="Manager")
    field.fill("Someone Atheadoffice")
    field.press("Enter")
    expect(page.get_by_role("button", name="Edit Manager: Someone Atheadoffice")).to_be_visible()


def test_what_was_done_has_the_name_of_whoever_did_it(page_of: PageOf) -> None:
    page = page_of("admin", "audit")
    field = page.get_by_role("combobox", name="Who")
    field.fill("HR")
    suggested(page).filter(has_text="hr").first.click()
    expect(field).to_have_value("hr")
    expect(page.locator("tr.row").first).to_contain_text("hr")
    page.locator("tr.row").first.get_by_role("button", name="Look").click()
    expect(page.get_by_role("dialog").get_by_text("hr (user:")).to_be_visible()
