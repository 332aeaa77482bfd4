"""The way back from an upload, a request, or somebody's last hour (domain.md, rule 10)."""

from datetime import date

import msgspec
from sqlalchemy import Connection

from chalicelib.attendance.following import follow
from chalicelib.audit import undo_queries as queries
from chalicelib.audit.undo_queries import Kept, Undone, Work
from chalicelib.core.errors import Conflict, NotFound
from chalicelib.core.tables import metadata

SHOWN = 1000
"""Rows that are kept are listed up to so many."""

DONE = {"done", "done_with_errors"}

NEVER = {
    "api_keys": "keys are revoked, not undone",
    "attendances_history": "is in the archive",
    "calendar_feeds": "an address that was given away stays given away: revoke it",
    "db_users": "database users are dropped, not undone",
    "employee_reward_redemptions": "redemptions have a way of their own: reject or reverse it",
    "erasures": "what was erased does not come back",
    "periods": "a closed month stays closed",
    "schedules_history": "is in the archive",
    "sessions": "whoever was signed out signs in again",
    "users": "users are changed, not undone",
}
"""Tables that nothing is put back into, and why."""

LEDGER = "employee_rewards"

MOVED_IN = "opsdb.db"
"""The kind of upload that fills a whole database, where many tables know nothing of uploads."""


class Undoing(msgspec.Struct, frozen=True):
    """What was, or in a dry run would be, put back by table, and the first rows that stay as they are."""

    dry_run: bool
    tables: list[Undone]
    kept: list[Kept]


def undo(conn: Connection, *, work: Work, dry_run: bool, by: str, today: date) -> Undoing:
    """Put back every row that the work touched and nobody has since; the others stay and are listed.

    One transaction, which the caller ends; audited like any other, so that it can itself be undone. NotFound where
    nothing is on record, Conflict for an upload that is not done. Awards are taken back by negative entries.
    """
    queries.hold(conn)
    if work.upload_id is not None:
        _check_upload(conn, work.upload_id)
    names = queries.gather(conn, work=work)
    if not names:
        raise NotFound("nothing is on record of that")
    tables = [metadata.tables[name] for name in names if name not in {*NEVER, LEDGER}]
    queries.judge(conn, tables=tables, never=NEVER)
    found = Undoing(dry_run, queries.counts(conn), queries.kept(conn, most=SHOWN))
    if not dry_run:
        for table in tables:
            queries.put_back(conn, table=table)
        queries.reverse_awards(conn, by=by, today=today)
        if plan := queries.span(conn):
            follow(conn, employee_ids=plan.employee_ids, first=plan.first, last=plan.last)
        if work.upload_id is not None:
            queries.mark_undone(conn, upload_id=work.upload_id)
    return found


def _check_upload(conn: Connection, upload_id: int) -> None:
    state = queries.find_state(conn, upload_id=upload_id)
    if state is None:
        raise NotFound(f"upload_id: {upload_id} is no upload")
    if state not in DONE:
        raise Conflict(f"upload_id: {upload_id} is {state}; only what is done can be undone")
    if queries.find_kind(conn, upload_id=upload_id) == MOVED_IN:
        raise Conflict(f"upload_id: {upload_id} moved an earlier opsdb in; the way back is the backup from before it")
