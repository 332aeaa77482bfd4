"""A dump proved where it lies: every byte read back from S3, its SHA-256 compared, the whole archive decoded."""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from chalicelib.backups import archive, client, manifest, marks, queries, readback, script
from chalicelib.backups.manifest import Manifest
from chalicelib.backups.marks import Verification
from chalicelib.backups.readback import Damaged
from chalicelib.core.db import make_engine
from chalicelib.core.log import job
from chalicelib.core.settings import settings

log = logging.getLogger(__name__)

Progress = Callable[[str, int, int | None], None]


def verify(source: str, *, now: datetime, progress: Progress = lambda step, done, total: None) -> Verification:
    """Prove the dump that `source` (`latest` or an id) names, and record the outcome beside it and in its row.

    Damaged when it is not what its manifest says or cannot be decoded; from then on it is listed as failed and
    `latest` passes it over, until a later look finds it whole. When S3 does not answer or the client is too old to
    read it, that is raised and nothing is recorded: it says nothing about the dump.
    """
    return of(archive.named(source), now=now, progress=progress)


def of(found: Manifest, *, now: datetime, progress: Progress = lambda step, done, total: None) -> Verification:
    """`verify` for a manifest at hand."""
    began = time.monotonic()
    with job(log, "verification", backup_id=found.backup_id, size=found.size):
        try:
            _prove(found, progress)
        except Damaged as error:
            _record(found, _outcome(now, began, damage=str(error)))
            raise
        return _record(found, _outcome(now, began, damage=None))


def _outcome(now: datetime, began: float, *, damage: str | None) -> Verification:
    seconds = round(time.monotonic() - began, 3)
    at = now + timedelta(seconds=seconds)
    return Verification(at=at, seconds=seconds, outcome="damaged" if damage else "good", message=damage)


def _record(found: Manifest, result: Verification) -> Verification:
    marks.write(found.bucket, found.backup_id, result)
    _tell_row(found, result)
    return result


def _prove(found: Manifest, progress: Progress) -> None:
    pieces = readback.pieces(found, progress=lambda done: progress("read back", done, found.size))
    refused = script.decode(pieces, client=_reader_of(found))
    if refused:
        raise Damaged(f"The dump of {found.backup_id} cannot be decoded: {refused}")


def _reader_of(found: Manifest) -> client.Client:
    major = int(found.client_version.split(".")[0])
    return client.find(major, why=f"the dump was made by pg_dump {found.client_version}")


def _tell_row(found: Manifest, result: Verification) -> None:
    """Say the outcome in the row too, where there is a database; what counts is the mark beside the dump."""
    url = settings().backup_database_url
    if not url:
        return
    engine = make_engine(url)
    try:
        with engine.begin() as conn:
            if queries.kept(conn):
                queries.verified(conn, backup_id=found.backup_id, result=result)
    except SQLAlchemyError:
        log.warning("the verification is not in the table", extra={"backup_id": found.backup_id}, exc_info=True)
    finally:
        engine.dispose()


def age_of_newest(bucket: str, *, now: datetime) -> dict[str, float]:
    """How old the newest good dump is, and the newest verified one, in seconds; what there is none of is left out."""
    found = set(manifest.keys(bucket))
    ages: dict[str, float] = {}
    for backup_id in manifest.ids(found):
        one = manifest.find(bucket, backup_id)
        if one is None or one.tier == "safety" or one.key not in found:
            continue
        seen = marks.of(bucket, backup_id, found=found).verification
        age = max(0.0, (now - one.started_at).total_seconds())  # a clock may have been set back
        if not (seen and seen.outcome == "damaged"):
            ages.setdefault("BackupAgeSeconds", age)
        if seen and seen.outcome == "good":
            return ages | {"VerifiedAgeSeconds": age}
    return ages
