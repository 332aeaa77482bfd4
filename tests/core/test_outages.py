"""The database goes away under traffic, in every way there is: clean refusals meanwhile, and then as before."""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from chalicelib.core import auth, db
from chalicelib.core.settings import settings
from chalicelib.migrations import steps
from local import postgres
from local import s3 as local_s3
from tests import make
from tests.api import Answer, Api
from tests.conftest import PASSWORDS, Site, administer, forget, quick_folder

CLIENTS = 4
STEADY = 40
"""Answers in a row without a refusal: then it has recovered."""

PATIENCE = 60.0


@dataclass
class Standing:
    """A server of this test's own, which may be stopped, and which loses nothing that it has said to have."""

    folder: Path
    server: postgres.Server

    def url(self, role: str) -> str:
        return self.server.url(role, PASSWORDS[role], "opsdb")

    def stop(self) -> None:
        self.server.stop()

    def start(self) -> None:
        self.server = postgres.start(self.folder)


@dataclass
class Traffic:
    """What clients were answered, all of them, in the order of the answers."""

    answers: list[Answer] = field(default_factory=list)
    made: list[date] = field(default_factory=list)

    def refused(self) -> int:
        return sum(one.status == 503 for one in self.answers)

    def wait(self, wanted: Callable[[], bool]) -> None:
        """Until it is so; whoever never sees it fails for it."""
        until = time.monotonic() + PATIENCE
        while not wanted():
            assert time.monotonic() < until, Counter(one.status for one in self.answers[-STEADY:])
            threading.Event().wait(0.01)

    def steady(self) -> None:
        """Until as many answers in a row are as they should be."""
        from_here = len(self.answers)
        self.wait(lambda: len(self.answers) >= from_here + STEADY)
        self.wait(lambda: all(one.status < 500 for one in self.answers[-STEADY:]))


@pytest.fixture
def standing(
    tmp_path_factory: pytest.TempPathFactory, store: local_s3.Server, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Standing]:
    with quick_folder(tmp_path_factory) as folder:
        made = Standing(folder, postgres.start(folder))
        try:
            steps.bootstrap(made.server.admin_url, database="opsdb", passwords=PASSWORDS)
            steps.upgrade(made.url("opsdb_owner"))
            site = Site(made.server, store, "opsdb", uploads="none", backups="none")
            for name in [name for name in os.environ if name.startswith(("OPSDB_", "AWS_", "PG", "DATABASE_URL"))]:
                monkeypatch.delenv(name)
            for name, value in site.environment.items():
                monkeypatch.setenv(name, value)
            forget()
            yield made
            db.engine().dispose()
            forget()
        finally:
            made.stop()


@contextmanager
def traffic(caller: Api) -> Iterator[Traffic]:
    """Clients that read and write by turns, one request after the other, all the while the block runs."""
    seen, enough, day = Traffic(), threading.Event(), iter(date(2027, 1, 1) + timedelta(days=n) for n in range(100_000))

    def call() -> None:
        while not enough.is_set():
            seen.answers.append(caller.get("/employees"))
            on = next(day)
            made = caller.post("/holidays", {"date": on.isoformat(), "name": "Founders"})
            if made.status == 201:
                seen.made.append(on)
            seen.answers.append(made)

    threads = [threading.Thread(target=call) for _ in range(CLIENTS)]
    for one in threads:
        one.start()
    try:
        yield seen
    finally:
        enough.set()
        for one in threads:
            one.join()


def stopped_and_started(on: Standing, seen: Traffic) -> None:
    before = seen.refused()
    on.stop()
    seen.wait(lambda: seen.refused() > before)
    on.start()


def connections_ended(on: Standing, seen: Traffic) -> None:
    for _ in range(20):
        administer(on.server, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'opsdb'")
        threading.Event().wait(0.02)


def crashed(on: Standing, seen: Traffic) -> None:
    """One of its processes is killed: PostgreSQL then ends them all, and repairs itself."""
    with db.reading() as conn:
        pid = conn.execute(text("SELECT pg_backend_pid()")).scalar_one()
    before = seen.refused()
    os.kill(pid, signal.SIGKILL)
    seen.wait(lambda: seen.refused() > before)


def shut(on: Standing, seen: Traffic) -> None:
    """Nobody is let in for a while, as during a restore."""
    before = seen.refused()
    administer(on.server, "ALTER DATABASE opsdb ALLOW_CONNECTIONS false")
    connections_ended(on, seen)
    seen.wait(lambda: seen.refused() > before)
    administer(on.server, "ALTER DATABASE opsdb ALLOW_CONNECTIONS true")


def test_whatever_becomes_of_the_database_answers_are_right_or_clean_refusals_and_it_recovers_by_itself(
    standing: Standing,
) -> None:
    with make.written() as conn:
        make.employee(conn)
        key = auth.create_key(conn, name="test", role="admin")[1]
    process = os.getpid()
    with traffic(Api(key)) as seen:
        seen.steady()
        for outage in (stopped_and_started, connections_ended, crashed, shut):
            outage(standing, seen)
            seen.steady()
    told = Counter(one.status for one in seen.answers)
    assert told.keys() == {200, 201, 503}, [one for one in seen.answers if one.status not in {200, 201, 503}]
    for one in seen.answers:
        if one.status == 503:
            assert (one.headers["Retry-After"], one.errors) == ("5", ["the database does not answer"])
    # What was said to be done is; what was refused may have been, where the commit's own answer was lost.
    with db.reading() as conn:
        there = set(conn.execute(text("SELECT date FROM holidays")).scalars())
    assert set(seen.made) <= there
    assert len(there) <= told[201] + told[503]
    assert (os.getpid(), settings().require("database_url")) == (process, standing.url("opsdb_app"))
