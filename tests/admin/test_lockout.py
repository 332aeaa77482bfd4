"""Failed sign-ins: each makes the next wait, as long as is right and no longer; many guesses at once are one."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from chalicelib.admin import lockout, signing_in
from chalicelib.admin.lockout import Attempts, failed_once_more, subjects, wait
from chalicelib.core import db
from tests import make
from tests.admin.console import KEY, Browser, user
from tests.conftest import Site, forget

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def keyed(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signing in works, and its clock stands: a wait of a second ends when a test says so, however busy the machine."""
    monkeypatch.setenv("SECRET_KEY", KEY)
    forget()
    started = datetime.now(UTC)
    monkeypatch.setattr(signing_in, "now", lambda: started)


def later(seconds: int) -> None:
    """So much time goes by."""
    moved = ", ".join(f"{name} = {name} - make_interval(secs => {seconds})" for name in ("locked_until", "last_at"))
    with make.written() as conn:
        conn.execute(text(f"UPDATE sign_in_attempts SET {moved}"))


def seconds(failures: int, kind: lockout.Kind) -> float:
    return wait(failures, kind).total_seconds()


def test_a_wait_doubles_and_is_capped() -> None:
    assert [seconds(one, "both") for one in (0, 1, 2, 3, 10, 11, 5000)] == [0, 1, 2, 4, 512, 900, 900]
    assert [seconds(one, "address") for one in (19, 20, 21, 40)] == [0, 1, 2, 900]
    assert [seconds(one, "user") for one in (9, 10, 15, 16, 99)] == [0, 1, 32, 60, 60]


def test_failures_are_forgotten_after_a_day() -> None:
    before = Attempts(5, NOON, NOON)
    assert failed_once_more(before, "both", NOON + timedelta(hours=23)).failures == 6
    assert failed_once_more(before, "both", NOON + timedelta(hours=25)) == Attempts(
        1, NOON + timedelta(hours=25, seconds=1), NOON + timedelta(hours=25)
    )


def test_a_name_is_one_however_it_is_written_and_stands_nowhere() -> None:
    found = subjects(username="Ann", address="192.0.2.7")
    assert found == subjects(username="ANN", address="192.0.2.7")
    assert sorted(found.values()) == ["address", "both", "user"]
    assert "ann" not in str(found).lower()
    assert list(subjects(username="ann", address=None).values()) == ["user"]


def test_who_fails_waits_and_then_is_heard() -> None:
    user()
    assert Browser().sign_in(password="wrong").status == 401
    waits = Browser().sign_in()
    assert (waits.status, waits.headers["Retry-After"]) == (429, "1")
    assert waits.errors == ["too many sign-ins failed: wait, then try again"]
    later(1)
    assert Browser().sign_in().status == 200


def test_who_does_not_exist_waits_likewise() -> None:
    user("ann")
    told = []
    for name in ("ann", "nobody"):
        answers = [Browser().sign_in(name, "wrong") for _ in range(2)]
        told.append([(one.status, one.errors, one.headers.get("Retry-After")) for one in answers])
    assert told[0] == told[1]


def test_waiting_costs_nothing_more() -> None:
    user()
    Browser().sign_in(password="wrong")
    for _ in range(5):
        assert Browser().sign_in(password="wrong").status == 429
    later(1)
    assert Browser().sign_in(password="wrong").status == 401
    assert Browser().sign_in().headers["Retry-After"] == "2"


def test_many_guesses_at_once_are_one_guess() -> None:
    user()
    with ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(lambda _: Browser().sign_in(password="wrong").status, range(10)))
    assert sorted(statuses)[:1] == [401]
    assert statuses.count(429) >= 8


def test_success_forgets_what_was_ones_own_and_not_what_was_the_addresss() -> None:
    user("ann")
    user("bob")
    Browser().sign_in("bob", "wrong")
    Browser().sign_in("ann", "wrong")
    later(1)
    assert Browser().sign_in("ann").status == 200
    with db.reading() as conn:
        left = conn.execute(text("SELECT split_part(subject, ':', 1), failures FROM sign_in_attempts ORDER BY 1"))
        assert [tuple(row) for row in left] == [("address", 2), ("both", 1), ("user", 1)]


def test_failures_of_days_ago_are_swept() -> None:
    Browser().sign_in("nobody", "wrong")
    signing_in.sweep(now=datetime.now(UTC) + timedelta(hours=23))
    assert Browser().sign_in("nobody", "wrong").status == 429
    signing_in.sweep(now=datetime.now(UTC) + timedelta(hours=25))
    assert Browser().sign_in("nobody", "wrong").status == 401
