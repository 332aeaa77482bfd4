"""The measurements are no tests; but their command must start."""

import subprocess
import sys
from pathlib import Path


def test_the_measuring_command_explains_itself() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "bench", "--help"],
        cwd=Path(__file__).resolve().parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    assert "--only {imports,lists,backup,cold,package,restore,size,lists-at-size,replacing}" in ran.stdout
