"""The `opsdb` command: what an operator does from a terminal, on the running stack or what the environment names."""

import logging
import os
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import OperationalError

from chalicelib import __version__
from chalicelib.backups import expire, glacier, listing, restore, run, target
from chalicelib.core import auth, db
from chalicelib.core.clock import now
from chalicelib.core.errors import Conflict
from chalicelib.core.settings import settings
from chalicelib.core.tables.admin import ROLES
from chalicelib.core.tables.files import TIERS
from chalicelib.migrations import steps
from local import (
    checking,
    deploying,
    importing,
    letting_in,
    migrating,
    packaging,
    prepare,
    proofs,
    readers,
    stack,
    terminal,
    undoing,
)
from local.options import as_json, on_floor
from local.terminal import EXIT_CODES, ROW_ERRORS
from local.vendor.build import TRIAL, build
from local.vendor.packages import ARCHITECTURES


@click.group(
    cls=terminal.Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog=EXIT_CODES,
)
@click.version_option(__version__, prog_name="opsdb")
def main() -> None:
    """The operations database of a contact centre: run it, feed it, back it up.

    Commands work on the stack that `opsdb up` (or `make run`) has running: its settings are in .local/settings.json,
    or in the file that OPSDB_SETTINGS_FILE names. A variable that is set (DATABASE_URL, ...) wins over the file.

    \b
    A first hour:
      opsdb up                                     a floor with demo data; stays in the foreground
      opsdb import people.xlsx --kind employees    in a second terminal
      opsdb backup && opsdb backups
    """
    # What the jobs log is for the log of a function; here the answer and the sentence on stderr say it.
    logging.getLogger().addHandler(logging.NullHandler())


@main.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Where the API listens.  [default: 8000, or the next free]")
@click.option("--data", type=click.Path(path_type=Path), help="Folder of everything it keeps.  [default: .local]")
@click.option("--demo/--no-demo", default=True, show_default=True, help="Fill an empty floor with 300 made-up people.")
def up(port: int | None, data: Path | None, demo: bool) -> None:
    """Run the whole floor in the foreground, until Ctrl-C.

    PostgreSQL, S3, the API and the event pump. What it keeps stays in its folder between runs. When it is up
    it prints the address and an admin's API key.

    Example: opsdb up --port 8123 --data /tmp/floor --no-demo
    """
    stack.up(data or stack.ROOT / ".local", port, demo)


@main.command()
@on_floor
@click.option("--bootstrap", is_flag=True, help="First make the roles and the database, as OPSDB_ADMIN_DATABASE_URL.")
@as_json
def migrate(bootstrap: bool, as_json: bool) -> None:
    """Bring the schema to this version's revision.

    Changes nothing when it is there already.

    Example: opsdb migrate
    """
    needed = ("database_url", "owner_database_url", *(("admin_database_url",) if bootstrap else ()))
    for name in needed:
        settings().require(name)
    values = dict(os.environ)  # the settings file has been read into it
    if bootstrap:
        prepare.bootstrap(values)
    before = _revision(values)
    revision = before if before == steps.head() else prepare.upgrade(values)
    said = (
        f"at revision {revision} already"
        if before == revision
        else f"migrated from {before or 'nothing'} to {revision}"
    )
    terminal.answer(as_json, {"revision": revision, "before": before}, f"The schema is {said}.")


def _revision(values: dict[str, str]) -> str | None:
    engine = db.make_engine(values["OPSDB_OWNER_DATABASE_URL"])
    try:
        with engine.connect() as conn:
            return steps.current(conn)
    finally:
        engine.dispose()


@main.command()
@on_floor
@as_json
def demo(as_json: bool) -> None:
    """Load the demo floor into an empty database.

    300 made-up people and eight weeks around today. The same day gives the same floor. Refuses when somebody
    works there already.

    Example: opsdb demo
    """
    loaded = prepare.load_demo(db.engine(), dict(os.environ), say=lambda text: click.echo(text, err=True))
    if not loaded:
        raise Conflict("there are employees in this database already, and the demo floor goes into an empty one")
    lines = terminal.table(("table", "rows"), [(name, f"{count:,}") for name, count in loaded.items()])
    terminal.answer(as_json, loaded, *lines)


