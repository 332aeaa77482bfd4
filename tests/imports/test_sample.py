"""The sample sheets whole, each kind by each way in, with the counts that they are known to have."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.core import db, storage
from chalicelib.imports import arrivals
from chalicelib.imports import run as running
from chalicelib.imports.arrivals import import_file
from tests import make
from tests.api import Api
from tests.conftest import Site
from tests.imports.test_posted import EDGE, form

SAMPLE = Path(__file__).parents[3] / "shared" / "data" / "sample"
pytestmark = pytest.mark.skipif(not SAMPLE.is_dir(), reason="the sample sheets are not beside this clone")

ROUTES = {"exceptions": "/exceptions/batch", "rewards": "/rewards/award/batch", "attendances": "/attendances/batch"}
COUNTS = {
    "employees": ("done", 1_000, 0),
    "schedules": ("done", 28_000, 0),
    "attendances": ("done", 4_853, 0),
    "exceptions": ("done_with_errors", 30, 10),
    "rewards": ("done", 40, 0),
}
"""State, rows written, rows that failed: ten exceptions are a Vacation with TRAIN."""

SMALL = ("exceptions", "rewards", "attendances")
"""What goes by the API's own route, too; the others have more rows than it takes."""

Way = Callable[[Site, Api, str], tuple[str, int, int]]


def by_hand(site: Site, api: Api, kind: str) -> tuple[str, int, int]:
    options = {"add_options": kind == "employees"}
    done = import_file(SAMPLE / f"{kind}.xlsx", kind=kind, options=options, uploaded_by="test")
    return done.state, done.success_count, done.error_count


def by_the_bucket(site: Site, api: Api, kind: str) -> tuple[str, int, int]:
    key = storage.incoming_key(kind, f"{kind}.xlsx")
    metadata = {"add-options": "true"} if kind == "employees" else {}
    body = (SAMPLE / f"{kind}.xlsx").read_bytes()
    version = storage.s3().put_object(Bucket=site.uploads, Key=key, Body=body, Metadata=metadata)["VersionId"]
    thing = {"key": key, "versionId": version}
    arrivals.on_event({"Records": [{"s3": {"bucket": {"name": site.uploads}, "object": thing}}]})
    return newest(kind)


def by_a_form(site: Site, api: Api, kind: str) -> tuple[str, int, int]:
    import urllib3

    body = (SAMPLE / f"{kind}.xlsx").read_bytes()
    asked: dict[str, Any] = {"kind": kind, "filename": f"{kind}.xlsx", "size": len(body)}
    given = api.post("/uploads", asked | ({"options": {"add_options": True}} if kind == "employees" else {}))
    assert given.status == 201, given.body
    fields = {**given.body["fields"], "file": (f"{kind}.xlsx", body)}
    sent = urllib3.PoolManager().request("POST", given.body["url"], fields=fields)
    assert sent.status in {201, 204}, sent.data
    arrivals.sweep(now=datetime.now(UTC) + (arrivals.LOST_AFTER * 2))
    return newest(kind)


def by_the_api(site: Site, api: Api, kind: str) -> tuple[str, int, int]:
    sent = {"headers": {"Content-Type": f"multipart/form-data; boundary={EDGE}"}}
    ran = api.call("POST", ROUTES[kind], body=form((SAMPLE / f"{kind}.xlsx").read_bytes()), **sent)
    assert ran.status == 200, ran.body
    assert newest(kind)[1:] == (ran.body["success_count"], ran.body["error_count"])
    return newest(kind)


def newest(kind: str) -> tuple[str, int, int]:
    with db.reading() as conn:
        found = conn.execute(
            text(
                """SELECT state, success_count, error_count FROM uploads WHERE kind = :kind
                ORDER BY upload_id DESC LIMIT 1"""
            ),
            {"kind": kind},
        )
        return tuple(found.one())


LONG = [pytest.param(one, marks=pytest.mark.proof, id=one.__name__) for one in (by_hand, by_a_form)]


@pytest.mark.parametrize("way", [by_the_bucket, by_the_api, *LONG], ids=lambda one: one.__name__)
def test_every_sheet_of_the_sample_goes_in_as_it_is_known_to(
    way: Way, site: Site, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "now", lambda: datetime(2026, 10, 5, 6, 0, tzinfo=UTC))
    with make.written() as conn:
        conn.execute(text("INSERT INTO reward_reasons (reason, points) VALUES ('Perfect attendance', 50)"))
    known = {kind: COUNTS[kind] for kind in COUNTS if way is not by_the_api or kind != "schedules"}
    found = {}
    for kind in known:
        by = by_hand if way is by_the_api and kind not in SMALL else way
        found[kind] = by(site, api, kind)
    assert found == known
    # Put there again, every row stands already.
    assert by_hand(site, api, "attendances") == ("done", 0, 0)
