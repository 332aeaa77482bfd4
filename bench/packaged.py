"""A cold start of what is deployed: opsdb's package against the least that a function can be, and Chalice's own."""

import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import processes
from bench.processes import Failed, Ran
from bench.result import Result, Row, Target, median
from bench.site import ROOT, Site
from local.vendor.layer import Layer, Member
from opsdb_deploy.package import BUILD, build, bytecode, contents, wheels
from opsdb_deploy.package import Target as Runtime

RUNTIME = Runtime(f"{sys.version_info[0]}.{sys.version_info[1]}", "x86_64")
NEEDED = {"chalice", "psycopg2-binary", "sqlalchemy", "typing-extensions"}
"""All that the bare handler imports."""

CONSOLE = "chalicelib/console"
CONTESTANTS = Path(__file__).parent / "contestants"
OURS, BARE, CHALICE = "opsdb", "bare Chalice handler, select 1", "opsdb, by chalice package"
UNCOMPILED = ", no bytecode"
BARE_OF_PAGES = "opsdb, without its console"


@dataclass(frozen=True)
class Unpacked:
    """A package in a folder that nobody can write to."""

    folder: Path
    zip_mb: float

    def command(self, key: str) -> list[str]:
        path = "/api/employees" if (self.folder / "chalicelib").exists() else "/one"
        # Root may write anywhere, and would have bytecode of its own the next time: hence -B.
        script = [sys.executable, "-B", "-I", "-S", str(CONTESTANTS / "packaged_answer.py")]
        return [*script, str(self.folder), path, str(time.monotonic()), key]


def measure(site: Site, *, repeat: int, say: Callable[[str], None]) -> Result:
    say("making the packages")
    try:
        packages = _packages(site.folder)
        with site.database() as database:
            return _measured(site, database, packages, repeat, say)
    finally:
        for folder in (site.folder / "unpacked").iterdir():
            _set_modes(folder, 0o755, 0o644)


def _measured(
    site: Site, database: str, packages: dict[str, Unpacked], repeat: int, say: Callable[[str], None]
) -> Result:
    environment = site.environment(database)
    with processes.kept(processes.module("opsdb_lists"), environment, site.folder) as one:
        key = one.ready["key"]
    say(f"cold starts of packages, {repeat} of each")
    runs: dict[str, list[Ran]] = {name: [] for name in packages}
    for turn in range(repeat + 1):
        for name, package in packages.items():
            ran = processes.run(package.command(key), environment, site.folder)
            if turn:  # the first one reads the disk
                runs[name].append(ran)
    return _result(packages, runs)


def _packages(folder: Path) -> dict[str, Unpacked]:
    ours = build(folder / "packages", python=RUNTIME.python, architecture=RUNTIME.architecture)
    bare, chalice = _bare(folder / "packages" / "bare.zip"), _by_chalice(folder / "chalice")
    return {
        OURS: _unpack(ours.path, folder / "unpacked" / "ours"),
        BARE: _unpack(bare, folder / "unpacked" / "bare"),
        CHALICE: _unpack(chalice, folder / "unpacked" / "chalice"),
        BARE_OF_PAGES: _unpack(ours.path, folder / "unpacked" / "ours-without-console", without=CONSOLE),
        OURS + UNCOMPILED: _unpack(ours.path, folder / "unpacked" / "ours-uncompiled", compiled=False),
        BARE + UNCOMPILED: _unpack(bare, folder / "unpacked" / "bare-uncompiled", compiled=False),
    }


def _bare(path: Path) -> Path:
    """The bare handler, packaged the same way."""
    pins = [pin for pin in wheels.pins(RUNTIME) if pin.name in NEEDED]
    kept = BUILD / "wheels" / f"{RUNTIME.python}-{RUNTIME.architecture}"
    files = contents.of_wheels(RUNTIME, wheels.fetch(RUNTIME, pins, kept, lambda step, done, total: None))
    files["app.py"] = (CONTESTANTS / "bare" / "app.py").read_bytes()
    sources = {name: content for name, content in files.items() if name.endswith(".py")}
    files |= bytecode.compiled(sys.executable, sources, lambda step, done, total: None)
    members = {name: Member(content, contents.mode(content)) for name, content in files.items()}
    Layer(RUNTIME.machine, members).write(path)
    return path


def _by_chalice(folder: Path) -> Path:
    """What `chalice package` makes of the same application and the same wheels."""
    leave = shutil.ignore_patterns("__pycache__", "deployments", "deployed")
    for name in ("chalicelib", ".chalice"):
        shutil.copytree(ROOT / name, folder / name, ignore=leave)
    for name in ("app.py", "requirements.txt"):
        shutil.copy(ROOT / name, folder / name)
    for file in (folder / ".chalice").rglob("*.json"):
        file.write_text(re.sub(r"\$\{[\w:]+\}", "none", file.read_text()))
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "AWS_DEFAULT_REGION": "us-east-1",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(BUILD / "wheels" / f"{RUNTIME.python}-{RUNTIME.architecture}"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [
        Path(sys.executable).with_name("chalice"),
        "package",
        "--pkg-format",
        "terraform",
        "--stage",
        "dev",
        "out",
    ]
    ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise Failed(f"chalice package ended with {ran.returncode}: {ran.stderr[-1000:]}")
    return folder / "out" / "deployment.zip"


def _unpack(path: Path, folder: Path, *, compiled: bool = True, without: str | None = None) -> Unpacked:
    with zipfile.ZipFile(path) as packed:
        packed.extractall(folder)
    if without:
        shutil.rmtree(folder / without)
    if not compiled:
        for cache in [*folder.rglob("__pycache__")]:
            shutil.rmtree(cache)
    _set_modes(folder, 0o555, 0o444)
    return Unpacked(folder, path.stat().st_size / 1e6 if compiled and not without else 0.0)


def _set_modes(folder: Path, directory: int, file: int) -> None:
    for one in [folder, *folder.rglob("*")]:
        one.chmod(directory if one.is_dir() else file)


def _result(packages: dict[str, Unpacked], runs: dict[str, list[Ran]]) -> Result:
    seconds = {name: [one.seconds for one in found] for name, found in runs.items()}
    rows = [
        Row(
            name,
            {
                "seconds": median(seconds[name]),
                "CPU s": median([one.cpu_seconds for one in found]),
                "peak MB": median([one.peak_mb for one in found]),
                "zip MB": packages[name].zip_mb or None,
            },
        )
        for name, found in runs.items()
    ]
    cpu = {name: [one.cpu_seconds for one in found] for name, found in runs.items()}
    of_bare, of_chalice = (_ratio(cpu[OURS], cpu[other]) for other in (BARE, CHALICE))
    return Result(
        "Cold start of the package",
        rows,
        [
            Target("opsdb, of the bare handler", "<=", 1.3, _ratio(seconds[OURS], seconds[BARE])),
            Target("opsdb, share of Chalice's own package", "<=", 0.5, _ratio(seconds[OURS], seconds[CHALICE])),
            Target("opsdb, of itself without its console", "<=", 1.05, _ratio(seconds[OURS], seconds[BARE_OF_PAGES])),
        ],
        [f"in CPU {of_bare:.2f} of the bare handler, {of_chalice:.2f} of Chalice's"],
    )


def _ratio(ours: list[float], theirs: list[float]) -> float:
    """The median of the ratios of neighbours."""
    return median([one / other for one, other in zip(ours, theirs, strict=True)])
