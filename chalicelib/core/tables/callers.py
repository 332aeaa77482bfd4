"""Who is signed in, whose tokens are taken, when callers were last seen, how often they ask, what sign-ins failed."""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, LargeBinary, func, text
from sqlalchemy.dialects.postgresql import JSONB

from chalicelib.core.tables.columns import created_at, identity, moment, table, words

sessions = table(
    "sessions",
    identity("session_id"),
    Column("user_id", BigInteger, ForeignKey("users.user_id"), nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    created_at(),
    moment("expires_at", nullable=False),
    moment("ended_at"),
    also=lambda: (Index("sessions_user_id_idx", "user_id", postgresql_where=text("ended_at IS NULL")),),
)

last_uses = table(
    "last_uses",
    # A caller by name: `key:3`, `session:12`.
    words("subject", primary_key=True),
    moment("at", nullable=False),
)

request_rates = table(
    "request_rates",
    words("subject", primary_key=True),
    moment("free_at", nullable=False),
)

sign_in_attempts = table(
    "sign_in_attempts",
    words("subject", primary_key=True),
    Column("failures", Integer, nullable=False),
    moment("locked_until", nullable=False),
    moment("last_at", nullable=False),
    also=lambda: (Index("sign_in_attempts_last_at_idx", "last_at"),),
)

token_issuers = table(
    "token_issuers",
    words("issuer", primary_key=True),
    words("client_id", nullable=False),
    # Where its hosted sign-in answers, if it has one.
    words("address"),
    Column("public_keys", JSONB, nullable=False),
    moment("delivered_at", nullable=False, server_default=func.now()),
)
