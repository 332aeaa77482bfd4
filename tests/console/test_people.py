"""People, leave and changes in a real browser."""

import psycopg2
import pytest
from playwright.sync_api import expect

from tests.conftest import Site
from tests.console.axe import serious
from tests.console.conftest import PageOf


def asked(site: Site, statement: str) -> None:
    """Put on the floor what the pages cannot make."""
    with psycopg2.connect(site.url("opsdb_app")) as conn, conn.cursor() as cursor:
        cursor.execute(statement)


def test_somebody_is_found_and_changed_from_when_it_holds(page_of: PageOf) -> None:
    page = page_of("hr", "people")
    name = page.locator("tr.row a").first.inner_text()
    page.get_by_label("Search").fill(name)
    page.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    page.get_by_role("button", name="Change", exact=True).click()
    page.get_by_label("Tier").fill("-1")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_label("Tier")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Tier").fill("7")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Changed.")).to_be_visible()
    page.get_by_role("tab", name="Where they belonged").click()
    expect(page.get_by_role("cell", name="7", exact=True)).to_be_visible()


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
    expect(page.get_by_role("button", name="Change")).to_have_count(0)
    expect(page.get_by_role("tab", name="Audit")).to_have_count(0)


@pytest.mark.parametrize("at", ["people", "leave", "changes"])
def test_everybody_can_read_the_pages_about_people(page_of: PageOf, at: str) -> None:
    page = page_of("admin", at)
    page.wait_for_load_state("networkidle")
    assert serious(page) == []


@pytest.mark.parametrize("at", ["leave", "changes", "exceptions"])
def test_an_inbox_shows_what_waits_and_everything_when_asked(page_of: PageOf, at: str) -> None:
    page = page_of("viewer", at)
    counted = page.get_by_role("status").filter(has_text="row")
    waiting = int(counted.inner_text().split()[0].replace(",", ""))
    page.get_by_label("Status").select_option("all")
    expect(counted).not_to_have_text(f"{waiting} rows")
    page.get_by_label("Status").select_option("Rejected")
    page.wait_for_load_state("networkidle")
    assert "Waiting" not in page.locator("table").all_inner_texts()


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
