"""`python -m bench`: measure, print a table, write JSON."""

import argparse
import json
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.result import Result

GROUPS = ("imports", "lists", "backup", "cold", "package", "restore")
ASKED_FOR = ("size", "lists-at-size", "replacing")
"""Large and slow: measured only when named."""

WITHOUT_USUAL = ("backup", "package", "restore", "size", "lists-at-size", "replacing")
LATEST = Path(__file__).parent / "results" / "latest.json"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure opsdb against floors and usual ways.")
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the imported sheet (100000)")
    parser.add_argument("--usual-rows", type=int, default=5_000, help="of which the usual way imports so many (5000)")
    parser.add_argument("--backup-rows", type=int, default=500_000, help="schedule rows of the first backup (500000)")
    parser.add_argument("--restore-rows", type=int, default=100_000, help="schedule rows that are restored (100000)")
    parser.add_argument("--size-mb", type=int, default=2_000, help="table data of the large backup of `size` (2000)")
    parser.add_argument("--calls", type=int, default=200, help="calls of each list (200)")
    parser.add_argument("--repeat", type=int, default=3, help="runs of everything else; medians are shown (3)")
    parser.add_argument(
        "--only",
        choices=GROUPS + ASKED_FOR,
        help="measure this group alone; size (minutes, 6 GB of disk), replacing and lists-at-size are measured only so",
    )
    parser.add_argument(
        "--json", type=Path, help="write here; groups not measured stay (results/latest.json, unless --only)"
    )
    return parser.parse_args()


def main() -> int:
    asked = arguments()
    # Only now, so that --help needs nothing but Python.
    from bench import (
        backup,
        cold,
        imports,
        lists,
        lists_at_size,
        machine,
        packaged,
        replacing,
        restore,
        site,
        size,
        usual,
    )
    from bench.processes import Failed
    from local.files import StackError

    # Asked to end, it still stops its servers and removes its folder.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - began:6.0f} s  {what}", file=sys.stderr, flush=True)

    try:
        python = usual.python() if asked.only not in WITHOUT_USUAL else Path()
        with site.running() as here:
            machine_ = machine.described(here)
            measures: dict[str, Callable[[], Result]] = {
                "imports": lambda: imports.measure(
                    here,
                    rows=asked.rows,
                    usual_rows=asked.usual_rows,
                    repeat=asked.repeat,
                    usual_python=python,
                    say=say,
                ),
                "lists": lambda: lists.measure(here, calls=asked.calls, usual_python=python, say=say),
                "backup": lambda: backup.measure(here, rows=asked.backup_rows, repeat=asked.repeat, say=say),
                "cold": lambda: cold.measure(here, repeat=3 * asked.repeat, usual_python=python, say=say),
                "package": lambda: packaged.measure(here, repeat=3 * asked.repeat, say=say),
                "restore": lambda: restore.measure(here, rows=asked.restore_rows, repeat=asked.repeat, say=say),
                "size": lambda: size.measure(here, megabytes=asked.size_mb, say=say),
                "replacing": lambda: replacing.measure(here, rows=max(asked.rows, 10_000), say=say),
                "lists-at-size": lambda: lists_at_size.measure(here, calls=asked.calls, say=say),
            }
            found: dict[str, Result] = {}
            for name in [asked.only] if asked.only else GROUPS:
                found[name] = measures[name]()
                print("\n".join(["", *found[name].lines(), ""]), flush=True)
    except (Failed, StackError, usual.NotInstalled) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: stopped", file=sys.stderr)
        return 130
    target = asked.json or (None if asked.only else LATEST)
    if target:
        before = json.loads(target.read_text()) if target.exists() else {}
        target.write_text(json.dumps(before | _document(machine_, found), indent=1) + "\n")
    return 0


def _document(machine: dict[str, Any], found: dict[str, Result]) -> dict[str, Any]:
    """By group, each with the machine and the hour it was measured at."""
    return {
        name: {
            "title": one.title,
            "rows": [{"name": row.name, **_rounded(row.values)} for row in one.rows],
            "targets": [{**asdict(target), "seen": round(target.seen, 3), "met": target.met} for target in one.targets],
            "notes": list(one.notes),
            "machine": machine,
        }
        for name, one in found.items()
    }


def _rounded(values: dict[str, float | None]) -> dict[str, float | None]:
    return {name: None if value is None else round(value, 3) for name, value in values.items()}


if __name__ == "__main__":
    sys.exit(main())
