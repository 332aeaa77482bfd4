"""Is the service alive, is it ready, and what is its contract."""

from typing import Any

import msgspec

from chalicelib.admin import queries
from chalicelib.core import db
from chalicelib.core.constraints import translated
from chalicelib.core.errors import Unavailable
from chalicelib.core.http import NOBODY, Call, Routes
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
    import chalicelib

    return Health("ok", chalicelib.__version__)


@routes.get("/health/ready", answer=Ready, roles=NOBODY, errors=(503,))
def ready(call: Call) -> Ready:
    """Database, schema revision and bucket are as this release needs them."""
    with translated(), db.reading() as conn:
        found = queries.revision(conn)
    if found is None or found < head():
        raise Unavailable(f"database: at revision {found}, this release needs {head()}: run the migration")
    try:
        s3().head_bucket(Bucket=settings().require("uploads_bucket"))
    except Exception as error:
        raise Unavailable("uploads_bucket: cannot be reached") from error
    return Ready("ok", "ok", found, "ok")


@routes.get("/openapi.json", answer=dict[str, Any], roles=NOBODY)
def openapi(call: Call) -> dict[str, Any]:
    """This contract."""
    from chalicelib.core.openapi import document
    from chalicelib.routes import ALL

    return document(route for feature in ALL for route in feature.declared)
