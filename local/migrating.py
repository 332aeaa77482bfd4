"""`opsdb migrate-from`: moving in from the earlier opsdb, a dry run unless told otherwise."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from chalicelib.core import db
from chalicelib.core.clock import now, today
from chalicelib.core.settings import settings
from chalicelib.imports import earlier
from chalicelib.imports.earlier_move import Balance, Moved, Progress, Rejected, continue_sequences, move, record, said
from chalicelib.imports.earlier_report import findings, write_rejects
from chalicelib.imports.queries import finish, note, prepare_for_bulk
from local import terminal
from local.options import as_json, on_floor

ACTOR = db.Actor("command:migrate-from", role="admin")
LONGEST = 3_600
SHOWN = 10


@click.command("migrate-from")
@on_floor
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--yes", is_flag=True, help="Do it. Without this, only show what would be done.")
@as_json
def migrate_from(file: Path, yes: bool, as_json: bool) -> None:
    """Move in from the SQLite file of the earlier opsdb.

    All its tables, ids kept, in one transaction as the owner. Rows that break a constraint stay behind and are
    written beside the file as FILE.rejects.xlsx. Password hashes and API keys are not carried over. Goes into a
    database whose tables are empty. Without --yes nothing is written.

    \b
    Examples:
      opsdb migrate-from opsdb.db
      opsdb migrate-from opsdb.db --yes
    """
    with terminal.meter(as_json) as meter:
        done = moved(file, keep=yes, progress=lambda rows, total: meter(file.name, rows, total))
    rejects = _write_rejects(file, done.rejected) if done.rejected else None
    facts = {**msgspec.to_builtins(done), "dry_run": not yes, "rejects_file": str(rejects) if rejects else None}
    terminal.answer(as_json, facts, *_lines(file, done, rejects, dry_run=not yes))
    if done.rejected:
        click.get_current_context().exit(terminal.ROW_ERRORS)


def moved(file: Path, *, keep: bool, progress: Progress = lambda rows, total: None) -> Moved:
    """Move, and keep it or forget it; as the owner, since the file may be larger than what a function takes."""
    with file.open("rb") as body:
        sha256 = hashlib.file_digest(body, "sha256").hexdigest()
    engine = db.make_engine(settings().require("owner_database_url"))
    try:
        with earlier.opened(file) as rows, engine.connect() as conn:
            prepare_for_bulk(conn, seconds=LONGEST)
            db.act_as(conn, ACTOR)
            upload_id = record(conn, filename=file.name, sha256=sha256, by=ACTOR.name, now=now())
            done = move(conn, rows, upload_id=upload_id, today=today(), seconds=LONGEST, progress=progress)
            note(conn, findings=list(findings(done)))
            finish(conn, upload_id=upload_id, values=said(done, dry_run=not keep))
            if keep:
                continue_sequences(conn)
                conn.commit()
            else:
                conn.rollback()
                done.upload_id = None
            return done
    finally:
        engine.dispose()


def _lines(file: Path, done: Moved, rejects: Path | None, *, dry_run: bool) -> Iterator[str]:
    counts = [(name, f"{count:,}", f"{done.refused.get(name, 0):,}") for name, count in done.moved.items()]
    yield from terminal.table(("table", "moved", "rejected"), counts)
    yield ""
    yield (
        f"{file.name}: {len(done.disagreeing)} balances that disagree with their ledger,"
        f" {_below(done.adjusted)} that get an opening adjustment"
    )
    for one in done.disagreeing[:SHOWN]:
        yield f"  {one.employee_id}: {one.shown} shown, {one.ledger} in the ledger, which counts"
    if done.options_added:
        yield f"Options added: {', '.join(done.options_added)}"
    yield from (f"Not carried over: {what}; {do}." for what, do in done.left_behind.items())
    if rejects:
        first = f"The first {len(done.rejected):,} of the" if len(done.rejected) < sum(done.refused.values()) else "The"
        yield f"{first} rows that stay behind, with reasons, are in {rejects}"
    yield "Nothing was written: add --yes to do it." if dry_run else f"Moved as upload {done.upload_id}."


def _below(adjusted: list[Balance]) -> str:
    depths = sorted({one.ledger for one in adjusted})
    return f"{len(adjusted)} ledgers at {depths[0]}" if len(depths) == 1 else f"{len(adjusted)} ledgers below zero"


def _write_rejects(file: Path, rejected: list[Rejected]) -> Path:
    report = file.with_name(f"{file.name}.rejects.xlsx")
    write_rejects(report, rejected)
    return report
