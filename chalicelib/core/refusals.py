"""What each refusal means for a route, and an example of it, as the contract tells."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from chalicelib.core import errors, posted
from chalicelib.core.answers import Problem
from chalicelib.core.auth import EVERYBODY
from chalicelib.core.errors import Invalid, OpsdbError
from chalicelib.core.examples import vocabulary
from chalicelib.core.exports import MOST_SECONDS, MOST_XLSX_ROWS
from chalicelib.core.http import MAX_BODY_BYTES, NOBODY, Declared
from chalicelib.core.inputs import read_body, read_query
from chalicelib.core.repeats import HEADER

LATER = frozenset({429, 503})
"""Those that say with Retry-After when to try again."""

_SUMMARIES = {
    one.status: one.summary
    for one in reversed(vars(errors).values())
    if isinstance(one, type) and issubclass(one, OpsdbError)
}


def statuses(route: Declared) -> list[int]:
    """The refusals this route can answer with."""
    found = {400, 500, *route.errors}
    if route.roles is not NOBODY:
        found |= {401, 403, 429, 503}
    if route.repeatable:
        found.add(409)
    if route.variables:
        found.add(404)
    if route.listed:
        found.add(413)
    if route.body is not None or route.instead is not None:
        found |= {413, 415}
    return sorted(found)


def meaning(route: Declared, status: int) -> str:
    """When this route answers so."""
    own = vocabulary().refused.get(f"{route.view.__name__}.{status}")
    said = _MEANINGS[status](route) if status in _MEANINGS else HTTPStatus(status).phrase
    if status == 409 and own is None and route.repeatable and 409 not in route.errors:
        return f"{_KEY_TAKEN}."
    return ". ".join(part for part in (own, said) if part) + "."


def problem(route: Declared, status: int, request_id: str) -> Problem:
    """An example of the answer."""
    summary = _SUMMARIES.get(status, HTTPStatus(status).phrase)
    return Problem(summary, _PROBLEMS[status](route) if status in _PROBLEMS else [], request_id)


_KEY_TAKEN = f"The {HEADER} is that of another request, or of one whose answer was a secret"


def _invalid(route: Declared) -> str:
    said = ["A query parameter is unknown or unreadable"]
    if route.body is not None:
        said.append("a field of the body is missing, unknown or unreadable, or breaks a rule")
    if route.instead is not None:
        said.append("the form is no form with one file, or the sheet cannot be read")
    if route.repeatable:
        said.append(f"{HEADER} is malformed")
    return f"{', or '.join(said)}: `errors` names every problem"


def _forbidden(route: Declared) -> str:
    if route.roles == EVERYBODY:
        return "The caller's role may not see this"
    said = f"The caller is none of {', '.join(sorted(route.roles))}"
    leads = route.roles & {"supervisor", "duty_lead"} and route.method != "GET"
    return said + ("; or a supervisor or duty lead, and these are not their people" if leads else "")


def _missing(route: Declared) -> str:
    where = f" by this {' and '.join(route.variables)}" if route.variables else ""
    body = "; or something that the body names does not exist" if route.body is not None and 404 in route.errors else ""
    return f"There is nothing{where}{body}" if where else "Something that the request names does not exist"


def _conflict(route: Declared) -> str:
    own = f"{route.view.__name__}.409" in vocabulary().refused
    said = "" if own else "It contradicts what stands: a duplicate, an overlap, a wrong state"
    return ". ".join(part for part in (said, _KEY_TAKEN if route.repeatable else "") if part)


def _too_large(route: Declared) -> str:
    if route.instead is not None:
        return f"The file has more than {posted.LARGEST} bytes: {route.instead}"
    if route.listed:
        return (
            f"As xlsx it would have more than {MOST_XLSX_ROWS} rows, or writing it would take over {MOST_SECONDS:.0f} s"
        )
    return f"The body has more than {MAX_BODY_BYTES} bytes, or names a file that is too large"


def _wrong_type(route: Declared) -> str:
    return f"The body is no {posted.FORM}" if route.instead is not None else "The body is no application/json"


_MEANINGS: dict[int, Callable[[Declared], str]] = {
    400: _invalid,
    401: lambda route: "" if route.roles is NOBODY else "No key or session, or one that is unknown, expired or revoked",
    403: _forbidden,
    404: _missing,
    409: _conflict,
    413: _too_large,
    415: _wrong_type,
    429: lambda _: "Too many requests: Retry-After says when to go on",
    500: lambda _: "A bug: the request id finds it in the log",
    503: lambda _: "What opsdb stands on does not answer now: Retry-After says when to try again",
}


def _first_problems(route: Declared) -> list[str]:
    """What this route's own checks say to an empty body, or to a parameter that nobody has."""
    try:
        read_query(route.query, {} if route.body else {"colour": ["red"]})
        if route.body is not None:
            read_body(route.body, b"{}")
            read_body(route.body, b'{"colour": "red"}')
    except Invalid as error:
        return list(error.problems)
    return []


def _forbidden_problem(route: Declared) -> list[str]:
    other: Any = min(EVERYBODY - route.roles, default=None)
    return [f"this needs one of the roles {', '.join(sorted(route.roles))}; yours is {other}"] if other else []


def _missing_problem(route: Declared) -> list[str]:
    return [f"{name}: must be a whole number, got 'x'" for name in route.variables if not route.is_text(name)]


def _conflict_problem(route: Declared) -> list[str]:
    return [f"{HEADER}: belongs to another request of the last 24 hours"] if route.repeatable else []


_PROBLEMS: dict[int, Callable[[Declared], list[str]]] = {
    400: _first_problems,
    403: _forbidden_problem,
    404: _missing_problem,
    409: _conflict_problem,
    413: lambda route: [_too_large(route)],
    415: lambda _: ["Content-Type: must be application/json, got text/plain"],
}
