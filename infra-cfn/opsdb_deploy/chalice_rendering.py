"""What `chalice deploy` is given: a copy of the sources, with the stacks' outputs in the place of the markers."""

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from opsdb_deploy.declared import API
from opsdb_deploy.functions import CLIENT_USERS
from opsdb_deploy.sources import ROOT

MARKER = re.compile(r"\$\{([^}]+)\}")


@dataclass(frozen=True)
class Filling:
    """What is known only of a stage that is there. `markers` are values by what stands between ${ and }.

    `environment` is for every function; `secret_key` is for the API alone.
    """

    markers: Mapping[str, str]
    environment: Mapping[str, str]
    secret_key: str
    layer: str
    reserves: bool


def rendered(stage: str, into: Path, filling: Filling) -> Path:
    """The folder, made anew and closed to others, since a secret is in it."""
    if into.exists():
        shutil.rmtree(into)
    into.mkdir(parents=True, mode=0o700)
    shutil.copy(ROOT / "app.py", into)
    shutil.copy(ROOT / "requirements.txt", into)
    shutil.copytree(ROOT / "chalicelib", into / "chalicelib", ignore=shutil.ignore_patterns("__pycache__"))
    for path in (ROOT / ".chalice" / "policies").glob("*.json"):
        _write(into / ".chalice" / "policies" / path.name, filled(json.loads(path.read_text()), filling.markers))
    _write(into / ".chalice" / "config.json", configuration(stage, filling))
    return into


def configuration(stage: str, filling: Filling) -> dict[str, Any]:
    """config.json with this one stage, whole."""
    whole = json.loads((ROOT / ".chalice" / "config.json").read_text())
    own: dict[str, Any] = filled(whole["stages"][stage], filling.markers)
    own["environment_variables"] |= filling.environment
    for name, function in own["lambda_functions"].items():
        if name in CLIENT_USERS:
            function["layers"] = [filling.layer]
        if not filling.reserves:
            function.pop("reserved_concurrency", None)
    own["lambda_functions"][API].setdefault("environment_variables", {})["SECRET_KEY"] = filling.secret_key
    return {**whole, "stages": {stage: own}}


def filled(node: Any, markers: Mapping[str, str]) -> Any:
    """`node` with every marker replaced; a marker that nothing fills is a KeyError."""
    if isinstance(node, list):
        return [filled(one, markers) for one in node]
    if isinstance(node, dict):
        return {key: filled(value, markers) for key, value in node.items()}
    return MARKER.sub(lambda found: markers[found[1]], node) if isinstance(node, str) else node


def _write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(content, indent=2))
