"""A restore: the dump is proved first, the target asked for by name, and everything happens in one transaction."""

import json
import logging
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import msgspec
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from chalicelib.backups import archive, client, erased, queries, script, snapshot, target
from chalicelib.backups.archive import Archive
from chalicelib.backups.client import Client
from chalicelib.backups.erased import Erasure
from chalicelib.backups.manifest import Manifest
from chalicelib.backups.safety import save
from chalicelib.backups.target import Target
from chalicelib.core.db import make_engine
from chalicelib.core.log import job
from chalicelib.core.settings import settings
from chalicelib.migrations import steps

log = logging.getLogger(__name__)

Progress = Callable[[str, int, int | None], None]
"""Told the step (`download` in bytes, `safety` in bytes, `restore` in rows), how much is done, and of how much."""

LOCK_WAIT = "30s"
"""How long a restore waits for those who are at work in the database."""

OLDEST_SERVER = 15
INTERRUPTED = "interrupted: it was running when the dump that was restored here was made"

BEFORE = """
BEGIN;
SET client_min_messages = warning;
SET statement_timeout = 0;
SET lock_timeout = '{lock_wait}';
DO $$
DECLARE
    one record;
BEGIN
    IF NOT (pg_try_advisory_xact_lock({backups}) AND pg_try_advisory_xact_lock({migrations})) THEN
        RAISE EXCEPTION 'a backup, a migration or another restore of this database is running';
    END IF;
    EXECUTE format('SET ROLE %I', (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()));
    FOR one IN SELECT nspname FROM pg_namespace
               WHERE nspname !~ '^pg_' AND nspname NOT IN ('information_schema', '{door}') LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', one.nspname);
    END LOOP;
EXCEPTION WHEN lock_not_available THEN
    RAISE EXCEPTION 'somebody is at work in this database: stop the application, then restore';
END $$;
CREATE SCHEMA public AUTHORIZATION pg_database_owner;
COMMENT ON SCHEMA public IS 'standard public schema';
GRANT USAGE ON SCHEMA public TO PUBLIC;
"""
"""What is there goes in the same transaction, so that it stays when the restore fails; public is as initdb makes it."""

AFTER = """
DO $check$
DECLARE
    wanted jsonb := {tables};
    one record;
    found bigint;
    wrong text := '';
BEGIN
    FOR one IN {user_tables} LOOP
        EXECUTE 'SELECT count(*) FROM ' || one.quoted INTO found;
        IF found IS DISTINCT FROM (wanted ->> one.label)::bigint THEN
            wrong := wrong || format(' %s has %s rows, not %s;', one.label, found, wanted ->> one.label);
        END IF;
        wanted := wanted - one.label;
    END LOOP;
    IF wrong <> '' OR wanted <> '{{}}' THEN
        RAISE EXCEPTION 'the counts are not those of the manifest:% missing: %', wrong, wanted;
    END IF;
END $check$;
"""

ROLES = """-- opsdb backup {name}, for an empty database: psql -1 -v ON_ERROR_STOP=1 -f THIS_FILE
DO $$
DECLARE
    one text;
BEGIN
    FOREACH one IN ARRAY ARRAY[{roles}] LOOP
        IF to_regrole(one) IS NULL THEN
            EXECUTE format('CREATE ROLE %I', one);
        END IF;
    END LOOP;
END $$;

"""
"""The dump grants rights to roles, which belong to the server; where they are missing, plain SQL makes them."""


class Restored(msgspec.Struct, frozen=True):
    """What a restore did. `compared` says that the rows by table were held against a manifest.

    `safety` is the backup id, or the file, that holds what was replaced; None when there was nothing. `not_erased` are
    people who had been erased, and are back: to be erased by hand.
    """

    source: str
    backup_id: str | None
    database: str
    tables: dict[str, int]
    compared: bool
    safety: str | None
    seconds: float
    not_erased: tuple[int, ...] = ()


