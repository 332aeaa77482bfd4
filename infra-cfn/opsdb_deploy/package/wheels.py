"""The wheels that a package is made of: pinned, of its platform, kept; where from, pip's own configuration says."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from chalicelib.core.errors import Unavailable
from local.files import StackError, explained, make_folder
from opsdb_deploy.package.target import Target
from opsdb_deploy.sources import ROOT

Progress = Callable[[str, int, int | None], None]
"""So much of a step is done, of so much."""

FRAMEWORK = "chalice"
"""Pinned in requirements-dev.txt: named in requirements.txt, Chalice's own packaging would ship pip and setuptools."""


@dataclass(frozen=True)
class Pin:
    """One package of one version."""

    name: str
    version: Version

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"


def pins(target: Target, folder: Path = ROOT) -> list[Pin]:
    """What requirements.txt lists for `target`, and the framework; StackError when something is not pinned."""
    deployed = _requirements(folder / "requirements.txt")
    framework = [one for one in _requirements(folder / "requirements-dev.txt") if one.name == FRAMEWORK]
    return [
        _pin(one)
        for one in [*deployed, *framework]
        if one.marker is None or one.marker.evaluate({**target.environment})
    ]


def _requirements(file: Path) -> list[Requirement]:
    lines = (line.partition("#")[0].strip() for line in file.read_text().splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def _pin(one: Requirement) -> Pin:
    [*versions] = one.specifier
    if len(versions) != 1 or versions[0].operator != "==" or "*" in versions[0].version:
        raise StackError(f"{one} is not pinned to one version, and what was tested is what runs")
    return Pin(canonicalize_name(one.name), Version(versions[0].version))


def fetch(target: Target, wanted: list[Pin], folder: Path, progress: Progress) -> dict[Pin, Path]:
    """The wheel of each pin, in `folder`; without a word to the index when all are there already.

    Unavailable when they cannot be had, StackError when there is none that `target` can load.
    """
    make_folder(folder)
    if missing := [pin for pin in wanted if pin not in fitting(target, folder.glob("*.whl"))]:
        # Beside the others and then moved, so that two of us can do this at once and a broken one leaves nothing.
        with explained(folder), tempfile.TemporaryDirectory(dir=folder) as draft:
            _download(target, missing, Path(draft), progress)
            for wheel in Path(draft).glob("*.whl"):
                wheel.replace(folder / wheel.name)
    found = fitting(target, folder.glob("*.whl"))
    for pin in wanted:
        if pin not in found:
            raise StackError(f"what was fetched of {pin} into {folder} is no wheel for {target}")
    return {pin: found[pin] for pin in wanted}


def fitting(target: Target, files: Iterable[Path]) -> dict[Pin, Path]:
    """Of these wheels those whose tags fit; of two the one that fits better. Nothing else is ever used."""
    ranked: dict[Pin, tuple[int, Path]] = {}
    for file in sorted(files):
        try:
            name, version, _, tags = parse_wheel_filename(file.name)
        except InvalidWheelFilename:
            continue
        if ranks := [target.ranks[tag] for tag in tags if tag in target.ranks]:
            pin, found = Pin(name, version), (min(ranks), file)
            ranked[pin] = min(found, ranked.get(pin, found))
    return {pin: file for pin, (_, file) in ranked.items()}


def _download(target: Target, wanted: list[Pin], folder: Path, progress: Progress) -> None:
    command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-input"]
    command += ["--progress-bar", "off", "--retries", "2", "--timeout", "30", "--dest", str(folder)]
    # Never anything that would be built here: it would be built for this machine.
    command += ["--no-deps", "--only-binary", ":all:", "--implementation", "cp", "--python-version", target.python]
    command += [word for name in target.platforms for word in ("--platform", name)]
    command += map(str, wanted)
    with tempfile.TemporaryFile("w+", errors="replace") as errors:
        environment = {**os.environ, "LC_ALL": "C"}
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment) as pip:
            assert pip.stdout
            for done, _ in enumerate(_begun(pip.stdout), 1):
                progress("fetching wheels", done, len(wanted))
        errors.seek(0)
        if pip.returncode:
            raise _failure(target, errors.read())


def _begun(lines: Iterable[str]) -> Iterator[str]:
    return (line for line in lines if line.startswith("Collecting "))


def _failure(target: Target, said: str) -> Exception:
    """What pip's words come to. An index that does not answer and one that has nothing sound the same at the end."""
    errors = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.startswith("ERROR: ")]
    last = errors[-1] if errors else "pip said nothing"
    if "No matching distribution found for " in last and "Retrying (" not in said:
        return StackError(f"the package index has no wheel of {last.rpartition(' ')[2]} for {target}")
    return Unavailable(f"the wheels for {target} cannot be fetched ({last}); is there a network?")
