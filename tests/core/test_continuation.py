"""Markers: what is asked for is done at least once, given up when it is hopeless, and never taken for a sheet."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core import continuation, storage
from chalicelib.core.continuation import Marker, Settled
from chalicelib.core.storage import s3
from tests.conftest import Site

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


def event(site: Site, *keys: str) -> dict[str, Any]:
    objects = [{"s3": {"bucket": {"name": site.uploads}, "object": {"key": key}}} for key in keys]
    return {"Records": objects}


def there(site: Site) -> list[str]:
    return [one["Key"] for one in s3().list_objects_v2(Bucket=site.uploads).get("Contents", [])]


def test_what_is_asked_for_is_done_once_and_the_marker_goes(site: Site) -> None:
    done: list[Marker] = []
    key = continuation.ask("count", by="key:1", at=NOW, upto="3")
    assert continuation.is_waiting("count")
    assert not continuation.is_waiting("sing")
    for _ in range(2):
        continuation.carried_on(event(site, key), {"count": done.append})
    assert done == [Marker(asked_by="key:1", at=NOW, facts={"upto": "3"})]
    assert not continuation.is_waiting("count")


def test_the_other_records_of_an_event_are_handed_on(site: Site) -> None:
    done: list[Marker] = []
    key = continuation.ask("count", by="key:1", at=NOW)
    rest = continuation.carried_on(event(site, "incoming/employees/a.xlsx", key), {"count": done.append})
    assert [one["s3"]["object"]["key"] for one in rest["Records"]] == ["incoming/employees/a.xlsx"]
    assert len(done) == 1
    assert continuation.carried_on({"Event": "s3:TestEvent"}, {}) == {"Event": "s3:TestEvent", "Records": []}


def fail(marker: Marker) -> None:
    raise ConnectionError("not now")


def test_work_that_fails_is_raised_and_stays_asked_for(site: Site) -> None:
    key = continuation.ask("count", by="key:1", at=NOW)
    with pytest.raises(ConnectionError):
        continuation.carried_on(event(site, key), {"count": fail})
    assert there(site) == [key]


def test_work_that_failed_for_good_is_raised_as_what_it_was_and_not_asked_for_again(site: Site) -> None:
    def settled(marker: Marker) -> None:
        try:
            fail(marker)
        except ConnectionError as error:
            raise Settled from error

    key = continuation.ask("count", by="key:1", at=NOW)
    with pytest.raises(ConnectionError, match="not now"):
        continuation.carried_on(event(site, key), {"count": settled})
    assert there(site) == []


def test_what_was_lost_is_asked_for_again_and_given_up_in_the_end(site: Site) -> None:
    tried: list[Marker] = []

    def attempt(marker: Marker) -> None:
        tried.append(marker)
        fail(marker)

    key = continuation.ask("count", by="key:1", at=NOW, upto="3")
    continuation.sweep(now=datetime.now(UTC))
    for hops in range(continuation.MOST_HOPS + 1):
        with pytest.raises(ConnectionError):
            continuation.carried_on(event(site, key), {"count": attempt})
        assert tried[-1].hops == hops
        continuation.sweep(now=datetime.now(UTC) + timedelta(hours=1))
    continuation.carried_on(event(site, key), {"count": attempt})
    assert len(tried) == continuation.MOST_HOPS + 1
    assert tried[-1].facts == {"upto": "3"}
    assert there(site) == []


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"asked_by": 1}', b"\xff"])
def test_what_is_no_marker_starts_nothing_and_stops_nothing(site: Site, body: bytes) -> None:
    key = f"{storage.DO}count/x.json"
    s3().put_object(Bucket=site.uploads, Key=key, Body=body)
    continuation.carried_on(event(site, key, f"{storage.DO}stray"), {"count": fail})
    continuation.sweep(now=datetime.now(UTC) + timedelta(hours=1))


def test_work_that_nobody_does_is_given_up(site: Site) -> None:
    key = continuation.ask("sing", by="key:1", at=NOW)
    continuation.carried_on(event(site, key), {"count": fail})
    assert there(site) == []


def test_a_marker_is_no_sheet() -> None:
    assert storage.kind_of(storage.marker_key("backup", "1")) is None
    assert storage.kind_of("incoming/employees/a.xlsx") == "employees"
