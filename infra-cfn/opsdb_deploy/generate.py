"""Write the templates that follow from app.py: `python -m opsdb_deploy.generate --stage dev`."""

import argparse
import importlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from opsdb_deploy.edge import edge_template
from opsdb_deploy.functions import app_template
from opsdb_deploy.sources import ROOT, environment
from opsdb_deploy.watch import watch_template

MAKERS = {"app": app_template, "edge": edge_template, "watch": watch_template}
"""Generated templates -> what makes them, of an application and a stage."""

STAGES = ("dev", "staging", "prod")


def application(stage: str) -> Any:
    """The Chalice application as `stage` has it. To be called once in a process: app.py reads its settings only once,
    and nothing of this machine's own may be among them."""
    for name in [name for name in os.environ if name.startswith("OPSDB_") or name in {"DATABASE_URL", "DEBUG"}]:
        del os.environ[name]
    os.environ.update(environment(stage))
    sys.path.insert(0, str(ROOT))
    return importlib.import_module("app").app


def write(app: Any, stage: str, folder: Path) -> list[Path]:
    """The templates of a stage as files of `folder`; the same text for the same sources."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, make in MAKERS.items():
        path = folder / f"{name}.json"
        path.write_text(json.dumps(make(app, stage), indent=1) + "\n")
        written.append(path)
    return written


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="opsdb_deploy.generate", description=__doc__)
    parser.add_argument("--stage", required=True, choices=STAGES)
    parser.add_argument("--into", type=Path, help="folder to write to (default: build/templates/<stage>)")
    given = parser.parse_args(arguments)
    folder = given.into or ROOT / "build" / "templates" / given.stage
    for path in write(application(given.stage), given.stage, folder):
        print(path)


if __name__ == "__main__":
    main()
