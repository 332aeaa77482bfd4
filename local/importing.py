"""`opsdb import`: a sheet from the disk, what became of it in words, and its failed rows beside it."""

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec
from sqlalchemy import Connection

from chalicelib.core import db
from chalicelib.core.settings import settings
from chalicelib.core.storage import corrected_key, s3
from chalicelib.imports import arrivals, outcome_queries, queries
from chalicelib.imports.corrected import MOST_ROWS
from chalicelib.imports.outcome_queries import OutcomeFilters, RowOutcome
from chalicelib.imports.queries import FindingFilters, Found, RowFinding, Upload
from chalicelib.imports.sheets import KINDS
from local import terminal
from local.options import as_json, on_floor, sheet_options
from local.terminal import FAILED, ROW_ERRORS

SHOWN = 20
"""So many findings of each sort are listed; the API has them all."""

SORTS: dict[Found, str] = {
    "option": "New dropdown values",
    "error": "Errors",
    "warning": "Warnings",
    "kept": "Kept as they are here",
    "duplicate": "Duplicates",
    "disappeared": "Planned, but not in the sheet",
}


@click.command("import")
@on_floor
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--kind", type=click.Choice(list(KINDS)), required=True, help="What the sheet holds.")
@click.option(
    "--employees",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Employee file by which the logins of a schedule file are matched.",
)
@sheet_options
@as_json
def import_sheet(file: Path, kind: str, employees: Path | None, as_json: bool, **options: bool) -> None:
    """Import a sheet, .xlsx or .csv.

    Good rows go in, bad rows come back. The file is stored in the uploads bucket and runs here, by the same
    code as an upload through the API. What there is to tell is listed, and rows that failed are written beside the
    file as FILE.errors.csv: in the sheet's layout with the reasons, to be corrected and imported. A dry run writes
    nothing and says what would change.

    \b
    Examples:
      opsdb import people.xlsx --kind employees --add-options --dry-run
      opsdb import october.xlsx --kind schedules
      opsdb import october.xlsx --kind schedules --employees people.xlsx
    """
    with terminal.meter(as_json) as meter:
        upload = arrivals.import_file(
            file,
            kind=kind,
            options=options,
            uploaded_by="command:import",
            progress=lambda rows, share: meter(file.name, round(share * 1000), 1000),
            employees=employees,
        )
    report = _fetch_failed(file, upload) if upload.error_count else None
    facts = {**msgspec.to_builtins(upload), "errors_file": str(report) if report else None}
    terminal.answer(as_json, facts, *_summary(file, upload, report))
    if upload.state == "failed":
        click.get_current_context().exit(FAILED)
    if upload.error_count:
        click.get_current_context().exit(ROW_ERRORS)


def _fetch_failed(file: Path, upload: Upload) -> Path:
    """The rows that failed, as a file beside the sheet."""
    report = file.with_name(f"{file.name}.errors.csv")
    key = corrected_key(upload.key, upload.upload_id, "csv")
    s3().download_file(settings().require("uploads_bucket"), key, str(report))
    return report


def _summary(file: Path, upload: Upload, report: Path | None) -> Iterator[str]:
    dry = " (dry run)" if upload.dry_run else ""
    yield f"{file.name}: {upload.state.replace('_', ' ')}{dry}. {upload.message or ''}"
    yield f"Upload {upload.upload_id}: {upload.rows_read:,} rows read"
    with db.reading() as conn:
        for sort, title in SORTS.items():
            yield from _listed(conn, upload, sort, title)
        if upload.dry_run:
            yield from _changes(conn, upload)
    if report:
        which = "The rows that failed" if upload.error_count <= MOST_ROWS else f"The first {MOST_ROWS:,} failed rows"
        yield f"{which} are in {report}, with the reason beside each: correct them and import that file."


def _listed(conn: Connection, upload: Upload, sort: Found, title: str) -> Iterator[str]:
    asked = FindingFilters(finding=[sort], limit=SHOWN)
    found = queries.list_findings(conn, upload_id=upload.upload_id, query=asked)
    if found.total:
        yield f"{title}:"
        yield from (f"  {_finding(one)}" for one in found.data)
        yield from _more(upload, found.total, "errors", f"finding={sort}")


def _finding(found: RowFinding) -> str:
    place = [f"Row {found.row_number}"] if found.row_number else []
    named = ", ".join([*place, *([found.column_name] if found.column_name else [])])
    value = f" {found.value!r}" if found.value else ""
    return f"{named or 'Sheet'}{value}: {found.reason}"


def _changes(conn: Connection, upload: Upload) -> Iterator[str]:
    """What would be otherwise than it stands; what is new is in the sheet to be read."""
    asked = OutcomeFilters(outcome=["changed", "removed"], limit=SHOWN)
    found = outcome_queries.list_outcomes(conn, upload_id=upload.upload_id, query=asked)
    if found.total:
        yield "Would change:"
        yield from (f"  {_outcome(one)}" for one in found.data)
        yield from _more(upload, found.total, "rows", "outcome=changed&outcome=removed")


def _outcome(row: RowOutcome) -> str:
    place = f"Row {row.row_number}, {row.key}" if row.row_number else f"{row.key}, which goes"
    return f"{place}: " + ", ".join(f"{one.field} {one.old or '-'} -> {one.new or '-'}" for one in row.changes)


def _more(upload: Upload, total: int, what: str, asked: str) -> Iterator[str]:
    if total > SHOWN:
        yield f"  and {total - SHOWN:,} more: GET /api/uploads/{upload.upload_id}/{what}?{asked}"
