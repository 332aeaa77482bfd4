"""`opsdb readers`: login roles of the database for tools that read it, made, rotated and dropped from a terminal."""

from datetime import UTC, datetime

import click
import msgspec
from sqlalchemy import Connection

from chalicelib.admin import db_users
from chalicelib.admin.db_user_queries import PREFIX, DbUser, DbUserFilters, find_named, list_db_users
from chalicelib.core import db
from chalicelib.core.constraints import translated
from chalicelib.core.errors import Invalid, NotFound
from chalicelib.core.inputs import EVERY_ROW
from local import terminal
from local.options import as_json, on_floor

ACTOR = db.Actor("command:readers", role="admin")
DAY = click.DateTime(["%Y-%m-%d"])


@click.group()
def readers() -> None:
    """Tools and people that read the database itself, over the VPN."""


@readers.command("create")
@on_floor
@click.argument("name")
@click.option("--until", type=DAY, help="The last day of the password, in UTC.")
@click.option("--connections", type=click.IntRange(1, 20), default=db_users.CONNECTIONS, show_default=True)
@click.option("--employee", type=int, metavar="ID", help="Whose it is; it goes when they leave.")
@click.option("--notes", help="What it is for.")
@as_json
def create(
    name: str, until: datetime | None, connections: int, employee: int | None, notes: str | None, as_json: bool
) -> None:
    """Make a role that may read, and print its password, once.

    Example: opsdb readers create wallboard --until 2027-12-31
    """
    said = {"username": name, "connection_limit": connections, "employee_id": employee, "notes": notes}
    try:
        new = msgspec.convert({**said, "valid_until": until.date() if until else None}, db_users.NewDbUser)
    except msgspec.ValidationError as error:
        raise Invalid(str(error)) from None
    with translated(), db.writing(ACTOR) as conn:
        made = db_users.made(conn, msgspec.structs.asdict(new))
    _say(as_json, made)


@readers.command("rotate")
@on_floor
@click.argument("name")
@as_json
def rotate(name: str, as_json: bool) -> None:
    """Give a reader another password and print it, once; a role that a restore left behind is made again.

    Example: opsdb readers rotate wallboard
    """
    with translated(), db.writing(ACTOR) as conn:
        changed = db_users.changed(conn, _found(conn, name), {}, rotate=True)
    _say(as_json, changed)


@readers.command("drop")
@on_floor
@click.argument("name")
@as_json
def drop(name: str, as_json: bool) -> None:
    """Drop a reader's role and end its connections.

    Example: opsdb readers drop wallboard
    """
    with translated(), db.writing(ACTOR) as conn:
        gone = db_users.dropped(conn, _found(conn, name))
    terminal.answer(as_json, gone, f"{gone.username} is dropped")


@readers.command("list")
@on_floor
@as_json
def list_readers(as_json: bool) -> None:
    """Show every reader, and which of them this server lacks.

    Example: opsdb readers list
    """
    with db.reading() as conn:
        found = list_db_users(conn, query=DbUserFilters(limit=EVERY_ROW)).data
    lines = [f"{one.username}  {_state(one)}" for one in found]
    terminal.answer(as_json, found, "\n".join(lines) or "There are none.")


def _state(one: DbUser) -> str:
    if not one.is_active:
        return "dropped"
    if one.is_missing:
        return "missing on this server: rotate makes it again"
    over = one.valid_until is not None and one.valid_until < datetime.now(UTC).date()
    return f"{'over since' if over else 'until'} {one.valid_until}" if one.valid_until else "without an end"


def _found(conn: Connection, name: str) -> int:
    username = name if name.startswith(PREFIX) else PREFIX + name
    found = find_named(conn, username=username)
    if found is None:
        raise NotFound(f"there is no reader {username}")
    return found


def _say(as_json: bool, one: db_users.WithLogin) -> None:
    click.echo("Keep it now; it cannot be shown again.", err=True)
    terminal.answer(as_json, one, one.password or "")
