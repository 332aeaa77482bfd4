"""Bytecode for the target's Python, made here: Lambda's folder is read-only, so every cold start would compile."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from local.files import StackError
from opsdb_deploy.package.target import Target
from opsdb_deploy.package.wheels import Progress

TASK_ROOT = "/var/task"
"""Where Lambda unpacks it, and where tracebacks say that a file is."""

# Unchecked hashes, since the times of files in a zip mean nothing.
COMPILE = """
import py_compile, sys
mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
for path in sys.stdin.read().splitlines():
    py_compile.compile(path, dfile=f"{sys.argv[1]}/{path}", doraise=True, invalidation_mode=mode, optimize=0)
    print(path, flush=True)
"""


def interpreter(target: Target) -> str | None:
    """A Python of the target's version: the running one, one on the PATH, or what PYTHON names."""
    names = (sys.executable, shutil.which(f"python{target.python}"), os.environ.get("PYTHON"))
    return next((name for name in names if name and _version(name) == f"cpython {target.python}"), None)


def _version(name: str) -> str:
    code = "import sys; print(sys.implementation.name, '%d.%d' % sys.version_info[:2])"
    try:
        ran = subprocess.run([name, "-I", "-c", code], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout.strip()


def compiled(python: str, sources: Mapping[str, bytes], progress: Progress) -> dict[str, bytes]:
    """The bytecode of `sources`, by its path; the same bytes for the same sources and interpreter.

    StackError when one of them is no Python.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, content in sources.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        _compile(python, folder, sorted(sources), progress)
        return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*.pyc")}


def _compile(python: str, folder: Path, paths: list[str], progress: Progress) -> None:
    # One process, one order, one seed: how strings are shared in bytecode depends on what was compiled before.
    (folder / ".paths").write_text("\n".join(paths))
    with (
        (folder / ".paths").open() as asked,
        tempfile.TemporaryFile("w+", errors="replace") as errors,
        subprocess.Popen(
            [python, "-s", "-S", "-c", COMPILE, TASK_ROOT],
            cwd=folder,
            env={"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8"},
            stdin=asked,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as compiling,
    ):
        assert compiling.stdout
        for done, _ in enumerate(compiling.stdout, 1):
            progress("compiling", done, len(paths))
        if compiling.wait():
            errors.seek(0)
            said = errors.read().strip().splitlines()
            raise StackError(f"{python} cannot compile what goes into the package ({said[-1] if said else 'no word'})")
