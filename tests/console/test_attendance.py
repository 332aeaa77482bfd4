"""Marking a team, what is recorded, and reports in a real browser."""

import re
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.conftest import Site
from tests.console.axe import serious
from tests.console.conftest import HERE, PageOf, asked


def test_the_last_mark_is_taken_back(page_of: PageOf) -> None:
    page = page_of("admin", "attendance")
    marks = page.get_by_role("combobox", name="Mark of")
    marks.first.wait_for()
    count = marks.count()
    for index in range(1, count):
        marks.nth(index).press("-")
    marks.first.press("e")
    expect(page.get_by_label("comes or goes")).to_be_visible()
    marks.first.press("c")
    whom = page.get_by_label("covers")
    expect(whom).to_be_visible()
    lines = [one.bounding_box() for one in (page.locator("tbody tr").first, whom)]
    (top, bottom), (above, below) = [(box["y"], box["y"] + box["height"]) for box in lines if box]
    assert top <= above
    assert below <= bottom
    marks.first.press("o")
    page.get_by_role("button", name="Mark 1 person").click()
    expect(page.get_by_role("alert")).to_contain_text("minutes: is required for overtime")
    marks.first.press("s")
    page.get_by_role("button", name="Mark 1 person").click()
    expect(marks).to_have_count(count - 1)
    page.get_by_role("button", name="Take back the last mark").click()
    expect(marks).to_have_count(count)


def test_a_sickness_is_called_by_its_name_where_there_are_several(page_of: PageOf, demo_floor: Site) -> None:
    asked(
        demo_floor,
        "INSERT INTO admin_options (category, value, class) VALUES ('leave_type', 'Work injury', 'away_unplanned')",
    )
    page = page_of("admin", "attendance")
    marks = page.get_by_role("combobox", name="Mark of")
    marks.first.wait_for()
    for index in range(1, count := marks.count()):
        marks.nth(index).press("-")
    marks.first.press("s")
    page.get_by_role("button", name="Mark 1 person").click()
    expect(page.get_by_role("alert")).to_contain_text("leave_type: is required for sick")
    page.get_by_label("is away with").select_option("Work injury")
    assert serious(page) == []
    page.get_by_role("button", name="Mark 1 person").click()
    expect(marks).to_have_count(count - 1)
    asked(demo_floor, "UPDATE admin_options SET is_active = false WHERE value = 'Work injury'")


def test_a_team_is_marked_at_once_with_two_exceptions_by_key(page_of: PageOf) -> None:
    page = page_of("admin", "attendance")
    marks = page.get_by_role("combobox", name="Mark of")
    marks.first.wait_for()
    count = marks.count()
    marks.nth(0).focus()
    page.keyboard.press("a")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("l")
    page.keyboard.press("Tab")
    page.keyboard.type("12")
    expect(marks.nth(0)).to_have_value("absent")
    expect(marks.nth(1)).to_have_value("late")
    page.get_by_role("button", name=f"Mark {count} people").click()
    expect(page.get_by_role("status").filter(has_text=f"{count} marked.")).to_be_visible()
    expect(page.get_by_text("Everybody is marked").first).to_be_visible()
    page.get_by_role("tab", name="Recorded").click()
    row = page.locator("tr.row").filter(has_text="12 min").first
    row.get_by_role("button", name="Correct").click()
    page.get_by_role("dialog").get_by_label("Out").fill("00:01")
    page.get_by_role("dialog").get_by_label("Notes").fill("came by bus")
    page.get_by_role("dialog").get_by_label("Out").fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("cell", name="came by bus")).to_be_visible()


def test_who_is_still_to_be_marked_of_yesterday_is_a_link_away(page_of: PageOf, demo_floor: Site) -> None:
    yesterday = datetime.now(HERE).date() - timedelta(days=1)
    asked(
        demo_floor,
        f"""DELETE FROM attendances WHERE attendance_id = (SELECT min(attendance_id) FROM attendances
        JOIN schedules USING (employee_id) WHERE date = '{yesterday}' AND nominal_date = date
        AND exception_type IS NULL AND work_code = 'REG')""",
    )
    page = page_of("admin", "attendance")
    page.get_by_role("link", name="1 person is still to be marked of").click()
    expect(page.get_by_role("combobox", name="Mark of")).to_have_count(1)
    expect(page.get_by_label("Day")).to_have_value(yesterday.isoformat())
    expect(page.get_by_role("link", name="still to be marked of")).to_have_count(0)
    page.get_by_role("button", name="Mark 1 person").click()
    expect(page.get_by_text("Everybody is marked")).to_be_visible()


def test_a_day_is_on_the_page_whole_and_no_names_are_for_clients(page_of: PageOf) -> None:
    page = page_of("viewer", "reports?tab=daily")
    expect(page.get_by_role("columnheader", name="What is known")).to_be_visible()
    rows = int(page.get_by_text("rows", exact=False).first.inner_text().split()[0].replace(",", ""))
    assert page.locator("tbody tr").count() == rows
    page.get_by_role("tab", name="Week").click()
    expect(page.get_by_role("button", name="Person")).to_be_visible()
    page.get_by_label("Without names").check()
    expect(page.get_by_role("button", name="Person")).to_have_count(0)
    expect(page.get_by_role("button", name="Department")).to_be_visible()


def test_a_viewer_marks_nobody(page_of: PageOf) -> None:
    page = page_of("viewer", "attendance")
    page.locator("tr.row a").first.wait_for()
    expect(page.get_by_role("tab")).to_have_text(["Recorded", "Archive"])
    expect(page.get_by_role("button", name="Correct")).to_have_count(0)


def test_figures_by_group_are_drawn_and_taken_away_as_a_file(page_of: PageOf) -> None:
    page = page_of("viewer", "reports?tab=groups")
    page.get_by_label("What").select_option("rewards")
    page.get_by_label("By").select_option("supervisor")
    expect(page.get_by_role("columnheader", name="Supervisor")).to_be_visible()
    expect(page.get_by_role("link", name="CSV")).to_have_attribute(
        "href", re.compile("reports/rewards.*supervisor.*csv")
    )
    with page.expect_download() as saved:
        page.get_by_role("link", name="CSV").click()
    assert saved.value.path().read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.proof
@pytest.mark.parametrize("at", ["attendance?tab=archive", "reports?tab=groups", "reports?tab=daily"])
def test_everybody_can_read_their_other_tabs(page_of: PageOf, at: str) -> None:
    page = page_of("supervisor", at)
    page.wait_for_load_state("networkidle")
    assert serious(page) == []
