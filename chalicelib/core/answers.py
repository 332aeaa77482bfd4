"""What callers get back: JSON, files, the address of a file, and refusals."""

import unicodedata
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import msgspec
from chalice.app import Request, Response

from chalicelib.core.errors import NotFound, OpsdbError, TooMany

JSON = "application/json"

SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Strict-Transport-Security": "max-age=31536000",
}
"""What every answer tells browsers, so that none is run, framed or read by another site's page; pages say more."""


class Problem(msgspec.Struct, frozen=True):
    """Every error answer."""

    error: str
    errors: list[str]
    request_id: str


class File(msgspec.Struct, frozen=True):
    """An answer that is no JSON. With a `name` it is saved under that name, without one it is shown."""

    content: bytes
    content_type: str
    name: str | None = None
    headers: dict[str, str] = {}


class Elsewhere(msgspec.Struct, frozen=True):
    """The answer is a file too large to be sent through the API: fetch it from `location` before that expires."""

    location: str
    seconds: int


class Headed(msgspec.Struct, frozen=True):
    """An answer in JSON with headers of its own. What is kept of it, to be said again, is without them."""

    answer: Any
    headers: dict[str, str]


class Answer(Response):
    """A response whose body is text, or bytes, which travel in base64; Chalice would go by the type of the content."""

    def to_dict(self, binary_types: list[str] | None = None) -> dict[str, Any]:
        made: dict[str, Any] = super().to_dict()
        if isinstance(self.body, bytes):
            made.update(body=b64encode(self.body).decode(), isBase64Encoded=True)
        return made


def respond(status: int, answer: Any, this: str) -> Answer:
    """`answer` to the request `this`; anything that is neither a File nor Elsewhere is JSON, msgspec.Raw as it is."""
    headers: dict[str, str | list[str]] = {"Content-Type": JSON, "X-Request-Id": this, "Cache-Control": "no-store"}
    headers |= SAFE
    if isinstance(answer, File):
        headers |= {"Content-Type": answer.content_type, **answer.headers}
        if answer.name is not None:
            headers["Content-Disposition"] = saved_as(answer.name)
        return Answer(answer.content, headers, status)
    if isinstance(answer, Headed):
        headers |= answer.headers
    if isinstance(answer, Elsewhere):
        status, headers["Location"] = 303, answer.location
    return Answer(encoded(answer), headers, status)


def encoded(answer: Any) -> str:
    """An answer as the text of its JSON."""
    return msgspec.json.encode(answer.answer if isinstance(answer, Headed) else answer).decode()


def refuse(error: OpsdbError, this: str) -> Answer:
    """The error as api.md shapes it."""
    # What somebody sent may be no text at all (half a character), and is quoted as far as it is.
    problems = [one.encode(errors="replace").decode() for one in error.problems]
    answer = respond(error.status, Problem(error.summary, problems, this), this)
    if error.status == 503:
        answer.headers["Retry-After"] = "5"
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(error.seconds)
    return answer


def errors_in_our_words(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Middleware: what Chalice refuses by itself (a method, a path) reads like every other refusal."""
    answer = get_response(request)
    if isinstance(answer.body, dict) and "Code" in answer.body:
        allowed = {name: value for name, value in answer.headers.items() if name.lower() == "allow"}
        if answer.status_code == 405 and not any(allowed.values()):
            # A path that has no route at all is, to Chalice, one without methods.
            return refuse(NotFound(), id_of(request))
        problem = OpsdbError(summary=answer.body.get("Message", "Refused"))
        problem.status = answer.status_code
        ours = refuse(problem, id_of(request))
        ours.headers.update(allowed)
        return ours
    return answer


def id_of(request: Request) -> str:
    """What the gateway calls this request, else a name of our own."""
    return (request.context or {}).get("requestId") or str(uuid4())


def saved_as(name: str) -> str:
    """The Content-Disposition that saves an answer as `name`: in full (RFC 5987), and in ASCII for whoever is older."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    safe = "".join(letter if letter.isprintable() and letter not in '"\\/%' else "_" for letter in plain)
    return f"attachment; filename=\"{safe}\"; filename*=UTF-8''{quote(name, safe='')}"
