"""The stack's own programs, the API and the pump: started again when they die, their errors shown."""

import http.client
import re
import socket
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from local import files, processes
from local.processes import HOST, Child

_WORTH_SHOWING = re.compile(r'^Traceback|"level": "(ERROR|CRITICAL)"|\b(ERROR|CRITICAL)\b')

QUIET_AFTER = 60.0
"""Seconds a program must have run for its earlier deaths to be forgotten."""

MOST_PATIENCE = 30.0
"""Seconds: the longest pause before another start."""

Say = Callable[[str], None]


@dataclass
class Service:
    """One program that is meant to run as long as the stack does."""

    name: str
    command: list[str]
    folder: Path
    cwd: Path
    env: Mapping[str, str]
    say: Say
    child: Child | None = None
    _deaths: int = 0
    _started: float = 0.0
    _again_at: float | None = None
    _shown: int = field(default=0)

    @property
    def log(self) -> Path:
        return self.folder / f"{self.name}.log"

    def start(self) -> None:
        with suppress(OSError):
            self._shown = self.log.stat().st_size
        self.child = processes.start(
            self.command, name=self.name, folder=self.folder, log=self.log, env=self.env, cwd=self.cwd, patience=3.0
        )
        self._started, self._again_at = time.monotonic(), None

    @property
    def alive(self) -> bool:
        return self.child is not None and self.child.alive

    def watch(self) -> None:
        """Show new errors; start the program again when it has died, later each time."""
        self._show_errors()
        now = time.monotonic()
        if self.child is None or self.alive:
            return
        if self._again_at is None:
            self._deaths = 1 if now - self._started > QUIET_AFTER else self._deaths + 1
            pause = min(2.0 ** (self._deaths - 1), MOST_PATIENCE)
            self._again_at = now + pause
            why = files.last_line(self.log)
            self.say(f"{self.name} ended ({why}); it starts again in {pause:.0f} s: see {self.log}")
        elif now >= self._again_at:
            self.start()

    def restart(self, command: list[str] | None = None, env: Mapping[str, str] | None = None) -> None:
        """Start anew, with another command or environment."""
        processes.stop(*self.children())
        self.command, self.env = command or self.command, env or self.env
        self.start()

    def _show_errors(self) -> None:
        with suppress(OSError):
            size = self.log.stat().st_size
            if size < self._shown:  # another log has begun
                self._shown = 0
            if size == self._shown:
                return
            with self.log.open("rb") as file:
                file.seek(self._shown)
                fresh = file.read(1 << 20)
            whole = fresh[: fresh.rfind(b"\n") + 1]
            self._shown += len(whole)
            for line in whole.decode(errors="replace").splitlines():
                if _WORTH_SHOWING.search(line):
                    self.say(f"[{self.name}] {line[:500]}")

    def children(self) -> list[Child]:
        return [self.child] if self.child else []


def api_command(port: int) -> list[str]:
    chalice = Path(sys.executable).parent / "chalice"
    return [str(chalice), "local", "--stage", "local", "--host", HOST, "--port", str(port), "--no-autoreload"]


def pump_command(state: Path) -> list[str]:
    return [sys.executable, "-m", "local.pump", "--state", str(state)]


def healthy(port: int) -> bool:
    """Whether the API answers on `port`."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)  # never through a proxy of the environment
    try:
        connection.request("GET", "/api/health")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def reserve(port: int) -> socket.socket | None:
    """Claim a port that is free, against other stacks that have not bound theirs yet; None when it is not.

    Where Linux's abstract sockets are missing, only the port itself is looked at.
    """
    claim = socket.socket(socket.AF_UNIX)
    if sys.platform == "linux":
        try:
            claim.bind(f"\0opsdb-port-{port}")
        except OSError:
            claim.close()
            return None
    if not processes.is_free(port):
        claim.close()
        return None
    return claim