@main.command()
@on_floor
@click.option("--tier", type=click.Choice(TIERS), default="manual", show_default=True, help="How long it is kept.")
@as_json
def backup(tier: str, as_json: bool) -> None:
    """Dump the database into the backups bucket, and verify the dump.

    A second backup at the same time says so and does nothing.

    Example: opsdb backup
    """
    with terminal.meter(as_json) as meter:
        made = run.proven(tier=tier, now=now(), progress=meter)
    if made is None:
        terminal.answer(as_json, {"state": "already running"}, "Another backup is running; this one did nothing.")
        return
    rows = sum(made.tables.values())
    held = f"{rows:,} rows of {len(made.tables)} tables"
    terminal.answer(as_json, made, f"{made.backup_id}: {held}, {terminal.size(made.size)}, {made.seconds:.1f} s")


@main.command()
@on_floor
@as_json
def backups(as_json: bool) -> None:
    """List the backups, newest first.

    With age, size, duration and whether they were verified. Works without the database too: what is in the
    bucket is listed then.

    Example: opsdb backups --json
    """
    found = _listed()
    head = ("backup", "tier", "age", "size", "seconds", "state", "verified")
    terminal.answer(as_json, found, *(terminal.table(head, map(_cells, found)) if found else ["There is none yet."]))


def _listed() -> list[dict[str, Any]]:
    try:
        with db.reading() as conn:
            return listing.every(conn)
    except OperationalError:
        click.echo("The database does not answer; these are the backups that the bucket knows.", err=True)
        return listing.every(None)


def _cells(one: dict[str, Any]) -> tuple[str, ...]:
    seconds = f"{one['seconds']:.1f}" if one["seconds"] is not None else "-"
    verified = terminal.age(one["verified_at"], now=now())
    state = f"{one['state']}{', pinned' if one['pinned'] else ''}"
    if one["storage"] not in {None, glacier.READY}:
        state = f"{state}, {one['storage']}"
    began = terminal.age(one["started_at"], now=now())
    return one["backup_id"], one["tier"], began, terminal.size(one["size"]), seconds, state, verified


@main.command("expire")
@on_floor
@click.option("--dry-run", is_flag=True, help="Delete nothing; list what would go, and why the others stay.")
@as_json
def expire_backups(dry_run: bool, as_json: bool) -> None:
    """Delete the backups that need not be kept.

    Days, weeks and months are kept as the settings say, the last good ones and pinned ones always. What killed
    backups left behind goes too. A function does the same every night.

    Example: opsdb expire --dry-run
    """
    done = expire.expire(now=now(), dry_run=dry_run)
    terminal.answer(as_json, done, *_fates(done))


def _fates(done: expire.Expired) -> Iterator[str]:
    goes = "would go" if done.dry_run else "gone"
    kept = [(backup_id, "kept", ", ".join(why)) for backup_id, why in done.kept.items()]
    gone = [(backup_id, goes, "") for backup_id in reversed(done.backups)]
    if kept or gone:
        yield from terminal.table(("backup", "", "why"), kept + gone)
    yield from (f"{goes}: {key}, left behind by a backup that was killed" for key in (*done.orphans, *done.uploads))
    yield f"{len(gone)} of {len(kept) + len(gone)} backups {goes}." if kept or gone else "There is no backup yet."
    if done.left:
        yield f"{done.left} more are left to the next run."


for command in [
    importing.import_sheet,
    letting_in.users,
    readers.readers,
    undoing.undo,
    migrating.migrate_from,
    *proofs.COMMANDS,
    *packaging.COMMANDS,
    *deploying.COMMANDS,
    *checking.COMMANDS,
]:
    main.add_command(command)


