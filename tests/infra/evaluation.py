"""What statements of a policy say to a request: AWS's own evaluation, as far as our policies go."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.infra.effective import strings

Statement = Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    """What somebody of our account asks AWS for; `context` is what conditions can ask about."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


def allows(statements: Iterable[Statement], request: Request) -> bool:
    """Whether some statement allows it and none denies it."""
    return {one["Effect"] for one in statements if applies(one, request)} == {"Allow"}


def denies(statements: Iterable[Statement], request: Request) -> bool:
    return any(one["Effect"] == "Deny" and applies(one, request) for one in statements)


def applies(statement: Statement, request: Request) -> bool:
    """An operator or a principal that nothing here knows is a KeyError, so that it is not passed over."""
    return (
        _names_our_account(statement.get("Principal", "*"))
        and any(_like(one.lower(), request.action.lower()) for one in strings(statement["Action"]))
        and any(_like(one, request.resource) for one in strings(statement["Resource"]))
        and all(
            _holds(OPERATORS[operator], wanted, request.context.get(key))
            for operator, tests in statement.get("Condition", {}).items()
            for key, wanted in tests.items()
        )
    )


def _names_our_account(principal: Any) -> bool:
    """Roles are meant by everybody and by their account; services are somebody else."""
    return principal == "*" or ("Service" not in principal and principal["AWS"].endswith(":root"))


def _like(pattern: str, text: str) -> bool:
    wild = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(wild, text, re.DOTALL) is not None


def _holds(operator: Callable[[str, str], bool], wanted: Any, found: str | None) -> bool:
    """Any of the values will do; what the request does not say meets no condition."""
    values = wanted if isinstance(wanted, list) else [wanted]
    return found is not None and any(operator(str(one), found) for one in values)


OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": str.__eq__,
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": lambda wanted, found: wanted.lower() == found.lower(),
    "NumericLessThan": lambda wanted, found: float(found) < float(wanted),
}
