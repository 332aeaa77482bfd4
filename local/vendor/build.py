"""From pinned packages to a zip that passed every gate; one that did not is never left lying about."""

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path

from local.files import explained
from local.vendor import gates, packages, trial
from local.vendor.layer import Layer, make

TRIAL = "dump and restore"


@dataclass(frozen=True)
class Built:
    """A layer on disk. `gates` is what each saw; `not_run` says why the last one was left out, if it was."""

    file: str
    arch: str
    size: int
    sha256: str
    client_version: str
    packages: dict[str, str]
    gates: dict[str, str]
    not_run: str | None


def build(arch: str, out: Path, *, wheels: Path | None = None) -> Built:
    """Make `out`-`arch`.zip; the packages are kept in `wheels`, by default `client-packages` beside it.

    Unavailable when they cannot be fetched; StackError, and no new zip, when a gate refuses.
    """
    target = out.with_name(f"{out.name}-{arch}.zip")
    found = packages.fetch(arch, (wheels or out.with_name("client-packages")) / arch)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    with explained(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            make(arch, found).write(draft)
            layer = Layer.read(arch, draft)
            passed, not_run = judged(layer)
            content = draft.read_bytes()
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    return Built(
        file=str(target),
        arch=arch,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        client_version=gates.version_of(layer, "pg_dump"),
        packages={pin.name: pin.version for pin in packages.pins(arch)},
        gates=passed,
        not_run=not_run,
    )


def judged(layer: Layer) -> tuple[dict[str, str], str | None]:
    """What every gate saw, and why the trial was not held if it was not; Refused by the first that refuses."""
    passed = gates.check(layer)
    try:
        return {**passed, TRIAL: trial.hold(layer)}, None
    except trial.NotTried as why:
        return passed, str(why)
