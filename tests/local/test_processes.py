"""Children do not outlive their parent, and only what is proved ours is ever killed."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from local import files, processes
from local.files import StackError
from tests.local.gone import all_gone

PARENT = """
import sys, time
from pathlib import Path
from threading import Thread
from local import processes
folder = Path(sys.argv[1])
def work():
    child = processes.start(["sleep", "100"], name="one", folder=folder, log=folder / "log")
    print(child.pid, flush=True)
thread = Thread(target=work)
thread.start()
thread.join()
time.sleep(100)
"""


@pytest.fixture
def parent(tmp_path: Path):
    running = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    yield running
    running.kill()
    running.wait()


def test_a_child_outlives_the_thread_that_started_it_but_not_a_killed_parent(parent):
    child = int(parent.stdout.readline())
    assert not all_gone([child], within=0.2)
    parent.kill()
    assert all_gone([child])


def test_a_child_that_ignores_the_request_is_killed_with_its_own_children(tmp_path: Path):
    script = "trap '' TERM; sleep 100 & echo $! > grandchild; wait; wait"
    child = processes.start(
        ["sh", "-c", script], name="stubborn", folder=tmp_path, log=tmp_path / "log", cwd=tmp_path, patience=0.2
    )
    grandchild = tmp_path / "grandchild"
    assert processes.wait_until(lambda: grandchild.exists() and grandchild.read_text() != "", 3)
    processes.stop(child)
    assert all_gone([child.pid, int(grandchild.read_text())])
    assert list(tmp_path.glob("*.process.json")) == []


def test_leftovers_are_ended_and_a_reused_process_number_is_left_alone(tmp_path: Path):
    left = subprocess.Popen(["sleep", "100"])
    stranger = subprocess.Popen(["sleep", "100"])
    ours = {"pid": left.pid, "started": processes.started_at(left.pid), "signal": int(signal.SIGTERM)}
    (tmp_path / "left.process.json").write_text(json.dumps(ours))
    reused = ours | {"pid": stranger.pid, "started": f"1{ours['started']}"}
    (tmp_path / "reused.process.json").write_text(json.dumps(reused))
    (tmp_path / "half.process.json").write_text('{"pid": 1')
    try:
        assert processes.end_leftovers(tmp_path) == ["left"]
        assert left.wait(2) == -signal.SIGTERM
        assert stranger.poll() is None
        assert list(tmp_path.glob("*.process.json")) == []
    finally:
        stranger.kill()
        stranger.wait()
        left.kill()
        left.wait()


def test_a_folder_is_held_by_one_at_a_time(tmp_path: Path):
    refused = pytest.raises(StackError, match=f"in use by another stack .process {os.getpid()}")
    with processes.locked(tmp_path), refused, processes.locked(tmp_path):
        pass
    with processes.locked(tmp_path):
        pass


def test_ports_are_kept_while_they_are_free(tmp_path: Path):
    kept = processes.kept_ports(tmp_path / "ports", 3)
    assert len(set(kept)) == 3
    assert processes.kept_ports(tmp_path / "ports", 3) == kept
    with processes.socket.create_server((processes.HOST, kept[1])):
        assert kept[1] not in processes.kept_ports(tmp_path / "ports", 3)


def test_private_files_are_private_whole_and_kept(tmp_path: Path):
    secret = files.kept_secret(tmp_path / "secret")
    assert files.kept_secret(tmp_path / "secret") == secret
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["secret"]


def test_an_unusable_folder_is_one_sentence(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StackError, match=r"cannot be used \(.*\): make it writable or choose another folder"):
        files.make_folder(tmp_path / "file" / "data")


def test_a_full_disk_is_one_sentence(tmp_path: Path):
    with pytest.raises(StackError, match=r"is full .* free some space"):
        files.check_room(tmp_path, needed=1 << 60)
