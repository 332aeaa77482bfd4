"""The deployed files by themselves, and the zip that Chalice makes of them."""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Site
from tests.deployed import functions, runtime
from tests.deployed.invoke import Function

ROOT = Path(__file__).parents[2]
STAGE = "dev"
DEPLOYED = ("app.py", "chalicelib", ".chalice", "requirements.txt")
FIGURES = ("zip", "unzipped", "first answer", "peak")


@dataclass(frozen=True)
class Package:
    """What `chalice package` wrote."""

    folder: Path
    source: Path

    @property
    def zip(self) -> Path:
        return self.folder / "deployment.zip"

    @cached_property
    def contents(self) -> dict[str, zipfile.ZipInfo]:
        with zipfile.ZipFile(self.zip) as packed:
            return {one.filename: one for one in packed.infolist() if not one.is_dir()}

    @cached_property
    def terraform(self) -> str:
        return (self.folder / "chalice.tf.json").read_text()

    @property
    def functions(self) -> dict[str, dict[str, Any]]:
        """What Terraform is told of each function, by its handler."""
        resources = json.loads(self.terraform)["resource"]["aws_lambda_function"]
        return {one["handler"]: one for one in resources.values()}


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
def package(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """`chalice package`, run once for all; skips where its wheels cannot be downloaded."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    folder = shared / "package"
    with (shared / "package.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            _make(folder)
    return Package(folder / "made", folder / "source")


def _make(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    source = copy_code(_made(folder / "source"))
    chalice = Path(sys.executable).with_name("chalice")
    command: list[str | Path] = [chalice, "package", "--pkg-format", "terraform", "--stage", STAGE, folder / "draft"]
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "OPSDB_", "DATABASE_URL"))
    }
    # Bytecode made while packaging would be packed, and is of no use there.
    environment |= {"AWS_DEFAULT_REGION": "us-east-1", "PIP_RETRIES": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(command, cwd=source, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode and not _index_answers(folder):
        pytest.skip("the package index cannot be reached, and chalice package downloads its wheels from there")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    shutil.rmtree(source / ".chalice" / "deployments")
    (folder / "draft").rename(folder / "made")


def _index_answers(folder: Path) -> bool:
    """Whether one small pinned wheel can be downloaded, past the cache."""
    pinned = next(line for line in (ROOT / "requirements.txt").read_text().splitlines() if line.startswith("multipart"))
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--no-cache-dir", "--retries", "0"]
    ran = subprocess.run([*command, "--dest", folder / "probe", pinned], capture_output=True, check=False)
    return ran.returncode == 0


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


@pytest.fixture(scope="session")
def place(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Iterator[runtime.Place]:
    """The zip in a read-only folder, as Lambda lays it out."""
    if sys.version_info[:2] != (3, 11):
        pytest.skip("the functions run on Python 3.11 and so does their zip; this is another one")
    if not sys.platform.startswith("linux"):
        pytest.skip("the zip holds libraries for Linux")
    task_root = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(package.zip) as packed:
        packed.extractall(task_root)
    found = [task_root, *task_root.rglob("*")]
    for one in found:
        one.chmod(0o555 if one.is_dir() else 0o444)
    yield runtime.Place(task_root, runtime.install_client(tmp_path_factory.mktemp("runtime")))
    for one in found:
        one.chmod(0o755)
    shutil.rmtree(task_root)


@pytest.fixture
def start(
    package: Package,
    place: runtime.Place,
    site: Site,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> Iterator[Callable[[str], runtime.Container]]:
    """Start a function of the package by its handler, as its stage configures it."""
    started: dict[str, runtime.Container] = {}

    def begin(handler: str) -> runtime.Container:
        told = package.functions[handler]
        variables = {**told["environment"]["variables"], **functions.environment(site, handler)}
        log = tmp_path / f"{handler}.log"
        started[handler] = runtime.Container(place, handler, memory=told["memory_size"], environment=variables, log=log)
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
