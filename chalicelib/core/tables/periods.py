"""Months that are closed, and what was corrected in them since, which triggers write."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Date, ForeignKey, Index, func
from sqlalchemy.dialects.postgresql import JSONB

from chalicelib.core.tables.columns import identity, moment, table, words

periods = table(
    "periods",
    Column("month", Date, primary_key=True),
    words("closed_by", nullable=False),
    moment("closed_at", nullable=False, server_default=func.now()),
    also=lambda: (CheckConstraint("EXTRACT(day FROM month) = 1", name="month"),),
)

adjustments = table(
    "adjustments",
    identity("adjustment_id"),
    Column("month", Date, ForeignKey("periods.month"), nullable=False),
    words("table_name", nullable=False),
    words("row_id", nullable=False),
    Column("employee_id", BigInteger, nullable=False),
    Column("date", Date, nullable=False),
    words("action", nullable=False),
    Column("before", JSONB),
    Column("after", JSONB),
    words("actor", nullable=False),
    words("request_id"),
    Column("upload_id", BigInteger),
    moment("made_at", nullable=False, server_default=func.now()),
    also=lambda: (Index("adjustments_month_idx", "month", "adjustment_id"),),
)
