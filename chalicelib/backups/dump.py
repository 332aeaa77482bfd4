"""pg_dump as a stream of parts: it either came to its good end, or reading it raises."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

from chalicelib.backups.client import Client, environment
from chalicelib.core.errors import OpsdbError
from chalicelib.migrations import steps

PART_BYTES = 8 * 1024 * 1024
"""One part of the upload; S3 wants at least 5 MB and takes 10,000 of them: 80 GB of compressed dump."""

LOCK_WAIT = "60s"
"""How long pg_dump waits for somebody who is changing a table's shape."""


class DumpFailed(OpsdbError):
    summary = "The dump failed"


@contextmanager
def dumping(client: Client, url: str, *, snapshot: str) -> Iterator[Iterator[bytes]]:
    """pg_dump of `url` as `snapshot` sees it, as parts; leaving early kills it.

    The parts end only when pg_dump exited 0; DumpFailed says what it said otherwise.
    """
    command = [client.program("pg_dump"), "-Fc", "--no-password", f"--lock-wait-timeout={LOCK_WAIT}"]
    command += [f"--exclude-schema={steps.DOOR}", "--no-unlogged-table-data"]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [*command, f"--snapshot={snapshot}"],
            env=environment(url),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
        )
        try:
            yield _parts(process, said)
        finally:
            process.kill()
            process.communicate()


def _parts(process: "subprocess.Popen[bytes]", said: IO[bytes]) -> Iterator[bytes]:
    assert process.stdout
    while part := process.stdout.read(PART_BYTES):
        yield part
    if code := process.wait():
        raise DumpFailed(f"pg_dump ended with {code}: {words(said)}")


def words(said: IO[Any], length: int = 500) -> str:
    """The words of a program that failed, on one line: its first and its last, where it said very much."""
    said.seek(0)
    text = said.read()
    text = text.decode(errors="replace") if isinstance(text, bytes) else text
    line = " / ".join(text.split("\n")).strip(" /")
    shown = line if len(line) <= length else f"{line[: length // 2]} ... {line[-length // 2 :]}"
    return shown or "it said nothing"
