"""The whole floor: up in seconds, one sentence when it cannot be, and nothing left when it ends or is killed."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import psycopg2
import pytest

from local import clean, environment, files, processes, stack
from local.files import StackError
from tests.local.floor import make_root
from tests.local.gone import all_gone, recorded

REPOSITORY = Path(__file__).resolve().parents[2]


class Floor:
    """Starts stacks over the small app, and ends what is left of them."""

    def __init__(self, folder: Path) -> None:
        self.root = make_root(folder / "root")
        self.data = folder / "data"
        self.running: list[subprocess.Popen[str]] = []

    def start(self, port: int) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "tests.local.floor", str(self.data), str(port), str(self.root)]
        env = {key: value for key, value in os.environ.items() if not key.startswith(("DATABASE_URL", "OPSDB_"))}
        process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            env=env | {"PYTHONPATH": str(REPOSITORY)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.running.append(process)
        return process

    def refused(self, port: int) -> str:
        """The one sentence of a stack that cannot start."""
        process = self.start(port)
        said, _ = process.communicate(timeout=30)
        assert process.returncode == 1
        [sentence] = said.splitlines()
        return sentence

    def ready(self, process: "subprocess.Popen[str]") -> dict[str, Any]:
        file = self.data / "ready.json"
        assert processes.wait_until(lambda: file.exists() or process.poll() is not None, 30)
        assert file.exists(), process.stdout.read()
        return json.loads(file.read_text())

    @property
    def owner_url(self) -> str:
        return str(json.loads((self.data / "settings.json").read_text())["OPSDB_OWNER_DATABASE_URL"])


@pytest.fixture
def floor(tmp_path: Path) -> Iterator[Floor]:
    made = Floor(tmp_path)
    yield made
    for process in made.running:
        process.kill()
        process.wait()
        process.stdout.close()


def free_port() -> int:
    return processes.free_ports(1)[0]


def status(url: str) -> int:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
    connection.request("GET", "/api/health")
    return connection.getresponse().status


def objects(ready: dict[str, Any]) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=ready["s3_endpoint"],
        region_name=ready["region"],
        aws_access_key_id=ready["s3_access_key"],
        aws_secret_access_key=ready["s3_secret_key"],
    )


def test_a_floor_comes_up_works_mends_itself_and_stops_with_nothing_left(floor: Floor):
    port = free_port()
    process = floor.start(port)
    ready = floor.ready(process)
    assert ready["url"] == f"http://127.0.0.1:{port}"
    assert ready["api_key"] == "key-of-the-test"
    assert (floor.data / "ready.json").stat().st_mode & 0o777 == 0o600
    assert (floor.data / "settings.json").stat().st_mode & 0o777 == 0o600
    psycopg2.connect(ready["database_url"]).close()
    objects(ready).put_object(Bucket=ready["uploads_bucket"], Key="incoming/employees/a b.csv", Body=b"x")
    pump_log = floor.data / "logs" / "pump.log"
    assert processes.wait_until(lambda: '{"uploaded": "incoming/employees/a b.csv"}' in pump_log.read_text(), 5)

    assert f"{floor.data} is in use by another stack (process {process.pid})" in floor.refused(free_port())
    with pytest.raises(StackError, match="in use by another stack"):
        clean.clean(floor.data)

    before = recorded(floor.data)
    assert set(before) == {"api", "postgres", "pump", "s3"}
    for name in ("api", "pump", "postgres"):
        os.kill(before[name], signal.SIGKILL)
    assert processes.wait_until(lambda: len(recorded(floor.data).items() & before.items()) == 1, 8)
    assert processes.wait_until(lambda: answers(ready["url"]), 8)
    psycopg2.connect(ready["database_url"]).close()

    pids = [*before.values(), *recorded(floor.data).values()]
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=6)
    assert process.returncode == 0
    assert all_gone(pids, within=0.2)
    assert not (floor.data / "ready.json").exists()
    assert said.endswith("Stopped.\n")
    clean.clean(floor.data)
    assert not floor.data.exists()


def answers(url: str) -> bool:
    try:
        return status(url) == 200
    except OSError:
        return False


def test_a_killed_stack_leaves_nothing_and_the_next_start_has_everything(floor: Floor):
    first = floor.start(free_port())
    ready = floor.ready(first)
    with psycopg2.connect(floor.owner_url) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept AS SELECT 7 AS number")
    objects(ready).put_object(Bucket=ready["backups_bucket"], Key="kept", Body=b"7")
    pids = list(recorded(floor.data).values())
    first.kill()
    first.wait()
    assert all_gone(pids)
    second = floor.start(free_port())
    processes.wait_until(lambda: not (floor.data / "ready.json").exists(), 5)
    again = floor.ready(second)
    assert again["database_url"] == ready["database_url"]
    with psycopg2.connect(floor.owner_url) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT number FROM kept")
        assert cursor.fetchone() == (7,)
    assert objects(again).get_object(Bucket=again["backups_bucket"], Key="kept")["Body"].read() == b"7"
    pids = list(recorded(floor.data).values())
    second.terminate()
    assert second.wait(6) == 0
    assert all_gone(pids, within=0.2)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path):
    (tmp_path / "thesis.txt").write_text("dear")
    with pytest.raises(StackError, match="holds something else than opsdb's data: choose another folder with DATA="):
        stack.up(tmp_path, free_port(), demo=False)
    with pytest.raises(StackError, match="is not a data folder of opsdb"):
        clean.clean(tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StackError, match=r"cannot be used \(.*\): make it writable or choose another folder"):
        stack.up(tmp_path / "file" / "data", free_port(), demo=False)


def test_a_server_that_does_not_answer_is_one_sentence_without_its_password(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", f"postgresql://boss:secret-word@127.0.0.1:{free_port()}/postgres")
    with pytest.raises(StackError, match="the server of DATABASE_URL does not answer") as caught:
        stack.up(tmp_path / "data", free_port(), demo=False)
    assert "secret-word" not in str(caught.value)
    assert recorded(tmp_path / "data") == {}


def test_the_usual_port_gives_way_and_a_chosen_one_does_not(tmp_path: Path, monkeypatch, capsys):
    with socket.create_server((processes.HOST, 0)) as taken, ExitStack() as held:
        port = taken.getsockname()[1]
        monkeypatch.setattr(stack, "DEFAULT_PORT", port)
        floor = stack.Stack(files.make_folder(tmp_path / "data"), tmp_path, held)
        with pytest.raises(StackError, match=f"port {port} is taken: choose another with PORT="):
            floor._choose_port(port)
        moved = floor._choose_port(None)
        assert moved > port
        assert f"Port {port} is taken: this floor is on {moved}" in capsys.readouterr().out
        with pytest.raises(StackError, match=f"port {moved} is taken"):
            floor._choose_port(moved)  # claimed, though nothing listens there yet


def test_stopped_while_starting_it_leaves_nothing(floor: Floor):
    process = floor.start(free_port())
    assert processes.wait_until(lambda: "postgres" in recorded(floor.data), 10)
    pids = list(recorded(floor.data).values())
    process.terminate()
    assert process.wait(6) == 0
    assert all_gone(pids, within=0.5)
    assert recorded(floor.data) == {}


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk takes root")
def test_a_disk_that_is_nearly_full_is_one_sentence(tmp_path: Path):
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=20m", "none", str(disk)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no mounting here")
    try:
        with pytest.raises(StackError, match=r"the disk of .* is full .* free some space"):
            stack.up(disk / "data", free_port(), demo=False)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_database_of_somebody_elses_server_gets_the_same_passwords_from_every_stack(server):
    url = server.url("opsdb_admin", server.admin_password, "postgres")
    settings = environment.given_database(url)
    assert settings == environment.given_database(url.replace("postgresql://", "postgresql+psycopg2://"))
    parts = {name: urlsplit(value) for name, value in settings.items() if name.endswith("_URL")}
    assert parts["OPSDB_OWNER_DATABASE_URL"].username == "opsdb_owner"
    assert {part.path for part in parts.values()} == {"/postgres"}
    assert len({part.password for part in parts.values()}) == len(parts)
    with pytest.raises(StackError, match="must name host and database"):
        environment.given_database("postgresql:///")


def test_what_would_lead_past_the_local_s3_does_not_reach_the_children():
    environ = {"AWS_PROFILE": "work", "AWS_SESSION_TOKEN": "x", "NO_PROXY": "intranet", "HOME": "/home/one"}
    children = environment.of_children({"AWS_ACCESS_KEY_ID": "local"}, environ)
    assert children == {
        "HOME": "/home/one",
        "AWS_ACCESS_KEY_ID": "local",
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": "intranet,127.0.0.1,localhost",
        "no_proxy": "intranet,127.0.0.1,localhost",
    }
