"""`opsdb users`: who may sign in, made from a terminal, as the first admin must be."""

import click

from chalicelib.admin import access, access_queries, passwords, sign_in_queries
from chalicelib.core import db, sessions
from chalicelib.core.constraints import translated
from chalicelib.core.errors import Invalid, NotFound
from chalicelib.core.tables.admin import ROLES
from local import terminal
from local.options import as_json, on_floor

ACTOR = db.Actor("command:users", role="admin")


@click.group()
def users() -> None:
    """Who may sign in at the console, and as what."""


@users.command("create")
@on_floor
@click.argument("username")
@click.option("--role", type=click.Choice(ROLES), required=True, help="What they may do.")
@click.option("--employee", type=int, metavar="ID", help="Who they are on the floor; a supervisor's people follow.")
@click.option("--department", "departments", multiple=True, help="Of a duty lead; may be given again.")
@click.option("--email", help="Their address.")
@as_json
def create(
    username: str, role: str, employee: int | None, departments: tuple[str, ...], email: str | None, as_json: bool
) -> None:
    """Let somebody sign in, and print the password that was made up, once.

    Example: opsdb users create rui --role admin
    """
    password = passwords.generated()
    facts = {"role": role, "employee_id": employee, "departments": sorted(set(departments))}
    with translated(), db.writing(ACTOR) as conn:
        if problems := access.problems(conn, **facts):  # type: ignore[arg-type]
            raise Invalid(*problems)
        named = {"username": username, "email": email, "password_hash": passwords.hashed(password)}
        user_id = access_queries.insert_user(conn, facts={**facts, **named})
    _say(as_json, user_id, username, role, password)


@users.command("reset")
@on_floor
@click.argument("username")
@as_json
def reset(username: str, as_json: bool) -> None:
    """Give a user a new password and print it, once; every session of theirs is over.

    Example: opsdb users reset rui
    """
    password = passwords.generated()
    with translated(), db.writing(ACTOR) as conn:
        account = sign_in_queries.find_account(conn, username=username)
        if account is None:
            raise NotFound(f"there is no user {username}")
        facts = {"password_hash": passwords.hashed(password), "is_active": True}
        access_queries.update_user(conn, user_id=account.user_id, facts=facts)
        sessions.end_all(conn, user_id=account.user_id)
    _say(as_json, account.user_id, account.username, account.role, password)


def _say(as_json: bool, user_id: int, username: str, role: str, password: str) -> None:
    click.echo("Keep it now; it cannot be shown again.", err=True)
    facts = {"user_id": user_id, "username": username, "role": role, "password": password}
    terminal.answer(as_json, facts, password)
