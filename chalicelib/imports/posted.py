"""Sheets that come in the body of a request: stored, run and answered at once."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import NAMESPACE_URL, uuid4, uuid5

import msgspec

from chalicelib.core import db
from chalicelib.core.auth import ADMIN, HR, PLANNER
from chalicelib.core.errors import Forbidden, Invalid, OpsdbError, TooLarge
from chalicelib.core.http import Call, Routes
from chalicelib.core.inputs import Input
from chalicelib.core.posted import Posted
from chalicelib.core.settings import settings
from chalicelib.core.storage import direct_key, s3
from chalicelib.imports import arrivals, beside, queries
from chalicelib.imports.readers import open_rows
from chalicelib.imports.run import limits, run
from chalicelib.imports.sheets import KINDS
from chalicelib.people import teams

MOST_ROWS = 5_000
INSTEAD = "ask POST /api/uploads for a form, and send the file to the bucket by that"

routes = Routes(__name__, tag="uploads")

BATCHES = {
    "/employees/batch": ("employees", HR),
    "/schedules/batch": ("schedules", PLANNER),
    "/attendances/batch": ("attendances", ADMIN | teams.LEADS),
    "/exceptions/batch": ("exceptions", PLANNER),
    "/forecasts/batch": ("forecast", PLANNER),
    "/requirements/batch": ("requirement", PLANNER),
    "/rewards/award/batch": ("rewards", HR),
}
"""Where each kind of sheet is posted, and by whom. A kind that is not understood has no route."""

ROLES = dict(BATCHES.values()) | {"roster": HR}
"""Who may bring sheets of a kind; of any other, admins."""


class BatchOptions(Input, frozen=True, kw_only=True):
    """What the sheet may do; the same options travel as metadata with an object."""

    dry_run: bool = False
    update_existing: bool = False
    all_or_nothing: bool = False
    add_options: bool = False
    override_local: bool = False
    replace_period: bool = False
    correct_past: bool = False
    confirm: bool = False

    def check(self, role: str) -> None:
        """Forbidden where only an admin may ask for that."""
        if self.add_options and role not in ADMIN:
            raise Forbidden("add_options: only an admin makes new dropdown values choosable")


class Ran(msgspec.Struct, frozen=True):
    """What became of a sheet; `errors` and `duplicates` are the first thousand of each."""

    message: str
    upload_id: int
    success_count: int
    error_count: int
    errors: list[str]
    duplicates: list[str]


def _declare(path: str, kind: str, roles: frozenset[str]) -> None:
    def view(call: Call) -> Ran:
        return _ran(call, kind)

    view.__name__ = "post_" + path.strip("/").replace("/", "_")
    view.__doc__ = f"A sheet of the kind {kind}, up to {MOST_ROWS} rows, written at once."
    other = beside.KIND if kind == beside.OF else None
    declare: Callable[[Callable[[Call], Ran]], Callable[[Call], Ran]] = routes.post(
        path, query=BatchOptions, answer=Ran, status=200, roles=roles, errors=(409,), instead=INSTEAD, beside=other
    )
    declare(view)


for _path, (_kind, _roles) in BATCHES.items():
    if _kind in KINDS:
        _declare(_path, _kind, _roles)


def _ran(call: Call, kind: str) -> Ran:
    call.query.check(call.caller.role)
    with TemporaryDirectory(prefix="opsdb-") as folder:
        path = Path(folder, "sheet")
        path.write_bytes(call.body.content)
        _refuse_long(path)
    upload_id = _stored(call, kind, call.body)
    run(upload_id)
    with db.reading() as conn:
        upload = queries.find_upload(conn, upload_id=upload_id)
        assert upload is not None
        errors = queries.sentences(conn, upload_id=upload_id, finding="error")
        duplicates = queries.sentences(conn, upload_id=upload_id, finding="duplicate")
    if upload.state == "failed" and not upload.error_count:
        raise Invalid(f"{upload.message} (upload {upload_id})")
    return Ran(upload.message or "", upload_id, upload.success_count, upload.error_count, errors, duplicates)


def _refuse_long(path: Path) -> None:
    """TooLarge past so many rows. What cannot be read at all is found by the run, which keeps why."""
    rows = 0
    try:
        with open_rows(path, limits()) as sheet:
            for rows, _ in enumerate(sheet, start=1):
                # One of them is the header.
                if rows > MOST_ROWS + 1:
                    raise _TooLong(f"file: has more than {MOST_ROWS} rows; {INSTEAD}")
    except _TooLong:
        raise
    except OpsdbError:
        return


class _TooLong(TooLarge):
    """More rows than are written while somebody waits."""


def _stored(call: Call, kind: str, file: Posted) -> int:
    """The upload of the file. What is sent again under a key finds the one that the first made, however that ended."""
    bucket = settings().require("uploads_bucket")
    repeat = call.repeat
    identity = uuid4()
    if repeat is not None:
        # Runs commit on their own, so the claim of the key may be lost where they are not.
        identity = uuid5(NAMESPACE_URL, f"{repeat.caller}\n{repeat.key}\n{repeat.fingerprint.hex()}")
    key = direct_key(kind, f"{identity}/{file.filename}")
    if repeat is not None:
        with db.reading() as conn:
            known = queries.find_by_key(conn, bucket=bucket, key=key)
        if known is not None:
            return known
    options = msgspec.structs.asdict(call.query)
    metadata = {name.replace("_", "-"): str(value).lower() for name, value in options.items()}
    if file.beside is not None:
        kept = arrivals.keep_beside(
            file.beside.content,
            filename=file.beside.filename,
            identity=identity,
            uploaded_by=call.caller.name,
            role=call.caller.role,
        )
        metadata[beside.METADATA] = str(kept)
    stored = s3().put_object(Bucket=bucket, Key=key, Body=file.content, Metadata=metadata)
    upload_id = arrivals.register(
        bucket=bucket,
        key=key,
        version_id=stored.get("VersionId", ""),
        uploaded_by=call.caller.name,
        kind=kind,
        role=call.caller.role,
        brought_by=call.caller.employee_id,
    )
    assert upload_id is not None
    return upload_id
