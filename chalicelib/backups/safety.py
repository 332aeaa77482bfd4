"""What a restore is about to replace, dumped first."""

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from chalicelib.backups import client, run, snapshot
from chalicelib.backups.dump import dumping
from chalicelib.backups.target import Target, is_own
from chalicelib.core.db import make_engine
from chalicelib.core.errors import Conflict
from chalicelib.core.settings import settings

log = logging.getLogger(__name__)


def save(there: Target, url: str, *, now: datetime, progress: Callable[[str, int, int | None], None]) -> str:
    """Dump the target as the role that restores; the id of the backup, or the file, that now holds it.

    Another deployment's database goes into a file of the working directory: our bucket lists our own only.
    """
    if not (is_own(there) and settings().backups_bucket):
        return str(_to_file(there, url, now, progress))
    made = run.backup(tier="safety", now=now, url=url, progress=lambda done: progress("safety", done, None))
    if not made:
        raise Conflict(f"A backup of {there.database} is running; restore when it has ended")
    return made.backup_id


def _to_file(there: Target, url: str, now: datetime, progress: Callable[[str, int, int | None], None]) -> Path:
    path = Path(f"safety-{there.database}-{now:%Y%m%dT%H%M%SZ}.dump").absolute()
    programs = client.find(int(there.server_version.split(".")[0]), why=f"the server is {there.server_version}")
    engine = make_engine(url, statement_timeout_seconds=0)
    try:
        with (
            path.open("xb") as file,
            snapshot.held(engine) as conn,
            dumping(programs, url, snapshot=snapshot.export(conn)) as parts,
        ):
            for part in parts:
                file.write(part)
                progress("safety", file.tell(), None)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        engine.dispose()
    return path
