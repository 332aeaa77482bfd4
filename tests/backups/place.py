"""What the tests of backups say of the world: a database, a bucket, and what stands in them."""

import secrets
import stat
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg2

from chalicelib.backups import manifest, run
from chalicelib.backups.manifest import Manifest
from chalicelib.core.db import make_engine
from chalicelib.core.settings import settings
from chalicelib.migrations import steps
from local import postgres
from local import s3 as local_s3
from tests.conftest import PASSWORDS

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

NOW = datetime(2026, 11, 18, 1, 30, tzinfo=UTC)
"""A Wednesday."""


def execute(url: str, sql: str) -> list[tuple[Any, ...]]:
    """Run `sql` outside a transaction; the rows of its last statement."""
    conn = psycopg2.connect(url)
    try:
        conn.autocommit = True
        with conn.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []
    finally:
        conn.close()


class Place:
    """One database with its bucket."""

    def __init__(self, server: postgres.Server, store: local_s3.Server, database: str) -> None:
        self.server, self.store, self.database = server, store, database
        self.bucket = f"backups-{secrets.token_hex(4)}"
        self.databases = [database]

    def url(self, role: str, database: str | None = None) -> str:
        return self.server.url(role, PASSWORDS[role], database or self.database)

    @property
    def owner(self) -> str:
        return self.url("opsdb_owner")

    @property
    def admin(self) -> str:
        return steps.with_database(self.server.admin_url, self.database)

    @property
    def client(self) -> "S3Client":
        return self.store.client()

    def environment(self) -> dict[str, str]:
        return {
            "DATABASE_URL": self.url("opsdb_app"),
            "OPSDB_OWNER_DATABASE_URL": self.owner,
            "OPSDB_BACKUP_DATABASE_URL": self.url("opsdb_backup"),
            "OPSDB_DRILL_DATABASE_URL": self.url("opsdb_drill"),
            "OPSDB_ADMIN_DATABASE_URL": self.server.admin_url,
            "OPSDB_BACKUPS_BUCKET": self.bucket,
            "OPSDB_PG_BIN": str(self.server.bin_dir),
            "AWS_ENDPOINT_URL": self.store.endpoint,
            "AWS_ACCESS_KEY_ID": self.store.access_key,
            "AWS_SECRET_ACCESS_KEY": self.store.secret_key,
            "AWS_DEFAULT_REGION": self.store.region,
        }

    def another(self) -> str:
        """The URL of an empty database beside this one, as its owner."""
        name = f"{self.database}_{len(self.databases)}"
        self.databases.append(name)
        steps.bootstrap(self.server.admin_url, database=name, passwords={})
        return self.url("opsdb_owner", name)

    def sql(self, sql: str) -> list[tuple[Any, ...]]:
        return execute(self.owner, sql)

    def backup(self, tier: str = "manual", now: datetime = NOW) -> Manifest:
        made = run.backup(tier=tier, now=now)
        assert made
        return made

    def keys(self) -> list[str]:
        return sorted(manifest.keys(self.bucket))

    def unfinished(self) -> list[str]:
        """Keys of multipart uploads that were neither completed nor aborted."""
        return [one["Key"] for one in self.client.list_multipart_uploads(Bucket=self.bucket).get("Uploads", [])]

    def rows(self) -> dict[str, tuple[str, str | None]]:
        """State and message by backup id."""
        found = self.sql("SELECT backup_id, state, message FROM backups")
        return {backup_id: (state, message) for backup_id, state, message in found}

    def shim(self, folder: Path, monkeypatch: Any, **scripts: str) -> None:
        """Put shell scripts in the place of PostgreSQL's programs; `$REAL` is the true one, `--version` stays true."""
        folder.mkdir(exist_ok=True)
        for true in self.server.bin_dir.iterdir():
            one = folder / true.name
            one.unlink(missing_ok=True)
            if true.name in scripts:
                head = f'#!/bin/sh\nREAL={true}\n[ "$1" = --version ] && exec $REAL --version\n'
                one.write_text(head + scripts[true.name] + "\n")
                one.chmod(one.stat().st_mode | stat.S_IXUSR)
            else:
                one.symlink_to(true)
        monkeypatch.setenv("OPSDB_PG_BIN", str(folder))
        settings.cache_clear()


def counted(url: str) -> dict[str, int]:
    """Rows by table, as anybody would count them; rates, which are unlogged, are in no backup."""
    kept = "relnamespace = 'public'::regnamespace AND relkind = 'r' AND relpersistence = 'p'"
    tables = [name for (name,) in execute(url, f"SELECT relname FROM pg_class WHERE {kept}")]
    return {name: execute(url, f"SELECT count(*) FROM public.{name}")[0][0] for name in tables}


def processes(meets: Callable[[list[str]], bool]) -> dict[int, list[str]]:
    """Command lines of running processes, by process id."""
    found: dict[int, list[str]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
        except OSError:
            continue
        if meets(words):
            found[int(entry.name)] = words
    return found


def content(url: str, tables: Mapping[str, int]) -> dict[str, str]:
    """A fingerprint of every row of every table, `backups` apart."""
    engine = make_engine(url)
    try:
        with engine.connect() as conn:
            return {
                name: str(
                    conn.exec_driver_sql(
                        f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM public.{name} t"
                    ).scalar()
                )
                for name in tables
                if name != "backups"
            }
    finally:
        engine.dispose()
