"""Uploads, keys, options and the other pages of administration, in a real browser."""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.console.axe import serious
from tests.console.conftest import PageOf

TABS = ("rewards?tab=redemptions", "rewards?tab=reasons", "access?tab=keys", "access?tab=readers")

CLOCKS_CHANGE = (date(2026, 3, 29), date(2026, 3, 30), date(2026, 10, 25), date(2026, 10, 26))


def test_a_key_is_shown_once_and_revoked(page_of: PageOf) -> None:
    page = page_of("admin", "access?tab=keys")
    page.get_by_role("button", name="Make a key").click()
    page.get_by_label("Name *").fill("the wall")
    page.get_by_label("Role *").select_option("viewer")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".secret")).to_contain_text("opsdb_")
    page.get_by_role("button", name="Close").last.click()
    row = page.get_by_role("row", name="the wall")
    row.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(row.get_by_text("over")).to_be_visible()
    assert page.locator(".secret").count() == 0


def test_an_option_is_added_and_retired(page_of: PageOf) -> None:
    page = page_of("admin", "options?category=shift")
    page.get_by_role("button", name="Add a value").click()
    page.get_by_label("Value *").fill("Twilight")
    page.get_by_role("button", name="Save").click()
    row = page.get_by_role("row", name="Twilight")
    row.get_by_role("button", name="Retire").click()
    page.get_by_role("dialog").get_by_role("button", name="Retire").click()
    expect(row.get_by_role("button", name="Bring back")).to_be_visible()


def test_a_viewer_administers_nothing(page_of: PageOf) -> None:
    page = page_of("viewer", "uploads")
    expect(page.get_by_role("link", name="Users and keys")).to_have_count(0)
    expect(page.get_by_role("heading", name="Bring a sheet")).to_have_count(0)


def test_a_day_of_the_audit_begins_at_the_site(page_of: PageOf) -> None:
    page = page_of("admin", "audit")
    asked = """async ([zone, day]) => {
        const { atSite, beginning } = await import(new URL("format.js", document.querySelector("script[src]").src));
        atSite({ timezone: zone });
        return beginning(day);
    }"""
    for zone in ("Europe/Lisbon", "Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati"):
        for day in (date(2026, 10, 5), *CLOCKS_CHANGE):
            begun = datetime.fromisoformat(page.evaluate(asked, [zone, day.isoformat()]))
            assert begun == datetime.combine(day, time(), ZoneInfo(zone)), (zone, day)


@pytest.mark.parametrize("at", TABS)
def test_everybody_can_read_the_tabs_of_administration(page_of: PageOf, at: str) -> None:
    page = page_of("admin", at)
    page.wait_for_load_state("networkidle")
    assert serious(page) == []
