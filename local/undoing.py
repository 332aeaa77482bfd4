"""`opsdb undo`: the way back from an upload, a request, or an actor's last minutes."""

from collections.abc import Iterator
from datetime import timedelta

import click

from chalicelib.audit.undo import SHOWN, Undoing
from chalicelib.audit.undo import undo as take_back
from chalicelib.audit.undo_queries import Work
from chalicelib.core import db
from chalicelib.core.clock import now, today
from local import terminal
from local.options import as_json, on_floor

ACTOR = db.Actor("command:undo", role="admin")
SHOWN_ROWS = 20


@click.command()
@on_floor
@click.option("--upload", type=click.IntRange(1), metavar="ID", help="Undo this upload.")
@click.option("--request", metavar="ID", help="Undo this request: the X-Request-Id of its answer.")
@click.option("--actor", metavar="NAME", help="Undo what this actor did, as the audit log names it (key:3, ...),")
@click.option("--minutes", type=click.IntRange(1, 60), default=60, show_default=True, help="in the last minutes.")
@click.option("--yes", is_flag=True, help="Do it. Without this, only show what would be done.")
@as_json
def undo(upload: int | None, request: str | None, actor: str | None, minutes: int, yes: bool, as_json: bool) -> None:
    """Take back an upload, a request, or what somebody did in the last hour.

    Rows that nobody has touched since are as they were before; rows that were changed since stay, and are listed.
    Without --yes nothing is written. An undo is on record like anything else, and can itself be undone.

    \b
    Examples:
      opsdb undo --upload 17
      opsdb undo --actor key:3 --minutes 10 --yes
    """
    if sum(one is not None for one in (upload, request, actor)) != 1:
        raise click.UsageError("say what to undo: one of --upload, --request and --actor")
    work = Work(upload, request, actor, now() - timedelta(minutes=minutes) if actor else None)
    with db.writing(ACTOR) as conn:
        found = take_back(conn, work=work, dry_run=not yes, by=ACTOR.name, today=today())
    terminal.answer(as_json, found, *_lines(found))


def _lines(found: Undoing) -> Iterator[str]:
    counts = [(one.removed, one.changed_back, one.brought_back, one.kept) for one in found.tables]
    tables = [(one.table_name, *map(str, count)) for one, count in zip(found.tables, counts, strict=True)]
    yield from terminal.table(("table", "removed", "changed back", "brought back", "kept"), tables)
    if found.kept:
        yield ""
        rows = [(one.table_name, one.row_id, str(one.date or ""), one.why) for one in found.kept[:SHOWN_ROWS]]
        yield from terminal.table(("kept", "row", "date", "why"), rows)
        if len(found.kept) > SHOWN_ROWS:
            more = "1,000 or more" if len(found.kept) == SHOWN else f"{len(found.kept)}"
            yield f"{more} rows are kept in all: --json lists them."
    if found.dry_run:
        yield ""
        yield "Nothing was written: add --yes to do it."
