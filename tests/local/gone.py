"""Whether processes are still there, as the kernel says."""

import json
from pathlib import Path

from local import processes


def recorded(data: Path) -> dict[str, int]:
    """Name -> process number of everything a stack runs on `data`."""
    found = {}
    for record in data.rglob("*.process.json"):
        found[record.name.removesuffix(".process.json")] = json.loads(record.read_text())["pid"]
    return found


def all_gone(pids: list[int], *, within: float = 6.0) -> bool:
    return processes.wait_until(lambda: not any(map(processes.started_at, pids)), within)
