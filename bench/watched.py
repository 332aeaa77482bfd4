"""A program and its children, run to the end: their time, and the most memory that they held together."""

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import processes
from bench.processes import Failed
from bench.site import PASSWORDS, Site


@dataclass(frozen=True)
class Worked:
    """One run. `seconds` is the work proper, where the program can tell it; the peak is of the whole family.

    `told` is what a contestant said of it; another program says nothing.
    """

    seconds: float
    cpu_seconds: float
    process_seconds: float
    peak_mb: float
    own_peak_mb: float | None
    told: dict[str, Any]


def program(site: Site, database: str, role: str, line: str) -> Worked:
    """Run a line of bash; `{bin}` in it is the folder of PostgreSQL's programs, `{url}` how `role` connects."""
    url = f"host=127.0.0.1 port={site.server.port} user={role} dbname={database}"
    command = ["bash", "-o", "pipefail", "-c", line.format(bin=site.server.bin_dir, url=url)]
    environment = site.environment(database) | {"PGPASSWORD": PASSWORDS[role]}
    with tempfile.TemporaryFile("w+") as said, site.computing() as sessions:
        began, computed = time.monotonic(), sum(os.times()[2:4])
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stderr=said)
        watch = Watch(process.pid)
        process.wait()
        seconds, computed = time.monotonic() - began, sum(os.times()[2:4]) - computed
        if process.returncode:
            said.seek(0)
            raise Failed(f"{line} ended with {process.returncode}: {said.read()[-500:]}")
    return Worked(seconds, computed + sessions[0], seconds, watch.peak_mb(), None, {})


def contestant(site: Site, database: str, name: str, *arguments: str) -> Worked:
    """Run one of ours."""
    watches: list[Watch] = []
    with site.computing() as sessions:
        ran = processes.run(
            [*processes.module(name), *arguments],
            site.environment(database),
            site.folder,
            watch=lambda pid: watches.append(Watch(pid)),
        )
    cpu_seconds = ran.cpu_seconds + sessions[0]
    return Worked(ran.seconds, cpu_seconds, ran.process_seconds, watches[0].peak_mb(), ran.peak_mb, ran.told)


class Watch:
    """Looks fifty times a second at what a process and its children hold; pages they share count for each."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0.0
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def peak_mb(self) -> float:
        """The most that was seen, once the process has ended."""
        self._thread.join()
        return round(self._peak, 1)

    def _look(self) -> None:
        while held := _megabytes(self._pid):
            self._peak = max(self._peak, held)
            time.sleep(0.02)


def _megabytes(pid: int) -> float:
    kilobytes: int = sum(_of(f"/proc/{one}/status", _resident) for one in _family(pid))
    return kilobytes / 1024


def _family(pid: int) -> Sequence[int]:
    children = [
        int(child)
        for task in _of(f"/proc/{pid}/task", _names)
        for child in _of(f"/proc/{pid}/task/{task}/children", _words)
    ]
    return [pid, *(one for child in children for one in _family(child))]


def _of(path: str, read: Callable[[Path], Any]) -> Any:
    """What `read` finds at `path`; of a process that has just ended, nothing."""
    try:
        return read(Path(path))
    except OSError:
        return read(Path(os.devnull))


def _names(path: Path) -> list[str]:
    return [one.name for one in path.iterdir()] if path.is_dir() else []


def _words(path: Path) -> list[str]:
    return path.read_text().split()


def _resident(path: Path) -> int:
    return sum(int(line.split()[1]) for line in path.read_text().splitlines() if line.startswith("VmRSS"))
