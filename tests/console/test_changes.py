"""Swaps and covers in a real browser: looked at, and rejected with a reason that stays to be read."""

from playwright.sync_api import expect

from tests.conftest import Site
from tests.console.axe import serious
from tests.console.conftest import PageOf, asked


def test_a_change_is_rejected_with_a_reason_that_whoever_looks_can_read(page_of: PageOf) -> None:
    page = page_of("admin", "changes")
    row = page.locator("tr.row:has(button)").first
    row.wait_for()
    what = row.locator("td").all_inner_texts()[:4]
    waiting = int(page.get_by_role("status").filter(has_text="row").inner_text().split()[0])
    row.get_by_role("button", name="Look").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="What is against it")).to_be_visible()
    assert serious(page) == []
    dialog.get_by_role("button", name="Reject").click()
    expect(dialog.get_by_role("heading", name="Reject")).to_be_visible()
    dialog.get_by_label("Reason").fill("x" * 2001)
    dialog.get_by_role("button", name="Reject").click()
    expect(dialog.get_by_label("Reason")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("Reason").fill("Both are needed in the evening")
    dialog.get_by_role("button", name="Reject").click()
    left = "Nothing waits" if waiting == 1 else f"{waiting - 1} row"
    expect(page.get_by_text(left).first).to_be_visible()
    page.get_by_label("Status").select_option("Rejected")
    rejected = page.locator("tr.row")
    for one in what:
        rejected = rejected.filter(has_text=one)
    rejected.get_by_role("button", name="Look").click()
    expect(dialog.get_by_text("Both are needed in the evening")).to_be_visible()
    expect(dialog.get_by_role("button", name="Reject")).to_have_count(0)


def test_a_change_whose_shift_is_gone_can_still_be_rejected(page_of: PageOf, demo_floor: Site) -> None:
    asked(
        demo_floor,
        """INSERT INTO employees (employee_id, first_name, last_name, department, hire_date)
        VALUES (41031799005, 'Bo', 'Giver', 'Sales', '2025-01-06'), (41031799006, 'Cy', 'Taker', 'Sales', '2025-01-06');
        INSERT INTO schedule_changes (employee_id, schedule_id, replacement_id, schedule_date, change_type)
        VALUES (41031799005, 999999999, 41031799006, '2031-01-06', 'Cover')""",
    )
    page = page_of("admin", "changes")
    row = page.locator("tr.row").filter(has_text="Bo Giver")
    row.get_by_role("button", name="Look").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("alert")).to_contain_text("the plan has changed since this was asked for")
    expect(dialog.get_by_role("button", name="Approve")).to_have_count(0)
    dialog.get_by_role("button", name="Reject").click()
    dialog.get_by_label("Reason").fill("The shift is gone")
    dialog.get_by_role("button", name="Reject").click()
    expect(row).to_have_count(0)


def test_an_approved_change_is_withdrawn_with_a_reason(page_of: PageOf, demo_floor: Site) -> None:
    asked(
        demo_floor,
        """INSERT INTO employees (employee_id, first_name, last_name, department, hire_date)
        VALUES (41031799021, 'Di', 'Giver', 'Sales', '2025-01-06'), (41031799022, 'Ed', 'Taker', 'Sales', '2025-01-06');
        WITH shift AS (
            INSERT INTO schedules (employee_id, nominal_date, start_date, start_time, stop_date, stop_time, work_code)
            VALUES (41031799021, '2031-01-06', '2031-01-06', '09:00', '2031-01-06', '17:00', 'REG')
            RETURNING schedule_id
        )
        INSERT INTO schedule_changes (employee_id, schedule_id, replacement_id, schedule_date, change_type)
        SELECT 41031799021, schedule_id, 41031799022, '2031-01-06', 'Cover' FROM shift""",
    )
    page = page_of("admin", "changes")
    row = page.locator("tr.row").filter(has_text="Di Giver")
    row.get_by_role("button", name="Look").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Reason").fill("Di is at a wedding")
    dialog.get_by_role("button", name="Approve").click()
    expect(row).to_have_count(0)
    page.get_by_label("Status").select_option("Approved")
    row.get_by_role("button", name="Look").click()
    expect(dialog.get_by_text("Di is at a wedding")).to_be_visible()
    dialog.get_by_role("button", name="Withdraw").click()
    dialog.get_by_label("Reason").fill("There is no wedding")
    dialog.get_by_role("button", name="Withdraw").click()
    expect(row).to_have_count(0)
    page.get_by_label("Status").select_option("Withdrawn")
    row.get_by_role("button", name="Look").click()
    expect(dialog.get_by_text("There is no wedding")).to_be_visible()
