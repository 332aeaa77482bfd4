"""The OLE2 container that an .xls is: its streams by name, read a sector at a time."""

import struct
from array import array
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import BinaryIO, NamedTuple

from chalicelib.core.errors import Invalid
from chalicelib.imports.readers.package import DAMAGED

# The container's own words (MS-CFB 2.2): sectors of 512 or 4,096 bytes, small streams in shorter ones of 64.
_HEADER = struct.Struct("<30xHH10xII4xIIIII")
_IN_HEADER = 109
_HEADER_SIZE = 512
_LAST_SECTOR = 0xFFFF_FFFA
_ENTRY = struct.Struct("<64sH50xII4x")
_LARGEST = 32


class _Stream(NamedTuple):
    start: int
    size: int


class Container:
    """The streams of an open file; Invalid where their chains run in circles or out of the file."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        head = file.read(_HEADER_SIZE)
        if len(head) < _HEADER_SIZE:
            raise Invalid(DAMAGED)
        shift, small_shift, tables, directory, cutoff, small, _, more, more_count = _header(head)
        self._size, self._small_size, self._cutoff = 1 << shift, 1 << small_shift, cutoff
        self._sectors = file.seek(0, 2) // self._size
        self._next = self._table(head, tables, more, more_count)
        entries = list(self._entries(directory))
        self._streams = {name: stream for name, kind, stream in entries if kind == "stream"}
        self._small = next((stream for _, kind, stream in entries if kind == "root"), _Stream(_LAST_SECTOR, 0))
        self._next_small = self._numbers(self._chain(small, self._next)) if small < _LAST_SECTOR else array("I")

    def names(self) -> frozenset[str]:
        return frozenset(self._streams)

    def pieces(self, name: str) -> Iterator[bytes]:
        """The bytes of the stream `name`, a sector at a time."""
        stream = self._streams[name]
        left = stream.size
        for sector in self._of_small(stream.start) if left < self._cutoff else self._of_large(stream.start):
            yield sector[:left]
            left -= len(sector)
            if left <= 0:
                return
        if left > 0:
            raise Invalid(DAMAGED)

    def _of_large(self, start: int) -> Iterator[bytes]:
        return map(self._sector, self._chain(start, self._next))

    def _of_small(self, start: int) -> Iterator[bytes]:
        """Small sectors lie one after the other in a stream of their own."""
        places = list(self._chain(self._small.start, self._next)) if self._small.size else []
        for number in self._chain(start, self._next_small):
            sector, within = divmod(number * self._small_size, self._size)
            if sector >= len(places):
                raise Invalid(DAMAGED)
            yield self._sector(places[sector])[within : within + self._small_size]

    def _sector(self, number: int) -> bytes:
        self._file.seek((number + 1) * self._size)
        return self._file.read(self._size)

    def _chain(self, start: int, following: Sequence[int]) -> Iterator[int]:
        for _ in range(len(following) + 1):
            if start >= _LAST_SECTOR:
                return
            if start >= len(following):
                raise Invalid(DAMAGED)
            yield start
            start = following[start]
        raise Invalid(DAMAGED)

    def _table(self, head: bytes, tables: int, more: int, more_count: int) -> "array[int]":
        """Which sector follows which: sectors of numbers, whose own numbers are in the header and then in a chain."""
        places = [*struct.unpack_from(f"<{_IN_HEADER}I", head, 76)]
        for _ in range(min(more_count, self._sectors)):
            if more >= self._sectors:
                raise Invalid(DAMAGED)
            *numbers, more = self._numbers([more])
            places += numbers
        if tables > self._sectors:
            raise Invalid(DAMAGED)
        found = self._numbers(place for place in islice(places, tables) if place < _LAST_SECTOR)
        return found[: self._sectors]

    def _numbers(self, places: Iterator[int] | Sequence[int]) -> "array[int]":
        numbers = array("I")
        for place in places:
            if place >= self._sectors:
                raise Invalid(DAMAGED)
            sector = self._sector(place)
            numbers.frombytes(sector[: len(sector) // 4 * 4])
        return numbers

    def _entries(self, directory: int) -> Iterator[tuple[str, str, _Stream]]:
        for number in self._chain(directory, self._next):
            sector = self._sector(number)
            for at in range(0, len(sector) - 127, 128):
                name, length, start, size = _ENTRY.unpack_from(sector, at)
                kind = {2: "stream", 5: "root"}.get(sector[at + 66])
                if kind and 2 <= length <= 2 * _LARGEST:
                    yield name[: length - 2].decode("utf-16-le", "replace"), kind, _Stream(start, size)


def _header(head: bytes) -> tuple[int, ...]:
    found = _HEADER.unpack_from(head)
    if found[0] not in (9, 12) or found[1] != 6:
        raise Invalid(DAMAGED)
    return found
