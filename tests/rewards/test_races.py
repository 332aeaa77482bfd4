"""Points under many hands at once: a balance is spent once, and every read of the ledger comes to it."""

import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from time import monotonic

import pytest
from sqlalchemy import Connection

from chalicelib.core import db
from chalicelib.core.constraints import translated
from chalicelib.core.errors import Conflict
from chalicelib.rewards import queries, redemption_queries
from chalicelib.rewards.queries import LedgerFilters
from tests import make
from tests.api import Answer, Api
from tests.conftest import Site
from tests.rewards.points import TODAY, balance, given, reason

HANDS = 8
GROUNDS = {"points_redeemed", "points", "reward_id", "status"}
"""What a refusal may be about."""


@pytest.fixture
def ada(site: Site) -> int:
    with make.written() as conn:
        return make.employee(conn)


@contextmanager
def many_connections(site: Site, monkeypatch: pytest.MonkeyPatch, count: int) -> Iterator[None]:
    """So many callers each get a connection of their own."""
    engine = db.make_engine(site.url("opsdb_app"))
    monkeypatch.setattr(engine.pool, "_max_overflow", count)
    with monkeypatch.context() as patched:
        patched.setattr(db, "engine", lambda: engine)
        yield
    engine.dispose()


def test_of_fifty_redemptions_of_one_balance_at_the_same_moment_one_stands(
    site: Site, ada: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with make.written() as conn:
        given(conn, ada, 100)
    ready = Barrier(50)

    def redeem(_: int) -> str:
        facts = {"employee_id": ada, "points_redeemed": 100, "redemption_type": "Donation", "redemption_date": TODAY}
        try:
            with translated(), db.writing(db.Actor("test")) as conn:
                # Fifty transactions are open before the first of them asks.
                ready.wait(timeout=60)
                redemption_queries.insert_redemption(conn, facts=facts)
        except Conflict as refused:
            return str(refused)
        return "done"

    with many_connections(site, monkeypatch, 50), ThreadPoolExecutor(50) as pool:
        outcomes = Counter(pool.map(redeem, range(50)))
    assert outcomes == {"done": 1, "points: the balance would fall below zero": 49}
    with db.reading() as conn:
        found = queries.find_balance(conn, employee_id=ada)
    assert found is not None
    assert (found.pending, found.point_balance) == (100, 0)


def test_of_fifty_requests_for_the_same_points_one_is_granted(api: Api, ada: int) -> None:
    with make.written() as conn:
        given(conn, ada, 100)
    asked = {"employee_id": ada, "points_redeemed": 60, "redemption_type": "Donation"}
    with ThreadPoolExecutor(10) as pool:
        statuses = Counter(one.status for one in pool.map(lambda _: api.post("/rewards/redemptions", asked), range(50)))
    assert statuses == {201: 1, 409: 49}
    assert balance(api, ada) == 40


def test_what_is_awarded_reversed_and_redeemed_at_random_always_comes_to_the_balance(api: Api, ada: int) -> None:
    done = at_random(api, ada, seconds=5)
    assert done["read"] > 0


@pytest.mark.proof
def test_what_is_awarded_reversed_and_redeemed_for_a_minute_always_comes_to_the_balance(
    api: Api, ada: int, capsys: pytest.CaptureFixture[str]
) -> None:
    done = at_random(api, ada, seconds=60)
    with capsys.disabled():
        sys.stdout.write(f"{dict(sorted(done.items()))}\n")
    assert min(done[name] for name in ("read", "award", "reverse", "redeem", "approve", "reject", "refused")) > 0


def at_random(api: Api, ada: int, *, seconds: float) -> Counter[str]:
    """Eight callers at work on one person's points while one reads; how often each did what it wanted."""
    with make.written() as conn:
        compliment = reason(conn)
    ends = monotonic() + seconds
    done: Counter[str] = Counter()

    def work(number: int) -> Counter[str]:
        mine, chance = Counter[str](), random.Random(number)
        while monotonic() < ends:
            name, answer = act(chance)
            assert answer.status < 400 or is_a_refusal(answer), answer.body
            mine[name if answer.status < 400 else "refused"] += 1
        return mine

    def act(chance: random.Random) -> tuple[str, Answer]:
        points = chance.randint(1, 60)
        actions: dict[str, Callable[[], Answer]] = {
            "award": lambda: api.post(
                "/rewards/award", {"employee_id": ada, "reason_id": compliment, "points": points}
            ),
            "redeem": lambda: api.post(
                "/rewards/redemptions", {"employee_id": ada, "points_redeemed": points, "redemption_type": "Donation"}
            ),
            "reverse": lambda: api.post(f"/rewards/awards/{chance.randint(1, 500)}/reverse", {}),
            **{
                move: lambda move=move: api.post(f"/rewards/redemptions/{chance.randint(1, 500)}/{move}", {})  # type: ignore[misc]
                for move in ("approve", "reject")
            },
            "give back": lambda: api.post(f"/rewards/redemptions/{chance.randint(1, 500)}/reverse", {}),
        }
        name = chance.choice([*actions, "award", "redeem"])
        return name, actions[name]()

    with ThreadPoolExecutor(HANDS) as pool:
        working = [pool.submit(work, number) for number in range(HANDS)]
        while monotonic() < ends:
            with as_of_one_moment() as conn:
                comes_to_its_balance(conn, ada)
            done["read"] += 1
        for one in working:
            done.update(one.result())
    with as_of_one_moment() as conn:
        comes_to_its_balance(conn, ada)
    return done


def is_a_refusal(answer: Answer) -> bool:
    """Refused for what it asks, not for a fault: there is no such row, or it cannot be."""
    about = {problem.partition(":")[0] for problem in answer.errors}
    return answer.status == 404 or (answer.status == 409 and about <= GROUNDS)


@contextmanager
def as_of_one_moment() -> Iterator[Connection]:
    """A connection whose statements all see the same."""
    with db.engine().connect().execution_options(isolation_level="REPEATABLE READ") as conn, conn.begin():
        yield conn


def comes_to_its_balance(conn: Connection, employee_id: int) -> None:
    found = queries.find_balance(conn, employee_id=employee_id)
    every = queries.list_ledger(conn, employee_id=employee_id, query=LedgerFilters(limit=100_000))
    assert found is not None
    assert every.total == len(every.data)
    assert sum(one.points for one in every.data) == found.point_balance >= 0
    assert found.awarded - found.reversed - found.redeemed - found.pending == found.point_balance
