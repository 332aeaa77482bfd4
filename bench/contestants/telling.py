"""How a contestant tells its parent what it did: JSON lines on the real stdout, everything else on stderr."""

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

_OUT = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def tell(**facts: Any) -> None:
    print(json.dumps(facts), file=_OUT, flush=True)


def asked() -> Any:
    """The parent's questions, one JSON value a line, until it hangs up."""
    return map(json.loads, sys.stdin)


def cpu_seconds() -> float:
    """What this program and its children that have ended have computed so far; no neighbour adds to it."""
    return sum(os.times()[:4])


def peak_mb() -> float:
    """The most memory this program held, megabytes.

    `ru_maxrss` of a child starts at what its parent held when it forked, so that a fat parent would show in every
    number; the kernel's VmHWM starts anew with each program.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return round(int(line.split()[1]) / 1024, 1)
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit, 1)


def pace(moments: list[float]) -> float | None:
    """How much longer the slowest fifth of equal steps took than the quickest; None of too few steps."""
    fifth = (len(moments) - 1) // 5
    if fifth < 2:
        return None
    took = [moments[at + fifth] - moments[at] for at in range(0, 5 * fifth, fifth)]
    return max(took) / min(took)
