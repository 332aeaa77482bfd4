"""What a layer must be before it is handed over; each check passes with a word of what it saw, or refuses."""

import re
from collections.abc import Callable

from local.files import StackError
from local.vendor import licences
from local.vendor.layer import LIBRARIES, LICENCES, PROGRAMS, Layer

GLIBC = (2, 26)
"""What Lambda's python3.11 has, on Amazon Linux 2; later runtimes have more."""

RUNTIME = {
    "libc.so.6",
    "libdl.so.2",
    "libm.so.6",
    "libpthread.so.0",
    "libresolv.so.2",
    "librt.so.1",
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
}
"""glibc's own, which are wherever Python is; everything else is in the layer."""

MAJORS = (15, 16)
"""A client older than the server cannot dump it, and what 17 and later restore names settings a 15 does not know."""


class Refused(StackError):
    """The layer must not be used; the text says why."""


def architecture(layer: Layer) -> str:
    for path, elf in layer.elves.items():
        if elf.machine != layer.arch:
            raise Refused(f"{path} is for {elf.machine}, and the layer for {layer.arch}")
    return f"{layer.arch}, {len(layer.elves)} files"


def glibc(layer: Layer) -> str:
    """The newest glibc that any file asks for."""
    for path, elf in layer.elves.items():
        if version := elf.beyond(GLIBC):
            raise Refused(f"{path} needs {version}, and the runtime has glibc {_dotted(GLIBC)}")
    highest = max(elf.glibc for elf in layer.elves.values())
    return f"at most {_dotted(highest)} of {_dotted(GLIBC)}"


def libraries(layer: Layer) -> str:
    here = {path.removeprefix("lib/") for path in layer.elves if path.startswith("lib/")}
    for path, elf in layer.elves.items():
        for name in elf.needed:
            if name not in here | RUNTIME:
                raise Refused(f"{path} needs {name}, which neither the layer nor the runtime has")
        # Where a library says nothing, or nothing useful, the program's path holds; not so beside a DT_RUNPATH.
        if path.startswith("bin/") and elf.search_path != LIBRARIES:
            raise Refused(f"{path} looks for its libraries in {elf.search_path or 'no place of its own'}")
        if elf.run_path not in {None, "$ORIGIN"}:
            raise Refused(f"{path} looks for its libraries in {elf.run_path}, and nowhere else")
    return f"{len(here)} bundled, the rest is glibc"


def modes(layer: Layer) -> str:
    for name in PROGRAMS:
        member = layer.members.get(f"bin/{name}")
        if not member:
            raise Refused(f"the layer has no bin/{name}")
        if member.mode & 0o555 != 0o555:
            raise Refused(f"bin/{name} cannot be run by everybody: its mode is {member.mode:o}")
    for path, member in layer.members.items():
        if member.mode & 0o444 != 0o444:
            raise Refused(f"{path} cannot be read by everybody: its mode is {member.mode:o}")
    return "programs can be run, all can be read"


def licence(layer: Layer) -> str:
    member = layer.members.get(LICENCES)
    unsaid = licences.missing(member.data.decode() if member else "", layer.elves)
    if not member or unsaid:
        raise Refused(f"{LICENCES} says nothing of {unsaid[0]}" if member else f"the layer has no file {LICENCES}")
    return f"{LICENCES} names all {len(layer.elves)} files"


def version(layer: Layer) -> str:
    found = {name: version_of(layer, name) for name in PROGRAMS}
    for name, number in found.items():
        if int(number.split(".")[0]) not in MAJORS:
            raise Refused(f"bin/{name} is PostgreSQL {number}, and only {' or '.join(map(str, MAJORS))} will do")
    if len(set(found.values())) > 1:
        raise Refused(f"the programs are of several versions: {', '.join(found.values())}")
    return f"PostgreSQL {found['pg_dump']}"


def version_of(layer: Layer, name: str) -> str:
    """What the program would say of itself; read, since it need not run on this machine."""
    said = re.search(rb"\x00%s \(PostgreSQL\) (\d+(?:\.\d+)*)" % name.encode(), layer.members[f"bin/{name}"].data)
    if not said:
        raise Refused(f"bin/{name} does not say which version of PostgreSQL it is")
    return said[1].decode()


GATES: dict[str, Callable[[Layer], str]] = {
    "architecture": architecture,
    "exec bits": modes,
    "glibc": glibc,
    "libraries": libraries,
    "licences": licence,
    "version": version,
}


def check(layer: Layer) -> dict[str, str]:
    """What each gate saw, by name; Refused by the first that does not like it."""
    return {name: gate(layer) for name, gate in GATES.items()}


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))