def restore(
    source: str,
    *,
    to: str,
    now: datetime,
    replace: str | None = None,
    safety: bool = True,
    progress: Progress = lambda step, done, total: None,
) -> Restored:
    """Restore `source` (`latest`, a backup id, or a file) into the database at the URL `to`.

    A target that is not empty, or production, must be named by `replace`; what it holds is dumped first unless
    `safety` is False. Conflict when the target is not allowed, Invalid when the dump is damaged, RestoreFailed when
    PostgreSQL refuses; in each case the target is as it was.
    """
    began = time.monotonic()
    with job(log, "restore", source=source) as outcome:
        _refuse_early(to, replace)
        with archive.at_hand(source, progress=progress) as found:
            target.prepare(to, admin_url=settings().admin_database_url)
            there = target.look(to)
            target.allow(there, replace=replace)
            target.complain(there)
            saved = save(there, to, now=now, progress=progress) if safety and there.objects else None
            gone = erased.known(to)
            _apply(found, there, to, gone, progress)
        tables = _settled(found, to)
        back = erased.left(gone, to)
        outcome |= {"tables": len(tables), "rows": sum(tables.values()), "safety": saved, "not_erased": len(back)}
    return Restored(
        source=source,
        backup_id=found.manifest.backup_id if found.manifest else None,
        database=there.database,
        tables=tables,
        compared=found.manifest is not None,
        safety=saved,
        seconds=round(time.monotonic() - began, 3),
        not_erased=back,
    )


def write_sql(source: str, out: Path, *, progress: Progress = lambda step, done, total: None) -> None:
    """Write `source` as plain SQL, for an empty database and any psql from 15 on."""
    with archive.at_hand(source, progress=progress) as found, out.open("wb") as file:
        total = sum(found.manifest.tables.values()) if found.manifest else None
        before = ROLES.format(
            name=found.manifest.backup_id if found.manifest else found.path.name,
            roles=", ".join(f"'{role}'" for role in steps.ROLES),
        )
        script.write(
            found.path,
            client=programs(found.manifest, OLDEST_SERVER),
            before=before,
            out=file,
            progress=lambda rows: progress("restore", rows, total),
        )


def _refuse_early(to: str, replace: str | None) -> None:
    """Refuse before the download; a database that is not there yet is the administrator's to make, after it."""
    try:
        target.allow(target.look(to), replace=replace)
    except OperationalError:
        if not settings().admin_database_url:
            raise


def programs(found: Manifest | None, major: int) -> Client:
    """Programs that read the archive, and are otherwise nearest to the server that takes it."""
    if found and (made_by := int(found.client_version.split(".")[0])) > major:
        return client.find(made_by, why=f"the dump was made by pg_dump {found.client_version}")
    return client.find(major, why=f"the server is PostgreSQL {major}")


def _apply(found: Archive, there: Target, to: str, gone: list[Erasure], progress: Progress) -> None:
    total = sum(found.manifest.tables.values()) if found.manifest else None
    script.apply(
        found.path,
        client=programs(found.manifest, int(there.server_version.split(".")[0])),
        url=to,
        before=before(),
        after=comparison(found.manifest) + erased.again(gone),
        progress=lambda rows: progress("restore", rows, total),
    )


def before() -> str:
    """SQL that begins the restore's transaction and empties the database."""
    locks = {"backups": queries.ONE_BACKUP, "migrations": steps.ONE_AT_A_TIME}
    return BEFORE.format(lock_wait=LOCK_WAIT, door=steps.DOOR, **locks)


def comparison(found: Manifest | None) -> str:
    """SQL that raises unless every table has the rows of the manifest; nothing when there is none."""
    if not found:
        return ""
    tables = json.dumps(found.tables).replace("'", "''")
    return AFTER.format(tables=f"'{tables}'", user_tables=snapshot.USER_TABLES)


def _settled(found: Archive, to: str) -> dict[str, int]:
    """End what the dump itself remembers as running, renew statistics; returns the rows by table."""
    own = found.manifest
    known = {own.backup_id: own} if own else {}
    engine = make_engine(to, statement_timeout_seconds=0)
    try:
        with engine.begin() as conn:
            if queries.kept(conn):
                queries.settle(conn, manifest_of=known.get, message=INTERRUPTED)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.execute(text("ANALYZE"))
            return own.tables if own else snapshot.counts(conn)
    finally:
        engine.dispose()
