"""An archive as SQL: for psql in one transaction with what comes before and after, or for any other tool as a file."""

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from chalicelib.backups.client import Client, environment, inherited
from chalicelib.backups.dump import words
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


Source = Path | Iterable[bytes]
"""An archive: a file, or its bytes as they come, which then lie nowhere."""


def apply(
    archive: Source,
    *,
    client: Client,
    url: str,
    before: str,
    after: str,
    progress: Callable[[int], None],
    privileges: bool = True,
) -> None:
    """Run `before`, the archive and `after` in the transaction that `before` begins; commit when all went well.

    RestoreFailed otherwise. The commit is sent only after pg_restore has read the archive to a good end: a psql whose
    input merely stops would commit half of it. `progress` is told the rows restored so far. Without `privileges` no
    role is granted anything.
    """
    with _psql(client, url) as send, _sql(client, archive, *(() if privileges else ("--no-privileges",))) as lines:
        send([before.encode()])
        send(adapted(lines, guarded=True, progress=progress))
        send([after.encode(), b"COMMIT;\n"])


def write(path: Path, *, client: Client, before: str, out: IO[bytes], progress: Callable[[int], None]) -> None:
    """Write the archive as SQL that psql 15 and everything newer takes."""
    with _sql(client, path) as lines:
        out.write(before.encode())
        out.writelines(adapted(lines, guarded=False, progress=progress))


def decode(pieces: Iterable[bytes], *, client: Client) -> str | None:
    """Read an archive to its end, every row of it; None, or what pg_restore has against it.

    All pieces are taken either way. RestoreFailed when pg_restore was killed, which says nothing about the archive.
    """
    command = [client.program("pg_restore"), "--exit-on-error", "-f", os.devnull]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            command, env=inherited(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said
        )
        try:
            _feed(pieces, process)
            code = process.wait()
        finally:
            process.kill()
            process.wait()
        if code < 0:
            raise RestoreFailed(f"pg_restore ended with {code}: {words(said)}", summary="The archive was not read")
        return words(said) if code else None


def _feed(pieces: Iterable[bytes], process: "subprocess.Popen[bytes]") -> None:
    """Give the program its input; one that takes no more hears no more, and the rest of the pieces is still taken."""
    assert process.stdin
    heard = True
    try:
        for piece in pieces:
            if heard:
                try:
                    process.stdin.write(piece)
                except BrokenPipeError:
                    heard = False
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()


@contextmanager
def _sql(client: Client, archive: Source, *options: str) -> Iterator[Iterator[bytes]]:
    file = archive if isinstance(archive, Path) else None
    command = [client.program("pg_restore"), "--no-owner", "--exit-on-error", *options, "-f", "-"]
    with tempfile.TemporaryFile() as said, ThreadPoolExecutor(1, thread_name_prefix="archive") as feeder:
        process = subprocess.Popen(
            [*command, *([str(file)] if file else [])],
            env=inherited(),
            stdin=subprocess.DEVNULL if file else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            bufsize=BUFFER_BYTES,
        )
        fed = None if isinstance(archive, Path) else feeder.submit(_feed, archive, process)
        try:
            yield _lines(process, said, fed)
        finally:
            process.kill()
            process.wait()
            assert process.stdout
            process.stdout.close()


def _lines(process: "subprocess.Popen[bytes]", said: IO[bytes], fed: "Future[None] | None") -> Iterator[bytes]:
    assert process.stdout
    yield from process.stdout
    code = process.wait()
    if fed:
        # Why the input ended early is what went wrong; pg_restore only noticed.
        fed.result()
    if code:
        raise RestoreFailed(f"pg_restore ended with {code}: {words(said)}")


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
            raise RestoreFailed(f"psql ended with {code}: {words(said)}")


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
