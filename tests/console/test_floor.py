"""The floor in a real browser: who stands how, marks, open shifts, notes, and the handover on paper."""

from playwright.sync_api import expect

from tests.console.conftest import PageOf


def test_somebody_is_marked_from_their_row(page_of: PageOf) -> None:
    page = page_of("admin", "floor")
    row = page.locator("tr.row:has(button)").first
    name = row.locator("a").inner_text()
    row.get_by_role("button", name=f"Mark {name}").click()
    dialog = page.get_by_role("dialog", name=f"Mark {name}")
    dialog.get_by_label("Mark *").select_option("Overtime")
    dialog.get_by_role("button", name="Mark").last.click()
    expect(dialog.get_by_text("is required for overtime")).to_be_visible()
    dialog.get_by_label("Minutes").fill("30")
    dialog.get_by_role("button", name="Mark").last.click()
    expect(page.get_by_text(f"{name}: Overtime")).to_be_visible()
    expect(dialog).to_have_count(0)


def test_a_viewer_sees_the_floor_and_marks_nobody(page_of: PageOf) -> None:
    page = page_of("viewer", "floor")
    page.locator("tr.row a").first.wait_for()
    assert page.get_by_role("button", name="Mark ").count() == 0
    assert page.get_by_role("button", name="Leave a note").count() == 0


def test_a_cover_is_asked_of_a_candidate_for_an_open_shift(page_of: PageOf) -> None:
    page = page_of("admin", "floor?state=open")
    expect(page.get_by_role("tab", name="Open shifts")).to_have_attribute("aria-selected", "true")
    page.get_by_role("button", name="Who may take it?").last.click()
    page.get_by_role("dialog").get_by_role("button", name="Ask to cover").first.click()
    expect(page.get_by_role("status").filter(has_text="It waits for approval")).to_be_visible()


def test_the_tabs_count_and_follow_the_arrow_keys(page_of: PageOf) -> None:
    page = page_of("viewer", "floor")
    page.locator("tr.row a").first.wait_for()
    page.get_by_role("tab", name="All").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Late")).to_be_focused()
    assert "state=late" in page.url


def test_a_note_is_left_and_is_in_the_handover_on_paper(page_of: PageOf) -> None:
    page = page_of("planner", "floor")
    page.get_by_role("button", name="Leave a note").click()
    page.get_by_label("Note *").fill("The lift is out of order")
    page.get_by_role("dialog").get_by_role("button", name="Leave a note").click()
    expect(page.get_by_text("The lift is out of order")).to_be_visible()
    page.get_by_role("link", name="Handover").click()
    expect(page.get_by_text("The lift is out of order")).to_be_visible()
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation")).to_be_hidden()
    expect(page.get_by_text("The lift is out of order")).to_be_visible()
