"""What is around the database: settings, S3, backups, disk, PostgreSQL's programs."""

import os
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from sqlalchemy import text

from chalicelib.backups import client, verify
from chalicelib.core.errors import Unavailable
from chalicelib.core.settings import Settings, SettingsError, load_file, settings
from chalicelib.core.storage import s3
from local import files, stack, terminal
from local.doctor.database import connected, skew
from opsdb_deploy.doctor import Found, each, ok, problem, warning

NEEDED = ("database_url", "uploads_bucket", "backups_bucket", "secret_key")
TOO_OLD = timedelta(hours=26)
LITTLE_ROOM = 2 << 30
"""Bytes; below it, a demo floor and its dumps soon fill a disk."""


def settings_are_readable(now: datetime) -> Iterable[Found]:
    """Before all else: whatever needs a setting fails without them."""
    load_file(os.environ)
    try:
        read = Settings.read(os.environ)
    except SettingsError as error:
        yield problem(str(error), "correct these variables, or the file that OPSDB_SETTINGS_FILE names")
        return
    lacking = [one.metadata["name"] for one in fields(Settings) if one.name in NEEDED and not getattr(read, one.name)]
    if lacking:
        yield problem(f"{', '.join(lacking)} not set", terminal.NO_STACK)
    else:
        yield ok(f"stage {read.stage}, all that is needed is set")


def buckets(now: datetime) -> Iterable[Found]:
    """Both are there and keep what is overwritten."""
    return each(("uploads_bucket", "backups_bucket"), lambda attribute: [_bucket(settings().require(attribute))])


def _bucket(name: str) -> Found:
    try:
        s3().head_bucket(Bucket=name)
    except s3().exceptions.ClientError as error:
        todo = "is the name right, and these credentials'? `opsdb up` makes the local ones"
        return problem(f"{name} cannot be reached: {error}", todo)
    if s3().get_bucket_versioning(Bucket=name).get("Status") == "Enabled":
        return ok(f"{name} is there and versioned")
    todo = f"aws s3api put-bucket-versioning --bucket {name} --versioning-configuration Status=Enabled"
    return problem(f"{name} does not keep what is overwritten or deleted", todo)


def s3_clock(now: datetime) -> Iterable[Found]:
    answer = s3().head_bucket(Bucket=settings().require("uploads_bucket"))
    said = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    theirs = parsedate_to_datetime(said).astimezone(UTC) if said else now
    yield skew("the clock of S3", theirs - now)


def backups(now: datetime) -> Iterable[Found]:
    """A good one that is young enough. A laptop sleeps at night, so there it is no more than a warning."""
    ages = verify.age_of_newest(settings().require("backups_bucket"), now=now)
    judge = warning if settings().stage == "local" else problem
    if "BackupAgeSeconds" not in ages:
        yield judge("there is no good backup yet", "run `opsdb backup`", "the-newest-backup-is-too-old")
        return
    age = timedelta(seconds=ages["BackupAgeSeconds"])
    said = f"the newest good one is {age / timedelta(hours=1):.0f} hours old"
    yield ok(said) if age <= TOO_OLD else judge(said, "run `opsdb backup`", "the-newest-backup-is-too-old")


def programs(now: datetime) -> Iterable[Found]:
    """pg_dump is there and not older than the server."""
    with connected() as conn:
        server = str(conn.execute(text("SHOW server_version")).scalar())
    try:
        found = client.find(int(server.split(".")[0]), why=f"the server is PostgreSQL {server}")
    except Unavailable as error:
        yield problem("; ".join(error.problems) or error.summary, "install PostgreSQL's client programs")
        return
    yield ok(f"pg_dump {found.version} in {found.folder}")


def disk(now: datetime) -> Iterable[Found]:
    """Room where the floor's data and where scratch files lie."""
    for folder in dict.fromkeys((_data(), Path(tempfile.gettempdir()))):
        free = shutil.disk_usage(folder).free
        said = f"{terminal.size(free)} free in {folder}"
        if free < files.SPACE_NEEDED:
            yield problem(said, "free some space: PostgreSQL stops and S3 turns read-only when there is none")
        else:
            yield warning(said, "free some space soon") if free < LITTLE_ROOM else ok(said)


def _data() -> Path:
    """Of the running stack; of the repository where there is none."""
    named = os.environ.get("OPSDB_SETTINGS_FILE")
    folder = Path(named).parent if named else stack.ROOT
    return folder if folder.is_dir() else stack.ROOT
