"""People, leave and changes in a real browser."""

import re

import pytest
from playwright.sync_api import expect

from tests.conftest import Site
from tests.console.axe import serious
from tests.console.conftest import PageOf, asked
from tests.console.test_keyboard import reach


def somebody(site: Site, employee_id: int, last_name: str) -> str:
    """Where the page of a person is whom only one test changes; their shift is none to choose any more."""
    asked(
        site,
        f"""INSERT INTO employees (employee_id, first_name, last_name, company_email, department, shift, hire_date)
        VALUES ({employee_id}, 'Ida', '{last_name}', '{last_name}@example.com', 'Sales', 'Dusk', '2025-01-06');
        INSERT INTO assignments (employee_id, department, shift, valid_from)
        VALUES ({employee_id}, 'Sales', 'Dusk', '2025-01-06')""",
    )
    return f"people/{employee_id}"


def test_a_fact_of_somebody_is_edited_where_it_stands(page_of: PageOf) -> None:
    page = page_of("hr", "people")
    name = page.locator("tr.row a").first.inner_text()
    page.get_by_label("Search").fill(name)
    page.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    page.get_by_role("tab", name="Where they belonged").click()
    page.get_by_role("button", name="Edit Tier").click()
    expect(page.get_by_label("Tier")).to_be_focused()
    page.get_by_label("Tier").fill("7")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Tier is 7 now.")).to_be_visible()
    expect(page.get_by_role("button", name="Edit Tier: 7")).to_be_focused()
    expect(page.get_by_role("cell", name="7", exact=True)).to_be_visible()


def test_a_fact_is_edited_by_keys_alone_and_escape_takes_it_back(page_of: PageOf, demo_floor: Site) -> None:
    page = page_of("hr", somebody(demo_floor, 41031799011, "Keys"))
    name = page.get_by_role("button", name="Edit Last name: Keys")
    reach(page, name)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Last name")).to_be_focused()
    page.keyboard.type("Nobody")
    page.keyboard.press("Escape")
    expect(name).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type("Locks")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Edit Last name: Locks")).to_be_focused()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ida Locks")


def test_where_somebody_belongs_is_chosen_with_the_day_from_which_it_holds(page_of: PageOf, demo_floor: Site) -> None:
    page = page_of("hr", somebody(demo_floor, 41031799012, "Moves"))
    reach(page, page.get_by_role("button", name="Edit Department: Sales"))
    page.keyboard.press("Enter")
    chosen = page.get_by_label("Department")
    expect(chosen).to_be_focused()
    there = chosen.locator("option").all_inner_texts()
    assert {"Sales", "Technical Support"} <= set(there)
    page.keyboard.type("Tech")
    expect(chosen).to_have_value("Technical Support")
    page.get_by_label("From").fill("2025-03-03")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Edit Department: Technical Support")).to_be_focused()
    page.get_by_role("tab", name="Where they belonged").click()
    row = page.locator("tbody tr").filter(has_text="Technical Support")
    expect(row).to_contain_text("3 Mar 2025")


def test_a_fact_that_is_refused_says_why_and_keeps_what_was_typed(page_of: PageOf, demo_floor: Site) -> None:
    somebody(demo_floor, 41031799013, "First")
    page = page_of("hr", somebody(demo_floor, 41031799014, "Second"))
    page.get_by_role("button", name="Edit E-mail").click()
    field = page.get_by_label("E-mail")
    for wrong in ("nowhere", "first@example.com"):
        field.fill(wrong)
        field.press("Enter")
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_be_focused()
        expect(field).to_have_value(wrong)
    expect(field).to_have_accessible_description("belongs to another employee")
    field.fill("second.one@example.com")
    field.press("Enter")
    expect(page.get_by_role("button", name="Edit E-mail: second.one@example.com")).to_be_focused()
    page.get_by_role("button", name="Edit Shift").click()
    expect(page.get_by_label("Shift")).to_have_value("Dusk")
    page.get_by_label("Shift").select_option("Night")
    page.get_by_label("From").fill("2024-12-30")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("From")).to_have_attribute("aria-invalid", "true")


def test_somebody_goes_on_leave_and_is_hired_again_after_they_left(page_of: PageOf, demo_floor: Site) -> None:
    page = page_of("hr", somebody(demo_floor, 41031799015, "Returns"))
    page.get_by_role("button", name="Edit Status: Active").click()
    page.get_by_label("Status").select_option("On Leave")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("button", name="Edit Status: On Leave")).to_be_focused()
    expect(page.get_by_role("button", name="Hire again")).to_have_count(0)
    page.get_by_role("button", name="Edit Last day").click()
    page.get_by_label("Last day").fill("2025-03-31")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Hire again").click()
    dialog = page.get_by_role("dialog")
    assert serious(page) == []
    dialog.get_by_label("Hired").fill("2025-09-01")
    dialog.get_by_role("button", name="Hire again").click()
    expect(page.get_by_role("button", name="Edit Status: Active")).to_be_visible()
    expect(page.get_by_role("button", name="Edit Hired: 1 Sept 2025")).to_be_visible()
    expect(page.get_by_role("button", name="Edit Last day: nothing")).to_be_visible()


