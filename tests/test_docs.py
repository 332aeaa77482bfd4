"""What is documented is what there is: settings, commands and routes."""

import re
from collections.abc import Iterator
from dataclasses import fields
from datetime import time
from pathlib import Path
from typing import Any

import click
import pytest

from chalicelib.core import errors
from chalicelib.core.auth import EVERYBODY
from chalicelib.core.http import NOBODY, Declared
from chalicelib.core.settings import Settings
from chalicelib.routes import ALL
from local.cli import main

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def rows(page: str, header: str) -> list[list[str]]:
    """The cells of the table whose first line is `header`."""
    text = (DOCS / page).read_text()
    assert text.count(header) == 1, f"{page} has one table {header}"
    lines = text.partition(header)[2].lstrip("\n").splitlines()[1:]
    table = lines[: next((number for number, line in enumerate(lines) if not line.startswith("|")), len(lines))]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table]


def written(value: Any) -> str:
    """A default as one would set it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:%H:%M}`" if isinstance(value, time) else f"`{value}`"


def test_every_setting_is_documented_with_its_default_and_no_other_is() -> None:
    documented = {name: default for name, _, default in rows("settings.md", "| name | meaning | default |")}
    assert documented == {f"`{one.metadata['name']}`": written(one.default) for one in fields(Settings)}
    assert "OPSDB_SETTINGS_FILE" in (DOCS / "settings.md").read_text()


def test_every_setting_says_what_it_means() -> None:
    assert all(meaning for _, meaning, _ in rows("settings.md", "| name | meaning | default |"))


def roles_of(route: Declared) -> str:
    if route.roles is NOBODY:
        return "anybody"
    return "every role" if route.roles == EVERYBODY else ", ".join(sorted(route.roles))


def test_every_route_is_documented_with_its_roles_and_no_other_is() -> None:
    lines = rows("api.md", "| method and path | roles | what |")
    documented = {route: roles for route, roles, _ in lines}
    assert len(lines) == len(documented)
    declared = [route for feature in ALL for route in feature.declared]
    assert documented == {f"{route.method} /api{route.path}": roles_of(route) for route in declared}


def test_every_status_of_a_refusal_is_documented() -> None:
    family = {
        one.status for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.OpsdbError)
    }
    documented = {int(status) for status, _ in rows("api.md", "| status | when |")}
    assert family <= documented
    assert documented - family == {405}


def commands(group: click.Group, prefix: str = "opsdb") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix} {name}")
        else:
            yield f"{prefix} {name}"


@pytest.mark.parametrize("command", [*commands(main)])
def test_every_command_is_documented(command: str) -> None:
    pages = [ROOT / "README.md", DOCS / "commands.md"]
    text = "\n".join(page.read_text() for page in pages if page.exists())
    assert re.search(rf"(?:`|^\s*|bin/){command}\b", text, re.MULTILINE), f"{command} is on none of {pages}"


def test_every_page_that_is_referred_to_exists() -> None:
    for page in [ROOT / "README.md", *DOCS.glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} refers to {target}"
