"""What the audit log tells beside changes: who signed in, failed to, signed out, was refused, or
took somebody's data out."""

from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, text

Event = Literal["sign_in", "sign_in_failed", "sign_out", "refused", "exported"]


def note(conn: Connection, event: Event, **told: Any) -> None:
    """Put it on record, under the transaction's actor and request; nothing of it may be a secret."""
    conn.execute(
        text("SELECT audit_event(:event, CAST(:told AS jsonb))"),
        {"event": event, "told": msgspec.json.encode(told).decode()},
    )
