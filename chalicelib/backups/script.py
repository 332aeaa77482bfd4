"""An archive as SQL: for psql in one transaction with what comes before and after, or for any other tool as a file."""

import re
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from chalicelib.backups.client import Client, environment, inherited
from chalicelib.backups.dump import tail
from chalicelib.core.errors import OpsdbError

COPY = re.compile(rb"COPY .* FROM stdin;\n")
COPY_END = b"\\.\n"
DEFAULT_PRIVILEGES = re.compile(rb'^ALTER DEFAULT PRIVILEGES FOR ROLE ("[^"]+"|\S+) ')
NEWER = re.compile(rb"SET transaction_timeout = 0;\n")
"""pg_restore 17 and later say this, and servers before 17 do not understand it."""

GUARD = re.compile(rb"\\(un)?restrict \w+\n")
"""pg_restore guards psql with this against hostile object names; psql before August 2025 does not understand it."""

PROGRESS_ROWS = 10_000
BUFFER_BYTES = 64 * 1024


class RestoreFailed(OpsdbError):
    summary = "The restore failed; the database is as it was"


def apply(path: Path, *, client: Client, url: str, before: str, after: str, progress: Callable[[int], None]) -> None:
    """Run `before`, the archive and `after` in the transaction that `before` begins; commit when all went well.

    RestoreFailed otherwise. The commit is sent only after pg_restore has read the archive to a good end: a psql whose
    input merely stops would commit half of it. `progress` is told the rows restored so far.
    """
    with _psql(client, url) as send, _sql(client, path) as lines:
        send([before.encode()])
        send(adapted(lines, guarded=True, progress=progress))
        send([after.encode(), b"COMMIT;\n"])


def write(path: Path, *, client: Client, before: str, out: IO[bytes], progress: Callable[[int], None]) -> None:
    """Write the archive as SQL that psql 15 and everything newer takes."""
    with _sql(client, path) as lines:
        out.write(before.encode())
        out.writelines(adapted(lines, guarded=False, progress=progress))


@contextmanager
def _sql(client: Client, path: Path) -> Iterator[Iterator[bytes]]:
    command = [client.program("pg_restore"), "--no-owner", "--exit-on-error", "-f", "-", str(path)]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command,
            env=inherited(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            bufsize=BUFFER_BYTES,
        )
        try:
            yield _lines(process, said)
        finally:
            process.kill()
            process.communicate()


def _lines(process: "subprocess.Popen[bytes]", said: IO[bytes]) -> Iterator[bytes]:
    assert process.stdout
    yield from process.stdout
    if code := process.wait():
        raise RestoreFailed(f"pg_restore ended with {code}: {tail(said)}")


@contextmanager
def _psql(client: Client, url: str) -> Iterator[Callable[[Iterable[bytes]], None]]:
    """A psql that takes lines; it must have taken the last one and ended well when the block ends."""
    options = ["-X", "-q", "-w", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=terse", "-f", "-"]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [client.program("psql"), *options],
            env=environment(url),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
            bufsize=BUFFER_BYTES,
        )
        assert process.stdin
        try:
            yield process.stdin.writelines
            process.stdin.close()
            code = process.wait()
        except BrokenPipeError:
            code = process.wait() or 1
        finally:
            # Killed, not closed: at the end of its input psql might take what it has for everything.
            process.kill()
            process.wait()
            with suppress(BrokenPipeError):
                process.stdin.close()
        if code:
            raise RestoreFailed(f"psql ended with {code}: {tail(said)}")


def adapted(lines: Iterable[bytes], *, guarded: bool, progress: Callable[[int], None]) -> Iterator[bytes]:
    """The lines as servers of other versions take them; without guard also as an older psql does."""
    copying, rows = False, 0
    for line in lines:
        if copying:
            copying = line != COPY_END
            rows += copying
            if rows % PROGRESS_ROWS == 0 or not copying:
                progress(rows)
            yield line
        else:
            copying = COPY.fullmatch(line) is not None
            yield _statement(line, guarded)


def _statement(line: bytes, guarded: bool) -> bytes:
    if line == b"BEGIN;\n":
        raise RestoreFailed("The archive holds large objects, which cannot be restored in one transaction")
    if NEWER.fullmatch(line) or (not guarded and GUARD.fullmatch(line)):
        return b""
    # Nothing restored belongs to whom it belonged before, so neither do later tables.
    return DEFAULT_PRIVILEGES.sub(b"ALTER DEFAULT PRIVILEGES ", line)
