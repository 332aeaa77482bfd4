"""The commands that prove backups and keep them: verify, drill, pin, unpin."""

from typing import Any

import click

from chalicelib.backups import drill as drills
from chalicelib.backups import listing, marks
from chalicelib.backups import verify as verification
from chalicelib.backups.marks import Pin
from chalicelib.core.clock import now
from chalicelib.core.settings import settings
from local import terminal
from local.options import as_json, on_floor


@click.command()
@on_floor
@click.argument("source", metavar="latest|ID")
@as_json
def verify(source: str, as_json: bool) -> None:
    """Read a backup back from the bucket and decode all of it.

    Size and SHA-256 are compared with its manifest. One that is damaged is listed as failed from then on, and
    `latest` passes it over. The nightly backup does this by itself.

    Example: opsdb verify latest
    """
    with terminal.meter(as_json) as meter:
        done = verification.verify(source, now=now(), progress=meter)
    terminal.answer(as_json, done, f"{source} is whole: read back and decoded in {done.seconds:.1f} s")


@click.command()
@on_floor
@click.option("--history", is_flag=True, help="Only list the drills so far, newest backup first.")
@as_json
def drill(history: bool, as_json: bool) -> None:
    """Restore the newest backup into a scratch database, for proof.

    Its rows are counted against the manifest, and the scratch database is dropped, whatever happens. A function
    does the same every week.

    Example: opsdb drill --history
    """
    if history:
        found = [{"backup_id": one["backup_id"], **one["drill"]} for one in listing.every(None) if one["drill"]]
        terminal.answer(as_json, found, *(_history(found) if found else ["There was none yet."]))
        return
    with terminal.meter(as_json) as meter:
        done = drills.drill(now=now(), progress=meter)
    if done is None:
        terminal.answer(as_json, {"outcome": "already running"}, "Another drill is running; this one did nothing.")
        return
    terminal.answer(as_json, done, f"The newest backup was restored and has every row: {done.seconds:.1f} s")


def _history(found: list[dict[str, Any]]) -> list[str]:
    head = ("backup", "at", "seconds", "outcome")
    rows = [(one["backup_id"], one["at"], f"{one['seconds']:.1f}", one["outcome"]) for one in found]
    return terminal.table(head, rows)


@click.command()
@on_floor
@click.argument("backup_id", metavar="ID")
@as_json
def pin(backup_id: str, as_json: bool) -> None:
    """Keep a backup whatever its age.

    Example: opsdb pin 20261122T013000Z-daily-1a2b
    """
    _pin(backup_id, as_json, pinned=True)


@click.command()
@on_floor
@click.argument("backup_id", metavar="ID")
@as_json
def unpin(backup_id: str, as_json: bool) -> None:
    """Let a backup go when its time has come.

    Example: opsdb unpin 20261122T013000Z-daily-1a2b
    """
    _pin(backup_id, as_json, pinned=False)


def _pin(backup_id: str, as_json: bool, *, pinned: bool) -> None:
    """Without the database: the mark beside the dump is what counts."""
    listing.named(None, backup_id=backup_id)
    mark = Pin(pinned=pinned, at=now(), by="command:pin")
    marks.write(settings().require("backups_bucket"), backup_id, mark)
    said = "is kept until it is unpinned" if pinned else "goes when its time has come"
    terminal.answer(as_json, {"backup_id": backup_id, "pinned": pinned}, f"{backup_id} {said}.")


COMMANDS = (verify, drill, pin, unpin)
