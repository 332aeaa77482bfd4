"""The console's modules as they lie on the disk: what they name is there."""

import re
from pathlib import Path

import pytest

from chalicelib.console.pages import APP, BARE, PAGE

OURS = sorted(one for one in APP.glob("*.js") if one.name not in BARE.values())
NAMED = re.compile(r"""(?:from|import\()\s*"([^"]+)\"""")
TEXTS = re.compile(r"""import \{ (\w+)(?: as (\w+))? \} from "\./(texts(?:\.\w+)?\.js)\"""")


@pytest.mark.parametrize("module", OURS, ids=lambda one: one.name)
def test_every_module_imports_what_is_there_and_nothing_from_elsewhere(module: Path) -> None:
    for name in NAMED.findall(module.read_text()):
        assert name in BARE or (name.startswith("./") and (APP / name).is_file()), name


@pytest.mark.parametrize("module", OURS, ids=lambda one: one.name)
def test_every_text_that_a_module_says_is_written(module: Path) -> None:
    code = re.sub(r"(?m)^\s*//.*", "", module.read_text())
    for exported, called, file in TEXTS.findall(code):
        keys = set(re.findall(r"\b(\w+):", (APP / file).read_text()))
        said = set(re.findall(rf"(?<![\w.\"'/]){called or exported}\.(\w+)", code))
        assert said <= keys, said - keys


def test_the_page_fetches_the_frame_at_once_and_pages_when_they_are_looked_at() -> None:
    preloaded = set(re.findall(r'modulepreload" href="\{at\}/([^"]+)"', (APP / PAGE).read_text()))
    assert preloaded == frame(APP / "main.js") - {"main.js"}


def frame(module: Path, seen: frozenset[str] = frozenset()) -> set[str]:
    """The modules that one needs before it runs."""
    found = {module.name}
    for name in re.findall(r"""from "([^"]+)\"""", module.read_text()) if module.name not in BARE.values() else ():
        file = BARE.get(name, name.removeprefix("./"))
        if file not in seen:
            found |= {file} | frame(APP / file, seen | found | {file})
    return found
