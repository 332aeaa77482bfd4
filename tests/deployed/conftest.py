"""The deployed files by themselves, the zip that Lambda gets, and the one that Chalice would make of them."""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from local.terminal import UNREACHABLE
from opsdb_deploy import sources
from tests.conftest import Site
from tests.deployed import functions, runtime
from tests.deployed.invoke import Function

ROOT = Path(__file__).parents[2]
STAGE = "dev"
DEPLOYED = ("app.py", "chalicelib", ".chalice", "requirements.txt")
NEEDED = ("app.py", "chalicelib", "local", "infra-cfn/opsdb_deploy", "requirements.txt", "requirements-dev.txt")
"""What of a clone makes a package."""

FIGURES = ("zip", "unzipped", "first answer", "peak")


@dataclass(frozen=True)
class Package:
    """A zip, and what `opsdb package` said of it."""

    zip: Path
    said: dict[str, Any]

    @cached_property
    def contents(self) -> dict[str, zipfile.ZipInfo]:
        with zipfile.ZipFile(self.zip) as packed:
            return {one.filename: one for one in packed.infolist()}

    @cached_property
    def files(self) -> dict[str, bytes]:
        with zipfile.ZipFile(self.zip) as packed:
            return {name: packed.read(name) for name in self.contents}


@pytest.fixture(scope="session")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what is deployed and nothing else, for the stage dev of an account that does not exist."""
    return copy_code(tmp_path_factory.mktemp("deployed"))


def copy_code(folder: Path) -> Path:
    leave = shutil.ignore_patterns("__pycache__", "deployments", "deployed")
    for name in DEPLOYED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=leave)
        else:
            shutil.copy(source, folder / name)
    for file in (folder / ".chalice").rglob("*.json"):
        file.write_text(re.sub(r"\$\{([\w:]+)\}", _placeholder, file.read_text()))
    return folder


def _placeholder(marker: "re.Match[str]") -> str:
    """An id for a marker, as an output of the stacks would be."""
    name = marker[1].partition(":")[2] or marker[1]
    return {"region": "us-east-1", "account": "0" * 12, "stage": STAGE}.get(name, f"placeholder-{name.lower()}")


@pytest.fixture
def function(request: pytest.FixtureRequest, code: Path, site: Site) -> Function:
    """The function whose handler a test names with `tries`."""
    return Function(code, request.param, functions.environment(site, request.param))


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all workers have in common."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@contextmanager
def alone(shared: Path, name: str) -> Iterator[Path]:
    """The folder `name` of `shared`, and no other worker in the block."""
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield shared / name


@pytest.fixture(scope="session")
def clone(shared: Path) -> Path:
    """A copy of what makes a package, so that nobody edits it meanwhile; wheels are kept where a clone keeps them."""
    with alone(shared, "clone") as folder:
        if not folder.exists():
            copy_clone(ROOT, folder)
    return folder


def copy_clone(source: Path, folder: Path) -> None:
    kept = ROOT / "build" / "wheels"
    kept.mkdir(parents=True, exist_ok=True)
    draft = folder.with_name(f"{folder.name}-draft")
    for name in NEEDED:
        (draft / name).parent.mkdir(parents=True, exist_ok=True)
        if (source / name).is_dir():
            shutil.copytree(source / name, draft / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source / name, draft / name)
    (draft / "build").mkdir()
    (draft / "build" / "wheels").symlink_to(kept)
    draft.rename(folder)


def packaged(clone: Path, into: Path, *options: str, **variables: str) -> Package:
    """`opsdb package` of a clone; skips where its wheels are not there and cannot be fetched."""
    ran = subprocess.run(
        [sys.executable, "-m", "local", "package", "--json", "--into", str(into), *options],
        cwd=clone,
        env=_unsettled() | {"PYTHONPATH": f"{clone}:{clone}/infra-cfn", "PIP_RETRIES": "1", **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode == UNREACHABLE:
        pytest.skip(ran.stderr.strip())
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    return Package(Path(said["path"]), said)


def _unsettled() -> dict[str, str]:
    """This environment without what concerns opsdb or AWS."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "OPSDB_", "DATABASE_"))}


@pytest.fixture(scope="session")
def package(shared: Path, clone: Path) -> Package:
    """The zip for the default runtime, made once for all."""
    with alone(shared, "package") as folder:
        answer = folder / "answer.json"
        if not answer.exists():
            made = packaged(clone, folder)
            answer.write_text(json.dumps(made.said))
    said = json.loads(answer.read_text())
    return Package(Path(said["path"]), said)


def chalice_package(code: Path, folder: Path) -> None:
    """What Chalice makes of the deployed files, of the wheels that `opsdb package` has fetched."""
    chalice = Path(sys.executable).with_name("chalice")
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    variables = {
        "AWS_DEFAULT_REGION": "us-east-1",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(ROOT / "build" / "wheels" / f"{version}-x86_64"),
        # Bytecode made while packaging would be packed, and is of no use there.
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    ran = subprocess.run(
        [chalice, "package", "--pkg-format", "terraform", "--stage", STAGE, folder],
        cwd=code,
        env=_unsettled() | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.fixture(scope="session")
def place(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Iterator[runtime.Place]:
    """The zip in a read-only folder, as Lambda lays it out."""
    if sys.version_info[:2] != (3, 11):
        pytest.skip("the package is for Python 3.11, and this is another one")
    if not sys.platform.startswith("linux"):
        pytest.skip("the zip holds libraries for Linux")
    with unpacked(package, tmp_path_factory.mktemp("task")) as task_root:
        yield runtime.Place(task_root, runtime.install_client(tmp_path_factory.mktemp("runtime")))


@contextmanager
def unpacked(package: Package, folder: Path) -> Iterator[Path]:
    """The zip's files in `folder`, where nobody can write until the block ends."""
    with zipfile.ZipFile(package.zip) as packed:
        packed.extractall(folder)
    found = [folder, *folder.rglob("*")]
    for one in found:
        one.chmod(0o555 if one.is_dir() else 0o444)
    yield folder
    for one in found:
        one.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture
def start(
    place: runtime.Place,
    site: Site,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> Iterator[Callable[[str], runtime.Container]]:
    """Start a function of the package by its handler, as its stage configures it."""
    names = {one.handler: one.name for one in functions.declared()}
    started: dict[str, runtime.Container] = {}

    def begin(handler: str) -> runtime.Container:
        told = sources.configuration(STAGE, names[handler])
        variables = {**told["environment_variables"], **functions.environment(site, handler)}
        memory, log = told["lambda_memory_size"], tmp_path / f"{handler}.log"
        started[handler] = runtime.Container(place, handler, memory=memory, environment=variables, log=log)
        return started[handler]

    yield begin
    for handler, container in started.items():
        container.stop()
        record_property("peak", f"{handler} {container.peak / 1e6:.0f} MB")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The figures of the package, which are worth a line."""
    found: dict[str, list[str]] = {name: [] for name in FIGURES}
    for report in (one for reports in terminalreporter.stats.values() for one in reports):
        for name, value in getattr(report, "user_properties", ()) if getattr(report, "when", "") == "teardown" else ():
            if name in found:
                found[name].append(str(value))
    if any(found.values()):
        shown = "; ".join(f"{name}: {', '.join(values)}" for name, values in found.items() if values)
        terminalreporter.write_line(f"package: {shown}")
