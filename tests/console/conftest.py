"""One running API over the demo floor, and one browser, for all tests of the console."""

import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg2
import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, sync_playwright
from sqlalchemy import create_engine, text

from chalicelib.admin import passwords
from chalicelib.core.tables import users
from local import postgres
from local import s3 as local_s3
from local.demo.load import load
from local.processes import HOST, free_ports, wait_until
from tests.conftest import Site, administer, copy_database
from tests.contract.test_contract import answers

ROOT = Path(__file__).parents[2]
CHROMIUM = Path("/usr/bin/chromium")
PASSWORD = "a barge of brittle tangerines"
ROLES = ("viewer", "supervisor", "duty_lead", "planner", "hr", "admin")

HOUR = int(os.environ.get("CONSOLE_HOUR", "10"))


def here() -> ZoneInfo:
    """The zone in which it is HOUR o'clock now, so that as much of a day has happened whenever tests run."""
    ahead = (HOUR - datetime.now(UTC).hour + 11) % 24 - 11
    return ZoneInfo(f"Etc/GMT{-ahead:+d}")


HERE = here()

LEAD = "SELECT l.employee_id FROM employees e JOIN employees l ON l.full_name = e.supervisor ORDER BY 1 LIMIT 1"

PageOf = Callable[..., Page]


@pytest.fixture(scope="session")
def demo_floor(server: postgres.Server, store: local_s3.Server, migrated: str) -> Iterator[Site]:
    """The demo floor; its users are called as their roles, and share a password."""
    name = f"console_{secrets.token_hex(4)}"
    copy_database(server, migrated, name)
    bucket = name.replace("_", "-")
    site = Site(server, store, name, uploads=f"{bucket}-uploads", backups=f"{bucket}-backups")
    store.make_bucket(site.uploads)
    store.make_bucket(site.backups)
    try:
        _fill(site)
        yield site
    finally:
        administer(server, f"DROP DATABASE {name} WITH (FORCE)")
        for bucket in (site.uploads, site.backups):
            store.client().delete_bucket(Bucket=bucket)


@pytest.fixture(scope="session")
def console(demo_floor: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a console over the demo floor, with sheets read as they come."""
    yield from _served(demo_floor, tmp_path_factory.mktemp("console") / "api.log")


@pytest.fixture(scope="session")
def uploads_bucket(demo_floor: Site) -> str:
    """Where its files go."""
    return f"{demo_floor.store.endpoint}/{demo_floor.uploads}"


def _fill(site: Site) -> None:
    engine = create_engine(site.url("opsdb_app").replace("postgresql:", "postgresql+psycopg2:", 1))
    made = passwords.hashed(PASSWORD)
    with engine.begin() as conn:
        load(conn, now=datetime.now(HERE).replace(tzinfo=None))
        lead = conn.execute(text(LEAD)).scalar()
        departments = list(conn.execute(text("SELECT DISTINCT department FROM employees")).scalars())
        for role in ROLES:
            facts: dict[str, Any] = {"employee_id": lead} if role in ("supervisor", "duty_lead") else {}
            facts |= {"departments": departments} if role == "duty_lead" else {}
            conn.execute(users.insert().values(username=role, role=role, password_hash=made, **facts))
    engine.dispose()


def _served(site: Site, log: Path) -> Iterator[str]:
    [port] = free_ports(1)
    chalice = str(Path(sys.executable).parent / "chalice")
    api = [chalice, "local", "--stage", "test", "--host", HOST, "--port", str(port), "--no-autoreload"]
    pump = [sys.executable, "-m", "local.pump", "--state", str(log.parent / "pump"), "--interval", "0.2"]
    environment = {
        "PATH": os.environ["PATH"],
        "SECRET_KEY": "a-key-that-only-tests-have",
        "OPSDB_TIMEZONE": HERE.key,
        **site.environment,
    }
    told = log.open("w")
    running = [
        subprocess.Popen(one, cwd=ROOT, env=environment, stdout=told, stderr=subprocess.STDOUT) for one in (api, pump)
    ]
    try:
        url = f"http://{HOST}:{port}"
        assert wait_until(lambda: answers(f"{url}/api/health"), 60), log.read_text()
        yield url
    finally:
        for one in running:
            one.terminate()
        for one in running:
            one.wait(timeout=30)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("there is no chromium on this machine")
    with sync_playwright() as playwright:
        # Chromium's own sandbox needs rights that containers lack; it sees our pages only.
        # One process draws all pages of a context: to start one for each costs more than the pages do.
        flags = ["--no-sandbox", "--renderer-process-limit=1"]
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield started
        started.close()


@pytest.fixture(scope="session")
def signed_in(browser: Browser, console: str) -> Iterator[Callable[[str], BrowserContext]]:
    """A browser's context in which somebody of the role is signed in: once, whoever asks."""
    kept: dict[str, BrowserContext] = {}

    def of(role: str) -> BrowserContext:
        if role not in kept:
            kept[role] = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
            page = kept[role].new_page()
            page.goto(f"{console}/api/console")
            sign_in(page, role)
            page.goto(f"{console}/api/health")  # its process stays, for the pages to come
        return kept[role]

    yield of
    for context in kept.values():
        context.close()


@pytest.fixture
def page_of(signed_in: Callable[[str], BrowserContext], console: str, uploads_bucket: str) -> Iterator[PageOf]:
    """`page_of("hr", "people", width=390)`: a page as somebody sees it; whatever went wrong in it fails the test."""
    opened: list[Page] = []
    wrong: list[str] = []

    def of(role: str, at: str = "", *, width: int = 1280, height: int = 800, dark: bool = False) -> Page:
        page = signed_in(role).new_page()
        opened.append(page)
        watch(page, console, wrong, bucket=uploads_bucket)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="dark" if dark else "light")
        page.goto(f"{console}/api/console#/{at}")
        page.locator("main h1").wait_for()
        return page

    yield of
    for page in opened:
        page.close()
    assert not wrong


def asked(site: Site, statement: str) -> None:
    """Put on the floor what the pages cannot make."""
    with psycopg2.connect(site.url("opsdb_app")) as conn, conn.cursor() as cursor:
        cursor.execute(statement)


def watch(page: Page, console: str, wrong: list[str], *, bucket: str | None = None) -> None:
    """Note what no page may do: errors of scripts, what its policy refuses, and requests to other origins but for files
    that are brought, which go to the bucket."""

    def said(message: ConsoleMessage) -> None:
        # A status is the API's answer, which the page shows.
        if message.type == "error" and not message.text.startswith("Failed to load resource: the server responded"):
            wrong.append(message.text)

    page.on("console", said)
    page.on("pageerror", lambda error: wrong.append(error.stack or str(error)))

    def asked(request: Request) -> None:
        # A file that is saved may lie in the bucket, where the API sends whoever follows the link.
        brought = request.method in ("POST", "OPTIONS") and request.url == bucket
        if not request.url.startswith(f"{console}/") and request.resource_type != "document" and not brought:
            wrong.append(request.url)

    page.on("request", asked)


def sign_in(page: Page, role: str) -> None:
    page.get_by_label("User name").fill(role)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.locator("nav").wait_for(state="attached")