@main.command("restore")
@on_floor
@click.argument("source", metavar="latest|ID|FILE")
@click.option("--to", metavar="URL", help="Into this database.  [default: the floor's own, as its owner]")
@click.option("--into", metavar="NAME", help="Into a new database of this name, on the floor's own server.")
@click.option("--replace", metavar="NAME", help="Yes, replace the database of this name, which is not empty.")
@click.option("--safety/--no-safety", default=True, show_default=True, help="First dump what is replaced.")
@click.option("--sql", "out", type=click.Path(dir_okay=False, path_type=Path), help="Write plain SQL here instead.")
@as_json
def restore_backup(
    source: str,
    to: str | None,
    into: str | None,
    replace: str | None,
    safety: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Bring a backup back.

    The newest, the one with an id, or a file of pg_dump's custom format. All in one transaction: should
    anything fail, the database is as it was. A database that is not empty must be
    named with --replace; what it holds is dumped first. Afterwards the rows of every table are compared with the
    backup's own count.

    \b
    Examples:
      opsdb restore latest --replace opsdb
      opsdb restore 20261122T013000Z-daily-1a2b --to postgresql://opsdb_owner:...@127.0.0.1/elsewhere
      opsdb restore latest --into floor_yesterday
      opsdb restore latest --sql floor.sql
    """
    if out and (to or into or replace):
        raise click.UsageError("--sql writes a file; --to, --into and --replace are about a database.")
    if into and (to or replace):
        raise click.UsageError("--into makes a new database; --to and --replace are about one that is there.")
    with terminal.meter(as_json) as meter:
        if out:
            restore.write_sql(source, out, progress=meter)
            terminal.answer(
                as_json, {"source": source, "sql": str(out)}, f"{source} is in {out}, for an empty database."
            )
            return
        with target.beside(into) if into else nullcontext(to or settings().require("owner_database_url")) as url:
            done = restore.restore(source, to=url, now=now(), replace=replace, safety=safety, progress=meter)
    rows = sum(done.tables.values())
    compared = "as many as the backup counted" if done.compared else "no manifest to compare with"
    lines = [f"{done.backup_id or done.source} is in {done.database}: {rows:,} rows ({compared}), {done.seconds:.1f} s"]
    lines += [f"What was there before is in {done.safety}"] if done.safety else []
    lines += [f"Were erased, and are back: {', '.join(map(str, done.not_erased))}"] if done.not_erased else []
    terminal.answer(as_json, done, *lines)


@main.group()
def keys() -> None:
    """API keys: who may call the API, and as what."""


@keys.command("create")
@on_floor
@click.option("--name", required=True, help="Whose it is, e.g. the program that will use it.")
@click.option("--role", type=click.Choice(ROLES), required=True, help="What it may do.")
@click.option("--expires", type=click.IntRange(1, 3650), metavar="DAYS", help="After so many days.  [default: never]")
@as_json
def create_key(name: str, role: str, expires: int | None, as_json: bool) -> None:
    """Make an API key and print it, once: the database keeps only a hash of it.

    Example: opsdb keys create --name wallboard --role viewer --expires 90
    """
    until = now() + timedelta(days=expires) if expires else None
    with db.writing(db.Actor("command:keys")) as conn:
        key_id, key = auth.create_key(conn, name=name, role=role, expires_at=until)
    facts = {"key_id": key_id, "key": key, "name": name, "role": role, "expires_at": until}
    click.echo("Keep it now; it cannot be shown again.", err=True)
    terminal.answer(as_json, facts, key)


keys.add_command(deploying.refresh_keys)


@main.command()
@click.option("--arch", type=click.Choice(ARCHITECTURES), default="x86_64", show_default=True, help="The function's.")
@click.option("--out", type=click.Path(path_type=Path), help="Where, without -ARCH.zip.  [default: build/client-layer]")
@as_json
def vendor(arch: str, out: Path | None, as_json: bool) -> None:
    """Make the Lambda layer with pg_dump, pg_restore and psql.

    From pinned packages, fetched once; they stay in client-packages beside the layer. It is checked for the
    runtime it is for, then has to dump and restore a server here that takes nothing but TLS. Should that be
    impossible on this machine, the layer is written and the exit code is 3; a layer that fails is not written.

    Example: opsdb vendor --arch aarch64
    """
    made = build(arch, out or stack.ROOT / "build" / "client-layer")
    tried = made.gates.get(TRIAL) or f"not run: {made.not_run}"
    lines = terminal.table(("gate", "seen"), ({**made.gates, TRIAL: tried}).items())
    lines.append(f"{made.file}: PostgreSQL {made.client_version}, {terminal.size(made.size)}")
    terminal.answer(as_json, made, *lines)
    if made.not_run:
        click.echo(f"opsdb: the layer was not tried, since {made.not_run}", err=True)
        click.get_current_context().exit(ROW_ERRORS)
