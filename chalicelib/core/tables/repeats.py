"""What was answered to requests that may be sent again."""

from sqlalchemy import Column, Index, Integer, LargeBinary

from chalicelib.core.tables.columns import created_at, table, words

request_keys = table(
    "request_keys",
    words("caller", primary_key=True),
    words("key", primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("status", Integer),
    # Null where the answer held a secret, which is said once.
    words("answer"),
    created_at(),
    also=lambda: (Index("request_keys_created_at_idx", "created_at"),),
)
