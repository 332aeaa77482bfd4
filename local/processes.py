"""Child processes that never outlive the stack, the lock that keeps a data folder to one stack, and free ports."""

import ctypes
import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from local import files
from local.files import StackError

HOST = "127.0.0.1"

_PR_SET_PDEATHSIG = 1
# Loaded here, not between fork and exec, where taking the import lock could hang the child.
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

# The kernel counts the death of the *thread* that made a child as its parent's death, so one thread
# that lives as long as this process makes them all.
_SPAWNER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")


@dataclass(frozen=True)
class Account:
    """A user of this machine that a child runs as."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Child:
    """A running process, the record by which a later start recognises it, and how it is asked to end."""

    name: str
    process: "subprocess.Popen[bytes]"
    record: Path
    log: Path
    stop_signal: signal.Signals
    patience: float

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def exited(self) -> bool:
        """Whether it has ended, without reaping it, so that its number stays its own until its session is empty."""
        if self.process.returncode is not None:
            return True
        if not hasattr(os, "waitid"):
            return self.process.poll() is not None
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def start(
    command: Sequence[str | Path],
    *,
    name: str,
    folder: Path,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    account: Account | None = None,
    at_parents_death: signal.Signals = signal.SIGKILL,
    stop_signal: signal.Signals = signal.SIGTERM,
    patience: float = 3.0,
) -> Child:
    """Start `command` in a session of its own, its output appended to `log`, its record kept in `folder`."""
    record = folder / f"{name}.process.json"
    with files.open_log(log) as output:
        process = _SPAWNER.submit(
            subprocess.Popen,
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(env) if env is not None else None,
            cwd=cwd,
            start_new_session=True,
            preexec_fn=_before_exec(os.getpid(), account, at_parents_death),
        ).result()
    known = {"pid": process.pid, "started": started_at(process.pid) or "", "signal": int(stop_signal)}
    files.write_private(record, json.dumps(known))
    return Child(name, process, record, log, stop_signal, patience)


def _before_exec(parent: int, account: Account | None, at_parents_death: signal.Signals) -> Callable[[], None]:
    def run() -> None:
        if account:
            become(account)
        if _LIBC is not None:
            # After the change of user, which would clear it.
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(at_parents_death), 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)

    return run


def become(account: Account) -> None:
    """Give up root for good, in this process."""
    os.setgroups([])
    os.setgid(account.gid)
    os.setuid(account.uid)


def stop(*children: Child) -> None:
    """Ask all of them to end at once, insist when their patience is over, and leave nothing of their sessions."""
    began = time.monotonic()
    for child in children:
        with suppress(ProcessLookupError):
            child.process.send_signal(child.stop_signal)
    for child in children:
        wait_until(child.exited, child.patience - (time.monotonic() - began))
        if child.process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
            child.process.wait()
        child.record.unlink(missing_ok=True)


def end_leftovers(folder: Path, *, patience: float = 5.0) -> list[str]:
    """End what an earlier stack left running, judged by the records in `folder`; returns the names ended."""
    ended = []
    for record in sorted(folder.glob("*.process.json")):
        try:
            known = json.loads(record.read_text())
            pid, started, stop_signal = int(known["pid"]), str(known["started"]), int(known["signal"])
        except (ValueError, KeyError, TypeError):
            record.unlink()  # half-written: its process was never more than started, and died with its parent
            continue
        if started_at(pid) == started:
            end_process(pid, stop_signal, patience)
            ended.append(record.name.removesuffix(".process.json"))
        record.unlink()
    return ended


def end_process(pid: int, stop_signal: int, patience: float) -> None:
    """End a process that is not our child; the caller has proved that it is ours."""
    started = started_at(pid)
    for each, seconds in ((stop_signal, patience), (signal.SIGKILL, 2.0)):
        if started is None or started_at(pid) != started:
            return
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, each)
        wait_until(lambda: started_at(pid) != started, seconds)


def started_at(pid: int) -> str | None:
    """When the process began, as something no other process ever has under the same number; None if it is gone."""
    if sys.platform != "linux":
        shown = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
        return shown.stdout.strip() or None
    try:
        # The name, in brackets, may hold spaces; state and start time are the 3rd and 22nd fields of all.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    if fields[0] in "ZX":
        return None
    return f"{fields[19]}@{Path('/proc/sys/kernel/random/boot_id').read_text().strip()}"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold `folder` for this process alone; the lock falls with the process, however that ends."""
    with (folder / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise StackError(
                f"{folder} is in use by another stack (process {holder}): stop that one, "
                "or choose another folder with DATA=..."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on at this moment, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((HOST, 0))
        return [int(one.getsockname()[1]) for one in sockets]


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # closed connections of the last run do not count
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def kept_ports(file: Path, count: int) -> list[int]:
    """The ports written in `file` by the last start if all are still free, else new ones, which are written."""
    try:
        ports = [int(one) for one in file.read_text().split()]
    except (OSError, ValueError):
        ports = []
    if len(ports) != count or not all(map(is_free, ports)):
        ports = free_ports(count)
        files.write_private(file, " ".join(map(str, ports)))
    return ports


def wait_until(reached: Callable[[], bool], seconds: float, *, pause: float = 0.03) -> bool:
    """Whether `reached` came true within `seconds`."""
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
    return True
