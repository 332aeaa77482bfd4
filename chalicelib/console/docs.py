"""The reader of the contract, over HTTP."""

from chalicelib.console.files import static
from chalicelib.core.answers import File
from chalicelib.core.http import NOBODY, Call, Routes

routes = Routes(__name__, tag="service")


@routes.get("/docs", files=("text/html; charset=utf-8",), roles=NOBODY)
def docs(call: Call) -> File:
    """A page that shows this contract and tries it out; everything it needs comes from here."""
    return static("docs.html")


@routes.get("/docs/{file}", files=("text/javascript", "text/css", "text/plain"), roles=NOBODY, errors=(404,))
def docs_file(call: Call, file: str) -> File:
    """What that page is made of."""
    return static(file)
