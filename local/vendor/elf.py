"""What a Linux program or library asks of the machine it runs on, read from the file itself; 64-bit, little-endian."""

import re
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from local.files import StackError

MAGIC = b"\x7fELF"
MACHINES = {62: "x86_64", 183: "aarch64"}

_PT_LOAD, _PT_DYNAMIC = 1, 2
_NEEDED, _STRTAB, _RPATH, _RUNPATH, _VERNEED, _VERNEEDNUM = 1, 5, 15, 29, 0x6FFFFFFE, 0x6FFFFFFF

_GLIBC = "GLIBC_"


class NotElf(StackError):
    """The bytes are no ELF file that can be read here."""


@dataclass(frozen=True)
class Elf:
    """One file. What it needs is told by its dynamic section, which is also what the loader goes by."""

    data: bytes

    def __post_init__(self) -> None:
        if self.data[:6] != MAGIC + b"\x02\x01":
            raise NotElf("it is no 64-bit little-endian ELF file")
        try:
            _ = self.needed, self.search_path, self.versions
        except (struct.error, LookupError, StopIteration, RuntimeError, ValueError) as error:
            raise NotElf("it is an ELF file that is damaged or cut short") from error

    @property
    def machine(self) -> str:
        (number,) = struct.unpack_from("<H", self.data, 18)
        return MACHINES.get(number, f"machine {number}")

    @cached_property
    def needed(self) -> tuple[str, ...]:
        """File names of the libraries it is linked with."""
        return tuple(self._text(value) for tag, value in self._dynamic if tag == _NEEDED)

    @cached_property
    def search_path(self) -> str | None:
        """Where it has these looked for (DT_RPATH), and with them what they need in turn.

        None beside a DT_RUNPATH, which makes the loader forget it.
        """
        return None if self.run_path else self._path(_RPATH)

    @cached_property
    def run_path(self) -> str | None:
        """DT_RUNPATH: where its own needs alone are looked for, after LD_LIBRARY_PATH had a say."""
        return self._path(_RUNPATH)

    def _path(self, kind: int) -> str | None:
        return next((self._text(value) for tag, value in self._dynamic if tag == kind), None)

    @cached_property
    def versions(self) -> frozenset[str]:
        """Symbol versions it wants of others, like `GLIBC_2.17`; what readelf -V shows as version needs."""
        tags = dict(self._dynamic)
        return frozenset(self._wanted(self._offset(tags[_VERNEED]), tags[_VERNEEDNUM]) if _VERNEED in tags else ())

    @property
    def glibc(self) -> tuple[int, ...]:
        """The newest numbered version of glibc that it wants symbols of."""
        return max((number for number in map(_glibc, self.versions) if number), default=(0,))

    def beyond(self, glibc: tuple[int, ...]) -> str | None:
        """A symbol version that is not in `glibc`; those without a number, like GLIBC_PRIVATE, fit one build only."""
        ours = sorted(name for name in self.versions if name.startswith(_GLIBC))
        return next((name for name in ours if not (number := _glibc(name)) or number > glibc), None)

    def _wanted(self, entry: int, entries: int) -> Iterator[str]:
        for _ in range(entries):
            _, names, _, first, following = struct.unpack_from("<HHIII", self.data, entry)
            name = entry + first
            for _ in range(names):
                _, _, _, text, next_name = struct.unpack_from("<IHHII", self.data, name)
                yield self._text(text)
                name += next_name
            entry += following

    @cached_property
    def _segments(self) -> list[tuple[int, int, int, int]]:
        """Type, place in the file, address and size of each."""
        (start,) = struct.unpack_from("<Q", self.data, 32)
        size, count = struct.unpack_from("<HH", self.data, 54)
        headers = (struct.unpack_from("<IIQQQQ", self.data, start + number * size) for number in range(count))
        return [(kind, offset, address, length) for kind, _, offset, address, _, length in headers]

    @cached_property
    def _dynamic(self) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []
        for kind, offset, _, length in self._segments:
            if kind == _PT_DYNAMIC:
                found += (struct.unpack_from("<QQ", self.data, offset + at) for at in range(0, length, 16))
        end = next((number for number, (tag, _) in enumerate(found) if tag == 0), len(found))
        return found[:end]

    def _offset(self, address: int) -> int:
        return next(
            offset + address - start
            for kind, offset, start, length in self._segments
            if kind == _PT_LOAD and start <= address < start + length
        )

    @cached_property
    def _strings(self) -> int:
        return self._offset(dict(self._dynamic)[_STRTAB])

    def _text(self, index: int) -> str:
        start = self._strings + index
        return self.data[start : self.data.index(0, start)].decode()

    def renamed(self, names: Mapping[str, str]) -> "Elf":
        """The file with other names for libraries and search paths, none longer than what it replaces."""
        changed = bytearray(self.data)
        for tag, value in self._dynamic:
            if tag in {_NEEDED, _RPATH, _RUNPATH} and (old := self._text(value)) in names:
                assert len(names[old]) <= len(old)
                start = self._strings + value
                changed[start : start + len(old)] = names[old].encode().ljust(len(old), b"\0")
        made = Elf(bytes(changed))
        # The linker may let texts share their ends; then another one has changed too.
        if made.versions != self.versions or made.needed != tuple(names.get(name, name) for name in self.needed):
            raise NotElf("its names cannot be changed in place")
        return made


def _glibc(version: str) -> tuple[int, ...] | None:
    """`GLIBC_2.17` as (2, 17); None for what is none of glibc's numbers."""
    found = re.fullmatch(rf"{_GLIBC}(\d+(?:\.\d+)*)", version)
    return tuple(map(int, found[1].split("."))) if found else None