@pytest.mark.parametrize(("width", "dark"), [(1280, True), (390, False)])
def test_a_page_with_a_fact_that_is_edited_can_be_read(page_of: PageOf, width: int, dark: bool) -> None:
    page = page_of("hr", "people", width=width, dark=dark)
    page.locator("tr.row a").first.click()
    assert serious(page) == []
    for fact in ("Last name", "Department", "Last day"):
        page.get_by_role("button", name=f"Edit {fact}").click()
    expect(page.get_by_label("Last day")).to_be_focused()
    page.get_by_label("Last name").fill("x" * 201)
    page.get_by_role("button", name="Save").first.click()
    expect(page.get_by_label("Last name")).to_have_attribute("aria-invalid", "true")
    page.wait_for_load_state("networkidle")
    assert serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_leave_is_rejected_with_a_reason_and_waits_no_more(page_of: PageOf) -> None:
    page = page_of("hr", "leave")
    row = page.locator("tr.row:has(button)").first
    row.get_by_role("button", name="Look").click()
    expect(page.get_by_text("Days of work")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    waiting = int(page.get_by_role("status").filter(has_text="rows").inner_text().split()[0])
    row.get_by_role("button", name="Reject").click()
    page.get_by_role("dialog").get_by_label("Reason").fill("The floor is too thin")
    page.get_by_role("dialog").get_by_role("button", name="Reject").click()
    expect(page.get_by_role("status").filter(has_text=f"{waiting - 1} rows")).to_be_visible()


def test_a_viewer_changes_nobody(page_of: PageOf) -> None:
    page = page_of("viewer", "people")
    page.locator("tr.row a").first.click()
    page.get_by_role("tab", name="Attendance").wait_for()
    expect(page.locator(".facts")).to_contain_text("Department")
    expect(page.get_by_role("button", name="Edit")).to_have_count(0)
    expect(page.get_by_role("tab", name="Audit")).to_have_count(0)


@pytest.mark.parametrize("at", ["leave", "changes", "exceptions"])
def test_an_inbox_shows_what_waits_and_everything_when_asked(page_of: PageOf, at: str) -> None:
    page = page_of("viewer", at)
    counted = page.get_by_role("status").filter(has_text="row")
    waiting = int(counted.inner_text().split()[0].replace(",", ""))
    page.get_by_label("Status").select_option("all")
    expect(counted).not_to_have_text(f"{waiting} rows")
    statuses = page.get_by_role("columnheader", name="Status")
    expect(statuses).to_be_visible()
    page.get_by_label("Status").select_option("Pending")
    expect(counted).to_have_text(re.compile(rf"^{waiting} rows?$"))
    expect(statuses).to_have_count(0)


def test_who_waits_from_a_roster_is_corrected_and_joins(page_of: PageOf, demo_floor: Site) -> None:
    asked(
        demo_floor,
        """INSERT INTO new_employee_reviews (first_name, last_name, department, sheet_number)
        VALUES ('Grace', 'Roster', 'Sales', '7')""",
    )
    page = page_of("hr", "people?tab=reviews")
    row = page.locator("tr.row").filter(has_text="Grace Roster")
    row.get_by_role("button", name="Correct").click()
    page.get_by_label("Last name").fill("Rooster")
    page.get_by_role("button", name="Save").click()
    row = page.locator("tr.row").filter(has_text="Grace Rooster")
    row.get_by_role("button", name="Approve").click()
    page.get_by_role("dialog").get_by_label("Employee id").fill("41031799001")
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(row).to_have_count(0)
    page.goto(page.url.partition("#")[0] + "#/people/41031799001")
    expect(page.get_by_role("heading", level=1)).to_have_text("Grace Rooster")


def test_somebody_goes_to_the_history_and_comes_back(page_of: PageOf, demo_floor: Site) -> None:
    asked(
        demo_floor,
        """INSERT INTO employees (employee_id, first_name, last_name, department, hire_date)
        VALUES (41031799002, 'Alan', 'Gone', 'Sales', '2025-01-06')""",
    )
    page = page_of("hr", "people/41031799002")
    page.get_by_role("button", name="Move to history").click()
    page.get_by_role("dialog").get_by_role("button", name="Move to history").click()
    row = page.locator("tr.row").filter(has_text="Alan Gone")
    row.get_by_role("button", name="Bring back").click()
    page.get_by_role("dialog").get_by_role("button", name="Bring back").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Alan Gone")


def test_who_has_left_is_erased_by_an_admin_alone(page_of: PageOf, demo_floor: Site) -> None:
    asked(
        demo_floor,
        """INSERT INTO employees (employee_id, first_name, last_name, hire_date, status)
        VALUES (41031799003, 'Ada', 'Bygone', '2020-01-06', 'Inactive')""",
    )
    expect(page_of("hr", "people/41031799003").get_by_role("button", name="Erase")).to_have_count(0)
    page = page_of("admin", "people/41031799003")
    page.get_by_role("button", name="Erase").click()
    page.get_by_role("dialog").get_by_label("Their full name").fill("Ada Bygone")
    page.get_by_role("dialog").get_by_label("Reason").fill("asked for it")
    page.get_by_role("dialog").get_by_role("button", name="Erase").click()
    expect(page.get_by_text("Something of them may still be here")).to_be_visible()
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Erased 41031799003")
