"""Sheets go from the browser straight to the bucket, are looked at, written, and what failed comes back corrected."""

import csv
import io
import os
from datetime import date, timedelta
from pathlib import Path

import boto3
import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, Request, expect

from chalicelib.core import storage
from tests.api import Api
from tests.conftest import Site
from tests.console.conftest import PageOf

HEADER = ["Date", "Interval", "Department", "Required"]
GOOD = ["2031-01-06", "09:00", "Technical Support", 4]
BAD = ["2031-01-06", "09:30", "Tecnical Support", 4]


def sheet(*rows: list[object]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([HEADER, *rows])
    return text.getvalue().encode()


def bring(page: Page, name: str, content: bytes) -> None:
    page.set_input_files("input[type=file]", files=[{"name": name, "mimeType": "text/csv", "buffer": content}])
    page.get_by_role("button", name="Look at it first").click()


def test_a_sheet_is_looked_at_written_and_its_failed_row_corrected(
    page_of: PageOf, uploads_bucket: str, tmp_path: Path
) -> None:
    page = page_of("planner", "uploads")
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.url == uploads_bucket else None)
    bring(page, "requirement.csv", sheet(GOOD, BAD))
    expect(page.get_by_text("1 row would be written, 1 failed.")).to_be_visible()
    row = page.get_by_role("row", name="3 error Department Tecnical Support")
    expect(row).to_contain_text("did you mean Technical Support?")
    page.get_by_role("tab", name="New 1").click()
    expect(page.locator("td", has_text="2031-01-06").first).to_be_visible()
    page.get_by_role("button", name="Write it").click()
    expect(page.get_by_text("1 row was written, 1 failed.")).to_be_visible()
    assert len(sent) == 2
    with page.expect_download() as download:
        page.get_by_role("link", name="The rows that failed").click()
    corrected = tmp_path / download.value.suggested_filename
    download.value.save_as(corrected)
    book = load_workbook(corrected)
    for cell in book.worksheets[0][2]:
        if cell.value == BAD[2]:
            cell.value = GOOD[2]
    book.save(corrected)
    page.get_by_role("button", name="Another sheet").click()
    page.set_input_files("input[type=file]", corrected)
    page.get_by_label("What is in it").select_option("requirement")
    page.get_by_role("button", name="Look at it first").click()
    expect(page.get_by_text("1 row would be written.")).to_be_visible()
    page.get_by_role("button", name="Write it").click()
    expect(page.get_by_text("1 row was written.")).to_be_visible()
    expect(page.get_by_role("link", name="The rows that failed")).to_have_count(0)


@pytest.mark.proof
def test_a_sheet_that_no_request_could_carry_is_sent_and_watched_to_its_end(page_of: PageOf, tmp_path: Path) -> None:
    file = tmp_path / "requirement-of-years.csv"
    days = [date(2031, 1, 1) + timedelta(days=one) for one in range(700)]
    clocks = [f"{minutes // 60:02}:{minutes % 60:02}" for minutes in range(0, 24 * 60, 30)]
    file.write_bytes(sheet(*([str(day), clock, f"{GOOD[2]}{' ' * 200}", 4] for day in days for clock in clocks)))
    assert file.stat().st_size > 6_291_456, "more than a function takes"
    page = page_of("planner", "uploads")
    page.set_input_files("input[type=file]", file)
    page.get_by_role("button", name="Look at it first").click()
    expect(page.get_by_role("progressbar")).to_be_visible()
    expect(page.get_by_text("33,600 rows would be written.")).to_be_visible(timeout=180_000)
    page.get_by_role("tab", name="New 33,600").wait_for()


def test_what_the_api_has_against_a_file_is_said_before_it_is_sent(page_of: PageOf) -> None:
    page = page_of("planner", "uploads")
    bring(page, "nothing.csv", b"")
    expect(page.get_by_role("alert")).to_contain_text("size: ")


def test_a_file_that_is_stopped_on_its_way_is_called_off(page_of: PageOf, uploads_bucket: str) -> None:
    page = page_of("planner", "uploads")
    page.route(uploads_bucket, lambda route: None)
    bring(page, "requirement-stopped.csv", sheet(GOOD))
    page.get_by_role("button", name="Stop sending").click()
    expect(page.get_by_role("row", name="requirement-stopped.csv")).to_contain_text("Cancelled")


def test_what_the_bucket_has_against_a_file_is_said(page_of: PageOf, uploads_bucket: str) -> None:
    page = page_of("planner", "uploads")
    page.route(
        uploads_bucket,
        lambda route: route.fulfill(status=403, body="<Error><Message>Policy expired.</Message></Error>"),
    )
    bring(page, "requirement-late.csv", sheet(GOOD))
    expect(page.get_by_role("alert")).to_contain_text("Policy expired.")


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment to change, and a client that nobody has made before; nor is it kept, with its credentials."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setattr(storage, "s3", storage.s3.__wrapped__)
    return monkeypatch


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "ap-southeast-2"])
def test_the_origin_of_forms_is_what_the_client_signs_on_aws(elsewhere: pytest.MonkeyPatch, region: str) -> None:
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_REGION"):
        elsewhere.delenv(name, raising=False)
    elsewhere.setenv("AWS_DEFAULT_REGION", region)
    elsewhere.setenv("AWS_ACCESS_KEY_ID", "AKIANOBODY")
    elsewhere.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    signed = storage.s3().generate_presigned_post("opsdb-prod-uploads-1", "incoming/x")["url"]
    assert signed == f"{storage.form_origin('opsdb-prod-uploads-1')}/"


def test_the_page_may_ask_its_own_origin_and_that_of_forms_and_no_other(site: Site) -> None:
    said = Api(None).get("/console").headers["Content-Security-Policy"]
    [connect] = [one for one in said.split("; ") if one.startswith("connect-src")]
    assert connect == f"connect-src 'self' {os.environ['AWS_ENDPOINT_URL_S3']}"
    assert storage.form_origin(site.uploads) == os.environ["AWS_ENDPOINT_URL_S3"]
