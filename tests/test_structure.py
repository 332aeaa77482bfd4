"""The house as style.md draws it: one reading order, SQL in its places, and nothing heavy on a cold start."""

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import app

ROOT = Path(__file__).parents[1]
HOUSE = ROOT / "chalicelib"
FILES = sorted(HOUSE.rglob("*.py"))

ORDER = (
    ("chalicelib",),
    ("chalicelib.core",),
    ("chalicelib.migrations",),
    ("chalicelib.admin",),
    ("chalicelib.people",),
    ("chalicelib.schedules",),
    ("chalicelib.staffing",),
    ("chalicelib.attendance",),
    # Attendance follows what is written to the plan.
    ("chalicelib.schedules.routes",),
    ("chalicelib.leave",),
    ("chalicelib.exceptions",),
    ("chalicelib.changes",),
    ("chalicelib.floor",),
    ("chalicelib.rewards",),
    ("chalicelib.audit",),
    ("chalicelib.reports",),
    ("chalicelib.archive", "chalicelib.imports", "chalicelib.backups", "chalicelib.console"),
    ("chalicelib.routes",),
    ("chalicelib.entrance",),
    ("app",),
)
"""From the ground up: a part imports itself and those above it here; parts in one line know nothing of each other."""

PARTS = {part for parts in ORDER for part in parts}

HEAVY = {
    "alembic",
    "argon2",
    "aws_secretsmanager_caching",
    "boto3",
    "botocore",
    "icalendar",
    "jwt",
    "multipart",
    "mypy_boto3_s3",
    "psycopg2",
    "xlsxwriter",
}
"""What may be imported inside a function, since a cold start must not pay for it."""

ABSENT = {
    "alembic",
    "argon2",
    "aws_secretsmanager_caching",
    "boto3",
    "botocore",
    "cryptography",
    "icalendar",
    "jwt",
    "multipart",
    "mypy_boto3_s3",
    "openpyxl",
    "psycopg2",
    "python_calamine",
    "sqlalchemy.orm",
    "xlsxwriter",
}
NEEDED = {"chalice", "chalicelib", "msgspec", "sqlalchemy", "typing_extensions"}
"""All that importing the app loads beyond the standard library."""

SQL_AT_HOME = (
    "core/",
    "backups/",
    "migrations/",
    "imports/people.py",
    "imports/sheets/",
)
"""Beside every queries.py."""

LONGEST = 400


def name_of(path: Path) -> str:
    """`chalicelib/core/db.py` as `chalicelib.core.db`."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of(module: str) -> str:
    """The part of the house that a module belongs to: a module may be one of its own."""
    names = module.split(".")
    prefixes = (".".join(names[:length]) for length in range(len(names), 1, -1))
    return next((one for one in prefixes if one in PARTS), ".".join(names[:2]))


def level(part: str) -> int:
    return next((number for number, parts in enumerate(ORDER) if part in parts), -1)


def imports(tree: ast.AST) -> Iterator[tuple[str, ast.stmt]]:
    """Every module that is imported, `from a import b` as `a.b`, since b may be one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from ((f"{node.module}.{alias.name}", node) for alias in node.names)


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def ours(module: str) -> bool:
    return module.split(".")[0] in {"app", "chalicelib", "local", "tests", "bench"}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_imports_only_go_downwards(path: Path) -> None:
    part = part_of(name_of(path))
    assert level(part) >= 0, f"{part} has no place in the reading order"
    for module, node in imports(parsed(path)):
        if not ours(module):
            continue
        # `from chalicelib import __version__` asks the package itself.
        other = "chalicelib" if module == "chalicelib.__version__" else part_of(module)
        assert level(other) >= 0, f"line {node.lineno}: {module} is not in the house"
        assert other == part or level(other) < level(part), f"line {node.lineno}: {part} may not import {other}"


def test_the_ground_floor_knows_nothing_of_what_stands_on_it() -> None:
    core = [path for path in FILES if part_of(name_of(path)) == "chalicelib.core"]
    found = {part_of(module) for path in core for module, _ in imports(parsed(path)) if ours(module)}
    assert found == {"chalicelib.core", "chalicelib.__version__"}


def test_every_part_of_the_house_has_its_place_in_the_order() -> None:
    parts = {part_of(name_of(path)) for path in FILES}
    assert {part for part in parts if level(part) < 0} == set()
    assert {"chalicelib.core", "chalicelib.people", "chalicelib.imports"} <= parts


@pytest.mark.parametrize("path", [path for path in FILES if path.name == "rules.py"], ids=name_of)
def test_rules_decide_without_asking_anybody(path: Path) -> None:
    roots = {module.split(".")[0] for module, _ in imports(parsed(path))}
    assert roots & {"boto3", "botocore", "chalice", "psycopg2", "sqlalchemy", "alembic"} == set()
    core = {module for module, _ in imports(parsed(path)) if module.startswith("chalicelib.core.")}
    assert {module.split(".")[2] for module in core} <= {"errors"}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_sql_is_written_where_it_is_looked_for(path: Path) -> None:
    place = path.relative_to(HOUSE).as_posix()
    if path.stem.endswith("queries") or place.startswith(SQL_AT_HOME):
        return
    makes_sql = {"sqlalchemy.text", "sqlalchemy.select", "sqlalchemy.insert", "sqlalchemy.update", "sqlalchemy.delete"}
    found = {module for module, _ in imports(parsed(path)) if module in makes_sql or module.startswith("psycopg2")}
    assert found == set()


@pytest.mark.parametrize("path", [*FILES, ROOT / "app.py"], ids=name_of)
def test_only_heavy_packages_are_imported_inside_functions(path: Path) -> None:
    tree = parsed(path)
    # What only some functions need, app.py reads later, and says so.
    later = [one for one in tree.body if isinstance(one, ast.With) and ast.unparse(one.items[0]) == "start.later()"]
    top = {id(node) for node in [*tree.body, *(node for one in later for node in one.body)]}
    for module, node in imports(tree):
        if id(node) not in top:
            assert module.split(".")[0] in HEAVY, f"line {node.lineno}: {module} belongs at the top of the file"


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_files_are_short_enough_to_be_read(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert len(lines) <= LONGEST
    assert ast.get_docstring(parsed(path)), "the first line says what lives here"


def imported(*more: str) -> set[str]:
    """The modules of a process that has imported the app, and nothing of this one."""
    code = "import app, sys; print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, *more, "-c", code],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(done.stdout.split())


def test_importing_the_app_loads_nothing_heavy() -> None:
    modules = imported()
    assert modules & ABSENT == set()
    # Packages of compiled Python register helpers of their own with a leading underscore.
    theirs = {module.split(".")[0] for module in modules} - set(sys.stdlib_module_names)
    others = {"app", "cython_runtime", "sitecustomize"}  # the last is the machine's
    theirs = {name for name in theirs if not name.startswith("_") and name not in others}
    assert theirs == NEEDED


def test_importing_the_app_needs_no_environment_and_warns_of_nothing() -> None:
    assert "app" in imported("-W", "error")


def test_every_stage_sizes_exactly_the_handlers_that_there_are() -> None:
    handlers = {"api_handler", *(one.name for one in (*app.event_sources, *app.pure_lambda_functions))}
    config = json.loads((ROOT / ".chalice" / "config.json").read_text())
    deployed = {name: stage for name, stage in config["stages"].items() if name != "local"}
    assert deployed.keys() == {"dev", "staging", "prod"}
    for stage in deployed.values():
        assert stage["lambda_functions"].keys() == handlers
