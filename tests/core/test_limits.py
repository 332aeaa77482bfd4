"""How often callers may ask: exact whoever asks at once, and before anything else of a request is looked at."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from chalicelib.core import auth, db, limits
from chalicelib.core.auth import format_key
from chalicelib.core.identity import address_of
from tests import make
from tests.api import Api
from tests.conftest import Site, forget
from tests.core.calls import gateway
from tests.counting import statements

WRONG = format_key(1, "0" * 32)


def limit(monkeypatch: pytest.MonkeyPatch, *, caller: int = 0, address: int = 0) -> None:
    monkeypatch.setenv("OPSDB_KEY_REQUESTS_PER_MINUTE", str(caller))
    monkeypatch.setenv("OPSDB_ADDRESS_REQUESTS_PER_MINUTE", str(address))
    forget()


def rows(statement: str) -> list[Any]:
    with db.reading() as conn:
        return list(conn.execute(text(statement)))


def change(statement: str) -> None:
    with make.written() as conn:
        conn.execute(text(statement))


@pytest.mark.parametrize("most", [1, 7, 600])
def test_as_many_as_are_allowed_fit_into_a_minute(most: int) -> None:
    assert limits.share(most) * most <= limits.MINUTE < limits.share(most) * (most + 1)


def test_fifty_at_once_around_a_limit_are_counted_exactly(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, caller=20)
    began = time.monotonic()
    with ThreadPoolExecutor(50) as pool:
        statuses = list(pool.map(lambda _: api.get("/auth/me").status, range(50)))
    back = int((time.monotonic() - began) / 3) + 1
    assert set(statuses) == {200, 429}
    assert 20 <= statuses.count(200) <= 20 + back
    # Each that was let in has moved the moment of owing nothing by its share, and no other has.
    [row] = rows("SELECT subject, free_at - now() < interval '1 minute' AS in_time FROM request_rates")
    assert tuple(row) == ("key:1", True)


def test_processes_share_a_limit(api: Api, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, caller=10)
    code = (
        "from tests.api import Api\n"
        f"print(sum(Api({api.key!r}).get('/auth/me').status == 200 for _ in range(10)), end='')"
    )
    began = time.monotonic()
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code], cwd=Path(__file__).parents[2], env=dict(os.environ), stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    let_in = sum(int(one.communicate(timeout=120)[0]) for one in running)
    assert 10 <= let_in <= 10 + int((time.monotonic() - began) / 6) + 1


def test_who_has_asked_enough_is_told_when_to_go_on(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, caller=2)
    change("INSERT INTO request_rates VALUES ('key:1', now() + interval '50 seconds')")
    refused = api.get("/employees", limit="nonsense")
    assert (refused.status, refused.body["error"]) == (429, "Slow down")
    assert refused.errors == ["too many requests in the last minute"]
    # Half of the minute must be owed no more before another half fits.
    assert 1 <= int(refused.headers["Retry-After"]) <= 20
    change("UPDATE request_rates SET free_at = now() + interval '29 seconds'")
    assert api.get("/employees").status == 200


def test_another_caller_is_another_limit(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    with make.written() as conn:
        other = Api(auth.create_key(conn, name="other", role="viewer")[1])
    limit(monkeypatch, caller=1)
    assert [one.get("/auth/me").status for one in (api, api, other, other)] == [200, 429, 200, 429]


def test_wrong_keys_count_at_their_address_and_shut_no_good_key_out(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, address=2)
    guesser = Api(WRONG)
    assert [guesser.get("/auth/me").status for _ in range(4)] == [401, 401, 429, 429]
    assert api.get("/auth/me").status == 200
    assert [row.subject for row in rows("SELECT subject FROM request_rates")] == ["address:127.0.0.1"]


def test_an_address_is_what_the_gateway_says_and_no_header(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, address=1)
    for number in range(3):
        Api(WRONG).call("GET", "/auth/me", headers={"X-Forwarded-For": f"192.0.2.{number}"})
    assert [row.subject for row in rows("SELECT subject FROM request_rates")] == ["address:127.0.0.1"]
    # Without an address there is nobody to count.
    assert gateway("GET", "/api/auth/me", headers={"x-api-key": WRONG})["statusCode"] == 401


@pytest.mark.parametrize(
    ("source", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("nonsense", None),
        (None, None),
    ],
)
def test_an_address_of_many_is_counted_as_one(source: str | None, counted: str | None) -> None:
    assert address_of(source) == counted


def test_counting_costs_no_statement_more(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    limit(monkeypatch, caller=600, address=1200)
    with statements() as sent:
        assert api.get("/auth/me").status == 200
    assert len(sent) == 1


def test_a_keys_last_use_is_written_once_in_five_minutes(api: Api) -> None:
    for _ in range(3):
        api.get("/auth/me")
    [first] = rows("SELECT *, xmin::text FROM last_uses")
    api.get("/auth/me")
    assert rows("SELECT *, xmin::text FROM last_uses") == [first]
    change("UPDATE last_uses SET at = now() - interval '6 minutes'")
    api.get("/auth/me")
    [later] = rows("SELECT at > now() - interval '1 minute' AS now FROM last_uses")
    assert later.now
    assert rows("SELECT 1 FROM audit_log WHERE table_name = 'api_keys' AND action = 'update'") == []


def test_a_wrong_secret_is_no_use_of_the_key(api: Api) -> None:
    assert Api(WRONG).get("/auth/me").status == 401
    assert rows("SELECT * FROM last_uses") == []


def test_what_counts_no_more_is_swept(site: Site) -> None:
    change(
        """INSERT INTO request_rates VALUES ('key:1', now() - interval '1 s'), ('key:2', now() + interval '1 min');
        INSERT INTO last_uses VALUES ('session:1', now() - interval '40 days'), ('key:1', now() - interval '40 days')"""
    )
    limits.sweep()
    assert [row.subject for row in rows("SELECT subject FROM request_rates")] == ["key:2"]
    assert [row.subject for row in rows("SELECT subject FROM last_uses")] == ["key:1"]
