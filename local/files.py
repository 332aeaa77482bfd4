"""Files of the data folder: private, whole or absent, and what goes wrong with them said in one sentence."""

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

LOG_BYTES_KEPT = 5_000_000

SPACE_NEEDED = 300 << 20
"""Bytes; with less, PostgreSQL cannot even be set up, and S3 turns read-only."""

_FULL = {errno.ENOSPC, errno.EDQUOT}
_CLOSED = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.EIO}


class StackError(Exception):
    """The local stack cannot go on; the text is one sentence that says what to do."""


def make_folder(folder: Path, *, passable: bool = False) -> Path:
    """The folder, made when missing (closed to other users then) and proved writable.

    `passable`: root's children that are not root may reach what they own below it; nobody else can list or read it.
    """
    mode = 0o711 if passable and os.geteuid() == 0 else 0o700
    with explained(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=mode, exist_ok=True)
        probe = folder / f".probe-{secrets.token_hex(4)}"
        probe.write_bytes(b"x")
        probe.unlink()
    return folder


def check_room(folder: Path, needed: int = SPACE_NEEDED) -> None:
    """Refuse to start on a disk that is nearly full."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StackError(
            f"the disk of {folder} is full ({free >> 20} MB free, {needed >> 20} MB needed): "
            "free some space or choose another folder with DATA=..."
        )


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn what the operating system says about `folder` into one sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            advice = "free some space or choose another folder with DATA=..."
        elif error.errno in _CLOSED:
            advice = "make it writable or choose another folder with DATA=..."
        else:
            raise
        place = error.filename or folder
        raise StackError(f"{place} cannot be used ({(error.strerror or str(error)).lower()}): {advice}") from error


def write_private(file: Path, text: str) -> None:
    """Replace `file` at once with `text`, readable by its owner only."""
    draft = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def kept_secret(file: Path, length: int = 24) -> str:
    """The secret in `file`; a new random one is written there when there is none."""
    with suppress(FileNotFoundError):
        if known := file.read_text().strip():
            return known
    fresh = secrets.token_urlsafe(length)
    write_private(file, fresh)
    return fresh


def open_log(log: Path) -> BinaryIO:
    """`log` for appending, private; a long one makes room first, keeping one older copy."""
    with suppress(FileNotFoundError):
        if log.stat().st_size > LOG_BYTES_KEPT:
            log.replace(log.with_name(log.name + ".1"))
    return os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")


def last_line(log: Path) -> str:
    """The last line of `log` that says anything."""
    lines = [line for line in tail(log).splitlines() if line.strip()]
    return lines[-1].strip() if lines else "no output"


def tail(log: Path, length: int = 8_000) -> str:
    """The end of `log`; nothing when there is none."""
    with suppress(OSError), log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - length))
        return file.read().decode(errors="replace")
    return ""
