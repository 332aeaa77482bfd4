"""Layers of made-up files, and the packages of the true one."""

import platform
import struct
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from chalicelib.core.errors import Unavailable
from local import cli, stack
from local.vendor import layer, packages
from local.vendor.layer import Member

HERE = platform.machine()
KEPT = stack.ROOT / "build" / "client-packages"
"""Where `opsdb vendor` keeps what it fetched, so that the tests fetch it once too."""

on_this_machine = pytest.mark.skipif(
    platform.system() != "Linux" or HERE not in packages.ARCHITECTURES,
    reason=f"the client is for Linux on {' and '.join(packages.ARCHITECTURES)}",
)


def crafted(
    needed: tuple[str, ...] = ("libc.so.6",),
    versions: tuple[str, ...] = ("GLIBC_2.17",),
    search: tuple[int, str] = (15, layer.LIBRARIES),
    machine: int = 62,
    content: bytes = b"",
) -> bytes:
    """The least that the loader would call an ELF file; `search` is DT_RPATH (15) or DT_RUNPATH (29) with its text."""
    texts = b"\0"
    places: dict[str, int] = {}
    for text in (*needed, *versions, search[1]):
        places[text] = len(texts)
        texts += text.encode() + b"\0"
    start = 64 + 2 * 56
    wanted = b"".join(
        struct.pack("<IHHII", 0, 0, 2, places[name], 16 if name != versions[-1] else 0) for name in versions
    )
    wanted = struct.pack("<HHIII", 1, len(versions), places[needed[0]] if needed else 0, 16, 0) + wanted
    at = start + len(texts)
    tags = [(1, places[name]) for name in needed] + [(search[0], places[search[1]])]
    tags += [(5, start), *([(0x6FFFFFFE, at), (0x6FFFFFFF, 1)] if versions else []), (0, 0)]
    dynamic = b"".join(struct.pack("<QQ", *tag) for tag in tags)
    end = at + len(wanted) + len(dynamic)
    head = b"\x7fELF\x02\x01\x01".ljust(16, b"\0")
    head += struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    head += struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, end, end, 4096)
    head += struct.pack("<IIQQQQQQ", 2, 6, at + len(wanted), 0, 0, len(dynamic), len(dynamic), 8)
    return head + texts + wanted + dynamic + b"\0" + content


def program(name: str, version: str = "16.14", **facts: object) -> Member:
    return Member(crafted(content=f"\0{name} (PostgreSQL) {version}\n".encode(), **facts), 0o755)  # type: ignore[arg-type]


def fine() -> dict[str, Member]:
    """The files of a layer that has nothing wrong with it."""
    members = {f"bin/{name}": program(name) for name in layer.PROGRAMS}
    members["lib/libz.so.1"] = Member(crafted(), 0o755)
    return {**members, "LICENSES": Member("\n".join(f"{path}  theirs" for path in members).encode(), 0o644)}


def fetched(arch: str) -> dict[str, Path]:
    try:
        return packages.fetch(arch, KEPT / arch)
    except Unavailable as error:
        pytest.skip(f"the package index cannot be reached: {error}")


def opsdb(*words: str | Path) -> Result:
    result = CliRunner().invoke(cli.main, [str(word) for word in words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result
