"""Ten thousand people and a month of their roster: what a browser has to do for them, held to its limits."""

from datetime import date

import psycopg2
import pytest
from playwright.sync_api import Page

from tests.conftest import Site
from tests.console.conftest import PageOf

PEOPLE = 10_000
LONGEST_TASK = 200
"""Milliseconds: above that a hand notices."""

FILL = """
    INSERT INTO employees (employee_id, first_name, last_name, department, supervisor, hire_date)
    SELECT 900000 + n, 'Person', 'Number ' || lpad(n::text, 5, '0'), 'Sales', 'Somebody Else', date '2024-01-08'
    FROM generate_series(1, %(people)s) n;
    INSERT INTO schedules (employee_id, nominal_date, start_date, start_time, stop_date, stop_time, work_code)
    SELECT 900000 + n, d::date, d::date, time '06:00' + (n %% 9) * interval '1 hour',
           d::date, time '14:00' + (n %% 9) * interval '1 hour', 'REG'
    FROM generate_series(1, %(people)s) n
    CROSS JOIN generate_series(%(first)s::date, %(first)s::date + interval '1 month' - interval '1 day', '1 day') d
    WHERE extract(isodow FROM d) < 6;
    ANALYZE employees, schedules"""

WATCH = """
    window.longest = 0;
    new PerformanceObserver((list) => {
        window.longest = Math.max(window.longest, ...list.getEntries().map((one) => one.duration));
    }).observe({ type: "longtask", buffered: true });"""

SCROLL = """async (box) => {
    window.longest = 0;
    const step = box.scrollHeight / 60;
    const frames = [];
    for (let at = 0, last = performance.now(); at < box.scrollHeight; at += step) {
        box.scrollTop = at;
        await new Promise(requestAnimationFrame);
        await new Promise((done) => setTimeout(done, 30));
        frames.push(performance.now() - last);
        last = performance.now();
    }
    return { longest: window.longest, slowest: Math.max(...frames) };
}"""

PAINT = """() => performance.getEntriesByName("first-contentful-paint")[0].startTime"""


@pytest.fixture
def crowded(demo_floor: Site) -> None:
    conn = psycopg2.connect(demo_floor.url("opsdb_owner"))
    with conn, conn.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM employees")
        [there] = cursor.fetchone() or [0]
        if there < PEOPLE:
            cursor.execute(FILL, {"people": PEOPLE, "first": date.today().replace(day=1)})
    conn.close()


def measured(page: Page, where: str, rows: str) -> None:
    """Reload the page with somebody watching, scroll it from end to end, and print what was seen."""
    page.add_init_script(WATCH)
    page.reload()
    page.locator(rows).nth(5).wait_for()
    ready = page.evaluate("performance.now()")
    paint = page.evaluate(PAINT)
    seen = page.locator(".scroller").first.evaluate(SCROLL)
    page.locator(rows).nth(5).wait_for()
    print(  # noqa: T201
        f"\n{where}, {PEOPLE:,} people: first paint {paint:.0f} ms, rows after {ready:.0f} ms,"
        f" longest task while scrolling {seen['longest']:.0f} ms"
    )
    assert seen["longest"] < LONGEST_TASK


@pytest.mark.proof
def test_a_table_of_ten_thousand_is_scrolled_without_a_long_task(page_of: PageOf, crowded: None) -> None:
    page = page_of("viewer", "people")
    measured(page, "People", "tr.row a")
    page.get_by_label("Search").fill("Number 07777")
    page.get_by_role("link", name="Person Number 07777").wait_for()


@pytest.mark.proof
@pytest.mark.parametrize("view", ["week", "month"])
def test_a_roster_of_ten_thousand_is_scrolled_without_a_long_task(page_of: PageOf, crowded: None, view: str) -> None:
    page = page_of("viewer", f"roster?view={view}")
    measured(page, f"Roster of a {view}", ".roster td .code")
    page.locator("td[data-at]").first.focus()
    page.keyboard.press("ArrowDown")
