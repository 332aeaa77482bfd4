"""The zip that Lambda gets: the app, the wheels of its platform without what is useless there, and bytecode."""

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path

from local.files import explained
from local.vendor.layer import Layer, Member
from opsdb_deploy.package import bytecode, contents, wheels
from opsdb_deploy.package.target import Target
from opsdb_deploy.package.wheels import Progress
from opsdb_deploy.sources import ROOT

BUILD = ROOT / "build"


@dataclass(frozen=True)
class Package:
    """A package on disk; sizes in bytes. `bytecode` is whether modules come compiled, `packages` their versions."""

    path: Path
    sha256: str
    size: int
    unzipped: int
    files: int
    python: str
    architecture: str
    bytecode: bool
    packages: dict[str, str]


def build(
    into: Path = BUILD,
    *,
    python: str = "3.11",
    architecture: str = "x86_64",
    progress: Progress = lambda step, done, total: None,
) -> Package:
    """Make `into`/opsdb-`python`-`architecture`.zip: the same bytes for the same sources, pins and interpreter.

    Wheels are fetched once and kept in build/wheels. Where no interpreter of that version is at hand, there is no
    bytecode. Unavailable when wheels cannot be fetched; StackError, and no new zip, when one must not be used.
    """
    target = Target(python, architecture)
    wanted = wheels.pins(target)
    found = wheels.fetch(target, wanted, BUILD / "wheels" / f"{python}-{architecture}", progress)
    files = contents.of_wheels(target, found) | contents.of_app()
    compiler = bytecode.interpreter(target)
    if compiler:
        sources = {path: content for path, content in files.items() if path.endswith(".py")}
        files |= bytecode.compiled(compiler, sources, progress)
    path = into / f"opsdb-{python}-{architecture}.zip"
    _write(target, files, path)
    return Package(
        path=path,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        size=path.stat().st_size,
        unzipped=sum(map(len, files.values())),
        files=len(files),
        python=python,
        architecture=architecture,
        bytecode=compiler is not None,
        packages={pin.name: str(pin.version) for pin in wanted},
    )


def _write(target: Target, files: dict[str, bytes], path: Path) -> None:
    """Whole or not at all."""
    members = {name: Member(content, contents.mode(content)) for name, content in files.items()}
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with explained(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            Layer(target.machine, members).write(draft)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
