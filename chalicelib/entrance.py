"""How requests find their features: all are read at once on a laptop, and in a package each when it is first asked for.

A package has an index of the routes (written when it is made), so that a cold start reads the one feature that is asked
for and not the others. Without an index everything is as if it had one.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec
from chalice.app import Chalice, Response

from chalicelib.core.answers import Elsewhere, id_of, respond
from chalicelib.core.http import Routes

INDEX = "chalicelib/routes.json"
HOUSE = "chalicelib.routes"
PREFIX = "/api"
CONSOLE = "api/console"


class Entry(msgspec.Struct, frozen=True):
    """Where a route is declared: the module whose `routes` has it."""

    module: str
    method: str
    path: str
    name: str


def index() -> bytes:
    """The index of every route that there is."""
    entries = [
        Entry(feature.import_name, one.method, one.path, one.view.__name__)
        for feature in _features()
        for one in feature.declared
    ]
    return msgspec.json.format(msgspec.json.encode(entries), indent=1)


def enter(app: Chalice, *, indexed: Path | None = None) -> None:
    """Register every route with the app. Whoever asks for nothing gets the console."""
    app.route("/", methods=["GET"], name="home", content_types=["*/*"])(lambda: _home(app))
    file = indexed or Path(__file__).parents[1] / INDEX
    if not file.is_file():
        for feature in _features():
            app.register_blueprint(feature.blueprint, url_prefix=PREFIX)
        return
    for one in msgspec.json.decode(file.read_bytes(), type=list[Entry]):
        # As a feature registers its own (core/http): we check the Content-Type ourselves.
        app.route(PREFIX + one.path, methods=[one.method], name=one.name, content_types=["*/*"])(_later(app, one))


def _home(app: Chalice) -> Response:
    assert app.current_request is not None
    # Relative, since a REST API has its stage before every path.
    return respond(303, Elsewhere(CONSOLE, 0), id_of(app.current_request))


def _later(app: Chalice, one: Entry) -> Callable[..., Response]:
    def handle(**variables: str) -> Response:
        feature: Routes = import_module(one.module).routes
        assert app.current_request is not None
        return feature.answer(one.method, one.path, app.current_request, variables)

    return handle


def _features() -> Any:
    return import_module(HOUSE).ALL
