"""What the two gateways do differently on the way: compression, bytes, percent signs."""

import re
import zlib
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from chalice.app import CaseInsensitiveMapping, Request, Response

from chalicelib.core.answers import Answer

ANYTHING = "*/*"
BINARY_TYPES = [ANYTHING]
"""A REST API turns base64 into bytes only where the first type that a request accepts is named here, and a browser's
first is text/html. With anything named it goes by what the answer says of itself, as an HTTP API always does."""

COMPRESSES = re.compile(r"text/|application/(.+\+)?(json|xml|javascript)\b|image/svg\+xml")
"""Content that gets smaller; workbooks, pictures and fonts are compressed already."""

WORTH_IT = 1024
"""Bytes from which answers are compressed. One row of a list (560 bytes) would save 130 of them once it is in base64,
and everything below this fits into one packet anyway; two rows are halved, a page of 100 (52 kB) becomes 3 kB."""

LEVEL = 6
"""A page of 1000 schedules, 523 kB: level 1 makes 38 kB in 2 ms, 6 makes 24 in 4.4 and 9 makes 22 in 13."""

_GZIP = zlib.MAX_WBITS | 16
_WEIGHT = re.compile(r"q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")


def for_the_gateway(request: Request, get_response: Callable[[Request], Response]) -> Response:
    """Middleware, the outermost: the answer as the gateway that asks must have it."""
    if "accept" not in request.headers:
        # To say nothing is to accept everything (RFC 9110, 12.5.1); Chalice would refuse to answer bytes.
        request.headers = CaseInsensitiveMapping({**request.headers, "accept": ANYTHING})
    answer = get_response(request)
    if not _is_rest(request.to_original_event()):
        _compress(answer, request.headers.get("accept-encoding", ""))
    return answer


def variables(request: Request, given: Mapping[str, str]) -> dict[str, str]:
    """The variables of the path as the caller means them: only an HTTP API has decoded them. A `+` is a `+`."""
    if _is_http(request.to_original_event()):
        return dict(given)
    return {name: unquote(text) for name, text in given.items()}


def _is_http(event: Mapping[str, Any]) -> bool:
    return "version" in event


def _is_rest(event: Mapping[str, Any]) -> bool:
    """Whether a REST API asks, which compresses by itself (`minimum_compression_size`); `chalice local` has no id."""
    return not _is_http(event) and "apiId" in event["requestContext"]


def _compress(answer: Response, accepted: str) -> None:
    if answer.status_code in {204, 303} or not isinstance(answer, Answer):
        return
    if not COMPRESSES.match(str(answer.headers["Content-Type"])):
        return
    answer.headers["Vary"] = "Accept-Encoding"
    plain = answer.body if isinstance(answer.body, bytes) else answer.body.encode()
    if wants_gzip(accepted, size=len(plain)):
        answer.body = zlib.compress(plain, LEVEL, _GZIP)
        answer.headers["Content-Encoding"] = "gzip"


def wants_gzip(accepted: str, *, size: int) -> bool:
    """Whether a body of `size` bytes is compressed for a request with that Accept-Encoding (RFC 9110, 12.5.3)."""
    weights = _weights(accepted)
    plain, others = weights.get("identity"), weights.get("*")
    gzip = weights.get("gzip", others or 0)
    if gzip == 0:
        return False
    if (others if plain is None else plain) == 0:
        return True
    return size >= WORTH_IT and gzip >= (plain or 0)


def _weights(accepted: str) -> dict[str, float]:
    """How much each coding is wanted, from 0 to 1; a weight that cannot be read is 0."""
    weights = {}
    for part in accepted.lower().split(","):
        coding, *parameters = (one.strip() for one in part.split(";"))
        found = _WEIGHT.fullmatch(parameters[0]) if parameters else None
        weights[coding] = float(found[1]) if found else float(not parameters)
    return weights
