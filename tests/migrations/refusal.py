"""What the database refuses, and in the name of which constraint."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError


def refused(conn: Connection, error: type[Exception], constraint: str, call: Callable[[], Any]) -> None:
    """`call` is refused by `constraint`; the transaction goes on as if it had not been tried."""
    with pytest.raises(IntegrityError) as caught, conn.begin_nested():
        call()
    assert isinstance(caught.value.orig, error)
    assert caught.value.orig.diag.constraint_name == constraint


def change(conn: Connection, statement: str, **given: Any) -> list[Any]:
    """The rows that `statement` returns, if it does."""
    done = conn.execute(text(statement), given)
    return list(done) if done.returns_rows else []
