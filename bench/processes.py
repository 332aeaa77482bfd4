"""Contestants as processes: run to the end and measured, or kept and asked."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any


class Failed(Exception):
    """A contestant did not do its work; the text has its last words."""


@dataclass(frozen=True)
class Ran:
    """One run: what the program told of itself, and how long its process lived, from its start to its end."""

    told: dict[str, Any]
    process_seconds: float

    @property
    def seconds(self) -> float:
        """The work proper."""
        return float(self.told["seconds"])

    @property
    def cpu_seconds(self) -> float:
        return float(self.told["cpu_seconds"])

    @property
    def peak_mb(self) -> float:
        return float(self.told["peak_mb"])


def module(name: str, *, python: str | Path = sys.executable) -> list[str]:
    """The command of one of `bench.contestants`."""
    return [str(python), "-m", f"bench.contestants.{name}"]


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    *,
    watch: Callable[[int], None] = lambda pid: None,
) -> Ran:
    """Run a contestant that tells its result as the last line; `watch` is given the number of its process."""
    began = time.monotonic()
    with _started(command, environment, folder) as (process, log):
        watch(process.pid)
        said, _ = process.communicate()
        seconds = time.monotonic() - began
        if process.returncode:
            raise Failed(f"{' '.join(command)} ended with {process.returncode}: {_last_words(log)}")
    return Ran(json.loads(said.splitlines()[-1]), seconds)


class Kept:
    """A contestant that answers questions until it is let go."""

    def __init__(self, process: "subprocess.Popen[str]", log: IO[str]) -> None:
        self._process = process
        self._log = log
        self.ready = self._read()

    def ask(self, **question: Any) -> dict[str, Any]:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            self._process.wait(timeout=10)
            raise Failed(f"{self._process.args!r} ended: {_last_words(self._log)}")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def kept(command: Sequence[str], environment: Mapping[str, str], folder: Path) -> Iterator[Kept]:
    with _started(command, environment, folder) as (process, log):
        yield Kept(process, log)


@contextmanager
def _started(
    command: Sequence[str], environment: Mapping[str, str], folder: Path
) -> "Iterator[tuple[subprocess.Popen[str], IO[str]]]":
    with (
        tempfile.TemporaryFile("w+", errors="replace") as log,
        subprocess.Popen(
            command,
            env=dict(environment),
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        try:
            yield process, log
            process.communicate(timeout=5)
        finally:
            process.kill()


def _last_words(log: IO[str]) -> str:
    log.seek(0)
    lines = [line[:300] for line in log.read().strip().splitlines()[-12:]]
    return "\n".join(lines) or "it said nothing"
