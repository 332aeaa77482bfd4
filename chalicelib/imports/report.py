"""What became of an upload: in a sentence, and beside its file for tools that only see the bucket."""

import tempfile
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import asdict
from sqlalchemy import Connection

from chalicelib.core.exports import CONTENT_TYPES
from chalicelib.core.storage import corrected_key, newest_corrected_key, result_key, s3
from chalicelib.imports import corrected, outcome_queries, queries
from chalicelib.imports.queries import Claimed
from chalicelib.imports.readers import Limits
from chalicelib.imports.sheets.sheet import LISTED, Counts, Job, Kind

NAMED = 10
"""So many new dropdown values are in the sentence."""

SENTENCES = ("error", "duplicate", "warning")


def outcome(conn: Connection, job: Job, counts: Counts, failed: int, *, refused: bool) -> dict[str, Any]:
    """State, counts and a sentence that a person understands."""
    rows = asdict(counts)
    rows["warning"] = rows.pop("warned")
    written = {f"{name}_count": count for name, count in rows.items()} | {"error_count": failed}
    if refused:
        state, lead = "failed", "Nothing was written, since rows failed and all-or-nothing was asked for"
        written["success_count"] = 0
    else:
        state = "done_with_errors" if failed else "done"
        lead = f"{_rows(counts.success, 'would be' if job.options.dry_run else '')} written"
    others = [
        (counts.unchanged, "stood so already"),
        (counts.duplicate, "was a duplicate" if counts.duplicate == 1 else "were duplicates"),
        (counts.kept, "was kept as it is here" if counts.kept == 1 else "were kept as they are here"),
        (counts.disappeared, f"planned {'day is' if counts.disappeared == 1 else 'days are'} not in the sheet"),
        (failed, "failed"),
        (counts.warned, _warnings(counts.warned)),
    ]
    said = ", ".join([lead, *(f"{count:,} {what}" for count, what in others if count)]) + "."
    return {"state": state, "message": _options(conn, job) + said, **written}


def _rows(count: int, would: str) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'} {would or ('was' if count == 1 else 'were')}"


def _warnings(count: int) -> str:
    listed = f", of which the first {LISTED:,} are listed" if count > LISTED else ""
    return f"{'warning' if count == 1 else 'warnings'}{listed}"


def _options(conn: Connection, job: Job) -> str:
    """What is to be decided first, where there is such: dropdown values that nobody can choose yet."""
    values_by_column, more = outcome_queries.options_told(conn, upload_id=job.upload_id, most=NAMED)
    if not values_by_column:
        return ""
    named = "; ".join(f"{column}: {', '.join(values)}" for column, values in values_by_column.items())
    return f"New dropdown values are {named}{f', and {more:,} more' if more else ''}. "


def put_corrected(conn: Connection, upload: Claimed, kind: Kind, path: Path, limits: Limits) -> None:
    """The rows that failed, beside the file."""
    with conn.begin():
        reasons = queries.failed_reasons(conn, upload_id=upload.upload_id, most=corrected.MOST_ROWS)
    with tempfile.TemporaryFile(prefix="opsdb-") as book, tempfile.TemporaryFile(prefix="opsdb-") as table:
        corrected.write(book, table, path, limits, columns=kind.columns, reasons=reasons, upload_id=upload.upload_id)
        keys = {
            corrected_key(upload.key, upload.upload_id): (book, "xlsx"),
            newest_corrected_key(upload.key): (book, "xlsx"),
            corrected_key(upload.key, upload.upload_id, "csv"): (table, "csv"),
        }
        for key, (file, type_) in keys.items():
            file.seek(0)
            s3().put_object(Bucket=upload.bucket, Key=key, Body=file, ContentType=CONTENT_TYPES[type_])


def put_result(conn: Connection, upload: Claimed) -> None:
    """The answer: the upload as the API has it, and the first findings as sentences. It comes last of all."""
    with conn.begin():
        result = queries.find_upload(conn, upload_id=upload.upload_id)
        told = {
            f"{finding}s": queries.sentences(conn, upload_id=upload.upload_id, finding=finding) for finding in SENTENCES
        }
    s3().put_object(
        Bucket=upload.bucket,
        Key=result_key(upload.key),
        Body=msgspec.json.encode({**msgspec.to_builtins(result), **told}),
        ContentType="application/json",
    )
    with conn.begin():
        outcome_queries.reported(conn, upload_id=upload.upload_id)
