"""Files: sheets that came in, dumps that went out."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from chalicelib.core.tables.columns import created_at, identity, moment, one_of, person, table, words

UPLOAD_STATES = ("waiting", "running", "done", "done_with_errors", "failed", "cancelled", "undone")
FINDINGS = ("error", "duplicate", "kept", "disappeared", "warning", "option")
OUTCOMES = ("new", "changed", "removed", "unchanged", "duplicate", "kept", "disappeared", "failed")
TIERS = ("daily", "weekly", "monthly", "manual", "safety")


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, server_default=text("0"))


uploads = table(
    "uploads",
    identity("upload_id"),
    words("kind", nullable=False),
    words("filename", nullable=False),
    words("bucket", nullable=False),
    words("key", nullable=False),
    words("version_id", nullable=False, server_default=""),
    Column("size", BigInteger),
    words("sha256"),
    moment("object_modified"),
    words("state", nullable=False, server_default="waiting"),
    Column("options", JSONB, nullable=False, server_default=text("'{}'::jsonb")),
    Column("dry_run", Boolean, nullable=False, server_default=text("false")),
    _count("rows_read"),
    # The number of the last row whose chunk is staged: where a run that was cut off goes on.
    _count("last_row"),
    Column("rows_total", Integer),
    _count("success_count"),
    _count("error_count"),
    _count("duplicate_count"),
    _count("unchanged_count"),
    _count("kept_count"),
    _count("disappeared_count"),
    words("message"),
    words("uploaded_by", nullable=False),
    _count("attempts"),
    created_at(),
    moment("started_at"),
    moment("finished_at"),
    # Of the caller who asked for it; NULL where somebody put the object there, which only an admin may.
    words("role"),
    # Of an employee file, by which the logins of a schedule file are matched.
    Column("employees_upload_id", BigInteger, ForeignKey("uploads.upload_id")),
    _count("warning_count"),
    # The person of the floor who brought it, of whom it may say nothing that people may not decide about themselves.
    person("brought_by", nullable=True),
    # When its answer lay beside it in the bucket: what ended without one is completed by the sweep.
    moment("reported_at"),
    also=lambda: (
        UniqueConstraint("bucket", "key", "version_id"),
        CheckConstraint(one_of("state", *UPLOAD_STATES), name="state"),
        Index("uploads_state_idx", "state", "created_at", postgresql_where=text("state IN ('waiting', 'running')")),
    ),
)

# Staged rows live from their chunk to the end of the run, which removes them. A foreign key would be checked once per
# row, and nothing ever deletes an upload.
upload_rows = table(
    "upload_rows",
    Column("upload_id", BigInteger, primary_key=True, autoincrement=False),
    Column("row_number", Integer, primary_key=True, autoincrement=False),
    Column("cells", ARRAY(Text), nullable=False),
)

upload_errors = table(
    "upload_errors",
    identity("error_id"),
    Column("upload_id", BigInteger, ForeignKey("uploads.upload_id", ondelete="CASCADE"), nullable=False),
    words("finding", nullable=False, server_default="error"),
    Column("row_number", Integer),
    words("column_name"),
    words("value"),
    words("reason", nullable=False),
    Column("cells", ARRAY(Text)),
    # The dropdown whose value the finding is about.
    words("category"),
    also=lambda: (
        CheckConstraint(one_of("finding", *FINDINGS), name="finding"),
        Index("upload_errors_upload_id_idx", "upload_id", "row_number"),
    ),
)

# What became of each row, or would have; for some weeks. Without a foreign key like the staged rows.
upload_outcomes = table(
    "upload_outcomes",
    Column("upload_id", BigInteger, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("row_number", Integer),
    words("outcome", nullable=False),
    words("key"),
    Column("changes", JSONB),
    words("reason"),
    also=lambda: (CheckConstraint(one_of("outcome", *OUTCOMES), name="outcome"),),
)

# Which of its like each award of a sheet was: rows that are corrected later are numbered by their sheet.
upload_awards = table(
    "upload_awards",
    Column("upload_id", BigInteger, primary_key=True, autoincrement=False),
    Column("row_number", Integer, primary_key=True, autoincrement=False),
    Column("employee_id", BigInteger, primary_key=True, autoincrement=False),
    Column("reason_id", BigInteger, primary_key=True, autoincrement=False),
    Column("date_awarded", Date, primary_key=True),
    Column("place", Integer, nullable=False),
)

backups = table(
    "backups",
    Column("backup_id", Text, primary_key=True),
    words("tier", nullable=False),
    words("state", nullable=False, server_default="running"),
    moment("started_at", nullable=False),
    moment("finished_at"),
    Column("size", BigInteger),
    words("sha256"),
    words("version_id"),
    words("server_version"),
    words("client_version"),
    words("schema_revision"),
    Column("tables", JSONB),
    moment("verified_at"),
    Column("drill", JSONB),
    Column("pinned", Boolean, nullable=False, server_default=text("false")),
    words("message"),
    also=lambda: (
        CheckConstraint(one_of("tier", *TIERS), name="tier"),
        CheckConstraint(one_of("state", "running", "good", "failed", "expired"), name="state"),
    ),
)
