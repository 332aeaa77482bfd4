"""opsdb's lists through the handler, and the statements that they send by psycopg2 alone."""

import os
import time
from collections.abc import Callable
from typing import Any

import psycopg2
from sqlalchemy import Engine, event

from app import app
from bench.contestants import opsdb_lists
from bench.contestants.telling import asked, peak_mb, tell
from chalicelib.core import auth, db

Statement = tuple[str, Any]


def requested(question: dict[str, Any], key: str) -> dict[str, Any]:
    """The event; what `at` has goes into the path."""
    at = question.get("at") or {}
    made = opsdb_lists.event(question["path"], question["query"], key)
    return {**made, "path": question["path"].format(**at), "pathParameters": at or None}


def get(made: dict[str, Any]) -> None:
    answer = app(made, opsdb_lists.CONTEXT)
    assert answer["statusCode"] == 200, answer["body"]


def statements_of(made: dict[str, Any]) -> list[Statement]:
    """What this request asks the database, without the look-up of the key."""
    heard: list[Statement] = []

    def hear(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        heard.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", hear)
    get(made)
    event.remove(Engine, "before_cursor_execute", hear)
    return [one for one in heard if "api_keys" not in one[0]]


def fetch(cursor: Any, statements: list[Statement]) -> None:
    for statement, parameters in statements:
        cursor.execute(statement, parameters or None)
        if cursor.description:
            cursor.fetchall()


def milliseconds(work: Callable[[], None], calls: int) -> list[float]:
    found = []
    for _ in range(calls):
        began = time.perf_counter()
        work()
        found.append(1000 * (time.perf_counter() - began))
    return found


if __name__ == "__main__":
    with db.writing(db.Actor("bench")) as conn:
        _, key = auth.create_key(conn, name="bench", role="viewer")
    bare = psycopg2.connect(os.environ["DATABASE_URL"])
    bare.autocommit = True
    tell()
    for question in asked():
        made = requested(question, key)
        if question["through"] == "statements":
            with bare.cursor() as cursor:
                tell(statements=[cursor.mogrify(*one).decode() for one in statements_of(made)])
        elif question["through"] == "handler":
            tell(ms=milliseconds(lambda made=made: get(made), question["calls"]), peak_mb=peak_mb())
        else:
            statements = statements_of(made)
            with bare.cursor() as cursor:
                tell(ms=milliseconds(lambda s=statements: fetch(cursor, s), question["calls"]), sent=len(statements))
