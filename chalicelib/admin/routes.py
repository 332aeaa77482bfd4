"""Is the service alive, and is it ready."""

import msgspec

from chalicelib import __version__
from chalicelib.admin import queries
from chalicelib.core import db
from chalicelib.core.errors import Unavailable
from chalicelib.core.http import NOBODY, Call, Routes, insisting
from chalicelib.core.settings import settings
from chalicelib.core.storage import s3
from chalicelib.migrations.steps import head

routes = Routes(__name__, tag="service")


class Health(msgspec.Struct, frozen=True):
    status: str
    version: str


class Ready(msgspec.Struct, frozen=True):
    status: str
    database: str
    revision: str
    uploads_bucket: str


@routes.get("/health", answer=Health, roles=NOBODY)
def health(call: Call) -> Health:
    """The function runs."""
    return Health("ok", __version__)


@routes.get("/health/ready", answer=Ready, roles=NOBODY, errors=(503,))
def ready(call: Call) -> Ready:
    """Database, schema revision and bucket are as this release needs them."""
    found = insisting(_revision)
    if found is None or found < head():
        raise Unavailable(f"database: at revision {found}, this release needs {head()}: run the migration")
    try:
        s3().head_bucket(Bucket=settings().require("uploads_bucket"))
    except Exception as error:
        raise Unavailable("uploads_bucket: cannot be reached") from error
    return Ready("ok", "ok", found, "ok")


def _revision() -> str | None:
    with db.reading() as conn:
        return queries.revision(conn)
