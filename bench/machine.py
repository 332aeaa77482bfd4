"""Where and with what something was measured."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.site import Site
from bench.usual import REQUIREMENTS

OURS = ("chalice", "msgspec", "psycopg2-binary", "python-calamine", "sqlalchemy")


def described(site: Site) -> dict[str, Any]:
    return {
        "date": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load": [round(one, 1) for one in os.getloadavg()],
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "postgresql": site.shown(),
        "opsdb": {name: version(name) for name in OURS},
        "usual": dict(
            line.split("==") for line in REQUIREMENTS.read_text().splitlines() if "==" in line and line[0] != "#"
        ),
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
