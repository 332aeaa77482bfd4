"""The virtual environment of the usual way, made on first use; opsdb's own stays as it is deployed."""

import hashlib
import subprocess
import sys
from pathlib import Path

from bench.site import ROOT

FOLDER = ROOT / ".venv-bench"
REQUIREMENTS = ROOT / "requirements-bench.txt"


class NotInstalled(Exception):
    """The usual way cannot be measured; the text says what to do."""


def python() -> Path:
    """The Python that has what requirements-bench.txt asks for."""
    found = FOLDER / "bin" / "python"
    stamp = FOLDER / f"ready-{hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()[:12]}"
    if stamp.exists() and _works(found):
        return found
    print(f"Installing what only the comparison needs into {FOLDER.name} ...", file=sys.stderr)
    log = FOLDER / "install.log"
    try:
        subprocess.run([sys.executable, "-m", "venv", "--clear", FOLDER], check=True, capture_output=True)
        (FOLDER / ".gitignore").write_text("*\n")
        with log.open("w") as said:
            install = [
                str(found),
                "-m",
                "pip",
                "install",
                "--disable-pip-version-check",
                "--no-input",
                "-r",
                str(REQUIREMENTS),
            ]
            subprocess.run(install, check=True, stdout=said, stderr=subprocess.STDOUT)
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotInstalled(
            f"{REQUIREMENTS.name} could not be installed into {FOLDER.name} ({error}): see {log}, then try again"
        ) from None
    stamp.touch()
    return found


def _works(found: Path) -> bool:
    try:
        return subprocess.run([found, "-c", "import flask, pandas"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False
