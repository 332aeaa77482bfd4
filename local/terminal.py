"""How the command line speaks: answers, progress for whoever looks, and failures as one sentence with an exit code."""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import click
import msgspec
import psycopg2
from sqlalchemy.exc import DBAPIError

from chalicelib.core.errors import NotYet, OpsdbError, Unavailable
from chalicelib.core.settings import SettingsError
from local.files import StackError

FAILED, USAGE, ROW_ERRORS, UNREACHABLE, WAITING = 1, 2, 3, 4, 5

EXIT_CODES = f"""\b
Exit codes:
  0  done
  {FAILED}  it failed, and nothing or only part of it was done; the sentence on stderr says what
  {USAGE}  the command line itself was wrong
  {ROW_ERRORS}  done, but rows of the sheet have errors
  {UNREACHABLE}  no running stack, or its database or S3 does not answer
  {WAITING}  asked for and on its way (a backup in Glacier); run the same command again when it says"""

NO_STACK = "start a stack with `make run`, or name the folder of a running one with --data"


class NoStack(StackError):
    """There is no running stack where one was looked for."""


class Commands(click.Group):
    """A group whose commands end with one sentence and an exit code; only a mistake of ours shows a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            said = explained(error)
            if said is None:
                raise
            code, sentence = said
            click.echo(f"opsdb: {sentence}", err=True)
            ctx.exit(code)


def explained(error: Exception) -> tuple[int, str] | None:
    """The exit code and the sentence for what can go wrong without being a mistake of ours; None for anything else."""
    if isinstance(error, NotYet):
        return WAITING, _of(error)
    if isinstance(error, Unavailable):
        return UNREACHABLE, _of(error)
    if isinstance(error, OpsdbError):
        return FAILED, _of(error)
    if isinstance(error, SettingsError):
        return UNREACHABLE, f"{error}; {NO_STACK}"
    if isinstance(error, StackError):
        return UNREACHABLE if isinstance(error, NoStack) else FAILED, str(error)
    if isinstance(error, (DBAPIError, psycopg2.Error)):
        return _of_database(error)
    return _of_s3(error) or _of_files(error)


def _of(error: OpsdbError) -> str:
    return "; ".join(error.problems) or error.summary


def _of_database(error: DBAPIError | psycopg2.Error) -> tuple[int, str]:
    """A failure without an SQLSTATE is one to connect; 57P is a server on its way down, 08 a connection that broke."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "pgcode", None)
    said = " ".join(str(cause).split("\n")[0].split())
    if state is None or state.startswith(("57P", "08")):
        return UNREACHABLE, f"the database does not answer ({said}); {NO_STACK}"
    if state == "42P01":
        return FAILED, f"the database has no opsdb tables or old ones ({said}); run `opsdb migrate`"
    return FAILED, f"the database refused ({said})"


def _of_s3(error: Exception) -> tuple[int, str] | None:
    from botocore.exceptions import BotoCoreError, ClientError, ConnectionError, HTTPClientError

    if isinstance(error, (ConnectionError, HTTPClientError)):
        return UNREACHABLE, f"S3 does not answer ({error}); {NO_STACK}"
    if isinstance(error, (BotoCoreError, ClientError)):
        return FAILED, f"S3 refused ({error})"
    return None


def _of_files(error: Exception) -> tuple[int, str] | None:
    if isinstance(error, OSError) and error.filename:
        return FAILED, f"{error.filename} cannot be used ({(error.strerror or str(error)).lower()})"
    return None


def answer(as_json: bool, facts: Any, *lines: str) -> None:
    """Print `facts` for a program or `lines` for a person."""
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(facts), indent=2))
    else:
        for line in lines:
            click.echo(line)


class Meter:
    """A progress bar per step, made when the step is first heard of; silent unless somebody looks."""

    def __init__(self, *, shown: bool) -> None:
        self.shown = shown
        self._step = ""
        self._bar: Any = None

    def __call__(self, step: str, done: int, total: int | None) -> None:
        """So much of the step is done, of `total`; where that is not known, `done` are bytes."""
        if not self.shown:
            return
        if step != self._step:
            self.end()
            self._step = step
            self._bar = click.progressbar(length=total, label=step) if total else None
        if self._bar is not None:
            self._bar.update(min(done, self._bar.length) - self._bar.pos)
        else:
            click.echo(f"\r{step}  {size(done)}", nl=False)

    def end(self) -> None:
        """Finish the line that is being drawn."""
        if self._bar is not None:
            self._bar.render_finish()
        elif self._step:
            click.echo()
        self._step, self._bar = "", None


@contextmanager
def meter(as_json: bool) -> Iterator[Meter]:
    """A meter for a piece of long work; people look at terminals, and programs read JSON."""
    made = Meter(shown=not as_json and sys.stdout.isatty())
    try:
        yield made
    finally:
        made.end()


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines with aligned columns."""
    whole = [head, *rows]
    widths = [max(len(row[column]) for row in whole) for column in range(len(head))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in whole]


def size(count: int | None) -> str:
    """Bytes, readable."""
    if count is None:
        return "-"
    number, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while number >= 1000 and len(units) > 1:
        number, units = number / 1000, units[1:]
    return f"{number:,.0f} {units[0]}" if units[0] == "B" else f"{number:,.1f} {units[0]}"


def age(since: datetime | None, *, now: datetime) -> str:
    """How long ago, in its largest unit."""
    if since is None:
        return "-"
    past = now - since
    for unit, length in (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("min", timedelta(minutes=1))):
        if past >= length:
            return f"{past // length} {unit}"
    return "just now"
