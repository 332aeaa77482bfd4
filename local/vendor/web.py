"""What pages are made of and others wrote: `python -m local.vendor.web` fetches it again, by npm, as web.json pins it.

The files are committed, so nothing but a new version needs this.
"""

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from chalicelib.console.files import FOLDER
from local.files import StackError

ROOT = Path(__file__).resolve().parents[2]
PINS = Path(__file__).with_name("web.json")


def pins() -> dict[str, dict[str, Any]]:
    """By package: version, licence, the integrity of its archive, which of its files are called what, and, where it is
    not the console's folder, where they are kept."""
    found: dict[str, dict[str, Any]] = json.loads(PINS.read_text())
    return found


def fetch() -> None:
    """Write every file that is pinned where it is kept; StackError where an archive is not the pinned one."""
    for name, pin in pins().items():
        with tempfile.TemporaryDirectory() as folder:
            archive = _packed(name, pin["version"], Path(folder))
            if integrity(archive) != pin["integrity"]:
                raise StackError(f"{name} {pin['version']} is not what {PINS.name} pins")
            with tarfile.open(archive) as packed:
                for served, member in pin["files"].items():
                    content = packed.extractfile(f"package/{member}")
                    assert content is not None
                    (folder_of(pin) / served).write_bytes(content.read())


def folder_of(pin: dict[str, Any]) -> Path:
    """Where a package's files are kept."""
    return ROOT / pin["into"] if "into" in pin else FOLDER


def integrity(archive: Path) -> str:
    """A file's SHA-512 as npm writes it."""
    return "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()


def _packed(name: str, version: str, folder: Path) -> Path:
    command = ["npm", "pack", "--silent", f"{name}@{version}"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=sys.stderr)
    return next(folder.glob("*.tgz"))


if __name__ == "__main__":
    fetch()
