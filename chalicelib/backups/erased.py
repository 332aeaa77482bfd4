"""Who was erased: an older dump brings them back, and what replaces a database erases them again."""

import json
from contextlib import suppress

import msgspec
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from chalicelib.core.db import make_engine
from chalicelib.core.settings import settings

AGAIN = """
DO $erased$
BEGIN
    IF to_regprocedure('public.erase_again(jsonb)') IS NOT NULL THEN
        PERFORM set_config('opsdb.actor', 'command:restore', true);
        PERFORM public.erase_again({erased}::jsonb);
    END IF;
END $erased$;
"""


class Erasure(msgspec.Struct, frozen=True):
    """As migration 0014 has it."""

    employee_id: int
    erased_at: str
    erased_by: str
    reason: str


def known(url: str) -> list[Erasure]:
    """Those who were erased in the database at `url`, or, when there is nothing in it, in this deployment's own."""
    for one in (url, settings().owner_database_url):
        with suppress(OperationalError):
            if one and (found := _kept(one)) is not None:
                return found
    return []


def _kept(url: str) -> list[Erasure] | None:
    """None where the database has no such list, as before migration 0014."""
    engine = make_engine(url)
    try:
        with engine.connect() as conn:
            if conn.execute(text("SELECT to_regprocedure('public.erased_here()')")).scalar() is None:
                return None
            return msgspec.convert(conn.execute(text("SELECT public.erased_here()")).scalar_one(), list[Erasure])
    finally:
        engine.dispose()


def again(erased: list[Erasure]) -> str:
    """SQL that erases them, in the transaction of the restore and as the owner; nothing when there are none."""
    if not erased:
        return ""
    said = json.dumps(msgspec.to_builtins(erased)).replace("'", "''")
    return AGAIN.format(erased=f"'{said}'")


def left(erased: list[Erasure], url: str) -> tuple[int, ...]:
    """Those whom what was restored does not know as erased: it is older than that, or something forbade it."""
    if not erased:
        return ()
    there = {(one.employee_id, one.erased_at) for one in _kept(url) or ()}
    return tuple(one.employee_id for one in erased if (one.employee_id, one.erased_at) not in there)
